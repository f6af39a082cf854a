"""Signing in by password, and signing out: the form, the cookie, the limit of tries."""

from http.cookies import SimpleCookie

import pytest
from starlette.testclient import TestClient

from gan.access import accounts, audit
from tests.support.guarded_app import PASSWORD, PROXY, Browser, app, enter


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


def test_a_changed_password_ends_sessions_and_a_changed_role_counts_at_once(browser: Browser) -> None:
    client = browser(name="ann")
    accounts.change("ann", "viewer")
    assert client.get("/").json()["role"] == "viewer"
    accounts.set_password("ann", "another long phrase")
    assert client.get("/").status_code == 401


def test_an_account_that_is_gone_is_led_on_without_a_question(browser: Browser) -> None:
    client = browser(name="ann")
    assert "Sign out?" in client.get("/sign-out").text
    accounts.remove("ann")
    answer = client.get("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?over=1")
    assert "gan_session" not in client.cookies
