"""A small app behind the guard of sign-ins, which says what reaches it."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from gan.access import identity
from pages.ui.access.middleware import SignInGuard

PASSWORD = "correct horse battery"
PROXY = "10.0.0.9"
Browser = Callable[..., TestClient]
"""Makes browsers of the app: the address, the name of an account to sign in with, and the URL."""


async def tell(request: Request) -> Response:
    """Who the app believes is there, and all headers that reach it."""
    who = identity.current()
    headers = {name: value for name, value in request.headers.items() if name.startswith("x-")}
    said = {"name": who.name, "role": who.role.label, "address": who.address, "groups": sorted(who.groups)}
    response = JSONResponse(said | {"headers": headers, "scheme": request.url.scheme})
    response.set_cookie("of_the_app", "1")
    return response


async def echo(websocket: WebSocket) -> None:
    """Streamlit's connection in small: sends what it gets."""
    await websocket.accept(subprotocol=websocket.scope["subprotocols"][0] if websocket.scope["subprotocols"] else None)
    try:
        while True:
            await websocket.send_bytes(await websocket.receive_bytes())
    except WebSocketDisconnect:
        return


def app() -> Starlette:
    return Starlette(
        routes=[WebSocketRoute("/_stcore/stream", echo), Route("/{path:path}", tell, methods=["GET", "PUT", "POST"])],
        middleware=[Middleware(SignInGuard)],
    )


def enter(client: TestClient, name: str, password: str = PASSWORD, **fields: str) -> Response:
    headers = {"origin": str(client.base_url)}
    return client.post("/sign-in", data={"name": name, "password": password} | fields, headers=headers)  # type: ignore[return-value]
