"""The guard in front of the app, over a small app that says what reaches it."""

import html
import json
from collections.abc import Callable
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette import starlette_websocket
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from gan.access import accounts, audit, identity, sessions
from pages.ui.access import middleware, session_identity, sign_in_page
from pages.ui.access.middleware import SignInGuard

PASSWORD = "correct horse battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PROXY = "10.0.0.9"
MEDIA = f"/media/{'a1' * 28}.png"
UPLOAD = "/_stcore/upload_file/0c5bd6e8-0000-4000-8000-000000000001/0c5bd6e8-0000-4000-8000-000000000002"


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


@pytest.fixture(autouse=True)
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign-in by password, with two accounts, and code without a person acting as nobody, as on a server."""
    monkeypatch.setenv("GAN_SIGN_IN", "password")
    monkeypatch.setattr(identity, "_default", lambda: identity.SIGNED_OUT)
    monkeypatch.setattr(session_identity, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(accounts, "HASHER", CHEAP)
    monkeypatch.setattr(accounts, "UNKNOWN", CHEAP.hash(PASSWORD))
    accounts.add("ann", "member", PASSWORD, ("lung",))
    accounts.add("bob", "viewer", PASSWORD)


Browser = Callable[..., TestClient]


@pytest.fixture
def browser() -> Browser:
    """Makes browsers at an address, all of one app."""
    served = app()

    def at(address: str = "10.0.0.1", name: str = "", base_url: str = "http://testserver") -> TestClient:
        client = TestClient(served, base_url, client=(address, 5000), follow_redirects=False)
        if name:
            answer = enter(client, name)
            assert answer.status_code == 303
        return client

    return at


def enter(client: TestClient, name: str, password: str = PASSWORD, **fields: str) -> Response:
    headers = {"origin": str(client.base_url)}
    return client.post("/sign-in", data={"name": name, "password": password} | fields, headers=headers)  # type: ignore[return-value]


PATHS = (
    "/",
    "/data",
    "/api/runs/r/exports/e",
    "/_stcore/metrics",
    "/static/js/x.js",
    "/component/x",
    MEDIA,
    UPLOAD,
    "/x",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("cookie", ["", "x" * 43, "../accounts"])
def test_nothing_passes_without_a_session(path: str, cookie: str, browser: Browser) -> None:
    client = browser()
    headers = {"cookie": f"gan_session={cookie}", "X-Gan-User": "ann", "X-Forwarded-User": "ann"}
    for method in ("GET", "PUT", "POST"):
        assert client.request(method, path, headers=headers).status_code == 401
    answer = client.get(path, headers=headers | {"accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=%2F")


def test_the_health_check_is_open_and_acts_as_nobody(browser: Browser) -> None:
    assert browser().get("/_stcore/health").json()["role"] == "nobody"
    assert browser(name="ann").get("/_stcore/health").json()["role"] == "nobody"
    assert browser().put("/_stcore/health").status_code == 401


def test_a_person_passes_with_role_and_groups_and_forged_headers_do_not(browser: Browser) -> None:
    client = browser(name="Ann")
    forged = {"X-Gan-User": "bob", "x_gan_visitor": "bob", "X-Gan-Visitor": "bob", "X-Forwarded-For": "9.9.9.9"}
    said = client.get("/api/x", headers=forged).json()
    assert (said["name"], said["role"], said["groups"], said["address"]) == ("ann", "member", ["lung"], "10.0.0.1")
    assert said["headers"].keys() == {"x-gan-user", "x-gan-visitor"}
    assert said["headers"]["x-gan-user"] == "ann"
    visitor = session_identity.read_header(said["headers"]["x-gan-visitor"])
    assert visitor is not None
    assert visitor.name == "ann"


@pytest.mark.parametrize("value", ["", "x", "WyJhbm4iLCIiLCIiXQ.x", "WyJhbm4iLCIiLCIiXQ"])
def test_a_header_that_the_guard_did_not_write_names_nobody(value: str) -> None:
    assert session_identity.read_header(value) is None


def test_cookies_are_out_of_reach_and_secure_behind_tls(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = SimpleCookie(enter(browser(), "ann").headers["set-cookie"])["gan_session"]
    assert (plain["httponly"], plain["samesite"], plain["path"], plain["secure"]) == (True, "Lax", "/", "")
    monkeypatch.setenv("GAN_PROXY_ADDRESSES", PROXY)
    client = browser(PROXY, base_url="http://testserver")
    headers = {"X-Forwarded-Proto": "https", "Sec-Fetch-Site": "same-origin"}
    answer = client.post("/sign-in", data={"name": "ann", "password": PASSWORD}, headers=headers)
    secure = SimpleCookie(answer.headers["set-cookie"])["__Host-gan_session"]
    assert (secure["secure"], secure["path"], secure["domain"]) == (True, "/", "")
    token = {"cookie": f"__Host-gan_session={secure.value}", "X-Forwarded-Proto": "https"}
    answer = client.get("/", headers=token)
    assert answer.json()["scheme"] == "https"
    assert "; Secure" in answer.headers["set-cookie"]  # the app's own cookies, too
    plain_token = {"cookie": f"gan_session={secure.value}", "X-Forwarded-Proto": "https"}
    assert client.get("/", headers=plain_token).status_code == 401  # a cookie that any server of the domain can set
    assert browser().get("/", headers=plain_token).json()["scheme"] == "http"  # it comes from no proxy


def test_the_sixth_wrong_password_waits_and_the_right_one_with_it(browser: Browser) -> None:
    client = browser()
    answers = [enter(client, "ann", f"wrong {n}").status_code for n in range(10)]
    assert answers == [401] * 5 + [429] * 5
    assert enter(client, "ann").status_code == 429
    assert enter(browser("10.0.0.2"), "ann").status_code == 303
    unknown = enter(browser("10.0.0.3"), "carl", "wrong").text
    assert unknown == enter(browser("10.0.0.3"), "bob", "wrong").text.replace("bob", "carl")
    refused = [entry for entry in audit.entries() if entry.action == "sign-in refused"]
    assert [(entry.target, entry.address, entry.allowed) for entry in refused[:5]] == [("ann", "10.0.0.1", False)] * 5


def test_a_restart_of_the_server_gives_nobody_more_tries(browser: Browser) -> None:
    assert [enter(browser(), "ann", f"wrong {n}").status_code for n in range(10)] == [401] * 5 + [429] * 5
    restarted = TestClient(app(), client=("10.0.0.1", 5000), follow_redirects=False)
    assert [enter(restarted, "ann", f"wrong {n}").status_code for n in range(10)] == [429] * 10
    assert enter(restarted, "ann").status_code == 429


def test_a_proxy_that_writes_ports_gives_nobody_more_tries(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_PROXY_ADDRESSES", PROXY)

    def tried(said: str) -> int:
        headers = {"origin": "http://testserver", "X-Forwarded-For": said}
        return browser(PROXY).post("/sign-in", data={"name": "ann", "password": "wrong"}, headers=headers).status_code

    assert [tried(f"10.9.9.9:{4000 + n}") for n in range(7)] == [401] * 5 + [429] * 2
    assert [tried(said) for said in ("1.1.1.1, unknown",) * 6] == [401] * 5 + [429]
    assert {entry.address for entry in audit.entries() if entry.action == "sign-in refused"} == {"10.9.9.9", PROXY}


@pytest.mark.parametrize("address", ["10.0.0.9", "::ffff:10.0.0.9"])
def test_a_proxy_is_trusted_however_its_address_is_written(
    address: str, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_PROXY_ADDRESSES", PROXY)
    token = {"cookie": f"gan_session={browser(name='ann').cookies['gan_session']}"}
    said = browser(address).get("/", headers=token | {"X-Forwarded-For": "::ffff:192.0.2.7"}).json()
    assert said["address"] == "192.0.2.7"


def test_where_the_accounts_cannot_be_read_nobody_comes_in_and_is_told_so(browser: Browser, store: Path) -> None:
    client = browser(name="ann")
    (store / ".access" / "accounts.json").write_text('{"ann": ')
    for answer in (client.get("/"), client.get("/api/x"), enter(browser(), "bob")):
        assert answer.status_code == 503
        assert "accounts.json" not in answer.text
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/_stcore/stream"):
        pass
    assert closed.value.code == 1013


@pytest.mark.parametrize("origin", ["http://evil.lab", "null", ""])
def test_a_page_of_another_server_opens_no_websocket(origin: str, browser: Browser) -> None:
    client = browser(name="ann")
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect("/_stcore/stream", headers={"origin": origin}),
    ):
        pass
    assert refused.value.code == 1008
    with client.websocket_connect("/_stcore/stream", headers={"origin": "http://testserver"}) as connection:
        connection.send_bytes(b"x")
        assert connection.receive_bytes() == b"x"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://evil.lab"},
        {"origin": "http://testserver", "sec-fetch-site": "cross-site"},
        {"origin": "http://testserver", "sec-fetch-site": "same-site"},
        {"origin": "null"},
    ],
)
def test_a_form_of_another_site_signs_nobody_in_or_out(headers: dict[str, str], browser: Browser) -> None:
    answer = browser().post("/sign-in", data={"name": "ann", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 403
    client = browser(name="ann")
    client.post("/sign-out", headers=headers)
    client.get("/sign-out")
    assert client.get("/").status_code == 200
    assert client.put("/data", headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("after", "location"),
    [
        ("/gallery?run=a&x=%20", "/gallery?run=a&x=%20"),
        ("//evil.lab/", "/"),
        ("/\\evil.lab", "/"),
        ("https://evil.lab", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_nobody_is_led_to_another_server(after: str, location: str, browser: Browser) -> None:
    assert enter(browser(), "ann", next=after).headers["location"] == location


def test_what_a_visitor_types_is_shown_as_text(browser: Browser) -> None:
    text = enter(browser(), '"><script>alert(1)</script>', "wrong", next='/"><script>').text
    assert "<script>" not in text


def test_a_form_too_large_is_refused(browser: Browser) -> None:
    assert enter(browser(), "ann", "x" * 20_000).status_code == 403


def test_signing_out_ends_the_session_for_every_copy_of_the_cookie(browser: Browser) -> None:
    client = browser(name="ann")
    stolen = {"cookie": f"gan_session={client.cookies['gan_session']}"}
    assert browser().get("/", headers=stolen).status_code == 200
    client.post("/sign-out", headers={"origin": "http://testserver", "sec-fetch-site": "same-origin"})
    assert "gan_session" not in client.cookies
    assert browser().get("/", headers=stolen).status_code == 401


def test_two_cookies_of_one_name_are_none(browser: Browser) -> None:
    token = browser(name="ann").cookies["gan_session"]
    answer = browser().get("/", headers={"cookie": f"gan_session={token}; gan_session={'x' * 43}"})
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/x"])
def test_only_an_administrator_sees_the_servers_numbers(path: str, browser: Browser) -> None:
    client = browser(name="ann")
    assert client.get(path).status_code == 403
    accounts.change("ann", "admin")
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", [MEDIA, UPLOAD])
def test_a_file_goes_to_those_alone_in_whose_pages_its_address_stood(path: str, browser: Browser) -> None:
    ann, bob = browser(name="ann"), browser(name="bob")
    assert ann.get(path).status_code == 404
    with ann.websocket_connect("/_stcore/stream", subprotocols=["streamlit"]) as connection:
        connection.send_bytes(b"\x0a\x12" + path.encode() + b"\x1a")
        connection.receive_bytes()
    assert ann.get(path).status_code == 200
    assert bob.get(path).status_code == 404
    assert ann.get(path[:-1] + "7").status_code == 404


def test_a_websocket_without_a_session_gets_the_way_to_the_sign_in_page_and_nothing_else(browser: Browser) -> None:
    client = browser()
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/_stcore/stream"):
        pass
    assert refused.value.code == 4401
    with client.websocket_connect("/_stcore/stream", subprotocols=["streamlit"]) as connection:
        assert ForwardMsg.FromString(connection.receive_bytes()).auth_redirect.url == "/sign-out"
        with pytest.raises(WebSocketDisconnect) as closed:
            connection.receive_bytes()
    assert closed.value.code == 4401


@pytest.mark.parametrize("click", [True, False])
def test_a_removed_user_is_out_at_once_with_a_click_and_soon_without(click: bool, browser: Browser) -> None:
    client = browser(name="ann")
    with client.websocket_connect("/_stcore/stream", subprotocols=["streamlit"]) as connection:
        connection.send_bytes(b"before")
        assert connection.receive_bytes() == b"before"
        accounts.remove("ann")
        if click:
            connection.send_bytes(b"after")
        assert ForwardMsg.FromString(connection.receive_bytes()).auth_redirect.url == "/sign-out"
        with pytest.raises(WebSocketDisconnect):
            connection.receive_bytes()
    assert client.get("/").status_code == 401


def test_a_changed_password_ends_sessions_and_a_changed_role_counts_at_once(browser: Browser) -> None:
    client = browser(name="ann")
    accounts.change("ann", "viewer")
    assert client.get("/").json()["role"] == "viewer"
    accounts.set_password("ann", "another long phrase")
    assert client.get("/").status_code == 401


@pytest.fixture
def by_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_SIGN_IN", "proxy")
    monkeypatch.setenv("GAN_PROXY_ADDRESSES", f"{PROXY}, 10.1.0.0/16")
    monkeypatch.setenv("GAN_GROUP_ROLES", "imaging=steward")


@pytest.mark.usefixtures("by_proxy")
def test_the_proxy_names_a_person_and_nobody_else_does(browser: Browser) -> None:
    said = {
        "X-Forwarded-User": "Carl@lab.org",
        "X-Forwarded-Groups": "imaging, x",
        "X-Forwarded-For": "9.9.9.9, 8.8.8.8",
    }
    answer = browser(PROXY).get("/", headers=said).json()
    assert (answer["name"], answer["role"], answer["address"]) == ("carl@lab.org", "steward", "8.8.8.8")
    assert answer["headers"].keys() == {"x-gan-user", "x-gan-visitor"}
    for address in ("10.0.0.1", "127.0.0.1", "testclient"):
        assert browser(address).get("/", headers=said).status_code == 403
        with pytest.raises(WebSocketDisconnect), browser(address).websocket_connect("/_stcore/stream", headers=said):
            pass


@pytest.mark.usefixtures("by_proxy")
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("X-Forwarded-User", "")],
        [("X-Forwarded-User", "ann"), ("X-Forwarded-User", "carl")],
        [("X-Forwarded-User", "stranger"), ("X-Forwarded-Groups", "others")],
        [("X-Forwarded-User", "../ann"), ("X-Forwarded-Groups", "imaging")],
    ],
)
def test_the_proxy_has_to_name_one_person_with_a_role(headers: list[tuple[str, str]], browser: Browser) -> None:
    answer = browser(PROXY).get("/", headers=headers)
    assert answer.status_code == 403
    assert ("no role" in answer.text) == (len(headers) == 2 and headers[0][1] == "stranger")


@pytest.mark.usefixtures("by_proxy")
def test_a_session_and_a_form_are_worth_nothing_behind_a_proxy(browser: Browser) -> None:
    token = sessions.start("ann", changed=accounts.find_account("ann").changed)
    assert browser(PROXY).get("/", headers={"cookie": f"gan_session={token}"}).status_code == 403
    assert enter(browser(PROXY), "ann").status_code == 403


def test_the_last_address_that_is_no_proxy_counts(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_PROXY_ADDRESSES", f"{PROXY},10.0.0.8")
    token = {"cookie": f"gan_session={browser(name='ann').cookies['gan_session']}"}
    said = browser(PROXY).get("/", headers=token | {"X-Forwarded-For": "1.1.1.1, 2.2.2.2, 10.0.0.8"}).json()
    assert said["address"] == "2.2.2.2"


@pytest.mark.usefixtures("by_proxy")
def test_the_proxy_is_asked_again_after_the_hours_of_a_session(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "session_hours", lambda: 0)
    said = {"X-Forwarded-User": "ann"}
    with browser(PROXY).websocket_connect("/_stcore/stream", headers=said, subprotocols=["streamlit"]) as connection:
        with pytest.raises(WebSocketDisconnect) as closed:
            connection.receive_bytes()
        assert closed.value.code == 1012  # the browser connects again


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
def by_oidc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_SIGN_IN", "oidc")
    monkeypatch.setattr(starlette_websocket, "get_cookie_secret", lambda: "s")


@pytest.mark.usefixtures("by_oidc")
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


@pytest.mark.usefixtures("by_oidc")
def test_a_flood_of_failed_answers_does_not_fill_the_audit_log() -> None:
    client = provider_app(None)
    for _ in range(10):
        assert client.get("/oauth2callback?error=x").status_code == 303
    assert len([entry for entry in audit.entries() if entry.action == "sign-in refused"]) == 5


@pytest.mark.usefixtures("by_oidc")
def test_the_way_back_from_the_providers_sign_out_is_no_failure() -> None:
    answer = provider_app(None).get("/oauth2callback")
    assert (answer.status_code, answer.headers["location"]) == (302, "/")


@pytest.mark.usefixtures("by_oidc")
def test_a_new_sign_in_ends_the_session_that_the_browser_had() -> None:
    client = provider_app({"email": "ann"})
    first = SimpleCookie(client.get("/oauth2callback?code=1").headers["set-cookie"].split(", ")[-1])[
        "gan_session"
    ].value
    second = client.get("/oauth2callback?code=1", headers={"cookie": f"gan_session={first}"})
    assert second.headers["location"] == "/"
    assert sessions.find(sessions.session_id(first)) is None
    assert client.cookies["gan_session"] != first


def test_an_account_that_is_gone_is_led_on_without_a_question(browser: Browser) -> None:
    client = browser(name="ann")
    assert "Sign out?" in client.get("/sign-out").text
    accounts.remove("ann")
    answer = client.get("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?over=1")
    assert "gan_session" not in client.cookies


def test_code_that_says_for_nobody_acts_as_the_person_at_the_browser(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a fragment or a callback does, which runs without the page around it."""
    header = browser(name="ann").get("/").json()["headers"]["x-gan-visitor"]
    monkeypatch.setattr(identity, "_default", identity._default)  # put back after the test
    identity.require_identity(session_identity.session_identity)
    monkeypatch.setattr(session_identity, "session_visitor", lambda: session_identity.read_header(header))
    assert (identity.current().name, identity.current().role) == ("ann", identity.Role.MEMBER)
    accounts.remove("ann")
    assert identity.current() is identity.SIGNED_OUT
