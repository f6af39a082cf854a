"""The guard in front of the app: every request, upload, media file and WebSocket passes it. Only where people sign in.

Open to everyone are the health check and the sign-in paths; all else takes an identity. Behind the guard, routes act as
that identity (`gan.access.identity.current`), and scripts read it from a header that only the guard can write
(`session_identity`).
"""

import asyncio
import http.cookies
import logging
import math
import time
from collections.abc import Awaitable, Callable
from urllib.parse import quote, unquote

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from gan.access import sessions
from gan.access.identity import Identity, Role, acting_as
from gan.access.sign_in_settings import proxy, session_hours, sign_in
from gan.access.visitors import Visitor, visitor_of_token
from gan.errors import UserError
from pages.ui.access import sign_in_page, sign_in_routes
from pages.ui.access.granted_links import GrantedLinks
from pages.ui.access.request import (
    Origin,
    base_path,
    comes_from_elsewhere,
    cookie,
    is_same_origin,
    local_path,
    origin_of,
    path_below_base,
    person_of_proxy,
    without_claims,
)
from pages.ui.access.session_identity import HEADER, identify_soon, write_header

LOGGER = logging.getLogger(__name__)
OPEN_PATHS = frozenset({"/_stcore/health", "/_stcore/host-config"})
"""A monitor asks for the first; an open page asks for both before it finds out that its session is over."""
PROVIDER_PATHS = frozenset({"/auth/login", "/auth/logout", "/oauth2callback"})
"""Streamlit's own paths for OpenID Connect."""
ADMIN_PATHS = ("/_stcore/metrics", "/_stcore/script-health-check", "/_stcore/agent")
SIGNED_OUT_CODE = 4401
"""Why a WebSocket is closed, as HTTP's 401."""
WATCH_SECONDS = 1.0
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class SignInGuard:
    """ASGI middleware: who asks, may they come in, and as whom does what is behind it act?"""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.granted = GrantedLinks()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        settings = proxy()
        origin, path = origin_of(scope, settings), path_below_base(scope)
        try:
            visitor, identity = await to_thread.run_sync(_sender, scope, origin)
        except (UserError, OSError) as error:
            LOGGER.error("Nobody can be identified: %s", error)
            await _out_of_order(scope, receive, send)
            return
        inner = {
            **scope,
            "headers": without_claims(scope, settings),
            "scheme": origin.scheme if scope["type"] == "http" else origin.scheme.replace("http", "ws"),
            "client": (origin.address, 0),
        }
        if visitor and identity:
            inner["headers"] += [
                (HEADER.lower().encode(), write_header(visitor).encode()),
                (b"x-gan-user", identity.name.encode()),
            ]
        if scope["type"] == "websocket":
            await self._websocket(inner, receive, send, visitor, identity)
        else:
            await self._http(inner, receive, _securing(send, origin), path, origin, visitor, identity)

    async def _http(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        path: str,
        origin: Origin,
        visitor: Visitor | None,
        identity: Identity | None,
    ) -> None:
        request = Request(scope, receive)
        try:
            answer = await sign_in_routes.answer(path, scope, request, origin)
        except (UserError, OSError) as error:
            LOGGER.error("Nobody can sign in or out: %s", error)
            answer = sign_in_page.refusal_page(sign_in_page.OUT_OF_ORDER, 503)
        if answer is None and path in OPEN_PATHS and scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send)
            return
        if answer is None and path in PROVIDER_PATHS and sign_in() == "oidc":
            await self._provider(scope, receive, send, path, origin)
            return
        if answer is None and identity is not None:
            answer = self._refusal(request, path, identity)
        if answer is not None or identity is None:
            await (answer or _without_identity(request, origin, visitor))(scope, receive, send)
            return
        with acting_as(identity):
            await self.app(scope, receive, send)

    def _refusal(self, request: Request, path: str, identity: Identity) -> Response | None:
        """The answer to a request that may not pass; None for one that may."""
        if path.startswith(ADMIN_PATHS) and identity.role < Role.ADMIN:
            return PlainTextResponse("Only an administrator may open this.", 403)
        if not self.granted.may_open(identity.name, path):
            return PlainTextResponse("There is no such file among your pages.", 404)
        if request.method not in SAFE_METHODS and not is_same_origin(request.scope):
            return PlainTextResponse("This request was not sent by a page of this server.", 403)
        return None

    async def _provider(self, scope: Scope, receive: Receive, send: Send, path: str, origin: Origin) -> None:
        """Streamlit's part of OpenID Connect. When it has signed somebody in, a session of ours starts, or the sign-in
        page says why not: its cookie alone, which lives for 30 days, opens nothing."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, keep)
        cookies = _set_cookies(messages[0]) if path == "/oauth2callback" else {}
        after = local_path(unquote(cookie(scope, sign_in_routes.NEXT_COOKIE)))
        token, failure = "", await sign_in_routes.provider_failure(path, scope, messages[0]["status"], cookies, origin)
        if not failure and cookies.get("_streamlit_user"):
            token, failure = await sign_in_routes.session_after_provider(cookies, origin)
        if failure:
            await sign_in_routes.back_to_sign_in(failure, after)(scope, receive, send)
            return
        if token:
            before = cookie(scope, sign_in_routes.cookie_name(origin))
            await to_thread.run_sync(sessions.end, sessions.session_id(before))
            headers = [(name, value) for name, value in messages[0]["headers"] if name.lower() != b"location"]
            headers += [(b"location", after.encode()), (b"set-cookie", sign_in_routes.session_cookie(token, origin))]
            messages[0] = {**messages[0], "headers": headers}
        for message in messages:
            await send(message)

    async def _websocket(
        self, scope: Scope, receive: Receive, send: Send, visitor: Visitor | None, identity: Identity | None
    ) -> None:
        """Pass the messages of a browser on while its visitor may stay, and then lead it to the sign-in page.

        Where a proxy names people it is asked again after the hours of a session: the browser connects anew.
        """
        if comes_from_elsewhere(scope):
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if visitor is None or identity is None:
            await _turn_away(scope, receive, send)
            return
        over = asyncio.Event()
        until = time.monotonic() + session_hours() * 3600 if not visitor.session else math.inf

        async def checked_receive() -> Message:
            message = await _unless(over, receive)
            if message["type"] == "websocket.receive" and await self._is_over(visitor):
                over.set()
            return _DISCONNECT if over.is_set() else message

        async def noted_send(message: Message) -> None:
            if over.is_set():
                return
            if message.get("bytes"):
                self.granted.note(identity.name, message["bytes"])
            await send(message)

        async def serve() -> None:
            with acting_as(identity):
                await self.app(scope, checked_receive, noted_send)

        serving = asyncio.create_task(serve())
        try:
            while not serving.done() and not over.is_set():
                await asyncio.wait({serving}, timeout=WATCH_SECONDS)
                if not serving.done() and (time.monotonic() > until or await self._is_over(visitor)):
                    over.set()
            await serving
        finally:
            serving.cancel()
        if time.monotonic() > until:
            await send({"type": "websocket.close", "code": 1012, "reason": "connect again"})
        elif over.is_set():
            await _send_away(send)

    async def _is_over(self, visitor: Visitor) -> bool:
        return await to_thread.run_sync(identify_soon, visitor) is None


_DISCONNECT: Message = {"type": "websocket.disconnect", "code": SIGNED_OUT_CODE, "reason": "signed out"}


def _sender(scope: Scope, origin: Origin) -> tuple[Visitor | None, Identity | None]:
    """Who asks, by the session's cookie or the word of the trusted proxy, and their identity if they may come in."""
    if sign_in() == "proxy":
        person = person_of_proxy(scope, proxy()) if origin.proxied else None
        visitor = Visitor(person[0], origin.address, "", person[1]) if person else None
    else:
        token = cookie(scope, sign_in_routes.cookie_name(origin))
        visitor = visitor_of_token(token, origin.address) if token else None
    return visitor, identify_soon(visitor) if visitor else None


