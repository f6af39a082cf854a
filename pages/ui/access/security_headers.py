"""What every answer of a server with sign-in tells the browser, and which requests it does not read at all.

The Content-Security-Policy lets pages load nothing from another server and run no script but Streamlit's, ours and
plotly's. Streamlit and its components need styles in attributes (`unsafe-inline`), modules from `blob:` and
WebAssembly; none needs `unsafe-eval`.
"""

import base64
import hashlib
import re
import urllib.parse
from collections import Counter
from pathlib import Path

import streamlit as st
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gan.access.sign_in_settings import proxy
from gan.config.notification_settings import app_address
from pages.ui.access.request import origin_of, path_below_base

UPLOADS = "/_stcore/upload_file/"
SMALL_BODY = 64_000
"""Bytes of a request that uploads no file: a form of ours has some hundred."""
AT_ONCE = 64
"""Requests of one address at a time, so that no single one keeps the server from the others."""
OPEN_PAGES = 32
"""WebSockets of one address at a time; each is an open page."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def content_security_policy() -> str:
    """The policy, with the hashes of the scripts that stand in Streamlit's own page."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_bytes()
    inline = re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(part).digest()).decode()}'" for part in inline)
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src 'self' blob: 'wasm-unsafe-eval' {hashes}".strip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' data: blob:",
            "connect-src 'self' data: blob:",
            "worker-src 'self' blob:",
            "frame-src 'self'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


class SecurityHeaders:
    """ASGI middleware, outside the guard: headers for every answer, and limits for every request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.policy = content_security_policy()
        self.at_once: Counter[tuple[str, str]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        origin = origin_of(scope, proxy())
        answering = _with_headers(send, self.policy, is_secure=origin.scheme == "https")
        refusal = _refusal(scope)
        key = (scope["type"], origin.address)
        if refusal is None and self.at_once[key] >= (AT_ONCE if scope["type"] == "http" else OPEN_PAGES):
            refusal = PlainTextResponse("Too many requests at a time from your address: try again.", 429)
        if refusal is not None:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await refusal(scope, receive, answering)
            return
        self.at_once[key] += 1
        try:
            await self.app(scope, _bounded(scope, receive), answering)
        finally:
            self.at_once[key] -= 1
            if not self.at_once[key]:
                del self.at_once[key]


def _refusal(scope: Scope) -> PlainTextResponse | None:
    """The answer to a request that is not read: for another host than ours, or with too large a body."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    own = urllib.parse.urlsplit(app_address()).hostname
    asked = urllib.parse.urlsplit(f"//{headers.get(b'host', '')}").hostname
    if own and asked not in (own, "localhost", "127.0.0.1", "::1"):
        return PlainTextResponse("This server has another name: see GAN_URL.", 421)
    length = headers.get(b"content-length", "0")
    if not length.isdigit() or int(length) > largest_body(path_below_base(scope)):
        return PlainTextResponse("The request is too large.", 413)
    return None


def largest_body(path: str) -> int:
    """The bytes of a request that are read at most, by its path below the base path."""
    if not path.startswith(UPLOADS):
        return SMALL_BODY
    return int(st.get_option("server.maxUploadSize")) * 2**20 + SMALL_BODY


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """The body of a request up to what is allowed, also where the client does not say its size; then it is cut off."""
    left = largest_body(path_below_base(scope))

    async def bounded_receive() -> Message:
        nonlocal left
        message = await receive()
        if message["type"] == "http.request":
            left -= len(message.get("body", b""))
            if left < 0:
                return {"type": "http.disconnect"}
        return message

    return bounded_receive


def _with_headers(send: Send, policy: str, *, is_secure: bool) -> Send:
    """Adds the headers to answers; one that has a header already, such as a stricter policy, keeps its own."""

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            added = HEADERS | {"Content-Security-Policy": policy}
            if is_secure:
                added["Strict-Transport-Security"] = "max-age=31536000"
            given = {name.lower() for name, _ in message["headers"]}
            extra = [
                (name.lower().encode(), value.encode())
                for name, value in added.items()
                if name.lower().encode() not in given
            ]
            message = {**message, "headers": [*message["headers"], *extra]}
        await send(message)

    return answer
