"""The ways in, each as a person goes it in a browser: by password, through a proxy, by OpenID Connect."""

import contextlib
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from argon2 import PasswordHasher
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from gan.access import accounts, audit
from gan.config.settings import ROOT
from pages.ui.access import sign_in_page
from tests.browser.conftest import PROBE, SCREENSHOTS, serving
from tests.browser.test_accessibility import RULES
from tests.support.image_files import png_bytes, zip_of
from tests.support.oidc_provider import CLIENT, SECRET, providing
from tests.support.reverse_proxy import ADDRESS, proxying

BASE = "node/n1"
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def two_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("GAN_SIGN_IN", "password")
    monkeypatch.setattr(accounts, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    accounts.add("ann", "member", PASSWORD, ("lung",))
    accounts.add("bob", "viewer", PASSWORD)


@contextlib.contextmanager
def browsing(chromium: Browser, **options: object) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, **options)  # type: ignore[arg-type]
    context.set_default_timeout(90_000)
    yield context
    context.close()


def fill(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def expect_page(page: Page, heading: str) -> None:
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()


def check_look(chromium: Browser, address: str, name: str) -> None:
    """A screenshot of a page before the app on a desk and a phone, light and dark, by the rules of WCAG."""
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    SCREENSHOTS.mkdir(exist_ok=True)
    with browsing(chromium) as context:
        page = context.new_page()
        page.goto(address)
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            assert Axe().run(page, options=RULES).violations_count == 0
            for width in (1440, 400):
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}-{width}.png")


def test_pictures_uploads_and_downloads_of_ones_own_pages_pass(tmp_path: Path, chromium: Browser) -> None:
    with serving(tmp_path, GAN_SIGN_IN="password") as server, browsing(chromium) as context:
        page, failed = context.new_page(), []
        page.goto(f"{server.address}/")
        fill(page, "ann", PASSWORD)
        page.on("response", lambda response: failed.append(response.url) if response.status >= 400 else None)
        expect(page.locator(".st-key-card-demo-mnist img").first).to_be_visible()
        page.goto(f"{server.address}/progress?run=demo-mnist")
        with page.expect_download() as download:
            page.locator(".st-key-take-curves button").click()
        assert download.value.path().stat().st_size > 100
        page.goto(f"{server.address}/data")
        page.get_by_role("tab", name="Add your own images").click()
        with page.expect_response(lambda response: "/upload_file/" in response.url) as uploaded:
            page.locator("input[type=file]").set_input_files(
                {"name": "a.zip", "mimeType": "application/zip", "buffer": zip_of({"a/1.png": png_bytes(1)}).getvalue()}
            )
        assert uploaded.value.status == 204
        assert [url for url in failed if not PROBE.search(url)] == []


def test_by_password_with_ten_wrong_tries_below_a_base_path(tmp_path: Path, chromium: Browser) -> None:
    with (
        serving(tmp_path, BASE, GAN_SIGN_IN="password") as server,
        browsing(chromium) as one,
        browsing(chromium) as two,
    ):
        check_look(chromium, server.address, "sign-in")
        page = one.new_page()
        page.goto(f"{server.address}/explanations?about=scores")
        expect_page(page, "Sign in")
        for attempt in range(10):
            fill(page, "ann", f"wrong {attempt}")
            expect(page.get_by_role("alert")).to_contain_text("wrong" if attempt < 5 else "Too many attempts")
        fill(page, "ann", PASSWORD)
        expect(page.get_by_role("alert")).to_contain_text("Too many attempts")
        assert [cookie for cookie in one.cookies() if "name" in cookie and cookie["name"] == "gan_session"] == []
        fill(page, "Bob", PASSWORD)
        expect_page(page, "How to read it")
        assert page.url == f"{server.address}/explanations?about=scores"
        (cookie,) = (cookie for cookie in one.cookies() if "name" in cookie and cookie["name"] == "gan_session")
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", f"/{BASE}")

        other = two.new_page()
        other.goto(f"{server.address}/account")
        fill(other, "bob", PASSWORD)
        expect(other.locator(".st-key-account")).to_contain_text("viewer", ignore_case=True)
        other.locator(".st-key-sign-out button").click()
        expect_page(other, "Sign in")
        page.get_by_role("link", name="Account").click()  # the other session of the same person goes on
        expect(page.locator(".st-key-account")).to_contain_text("bob")
        accounts.remove("bob")
        expect(page.get_by_role("alert")).to_contain_text("Your session has ended", timeout=60_000)
        fill(page, "bob", PASSWORD)
        expect(page.get_by_role("alert")).to_contain_text("wrong")
    actions = [(entry.action, entry.target, entry.allowed) for entry in audit.entries()]
    assert actions.count(("sign-in refused", "ann", False)) == 5
    assert actions.count(("signed in", "bob", True)) == 2
    assert ("signed out", "bob", True) in actions