async def _out_of_order(scope: Scope, receive: Receive, send: Send) -> None:
    """The answer where accounts or sessions cannot be read."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1013, "reason": "out of order"})
    else:
        await sign_in_page.refusal_page(sign_in_page.OUT_OF_ORDER, 503)(scope, receive, send)


async def _unless(over: asyncio.Event, receive: Receive) -> Message:
    """The next message, or the end of the connection as soon as `over` is set."""
    tasks = [asyncio.ensure_future(receive()), asyncio.ensure_future(over.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return tasks[0].result() if tasks[0].done() else _DISCONNECT  # type: ignore[return-value]
    finally:
        for task in tasks:
            task.cancel()


async def _turn_away(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a connection; the page of a browser whose session is over is first told to go to the sign-in page."""
    await receive()
    if "streamlit" in scope.get("subprotocols", []) and sign_in() != "proxy":
        await send({"type": "websocket.accept", "subprotocol": "streamlit"})
        await _send_away(send)
    else:
        await send({"type": "websocket.close", "code": SIGNED_OUT_CODE})


async def _send_away(send: Send) -> None:
    """Lead the browser to the end of its session, and close the connection."""
    message = ForwardMsg()
    message.auth_redirect.url = f"{base_path()}/sign-out"
    await send({"type": "websocket.send", "bytes": message.SerializeToString()})
    await send({"type": "websocket.close", "code": SIGNED_OUT_CODE, "reason": "signed out"})


def _without_identity(request: Request, origin: Origin, visitor: Visitor | None) -> Response:
    """To the sign-in page for the address of a page; 401 for all else. Behind a proxy there is no such page."""
    if sign_in() == "proxy":
        if not origin.proxied:
            return sign_in_page.refusal_page(sign_in_page.THROUGH_PROXY)
        return sign_in_page.refusal_page(sign_in_page.NO_ROLE if visitor else sign_in_page.NAMELESS)
    if request.method == "GET" and "text/html" in Headers(scope=request.scope).get("accept", ""):
        query = f"?{request.url.query}" if request.url.query else ""
        after = quote(local_path(f"{request.scope['path']}{query}"), safe="")
        return RedirectResponse(f"{base_path()}/sign-in?next={after}", 303, {"Cache-Control": "no-store"})
    return PlainTextResponse("Sign in first.", 401, {"Cache-Control": "no-store"})


def _securing(send: Send, origin: Origin) -> Callable[[Message], Awaitable[None]]:
    """Cookies of the whole app, Streamlit's own too, are sent over TLS alone where the browser uses it."""

    async def secure(message: Message) -> None:
        if message["type"] == "http.response.start" and origin.scheme == "https":
            headers = [
                (
                    name,
                    value + b"; Secure"
                    if name.lower() == b"set-cookie" and b"; secure" not in value.lower()
                    else value,
                )
                for name, value in message["headers"]
            ]
            message = {**message, "headers": headers}
        await send(message)

    return secure


def _set_cookies(message: Message) -> dict[str, str]:
    """The cookies that an answer sets."""
    jar: http.cookies.SimpleCookie = http.cookies.SimpleCookie()
    for name, value in message["headers"]:
        if name.lower() == b"set-cookie":
            jar.load(value.decode("latin-1"))
    return {name: morsel.value for name, morsel in jar.items()}
