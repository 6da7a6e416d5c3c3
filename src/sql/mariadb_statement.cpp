#include "sql/mariadb_statement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <new>

#include "core/error.hpp"

namespace osbackup::sql {
namespace {

// The library takes what it only reads without const.
void* without_const(const void* bytes) {
  return const_cast<void*>(bytes);
}  // NOLINT(cppcoreguidelines-pro-type-const-cast)

MYSQL_BIND parameter_of(const Value& value) {
  MYSQL_BIND parameter{};
  parameter.buffer_type = MYSQL_TYPE_NULL;
  if (const std::int64_t* number = value.number()) {
    parameter.buffer_type = MYSQL_TYPE_LONGLONG;
    parameter.buffer = without_const(number);
  }
  if (const std::string* text = value.text()) {
    parameter.buffer_type = MYSQL_TYPE_STRING;
    parameter.buffer = without_const(text->data());
    parameter.buffer_length = text->size();
  }
  return parameter;
}

/// One parameter's values of many rows, in the arrays that the library reads. They have one type: numbers become text
/// when there is text among them, which the server makes numbers again.
class ParameterArray {
 public:
  ParameterArray(std::span<const Values> rows, std::size_t index) : indicators_(rows.size(), STMT_INDICATOR_NONE) {
    const bool has_text = std::any_of(rows.begin(), rows.end(),
                                      [index](const Values& values) { return values[index].text() != nullptr; });
    if (has_text)
      read_texts(rows, index);
    else
      read_numbers(rows, index);
  }

  MYSQL_BIND parameter() {
    MYSQL_BIND parameter{};
    parameter.u.indicator = indicators_.data();
    parameter.buffer_type = texts_.empty() ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_STRING;
    parameter.buffer = texts_.empty() ? static_cast<void*>(numbers_.data()) : texts_.data();
    parameter.length = lengths_.data();
    return parameter;
  }

 private:
  void read_numbers(std::span<const Values> rows, std::size_t index) {
    numbers_.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::int64_t* number = rows[i][index].number();
      if (number == nullptr)
        indicators_[i] = STMT_INDICATOR_NULL;
      else
        numbers_[i] = *number;
    }
  }

  void read_texts(std::span<const Values> rows, std::size_t index) {
    texts_.resize(rows.size());
    lengths_.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Value& value = rows[i][index];
      const std::string* text = value.text();
      if (const std::int64_t* number = value.number()) text = &written_.emplace_back(std::to_string(*number));
      if (text == nullptr) {
        indicators_[i] = STMT_INDICATOR_NULL;
      } else {
        texts_[i] = text->data();
        lengths_[i] = text->size();
      }
    }
  }

  std::vector<char> indicators_;
  std::vector<std::int64_t> numbers_;
  std::vector<const char*> texts_;
  std::vector<unsigned long> lengths_;
  std::deque<std::string> written_;  ///< Numbers as text, which stay where they are.
};

/// One column of a result, as text whatever its type.
struct ColumnBuffer {
  std::vector<char> bytes;
  unsigned long length = 0;
  my_bool is_null = 0;
};

}  // namespace

MariaDbStatement::MariaDbStatement(MariaDbSession& session, std::string_view text)
    : session_(&session), handle_(mysql_stmt_init(session.handle())) {
  if (!handle_) throw std::bad_alloc();
  if (mysql_stmt_prepare(handle_.get(), text.data(), text.size()) != 0) session.fail(handle_.get());
  // So that the longest text of each column is known before it is read.
  const my_bool wanted = 1;
  mysql_stmt_attr_set(handle_.get(), STMT_ATTR_UPDATE_MAX_LENGTH, &wanted);
}

std::uint64_t MariaDbStatement::execute(const Values& values) {
  std::vector<MYSQL_BIND> parameters;
  parameters.reserve(values.size());
  for (const Value& value : values) parameters.push_back(parameter_of(value));
  run(parameters, 0);
  if (mysql_stmt_field_count(handle_.get()) == 0) return mysql_stmt_affected_rows(handle_.get());
  mysql_stmt_free_result(handle_.get());  // It gives rows, which nobody wants.
  return 0;
}

std::uint64_t MariaDbStatement::execute_bulk(std::span<const Values> rows) {
  std::deque<ParameterArray> arrays;
  std::vector<MYSQL_BIND> parameters;
  for (std::size_t i = 0; i < rows.front().size(); ++i) parameters.push_back(arrays.emplace_back(rows, i).parameter());
  run(parameters, static_cast<unsigned>(rows.size()));
  return mysql_stmt_affected_rows(handle_.get());
}

std::vector<Row> MariaDbStatement::query(std::size_t columns, const Values& values) {
  std::vector<MYSQL_BIND> parameters;
  parameters.reserve(values.size());
  for (const Value& value : values) parameters.push_back(parameter_of(value));
  run(parameters, 0);
  if (mysql_stmt_store_result(handle_.get()) != 0) session_->fail(handle_.get());
  std::vector<Row> rows = stored_rows(columns);
  mysql_stmt_free_result(handle_.get());
  return rows;
}

/// `rows` is 0 for a single execution.
void MariaDbStatement::run(std::span<MYSQL_BIND> parameters, unsigned rows) {
  // The library copies as many as the server told it.
  if (mysql_stmt_param_count(handle_.get()) != parameters.size())
    throw Error(ErrorKind::Internal, fmt::format("database {}: a statement takes {} values, not {}", session_->name(),
                                                 mysql_stmt_param_count(handle_.get()), parameters.size()));
  mysql_stmt_attr_set(handle_.get(), STMT_ATTR_ARRAY_SIZE, &rows);
  if (mysql_stmt_bind_param(handle_.get(), parameters.data()) != 0) session_->fail(handle_.get());
  if (mysql_stmt_execute(handle_.get()) != 0) session_->fail(handle_.get());
}

std::vector<Row> MariaDbStatement::stored_rows(std::size_t columns) {
  const MYSQL_FIELD* fields = mariadb_stmt_fetch_fields(handle_.get());
  if (fields == nullptr || mysql_stmt_field_count(handle_.get()) != columns)
    throw Error(ErrorKind::Internal, fmt::format("database {}: a statement gives {} columns, not {}", session_->name(),
                                                 mysql_stmt_field_count(handle_.get()), columns));
  std::vector<ColumnBuffer> buffers(columns);
  std::vector<MYSQL_BIND> results(columns);
  for (std::size_t i = 0; i < columns; ++i) {
    buffers[i].bytes.resize(fields[i].max_length + 1);
    results[i].buffer_type = MYSQL_TYPE_STRING;
    results[i].buffer = buffers[i].bytes.data();
    results[i].buffer_length = buffers[i].bytes.size();
    results[i].length = &buffers[i].length;
    results[i].is_null = &buffers[i].is_null;
  }
  if (mysql_stmt_bind_result(handle_.get(), results.data()) != 0) session_->fail(handle_.get());

  std::vector<Row> rows;
  rows.reserve(mysql_stmt_num_rows(handle_.get()));
  while (true) {
    const int code = mysql_stmt_fetch(handle_.get());
    if (code == MYSQL_NO_DATA) return rows;
    if (code == MYSQL_DATA_TRUNCATED) throw Error(ErrorKind::Internal, "a column is longer than it was said to be");
    if (code != 0) session_->fail(handle_.get());
    std::vector<std::optional<std::string>> read(columns);
    for (std::size_t i = 0; i < columns; ++i)
      if (buffers[i].is_null == 0) read[i].emplace(buffers[i].bytes.data(), buffers[i].length);
    rows.emplace_back(std::move(read));
  }
}

}  // namespace osbackup::sql
