"""A small OpenID Connect provider: authorization code flow with PKCE, RS256 tokens, and sign-out. In this process."""

import base64
import contextlib
import hashlib
import html
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "gan-workbench", "a secret of the client"


@dataclass
class Provider:
    """The provider; `claims` is who is at its browser, `requests` the paths that were asked for, and `is_down` whether
    it answers nothing useful."""

    address: str = ""
    is_down: bool = False
    claims: dict[str, Any] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1", "use": "sig"}))

    async def metadata(self, request: Request) -> Response:
        if self.is_down:
            return JSONResponse({}, 503)
        paths = {"authorization": "authorize", "token": "token", "end_session": "end", "userinfo": "userinfo"}
        document = {f"{name}_endpoint": f"{self.address}/{path}" for name, path in paths.items()}
        return JSONResponse(
            document
            | {
                "issuer": self.address,
                "jwks_uri": f"{self.address}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def keys(self, request: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def authorize(self, request: Request) -> Response:
        """The provider's page: whoever is at its browser continues, or goes back, by a click."""
        asked = dict(request.query_params)
        if asked.get("client_id") != CLIENT or asked.get("code_challenge_method") != "S256":
            return HTMLResponse("no such client", 400)
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        link = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
        denied = f"{asked['redirect_uri']}?{urlencode({'error': 'access_denied', 'state': asked['state']})}"
        links = "".join(
            f'<a href="{html.escape(target)}">{text}</a> ' for target, text in ((link, "Continue"), (denied, "Cancel"))
        )
        return HTMLResponse(f"<title>Provider</title>{links}")

    async def token(self, request: Request) -> Response:
        """The tokens for a code, once, for the client that began and can prove it."""
        self.requests.append("token")
        form = dict(parse_qsl((await request.body()).decode()))
        asked = self.codes.pop(form.get("code", ""), None)
        client = base64.b64encode(f"{CLIENT}:{SECRET}".replace(" ", "+").encode()).decode()
        plain = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        known = request.headers.get("authorization", "").removeprefix("Basic ") in (client, plain)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or not known or asked["code_challenge"] != challenge:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"], "sub": "1"}
        token = jwt.encode({"alg": "RS256", "kid": "1"}, claims | self.claims, self.key)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": token, "expires_in": 300})

    async def end(self, request: Request) -> Response:
        self.requests.append("end")
        return RedirectResponse(request.query_params["post_logout_redirect_uri"])


@contextlib.contextmanager
def providing() -> Iterator[Provider]:
    """A provider during the block."""
    provider = Provider()
    routes = [
        Route("/.well-known/openid-configuration", provider.metadata),
        Route("/keys", provider.keys),
        Route("/authorize", provider.authorize),
        Route("/token", provider.token, methods=["POST"]),
        Route("/end", provider.end),
    ]
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        provider.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield provider
        finally:
            server.should_exit = True
            thread.join(20)
