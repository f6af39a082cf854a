"""What passes the guard in front of the app, and as whom."""

from pathlib import Path

import pytest
from starlette.websockets import WebSocketDisconnect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from gan.access import accounts, identity
from pages.ui.access import session_identity
from tests.support.guarded_app import PROXY, Browser, enter

MEDIA = f"/media/{'a1' * 28}.png"
UPLOAD = "/_stcore/upload_file/0c5bd6e8-0000-4000-8000-000000000001/0c5bd6e8-0000-4000-8000-000000000002"
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


@pytest.mark.parametrize("address", ["10.0.0.9", "::ffff:10.0.0.9"])
def test_a_proxy_is_trusted_however_its_address_is_written(
    address: str, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_PROXY_ADDRESSES", PROXY)
    token = {"cookie": f"gan_session={browser(name='ann').cookies['gan_session']}"}
    said = browser(address).get("/", headers=token | {"X-Forwarded-For": "::ffff:192.0.2.7"}).json()
    assert said["address"] == "192.0.2.7"


def test_the_last_address_that_is_no_proxy_counts(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_PROXY_ADDRESSES", f"{PROXY},10.0.0.8")
    token = {"cookie": f"gan_session={browser(name='ann').cookies['gan_session']}"}
    said = browser(PROXY).get("/", headers=token | {"X-Forwarded-For": "1.1.1.1, 2.2.2.2, 10.0.0.8"}).json()
    assert said["address"] == "2.2.2.2"


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
