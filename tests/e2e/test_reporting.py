"""What the server and people are told: docs/protocol.md, the table of cases, and what happens when nobody listens."""

import http.server
import json
import threading

import pytest


class Stub:
    """A server that is not osbackupd: answers as it is told, and remembers what it was asked."""

    def __init__(self, count_answer=(200, "1"), report_answer=(200, "0")):
        self.calls = []
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, status, body):
                stub.calls.append((self.command, self.path.split("?")[0]))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def do_GET(self):
                self.answer(*count_answer)

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(*report_answer)

            def log_message(self, *arguments):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]
        self.thread = threading.Thread(target=self.http.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


def outbox(host):
    return [json.loads(file.read_text()) for file in sorted((host.state / "outbox").glob("*.json"))]


def test_a_server_that_is_down_gets_the_reports_with_the_next_run_in_order(host, server):
    server.stop()
    _, _, err = host.run("backup", expect=5)
    first = host.last()
    assert "1 report waits in the outbox for the next run" in err
    (entry,) = outbox(host)
    assert entry["to_be_counted"] is True and entry["report"]["backupfilename"] == first

    server.start()
    host.report_to(server)
    host.run("backup", expect=0)

    assert outbox(host) == []
    assert [row["backupfilename"] for row in server.reports()] == [first, host.last()]
    assert server.count_of("192.0.2.7") == 2


@pytest.mark.parametrize("answers", [
    {"count_answer": (200, "0")},
    {"count_answer": (200, "<html>hello</html>")},
    {"count_answer": (500, "")},
    {"report_answer": (200, "1")},
    {"report_answer": (503, "1")},
    {"report_answer": (302, "")},
], ids=["not counted", "nonsense", "broken", "not durable", "busy", "elsewhere"])
def test_a_server_that_does_not_say_yes_leaves_the_report_in_the_outbox(host, answers):
    with Stub(**answers) as stub:
        host.configure("API", port=stub.port)

        host.run("backup", expect=5)

    assert len(outbox(host)) == 1


def test_the_report_is_not_sent_before_the_backup_is_counted(host):
    with Stub(count_answer=(200, "0")) as stub:
        host.configure("API", port=stub.port)

        host.run("backup", expect=5)

    assert ("POST", "/backupinfo") not in stub.calls


def test_a_backup_that_was_counted_is_not_counted_again(host):
    with Stub(report_answer=(503, "1")) as stub:
        host.configure("API", port=stub.port)
        host.run("backup", expect=5)
    assert outbox(host)[0]["to_be_counted"] is False

    with Stub() as stub:
        host.configure("API", port=stub.port)
        host.run("backup", expect=0)

    # The old report; then the new one with its count.
    assert stub.calls == [("POST", "/backupinfo"), ("GET", "/countapi"), ("POST", "/backupinfo")]


def test_what_the_server_refuses_for_good_is_set_aside(host):
    with Stub(report_answer=(400, "1")) as stub:
        host.configure("API", port=stub.port)

        _, _, err = host.run("backup", expect=5)

    assert "was refused for good and set aside" in err
    assert outbox(host) == []
    assert len(list((host.state / "outbox" / "refused").iterdir())) == 1


def test_a_wrong_password_for_the_server_ends_with_5_and_names_the_keys(host, server):
    host.report_to(server, password="wrong and secret")

    _, _, err = host.run("backup", expect=5)

    assert "401" in err and "check [API] user and password" in err
    assert "wrong and secret" not in err + host.log_text()
    assert len(outbox(host)) == 1


def test_without_an_api_section_nothing_is_reported(host):
    host.drop("API")

    host.run("backup", expect=0)

    assert outbox(host) == []


def test_a_failed_backup_is_reported_without_being_counted(host, server):
    host.configure("BackupDirs", directory="/nonexistent")

    host.run("backup", expect=1)

    (row,) = server.reports()
    assert (row["backup_state"], row["is_ok"]) == (0, 0)
    assert server.count_of("192.0.2.7") == 0


def test_a_mail_that_cannot_be_sent_is_a_warning(host, smtp_receiver):
    smtp_receiver.stop()

    _, _, err = host.run("backup", "-v", expect=0)

    assert "warning" in err and "warning" in host.log_text()
    assert len(host.archives()) == 1


def test_no_mail_when_it_is_switched_off_or_only_wanted_for_failures(host, smtp_receiver):
    host.configure("Mail", when="failure")
    host.run("backup", expect=0)
    host.configure("Mail", switch="off", when=None)
    host.run("backup", expect=0)

    assert smtp_receiver.messages() == []


def test_a_failure_is_mailed(host, ftp_server, smtp_receiver):
    host.configure("Mail", when="failure", to="ops@example.com,boss")
    ftp_server.stop()

    host.run("backup", expect=4)

    (mail,) = smtp_receiver.messages()
    assert mail["recipients"] == ["ops@example.com", "boss@example.com"]
    assert "Subject: [osbackup] testhost: backup made, but not sent" in mail["content"]
    assert "Error:" in mail["content"]
