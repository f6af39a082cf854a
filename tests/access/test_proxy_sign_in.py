"""Persons whom a reverse proxy names."""

import pytest
from starlette.websockets import WebSocketDisconnect

from gan.access import accounts, sessions
from pages.ui.access import middleware
from tests.support.guarded_app import PROXY, Browser, enter

pytestmark = pytest.mark.usefixtures("by_proxy")


@pytest.fixture
def by_proxy(guarded: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_SIGN_IN", "proxy")
    monkeypatch.setenv("GAN_PROXY_ADDRESSES", f"{PROXY}, 10.1.0.0/16")
    monkeypatch.setenv("GAN_GROUP_ROLES", "imaging=steward")


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


def test_a_session_and_a_form_are_worth_nothing_behind_a_proxy(browser: Browser) -> None:
    token = sessions.start("ann", changed=accounts.find_account("ann").changed)
    assert browser(PROXY).get("/", headers={"cookie": f"gan_session={token}"}).status_code == 403
    assert enter(browser(PROXY), "ann").status_code == 403


def test_the_proxy_is_asked_again_after_the_hours_of_a_session(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "session_hours", lambda: 0)
    said = {"X-Forwarded-User": "ann"}
    with browser(PROXY).websocket_connect("/_stcore/stream", headers=said, subprotocols=["streamlit"]) as connection:
        with pytest.raises(WebSocketDisconnect) as closed:
            connection.receive_bytes()
        assert closed.value.code == 1012  # the browser connects again
