"""Real servers on this machine that take webhooks and e-mails, and keep what they got."""

import contextlib
import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Inbox:
    """The port of a server, and what it was sent, in order."""

    port: int = 0
    got: list[Any] = field(default_factory=list)


@contextlib.contextmanager
def webhook_server(status: int = 200) -> Iterator[Inbox]:
    """An HTTP server that answers each POST with `status` and keeps its path and JSON."""
    inbox = Inbox()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            inbox.got.append((self.path, json.loads(body)))
            self.send_response(status, f"refused {self.path}")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the test's output is not the place."""

    with _serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler), inbox):
        yield inbox


@contextlib.contextmanager
def mail_server() -> Iterator[Inbox]:
    """An SMTP server (RFC 5321) that takes every login and keeps each command, and each message as one text."""
    inbox = Inbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._answer("220 here")
            while line := self.rfile.readline().decode().strip():
                command = line.partition(" ")[0].upper()
                inbox.got.append(line)
                if command == "EHLO":
                    self._answer("250-here")
                    self._answer("250 AUTH PLAIN")
                elif command == "AUTH":
                    self._answer("235 welcome")
                elif command == "DATA":
                    self._answer("354 go on")
                    lines = iter(lambda: self.rfile.readline().decode().rstrip("\r\n"), ".")
                    inbox.got.append("\n".join(lines))
                    self._answer("250 taken")
                elif command == "QUIT":
                    self._answer("221 bye")
                    return
                else:
                    self._answer("250 fine")

        def _answer(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with _serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler), inbox):
        yield inbox


@contextlib.contextmanager
def _serving(server: socketserver.TCPServer, inbox: Inbox) -> Iterator[None]:
    inbox.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
