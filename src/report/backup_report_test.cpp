#include "report/backup_report.hpp"

#include <gmock/gmock.h>

#include "support/project_file.hpp"

namespace osbackup::report {
namespace {

constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

json::Object nine_fields() {
  return {{"ip", "192.0.2.7"},
          {"hostname", "web1"},
          {"backup_state", 1},
          {"is_ok", 0},
          {"backupfilename", "web1+192.0.2.7+20261123T093000Z.zip"},
          {"file_size", "100MB"},
          {"dirs", "/etc,/home"},
          {"insert_time", "2014-01-01 11:11:11"},
          {"backup_time", "2014-01-01 11:00:00"}};
}

json::Object with(std::string_view name, const json::Value& value) {
  json::Object fields = nine_fields();
  fields[name] = value;
  return fields;
}

json::Object with(std::string_view name, const std::string& text) {
  return with(name, json::Value(std::string_view(text)));
}

json::Object with(std::string_view name, const char* text) { return with(name, json::Value(text)); }

/// The reason why the report is refused; empty when it is accepted.
std::string refusal(const json::Object& fields) {
  try {
    report_from_json(fields);
    return {};
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    return error.what();
  }
}

std::string refusal_of_body(std::string_view type, std::string_view body) {
  try {
    parse_report(type, body);
    return {};
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage) << error.what();
    return error.what();
  }
}

BackupReport full_report() {
  BackupReport report = report_from_json(nine_fields());
  report.run_id = "0a1b2c3d-0000-4000-8000-00000000000f";
  report.attempt = 3;
  report.started_at = "2026-11-23T09:30:00Z";
  report.finished_at = "2026-11-23T09:31:00.5+01:00";
  report.sent_at = "2026-11-23T09:31:01Z";
  report.file_bytes = 9'223'372'036'854'775'807U;
  report.source_bytes = 5'000'000'000U;
  report.files = 0;
  report.changed_files = 1;
  report.warnings = 2;
  report.duration_ms = 60'000;
  report.kind = "full";
  report.sha256 = std::string(64, 'a');
  report.manifest_sha256 = std::string(64, '0');
  report.verified = true;
  report.error = "no \"space\"; \xC3\xA9\xF0\x9F\x92\xBE";
  report.version = "0.1.0";
  return report;
}

TEST(BackupReport, EveryFieldSurvivesTheWayToJsonAndBack) {
  const BackupReport report = full_report();
  EXPECT_EQ(parse_report(kJsonType, json::serialize(to_json(report))), report);
}

TEST(BackupReport, TheNineFieldsAreEnough) {
  const BackupReport report = report_from_json(nine_fields());
  EXPECT_EQ(report.hostname, "web1");
  EXPECT_TRUE(report.backup_state);
  EXPECT_FALSE(report.is_ok);
  EXPECT_EQ(report.run_id, std::nullopt);
  EXPECT_EQ(to_json(report).size(), 9U);
}

TEST(BackupReport, EachOfTheNineFieldsIsRequired) {
  for (const auto& field : nine_fields()) {
    json::Object fields = nine_fields();
    fields.erase(field.key());
    EXPECT_EQ(refusal(fields), std::string(field.key()) + " is missing");
    fields[field.key()] = nullptr;
    EXPECT_EQ(refusal(fields), std::string(field.key()) + " is missing");
  }
}

TEST(BackupReport, TakesTheOtherSpellingOfBackupTime) {
  json::Object fields = nine_fields();
  fields["backuptime"] = fields["backup_time"];
  fields.erase("backup_time");
  EXPECT_EQ(report_from_json(fields).backup_time, "2014-01-01 11:00:00");
  fields["backuptime"] = "soon";
  EXPECT_EQ(refusal(fields), "backuptime must be a time such as 2014-01-01 11:11:11");
}

TEST(BackupReport, NullIsNoValueAndUnknownFieldsAreIgnored) {
  EXPECT_EQ(report_from_json(with("files", json::Value(nullptr))).files, std::nullopt);
  EXPECT_EQ(refusal(with("colour", json::Array{1, 2})), "");
}

TEST(BackupReport, NumbersMayBeText) {
  EXPECT_EQ(report_from_json(with("files", "12")).files, 12U);
  EXPECT_TRUE(report_from_json(with("is_ok", "1")).is_ok);
}

TEST(BackupReport, RefusesWhatIsNoWholeNumber) {
  const std::vector<json::Value> wrong = {-1,
                                          1.5,
                                          1e3,
                                          "1.0",
                                          "-1",
                                          "+1",
                                          " 1",
                                          "1 ",
                                          "",
                                          "0x10",
                                          "abc",
                                          true,
                                          9'223'372'036'854'775'808U,
                                          "9223372036854775808",
                                          "99999999999999999999999",
                                          json::Array{}};
  for (const json::Value& value : wrong)
    EXPECT_EQ(refusal(with("files", value)), "files must be a whole number from 0 to 9223372036854775807")
        << json::serialize(value);
  EXPECT_EQ(refusal(with("attempt", 2'147'483'648)), "attempt must be a whole number from 0 to 2147483647");
}

TEST(BackupReport, RefusesFlagsOtherThanZeroAndOne) {
  for (const char* name : {"backup_state", "is_ok", "verified"})
    for (const json::Value& value : std::vector<json::Value>{2, -1, "yes", "", true, 1.0})
      EXPECT_EQ(refusal(with(name, value)), std::string(name) + " must be 0 or 1") << json::serialize(value);
}

TEST(BackupReport, RefusesTextThatIsTooLong) {
  const std::vector<std::pair<std::string, std::size_t>> limits = {
      {"hostname", 255}, {"backupfilename", 512}, {"dirs", 4096}, {"error", 1000}, {"version", 64}, {"file_size", 64}};
  for (const auto& [name, limit] : limits) {
    EXPECT_EQ(refusal(with(name, std::string(limit, 'x'))), "");
    EXPECT_EQ(refusal(with(name, std::string(limit + 1, 'x'))),
              name + " must be at most " + std::to_string(limit) + " bytes");
  }
}

TEST(BackupReport, RefusesControlCharacters) {
  for (const std::string& text : {std::string("a\nb"), std::string("a\0b", 3), std::string("a\x7F"), std::string("\t")})
    EXPECT_EQ(refusal(with("hostname", text)), "hostname must be one line without control characters");
}

TEST(BackupReport, RefusesBytesThatAreNotUtf8) {
  EXPECT_EQ(refusal(with("dirs", "/etc\xFF")), "dirs must be UTF-8");
  EXPECT_EQ(refusal(with("dirs", "\xED\xA0\x80")), "dirs must be UTF-8");
}

TEST(BackupReport, ChecksAddressesAndWritesThemInOneWay) {
  for (const char* wrong : {"", "web1", "256.1.1.1", "1.2.3", "fe80::1%eth0", "::1::"})
    EXPECT_EQ(refusal(with("ip", wrong)), "ip must be an IPv4 or IPv6 address") << wrong;
  EXPECT_EQ(report_from_json(with("ip", "2001:0DB8:0:0::1")).ip, "2001:db8::1");
  EXPECT_EQ(report_from_json(with("ip", "::ffff:192.0.2.1")).ip, "192.0.2.1");
}

TEST(BackupReport, ChecksIdsDigestsAndTimes) {
  const std::string run_id = "0A1B2C3D-0000-1000-0000-00000000000F";
  EXPECT_EQ(report_from_json(with("run_id", run_id)).run_id, "0a1b2c3d-0000-1000-0000-00000000000f");
  for (const char* wrong : {"", "0A1B2C3D-0000-1000-0000-00000000000", "0A1B2C3D-0000-1000-0000-00000000000G",
                            "0A1B2C3D00000-1000-0000-00000000000F"})
    EXPECT_EQ(refusal(with("run_id", wrong)), "run_id must be a UUID") << wrong;
  EXPECT_EQ(report_from_json(with("sha256", std::string(64, 'A'))).sha256, std::string(64, 'a'));
  EXPECT_EQ(refusal(with("sha256", "abc")), "sha256 must be 64 hexadecimal digits");
  EXPECT_EQ(refusal(with("manifest_sha256", std::string(64, 'g'))), "manifest_sha256 must be 64 hexadecimal digits");
  EXPECT_EQ(refusal(with("sent_at", "2026-11-23")), "sent_at must be a time such as 2026-11-23T09:30:00Z");
  EXPECT_EQ(refusal(with("insert_time", "")), "insert_time must be a time such as 2014-01-01 11:11:11");
  EXPECT_EQ(refusal(with("insert_time", "2014-02-30 11:11:11")),
            "insert_time must be a time such as 2014-01-01 11:11:11");
  EXPECT_EQ(refusal(with("kind", "partial")), "kind must be full or incremental");
  EXPECT_EQ(refusal(with("hostname", "")), "hostname must be a name");
  EXPECT_EQ(refusal(with("backupfilename", "")), "");
}

TEST(BackupReport, RefusesJsonThatIsNoObject) {
  for (const char* body : {"[]", "1", "null", "\"x\""})
    EXPECT_EQ(refusal_of_body(kJsonType, body), "the report must be a JSON object");
  EXPECT_THAT(refusal_of_body(kJsonType, "{\"ip\":"), testing::StartsWith("not JSON"));
  EXPECT_THAT(refusal_of_body(kJsonType, std::string(4000, '[')), testing::StartsWith("not JSON"));
  EXPECT_THAT(refusal_of_body("", ""), testing::HasSubstr("is missing"));
}

TEST(BackupReport, ReadsAForm) {
  const std::string form =
      "ip=192.0.2.7&hostname=web+1&backup_state=1&is_ok=1&backupfilename=web1%2B192.0.2.7.zip&file_size=100MB"
      "&dirs=%2fetc%2C/m%C3%B6hre&insert_time=2014-01-01+11:11:11&backuptime=2014-01-01%2011%3A00%3A00&files=&error=";
  for (const std::string_view type :
       {kFormType, std::string_view("application/x-www-form-urlencoded; charset=utf-8"), std::string_view()}) {
    const BackupReport report = parse_report(type, form);
    EXPECT_EQ(report.hostname, "web 1");
    EXPECT_EQ(report.backupfilename, "web1+192.0.2.7.zip");
    EXPECT_EQ(report.dirs, "/etc,/m\xC3\xB6hre");
    EXPECT_EQ(report.backup_time, "2014-01-01 11:00:00");
    EXPECT_EQ(report.files, std::nullopt);
  }
}

TEST(BackupReport, ReadsTheObjectInOneFormField) {
  json::Object fields = nine_fields();
  std::string encoded;
  for (const char c : json::serialize(fields)) {
    if (c == '+')
      encoded += "%2B";
    else
      encoded += c;
  }
  EXPECT_EQ(parse_report(kFormType, "osbackup_info=" + encoded), report_from_json(fields));
  EXPECT_THAT(refusal_of_body(kFormType, "osbackup_info=%7B"), testing::StartsWith("not JSON"));
}

TEST(BackupReport, ReadsJsonWhateverTheTypeSays) {
  const std::string body = "\n " + json::serialize(nine_fields());
  for (const std::string_view type : {kFormType, std::string_view(), std::string_view("text/plain")})
    EXPECT_EQ(parse_report(type, body), report_from_json(nine_fields()));
}

TEST(BackupReport, RefusesFormsThatCannotBeRead) {
  EXPECT_EQ(refusal_of_body(kFormType, "ip=1&ip=2"), "ip comes twice in the form");
  EXPECT_EQ(refusal_of_body(kFormType, "ip=1&hostname=%4"),
            "field 2 of the form: % must be followed by two hexadecimal digits");
  EXPECT_EQ(refusal_of_body(kFormType, "%=1"), "field 1 of the form: % must be followed by two hexadecimal digits");
  std::string many;
  for (int i = 0; i < 101; ++i) many += std::to_string(i) + "=x&";
  EXPECT_EQ(refusal_of_body(kFormType, many), "the form has more than 100 fields");
  EXPECT_THAT(refusal_of_body("multipart/form-data; boundary=x", "--x"), testing::StartsWith("multipart/form-data"));
}

TEST(BackupReport, AnErrorHoldsNothingOfTheValue) {
  EXPECT_THAT(refusal(with("ip", "confidential")), testing::Not(testing::HasSubstr("confidential")));
  EXPECT_THAT(refusal_of_body(kJsonType, "{\"confidential"), testing::Not(testing::HasSubstr("confidential")));
}

// What the fuzzer is given to begin with, and what once broke the parser.
TEST(BackupReport, EveryFileOfTheFuzzCorpusIsReadOrRefused) {
  const std::vector<std::string> bodies = test::files_in("tests/fuzz/corpus/parse_report");
  int accepted = 0;
  for (const std::string& body : bodies)
    for (const std::string_view type : {kJsonType, kFormType}) accepted += refusal_of_body(type, body).empty() ? 1 : 0;
  EXPECT_GE(bodies.size(), 4U);
  EXPECT_GE(accepted, 3);
}

}  // namespace
}  // namespace osbackup::report
