"""A second SFTP server for tests, Paramiko's on a free loopback port: for logins by password, and for answers that mean
ill.

    sftp_peer.py FOLDER --login METHOD --password-file FILE [--evil]

Prints the port and the host key as its first line, then serves FOLDER until SIGTERM. METHOD is password or
keyboard-interactive; the user is agent. --evil lists names that lead elsewhere and sizes that cannot be, and gives
less of a file than it has.
"""

import argparse
import os
import pathlib
import socket
import stat
import sys
import threading

import paramiko

EVIL_NAMES = ["../outside", "/etc/passwd", "a/b", "..", ".", "new\nline", ".hidden", "x" * 3000]


class Login(paramiko.ServerInterface):
    def __init__(self, options, password):
        self.options = options
        self.password = password

    def get_allowed_auths(self, username):
        return self.options.login

    def check_auth_password(self, username, password):
        return self._verdict(self.options.login == "password" and username == "agent" and password == self.password)

    def check_auth_interactive(self, username, submethods):
        if self.options.login != "keyboard-interactive" or username != "agent":
            return paramiko.AUTH_FAILED
        query = paramiko.server.InteractiveQuery("", "")
        query.add_prompt("Password: ", False)
        return query

    def check_auth_interactive_response(self, responses):
        return self._verdict(responses == [self.password])

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED

    @staticmethod
    def _verdict(right):
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED


class File(paramiko.SFTPHandle):
    def stat(self):
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


class Folder(paramiko.SFTPServerInterface):
    """FOLDER, without directories in it."""

    def __init__(self, server, folder, evil):
        self.folder = folder
        self.evil = evil

    def _path(self, path):
        return self.folder / path.lstrip("/")

    def list_folder(self, path):
        found = [self._listed(name, os.stat(self.folder / name)) for name in os.listdir(self.folder)]
        if self.evil:
            for name in EVIL_NAMES:
                found.append(self._listed(name, os.stat(self.folder)))
                found[-1].st_mode = stat.S_IFREG | 0o600
            found.append(self._listed("huge", os.stat(self.folder)))
            found[-1].st_mode, found[-1].st_size = stat.S_IFREG | 0o600, (1 << 64) - 1
        return found

    @staticmethod
    def _listed(name, status):
        return paramiko.SFTPAttributes.from_stat(status, name)

    def stat(self, path):
        try:
            return paramiko.SFTPAttributes.from_stat(os.stat(self._path(path)))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    lstat = stat

    def open(self, path, flags, attributes):
        try:
            file = os.fdopen(os.open(self._path(path), flags, 0o600), "rb+" if flags & os.O_WRONLY else "rb",
                             buffering=0)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        handle = File(flags)
        handle.readfile = handle.writefile = file
        if self.evil:
            handle.read = lambda offset, length: os.pread(file.fileno(), min(length, 1000), offset)
        return handle


def serve(connection, options, password, key):
    transport = paramiko.Transport(connection)
    transport.add_server_key(key)
    transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Folder, pathlib.Path(options.folder), options.evil)
    try:
        transport.start_server(server=Login(options, password))
    except (paramiko.SSHException, EOFError):
        pass  # The client has seen enough.


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--login", required=True)
    parser.add_argument("--password-file", required=True)
    parser.add_argument("--evil", action="store_true")
    options = parser.parse_args()
    password = pathlib.Path(options.password_file).read_text().strip("\n")
    key = paramiko.ECDSAKey.generate()
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    print(f"{port} {key.get_name()} {key.get_base64()}", flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, options, password, key), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
