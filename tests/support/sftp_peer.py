"""A second SFTP server for tests, Paramiko's on a free loopback port: for logins by password, and for answers that mean
ill.

    sftp_peer.py FOLDER --login METHOD --password-file FILE --manners MANNERS

Prints the port and the host key as its first line, then serves FOLDER until SIGTERM. METHOD is password or
keyboard-interactive; the user is agent. MANNERS are good, or what sftp_peer.hpp says.
"""

import argparse
import os
import pathlib
import socket
import stat
import struct
import sys
import threading
import time

import paramiko
from paramiko.sftp import CMD_ATTRS, CMD_CLOSE, CMD_STAT, CMD_STATUS, CMD_WRITE

EVIL_NAMES = ["../outside", "/etc/passwd", "a/b", "..", ".", "new\nline", ".hidden", "x" * 3000]
GOOD_BYTES = 500_000  # Of a file, before trouble begins.
FLOOD_BYTES = 64 << 20
FLOOD_PIECE_BYTES = 250_000
SLOW_SECONDS = 0.5  # Longer than a stop goes unnoticed.
NO_REQUEST = (1 << 32) - 1


class Login(paramiko.ServerInterface):
    def __init__(self, options, transport):
        self.options = options
        self.password = options.password
        self.transport = transport

    def get_allowed_auths(self, username):
        return self.options.login

    def check_auth_password(self, username, password):
        self._hang_up()
        return self._verdict(self.options.login == "password" and username == "agent" and password == self.password)

    def check_channel_subsystem_request(self, channel, name):
        if self.options.manners == "hangs-up-before-sftp":
            self.transport.sock.shutdown(socket.SHUT_WR)
            threading.Event().wait()
        if self.options.manners == "refuses-sftp-and-stays":
            ignored = {paramiko.common.MSG_CHANNEL_CLOSE: lambda channel, message: None}
            self.transport._channel_handler_table = self.transport._channel_handler_table | ignored
            return False
        return super().check_channel_subsystem_request(channel, name)

    def check_auth_interactive(self, username, submethods):
        if self.options.login != "keyboard-interactive" or username != "agent":
            return paramiko.AUTH_FAILED
        self._hang_up()
        query = paramiko.server.InteractiveQuery("", "")
        query.add_prompt("Password: ", False)
        return query

    def check_auth_interactive_response(self, responses):
        return self._verdict(responses == [self.password])

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED

    def _hang_up(self):
        if self.options.manners == "hangs-up-at-login":
            self.transport.close()

    @staticmethod
    def _verdict(right):
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED


class Manners:
    """How the server behaves, and whether it has misbehaved already."""

    def __init__(self, name):
        self.name = name
        self.is_spent = False

    def is_time_for(self, name):
        """True the first time that this kind of trouble could be made."""
        if self.name != name or self.is_spent:
            return False
        self.is_spent = True
        return True


class File(paramiko.SFTPHandle):
    def stat(self):
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


class Server(paramiko.SFTPServer):
    """Answers as it should, but for its manners."""

    LATE_WRITES = 5

    def __init__(self, channel, name, server, interface, folder, manners):
        super().__init__(channel, name, server, interface, folder, manners)
        self.manners = manners
        self.late_writes = None

    def _process(self, kind, request, message):
        if kind == CMD_WRITE and self._refuses_write(request, message):
            return
        if kind == CMD_CLOSE and self._refuses_close(request, message):
            return
        if kind == CMD_STAT and self.manners.is_time_for("stops-in-mid-packet"):
            self.sock.sendall(struct.pack(">IBI", 1000, CMD_ATTRS, request))
            self.sock.shutdown_write()
            threading.Event().wait()
        if kind == CMD_STAT and self.manners.is_time_for("floods"):
            for _ in range(FLOOD_BYTES // FLOOD_PIECE_BYTES):
                self._response(NO_REQUEST, CMD_STATUS, b"x" * FLOOD_PIECE_BYTES)
        super()._process(kind, request, message)

    def _refuses_write(self, request, message):
        file = self.file_table[message.get_binary()]
        offset = message.get_int64()
        data = message.get_binary()
        message.rewind()
        message.get_int()
        if self.late_writes is not None:
            file.write(offset, data)
            self.late_writes += 1
            if self.late_writes == self.LATE_WRITES:
                self.sock.get_transport().close()
            return True
        if offset >= GOOD_BYTES and self.manners.is_time_for("loses-one-write"):
            self.late_writes = 0
            return True
        if offset >= GOOD_BYTES and self.manners.is_time_for("refuses-one-write"):
            self._send_status(request, paramiko.SFTP_FAILURE)
            return True
        return False

    def _refuses_close(self, request, message):
        file = self.file_table.get(message.get_binary())
        message.rewind()
        message.get_int()
        if file is None or not file.is_written or not self.manners.is_time_for("refuses-one-close"):
            return False
        os.pwrite(file.writefile.fileno(), bytes(100_000), 100_000)
        self._send_status(request, paramiko.SFTP_FAILURE)
        return True


class Folder(paramiko.SFTPServerInterface):
    """FOLDER, without directories in it."""

    def __init__(self, server, folder, manners):
        self.folder = folder
        self.manners = manners
        self.evil = manners.name == "evil"

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

    def _listed(self, name, status):
        listed = paramiko.SFTPAttributes.from_stat(status, name)
        if self.manners.name == "tells-no-modes":
            listed.st_mode = None
        return listed

    def stat(self, path):
        try:
            return paramiko.SFTPAttributes.from_stat(os.stat(self._path(path)))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    lstat = stat

    def open(self, path, flags, attributes):
        if self.manners.is_time_for("slow-to-make"):
            (self.folder / "about to make").touch()
            # For a stop that comes meanwhile.
            time.sleep(SLOW_SECONDS)
        try:
            file = os.fdopen(os.open(self._path(path), flags, 0o600), "rb+" if flags & os.O_WRONLY else "rb",
                             buffering=0)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        handle = File(flags)
        handle.readfile = handle.writefile = file
        handle.is_written = bool(flags & os.O_WRONLY)
        if self.evil:
            handle.read = lambda offset, length: os.pread(file.fileno(), min(length, 1000), offset)
        return handle

    def remove(self, path):
        return self._done(os.remove, self._path(path))

    def rename(self, oldpath, newpath):
        return self._done(os.rename, self._path(oldpath), self._path(newpath))

    @staticmethod
    def _done(call, *paths):
        try:
            call(*paths)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        return paramiko.SFTP_OK


def serve(connection, options, key):
    transport = paramiko.Transport(connection)
    transport.add_server_key(key)
    transport.set_subsystem_handler("sftp", Server, Folder, pathlib.Path(options.folder), options.misbehaviour)
    try:
        transport.start_server(server=Login(options, transport))
    except (paramiko.SSHException, EOFError):
        pass  # The client has seen enough.


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--login", required=True)
    parser.add_argument("--password-file", required=True)
    parser.add_argument("--manners", required=True)
    options = parser.parse_args()
    options.password = pathlib.Path(options.password_file).read_text().strip("\n")
    options.misbehaviour = Manners(options.manners)
    key = paramiko.ECDSAKey.generate()
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    print(f"{port} {key.get_name()} {key.get_base64()}", flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, options, key), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
