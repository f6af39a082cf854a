"""Coming back from an OpenID Connect provider, with a sign-in or without."""

import html
import json
from http.cookies import SimpleCookie

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.web.server.starlette import starlette_websocket
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from gan.access import audit, sessions
from pages.ui.access import sign_in_page
from pages.ui.access.middleware import SignInGuard
from tests.support.guarded_app import tell

pytestmark = pytest.mark.usefixtures("by_oidc")


def provider_app(claims: dict[str, object] | None, status: int = 302, deleted: bool = False) -> TestClient:
    """A browser of a server whose Streamlit signs in a person with these claims, or nobody."""

    async def called_back(request: Request) -> Response:
        response = Response(status_code=status, headers={"location": "/"})
        if claims is not None:
            signed = create_signed_value("s", "_streamlit_user", json.dumps(claims)).decode()
            response.set_cookie("_streamlit_user", signed)
        elif deleted:
            response.delete_cookie("_streamlit_user")
        return response

    served = Starlette(
        routes=[Route("/oauth2callback", called_back), Route("/auth/login", called_back), Route("/{path:path}", tell)],
        middleware=[Middleware(SignInGuard)],
    )
    return TestClient(served, client=("10.0.0.1", 5000), follow_redirects=False)


@pytest.fixture
def by_oidc(guarded: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_SIGN_IN", "oidc")
    monkeypatch.setattr(starlette_websocket, "get_cookie_secret", lambda: "s")


@pytest.mark.parametrize(
    ("path", "claims", "status", "deleted", "failed"),
    [
        ("/oauth2callback?error=access_denied&error_description=<b>x</b>&state=1", None, 302, False, "refused"),
        ("/oauth2callback?code=1&state=of-nobody", None, 302, False, "expired"),
        ("/oauth2callback?code=1&state=1", None, 302, True, "provider"),  # as with a wrong nonce
        ("/auth/login?provider=x", None, 400, False, "provider"),
        ("/oauth2callback?code=1&state=1", {}, 302, False, "no-name"),
        (
            "/oauth2callback?code=1&state=1",
            {"email": "carl@lab.org", "email_verified": False},
            302,
            False,
            "unverified",
        ),
        ("/oauth2callback?code=1&state=1", {"email": "carl@lab.org"}, 302, False, "no-role"),
    ],
)
def test_who_comes_back_without_a_sign_in_reads_why_and_can_try_again(
    path: str, claims: dict[str, object] | None, status: int, deleted: bool, failed: str
) -> None:
    client = provider_app(claims, status, deleted)
    answer = client.get(path, headers={"cookie": "gan_next=/data%3Fx%3D1"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?failed={failed}&next=%2Fdata%3Fx%3D1")
    assert "set-cookie" not in answer.headers
    text = client.get(answer.headers["location"]).text
    assert html.escape(sign_in_page.FAILURES[failed]) in text
    assert "/sign-in/provider?next=/data%3Fx%3D1" in text
    assert "<b>" not in text
    recorded = [entry.action for entry in audit.entries() if not entry.allowed]
    assert recorded == ([] if path.startswith("/auth/login") else ["sign-in refused"])


def test_a_flood_of_failed_answers_does_not_fill_the_audit_log() -> None:
    client = provider_app(None)
    for _ in range(10):
        assert client.get("/oauth2callback?error=x").status_code == 303
    assert len([entry for entry in audit.entries() if entry.action == "sign-in refused"]) == 5


def test_the_way_back_from_the_providers_sign_out_is_no_failure() -> None:
    answer = provider_app(None).get("/oauth2callback")
    assert (answer.status_code, answer.headers["location"]) == (302, "/")


def test_a_new_sign_in_ends_the_session_that_the_browser_had() -> None:
    client = provider_app({"email": "ann"})
    first = SimpleCookie(client.get("/oauth2callback?code=1").headers["set-cookie"].split(", ")[-1])[
        "gan_session"
    ].value
    second = client.get("/oauth2callback?code=1", headers={"cookie": f"gan_session={first}"})
    assert second.headers["location"] == "/"
    assert sessions.find(sessions.session_id(first)) is None
    assert client.cookies["gan_session"] != first
