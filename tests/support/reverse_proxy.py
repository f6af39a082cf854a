"""A small reverse proxy that signs its visitor in: it replaces the headers that name a person, and passes all else on.

It connects from 127.0.0.2, so that it can be told from whoever goes around it.
"""

import asyncio
import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass

ADDRESS = "127.0.0.2"
NAMING = re.compile(rb"x-forwarded-[a-z]+\s*:", re.IGNORECASE)


@dataclass
class Proxy:
    """The proxy; `user` and `groups` are whom it names."""

    target: int
    user: str = ""
    groups: str = ""
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request of a connection, or a WebSocket."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.rstrip().split(b"\r\n")
            upgrade = any(line.lower().startswith(b"upgrade:") for line in lines)
            lines = [line for line in lines if not NAMING.match(line)]
            if not upgrade:
                lines = [line for line in lines if not line.lower().startswith(b"connection:")] + [b"Connection: close"]
            lines += [b"X-Forwarded-For: 203.0.113.7", b"X-Forwarded-User: " + self.user.encode()]
            lines += [b"X-Forwarded-Groups: " + self.groups.encode()]
            back, forth = await asyncio.open_connection("127.0.0.1", self.target, local_addr=(ADDRESS, 0))
            forth.write(b"\r\n".join([first, *lines]) + b"\r\n\r\n")
            await asyncio.gather(_pipe(reader, forth), _pipe(back, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    writer.close()


@contextlib.contextmanager
def proxying(target: int, user: str, groups: str) -> Iterator[Proxy]:
    """A proxy in front of a port during the block, in a thread with a loop of its own."""
    proxy, is_ready = Proxy(target, user, groups), threading.Event()
    ends: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
        ends.append((asyncio.get_running_loop(), asyncio.Event()))
        is_ready.set()
        await ends[0][1].wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert is_ready.wait(20)
    try:
        yield proxy
    finally:
        loop, end = ends[0]
        loop.call_soon_threadsafe(end.set)
        thread.join(20)