def test_through_a_proxy_and_not_around_it(tmp_path: Path, chromium: Browser) -> None:
    forged = {"X-Forwarded-User": "boss", "X-Forwarded-Groups": "it", "X-Gan-User": "boss", "X-Gan-Visitor": "boss"}
    settings = {"GAN_SIGN_IN": "proxy", "GAN_PROXY_ADDRESSES": ADDRESS, "GAN_GROUP_ROLES": "imaging=steward;it=admin"}
    accounts.add("boss", "admin")
    with (
        serving(tmp_path, **settings) as server,
        proxying(int(server.address.rpartition(":")[2]), "Carl@lab.org", "imaging") as proxy,
        browsing(chromium, extra_http_headers=forged) as context,
    ):
        page = context.new_page()
        answer = page.goto(f"{server.address}/account")
        assert answer is not None
        assert answer.status == 403
        expect(page.get_by_role("alert")).to_contain_text("proxy")
        page.goto(f"http://127.0.0.1:{proxy.port}/account")
        expect(page.locator(".st-key-account")).to_contain_text("carl@lab.org")
        expect(page.locator(".st-key-account")).to_contain_text("Steward")
        proxy.groups = "others"
        page.reload()
        expect(page.get_by_role("alert")).to_contain_text("no role")


def test_by_openid_connect_and_out_again(tmp_path: Path, chromium: Browser) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / ".streamlit").mkdir()
    with providing() as provider:
        (tmp_path / ".streamlit" / "secrets.toml").write_text(
            f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
            f'cookie_secret = "{secrets.token_hex()}"\nclient_id = "{CLIENT}"\nclient_secret = "{SECRET}"\n'
            f'server_metadata_url = "{provider.address}/.well-known/openid-configuration"\n'
        )
        settings = {"GAN_SIGN_IN": "oidc", "GAN_GROUP_ROLES": "imaging=steward", "PYTHONPATH": str(ROOT)}
        provider.claims = {"email": "Dora@lab.org", "email_verified": True, "groups": ["imaging", "all"]}
        with serving(tmp_path, port=port, start_in=tmp_path, **settings) as server, browsing(chromium) as context:
            check_look(chromium, server.address, "sign-in-oidc")
            page = context.new_page()
            page.goto(f"{server.address}/account?x=1")
            expect_page(page, "Sign in")
            page.get_by_role("link", name="Sign in").click()
            page.get_by_role("link", name="Continue").click()
            expect(page.locator(".st-key-account")).to_contain_text("dora@lab.org")
            expect(page.locator(".st-key-account")).to_contain_text("Steward")
            assert page.url == f"{server.address}/account?x=1"
            kept = [cookie for cookie in context.cookies() if cookie["name"].startswith("_streamlit")]  # type: ignore[typeddict-item]

            with browsing(chromium) as stolen:  # Streamlit's own cookies, which live for 30 days, open nothing
                stolen.add_cookies([{k: v for k, v in cookie.items() if k != "expires"} for cookie in kept])  # type: ignore[misc]
                thief = stolen.new_page()
                thief.goto(f"{server.address}/account")
                expect_page(thief, "Sign in")

            page.locator(".st-key-sign-out button").click()
            expect_page(page, "Sign in")
            assert provider.requests == ["token", "end"]
            provider.claims["groups"] = ["all"]
            page.get_by_role("link", name="Sign in").click()
            page.get_by_role("link", name="Continue").click()
            expect(page.get_by_role("alert")).to_contain_text("no role")
            page.goto(f"{server.address}/account")
            expect_page(page, "Sign in")

            provider.claims |= {"groups": ["imaging"]}
            for failed, link, claims, is_down in (
                ("refused", "Cancel", {}, False),
                ("provider", "Continue", {"nonce": "of somebody else"}, False),
                ("provider", "", {}, True),
            ):
                provider.claims.update(claims)
                provider.is_down = is_down
                page.get_by_role("link", name="Sign in").click()
                if link:
                    page.get_by_role("link", name=link).click()
                expect_page(page, "Sign in")
                expect(page.get_by_role("alert")).to_have_text(sign_in_page.FAILURES[failed])
                page.screenshot(path=SCREENSHOTS / f"sign-in-failed-{failed}.png")
                provider.claims.pop("nonce", None)
                provider.is_down = False
            page.get_by_role("link", name="Sign in").click()
            page.get_by_role("link", name="Continue").click()
            expect(page.locator(".st-key-account")).to_contain_text("dora@lab.org")
