"""A real SMTP server for tests: aiosmtpd on a free loopback port, which keeps what it receives.

    smtp_receiver.py FOLDER [--login-file FILE] [--refuse] [--host 127.0.0.1|::1]

Prints the port as its first line, then serves until SIGTERM. Every message becomes FOLDER/NNNN.json with the keys
helo, from, recipients, user and content. --login-file holds two lines, user and password, which are then required.
--refuse answers 554 to every message.
"""

import argparse
import asyncio
import json
import pathlib
import signal

from aiosmtpd.smtp import SMTP, AuthResult


class Keep:
    def __init__(self, options):
        self.folder = pathlib.Path(options.folder)
        self.refuse = options.refuse
        self.count = 0

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return "554 5.7.1 No mail is taken here"
        self.count += 1
        message = {
            "helo": session.host_name,
            "from": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "user": session.auth_data.login.decode() if session.authenticated else None,
            "content": envelope.original_content.decode("utf-8", "surrogateescape"),
        }
        # Renamed into place, so that who waits for the file finds it whole.
        partial = self.folder / f"{self.count:04}.partial"
        partial.write_text(json.dumps(message))
        partial.rename(self.folder / f"{self.count:04}.json")
        return "250 2.0.0 Kept"


async def serve(options):
    extra = {}
    if options.login_file:
        user, password = pathlib.Path(options.login_file).read_text().splitlines()[:2]

        def authenticate(server, session, envelope, mechanism, data):
            right = data.login.decode() == user and data.password.decode() == password
            # handled=False lets the server say 535 itself.
            return AuthResult(success=right, handled=False, auth_data=data)

        extra = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False}
    handler = Keep(options)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, loop=loop, hostname="test", **extra), options.host, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()
    server.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--login-file")
    parser.add_argument("--refuse", action="store_true")
    parser.add_argument("--host", default="127.0.0.1")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
