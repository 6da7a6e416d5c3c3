"""Stands before a server and breaks connections when so much has passed, as a bad network does."""

import asyncio
import re
import socket
import struct
import threading

ADDRESS = "127.0.0.1"
PIECE_BYTES = 16 << 10
EXTENDED_PASSIVE = re.compile(rb"^229 .*\(\|\|\|(\d+)\|\)")
START_SECONDS = 30
RESET_WHEN_CLOSED = struct.pack("ii", 1, 0)


class CuttingProxy:
    """Cuts all connections each time that as many bytes have passed, both ways together, as the next of `cut_after`.

    Every other time they are closed as if all was said, else they are reset. With `for_good`, nobody is let in after
    the last cut. To be used in `with`; clients go to `port`.
    """

    def __init__(self, server_port, cut_after, for_good=False):
        self.server_port = server_port
        self.cuts = list(cut_after)
        self.for_good = for_good
        self.port = None
        self.passed_bytes = 0
        self.cuts_made = 0
        self._open = set()
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self):
        self._thread.start()
        assert self._is_ready.wait(START_SECONDS)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._is_over.set)
        self._thread.join()

    async def _run(self):
        self._loop, self._is_over = asyncio.get_running_loop(), asyncio.Event()
        self._listener = await asyncio.start_server(self._serve, ADDRESS, 0)
        self.port = self._listener.sockets[0].getsockname()[1]
        self._is_ready.set()
        await self._is_over.wait()
        self._listener.close()
        self._cut(is_reset=True)

    async def _serve(self, reader, writer):
        await self._connect(self.server_port, reader, writer, self._pass)

    async def _connect(self, port, reader, writer, pass_back):
        """Both directions of a connection, until one of them ends."""
        try:
            server_reader, server_writer = await asyncio.open_connection(ADDRESS, port)
        except ConnectionError:
            writer.transport.abort()
            return
        writers = {writer, server_writer}
        self._open |= writers
        try:
            await asyncio.wait([asyncio.ensure_future(self._pass(reader, server_writer)),
                                asyncio.ensure_future(pass_back(server_reader, writer))],
                               return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._open -= writers
            for each in writers:
                each.close()

    async def _pass(self, reader, writer):
        try:
            while piece := await reader.read(PIECE_BYTES):
                self.passed_bytes += len(piece)
                writer.write(piece)
                await writer.drain()
                if self.cuts and self.passed_bytes >= self.cuts[0]:
                    self._cut_next()
        except ConnectionError:
            pass  # The other side hears of it.

    def _cut_next(self):
        del self.cuts[0]
        self.cuts_made += 1
        if not self.cuts and self.for_good:
            self._listener.close()
        self._cut(is_reset=self.cuts_made % 2 == 1)

    def _cut(self, is_reset):
        for writer in list(self._open):
            if is_reset:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_WHEN_CLOSED)
                writer.transport.abort()
            else:
                writer.close()


class FtpCuttingProxy(CuttingProxy):
    """The same before an FTP server, whose data goes over connections of their own. Its replies do not count."""

    async def _serve(self, reader, writer):
        await self._connect(self.server_port, reader, writer, self._pass_replies)

    async def _pass_replies(self, reader, writer):
        """Of a control connection: who is told a port gets one of ours."""
        try:
            while line := await reader.readline():
                if told := EXTENDED_PASSIVE.match(line):
                    ours = await self._data_port(int(told[1]))
                    line = b"229 Entering Extended Passive Mode (|||%d|)\r\n" % ours
                writer.write(line)
        except ConnectionError:
            pass

    async def _data_port(self, server_port):
        async def serve(reader, writer):
            listener.close()
            await self._connect(server_port, reader, writer, self._pass)

        listener = await asyncio.start_server(serve, ADDRESS, 0)
        return listener.sockets[0].getsockname()[1]
