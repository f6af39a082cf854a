"""A team's server as docs/server.md sets it up: the app behind nginx and Caddy over TLS, as one browser sees it."""

import asyncio
import contextlib
import http.client
import socket
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser, BrowserContext, expect
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from gan.access import accounts, audit
from gan.export import exports
from gan.export.request import ExportRequest
from gan.io.atomic import write_json
from gan.runs.run import Run, find_run
from pages.ui.access.security_headers import OPEN_PAGES, SMALL_BODY
from pages.ui.routes import export_link
from tests.browser.conftest import PATIENCE, Server, Visit, serving
from tests.support.image_files import png_bytes, zip_of
from tests.support.server_docs import blocks, compose_caddyfile, environment
from tests.support.web_servers import NAME, Front, caddy_hash, program, serving_caddy, serving_nginx

ADDRESS = f"https://{NAME}"
PASSWORD = "correct horse battery"
EXPORT = "20261126-120000"
OWN = {name: value for name, value in environment().items() if name != "GAN_STORE"}
TLS = ssl.create_default_context()
TLS.check_hostname, TLS.verify_mode = False, ssl.CERT_NONE
FORGED = {
    "X-Forwarded-User": "boss",
    "X-Forwarded-Groups": "it",
    "X-Gan-User": "boss",
    "X-Gan-Visitor": "boss",
    "X_Forwarded_User": "boss",
}
Start = Callable[[Path, str], contextlib.AbstractContextManager[Front]]


def nginx(folder: Path, app: str) -> contextlib.AbstractContextManager[Front]:
    server, _ = _nginx_blocks()
    return serving_nginx(folder, server, app)


def caddy(folder: Path, app: str) -> contextlib.AbstractContextManager[Front]:
    (text,) = (text for text in blocks("caddy") if "basic_auth" not in text)
    return serving_caddy(folder, text, app)


def nginx_that_signs_in(folder: Path, app: str) -> contextlib.AbstractContextManager[Front]:
    server, lines = _nginx_blocks()
    people = folder / "people"
    people.write_text(f"ann:{{PLAIN}}{PASSWORD}\n")
    inside = lines.replace("/etc/nginx/gan.htpasswd", str(people))
    return serving_nginx(folder, server.replace("location / {\n", f"location / {{\n{inside}"), app)


def caddy_that_signs_in(folder: Path, app: str) -> contextlib.AbstractContextManager[Front]:
    (text,) = (text for text in blocks("caddy") if "basic_auth" in text)
    return serving_caddy(folder, text.replace("$2a$14$...", caddy_hash(PASSWORD)), app)


def caddy_of_compose(folder: Path, app: str) -> contextlib.AbstractContextManager[Front]:
    names = {"GAN_DOMAIN": NAME, "GAN_USER": "ann", "GAN_PASSWORD_HASH": caddy_hash(PASSWORD)}
    return serving_caddy(folder, compose_caddyfile(), app, "app:8501", **names)


def _nginx_blocks() -> tuple[str, str]:
    server, lines = sorted(blocks("nginx"), key=lambda text: "auth_basic" in text)
    return server, lines


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app with the text's environment, Ann, an administrator, and a download of the demo run."""
    with app_of(tmp_path_factory.mktemp("team")) as server:
        accounts.add("ann", "member", PASSWORD)
        finished_export(find_run("demo-mnist"))
        yield server


@pytest.fixture(scope="module")
def team_of_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same, where the web server signs people in."""
    settings = {"GAN_SIGN_IN": "proxy", "GAN_GROUP_ROLES": "it=admin", "GAN_DEFAULT_ROLE": "viewer"}
    with app_of(tmp_path_factory.mktemp("proxied"), **settings) as server:
        yield server


@contextlib.contextmanager
def app_of(folder: Path, **settings: str) -> Iterator[Server]:
    """The app; accounts and runs that are made during the block are its own."""
    with serving(folder, **OWN | settings) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        patch.setenv("GAN_STORE", str(server.store))
        patch.setenv("GAN_SIGN_IN", "password")
        accounts.add("boss", "admin", PASSWORD)
        yield server


@contextlib.contextmanager
def browsing(chromium: Browser, front: Front, **options: object) -> Iterator[BrowserContext]:
    """A browser that finds the server by its name, at the port of this machine."""
    browser = chromium.browser_type.launch(
        executable_path=program("chromium"),
        args=["--no-sandbox", "--disable-gpu", f"--host-resolver-rules=MAP {NAME} 127.0.0.1:{front.https}"],
    )
    context = browser.new_context(ignore_https_errors=True, accept_downloads=True, **options)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    yield context
    browser.close()


def ask(
    front: Front, method: str, path: str, headers: dict[str, str], body: bytes = b"", client: str = "127.0.0.2"
) -> tuple[int, dict[str, str], str]:
    """Status, headers and text of an answer to a client at another address of this machine."""
    raw = socket.create_connection(("127.0.0.1", front.https), 60, (client, 0))
    connection = http.client.HTTPSConnection(NAME, timeout=60)
    connection.sock = TLS.wrap_socket(raw, server_hostname=NAME)
    with contextlib.closing(connection):
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text


def sign_in(front: Front, password: str, client: str, forwarded: str = "") -> tuple[int, str]:
    """Status and session cookie for Ann's password, sent as the page sends it."""
    form = urlencode({"name": "ann", "password": password, "next": "/"}).encode()
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    headers |= {"X-Forwarded-For": forwarded, "X-Real-IP": forwarded} if forwarded else {}
    status, said, _ = ask(front, "POST", "/sign-in", headers, form, client)
    return status, said.get("set-cookie", "").partition(";")[0]


def finished_export(run: Run) -> None:
    """A download of a run that can be fetched."""
    folder = run.path / "exports" / EXPORT
    folder.mkdir(parents=True)
    write_json(folder / "request.json", exports.REQUEST.dump_python(ExportRequest((("any", 1),)), mode="json"))
    write_json(folder / "written.json", {"count": 1, "notices": []})
    write_json(folder / "end.json", {"ticket": 0, "state": "finished", "time": 1.0})
    (folder / "images.zip").write_bytes(b"PK of an export")


def in_front_of(server: Server, start: Start, folder: Path) -> contextlib.AbstractContextManager[Front]:
    """A web server in front of the app during the block."""
    return start(folder, server.address.removeprefix("http://"))


@pytest.mark.parametrize("start", [nginx, caddy])
def test_a_member_works_behind_a_proxy_with_tls(
    tmp_path: Path, team: Server, chromium: Browser, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    with in_front_of(team, start, tmp_path) as front, browsing(chromium, front, extra_http_headers=FORGED) as context:
        visit = Visit(context.new_page(), ADDRESS)
        visit.watch()
        page, sockets = visit.page, []
        page.on("websocket", lambda opened: sockets.append(opened.url))
        visit.open("progress?run=demo-mnist")
        page.get_by_label("Name").fill("ann")
        page.get_by_label("Password").fill(PASSWORD)
        with page.expect_response(lambda response: response.request.method == "POST") as posted:
            page.get_by_role("button", name="Sign in").click()
        assert posted.value.headers["strict-transport-security"]
        expect(page.get_by_role("heading", level=1, name="Demo: handwritten digits")).to_be_visible()
        (cookie,) = (
            cookie for cookie in context.cookies() if "name" in cookie and cookie["name"].endswith("gan_session")
        )
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")
        assert sockets
        assert [url for url in sockets if not url.startswith(f"wss://{NAME}/")] == []
        with page.expect_download() as taken:
            page.locator(".st-key-take-curves button").click()
        assert taken.value.path().stat().st_size > 100
        visit.open("")
        picture = page.locator(".st-key-card-demo-mnist img").first
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.naturalWidth") > 0

        visit.open("data")
        page.get_by_role("tab", name="Add your own images").click()
        archive = zip_of({f"{name}/{k}.png": png_bytes(k) for name in "ab" for k in range(4)}).getvalue()
        with page.expect_response(lambda response: "/upload_file/" in response.url) as uploaded:
            page.locator("input[type=file]").set_input_files(
                {"name": "cells.zip", "mimeType": "application/zip", "buffer": archive}
            )
        assert uploaded.value.status == 204

        visit.open("gallery?run=demo-mnist&view=Download")
        link = page.get_by_role("link", name="Download, ")
        with page.expect_download() as taken:
            link.click()
        assert taken.value.path().read_bytes() == b"PK of an export"
        signed = link.get_attribute("href")
        assert signed is not None
        assert export_link("demo-mnist", EXPORT) in signed
        path, own = signed[signed.index("/api/") :], {"Cookie": f"{cookie['name']}={cookie['value']}"}
        for forged in (path.partition("?")[0], f"{path[:-3]}xyz"):
            assert ask(front, "GET", forged, own)[0] == 403
        assert ask(front, "GET", path, {})[0] == 401
        assert visit.wrong == []
    monkeypatch.setenv("GAN_STORE", str(team.store))
    entries = [entry for entry in audit.entries() if entry.action == "downloaded"]
    assert {(entry.name, entry.address) for entry in entries} == {("ann", "127.0.0.1")}


@pytest.mark.parametrize(("start", "clients"), [(nginx, "127.0.1.{}"), (caddy, "127.0.2.{}")])
def test_limits_hold_for_each_address_behind_a_proxy(
    tmp_path: Path, team: Server, monkeypatch: pytest.MonkeyPatch, start: Start, clients: str
) -> None:
    one, other, third = (clients.format(number) for number in (1, 2, 3))
    with in_front_of(team, start, tmp_path) as front:
        plain = http.client.HTTPConnection("127.0.0.1", front.http, timeout=60)
        with contextlib.closing(plain):
            plain.request("GET", "/train?x=1", headers={"Host": NAME})
            answer = plain.getresponse()
            assert (answer.status // 100, answer.getheader("location")) == (3, f"{ADDRESS}/train?x=1")

        tries = [sign_in(front, "wrong", one, f"203.0.113.{k}")[0] for k in range(6)]
        assert tries == [401] * 5 + [429]
        assert sign_in(front, PASSWORD, one, "203.0.113.99") == (429, "")
        status, cookie = sign_in(front, PASSWORD, other)
        assert status == 303

        assert ask(front, "GET", "/api/runs/demo-mnist/exports/x", FORGED)[0] == 401
        status, _, text = ask(front, "GET", "/account", {"Host": "evil.example", "Cookie": cookie})
        assert status == 421 or text == ""
        assert ask(front, "POST", "/sign-in", {}, b"x" * (SMALL_BODY + 1))[0] == 413

        with ThreadPoolExecutor(1) as apart:  # Playwright's event loop runs in this thread
            apart.submit(lambda: asyncio.run(open_as_many_as_allowed(front, cookie, other, third))).result()
    monkeypatch.setenv("GAN_STORE", str(team.store))
    seen = {entry.address for entry in audit.entries() if entry.action.startswith("sign")}
    assert {one, other} <= seen
    assert not any(address.startswith("203.") for address in seen)


async def open_as_many_as_allowed(front: Front, cookie: str, one: str, other: str) -> None:
    """Opens pages at one address until one more is refused; another address can still open one."""
    async with contextlib.AsyncExitStack() as pages:
        for _ in range(OPEN_PAGES):
            await pages.enter_async_context(open_page(front, cookie, one))
        with pytest.raises(InvalidStatus):
            await open_page(front, cookie, one)
        await pages.enter_async_context(open_page(front, cookie, other))


def open_page(front: Front, cookie: str, client: str) -> connect:
    """The WebSocket of a page, for a client at another address of this machine.

    Not websockets' synchronous client: over TLS it now and then waits for ever, as one of its threads reads from the
    socket while another writes to it.
    """
    return connect(
        f"wss://{NAME}/_stcore/stream", host="127.0.0.1", port=front.https, local_addr=(client, 0), ssl=TLS,
        subprotocols=["streamlit"], origin=ADDRESS, proxy=None,  # type: ignore[list-item,arg-type]
        additional_headers={"Cookie": cookie}, open_timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("start", [nginx_that_signs_in, caddy_that_signs_in, caddy_of_compose])
def test_a_proxy_that_signs_in_replaces_forged_names(
    tmp_path: Path, team_of_proxy: Server, chromium: Browser, start: Start
) -> None:
    with in_front_of(team_of_proxy, start, tmp_path) as front:
        assert ask(front, "GET", "/account", FORGED)[0] == 401
        known: dict[str, object] = {"http_credentials": {"username": "ann", "password": PASSWORD}}
        with browsing(chromium, front, extra_http_headers=FORGED, **known) as context:
            page = context.new_page()
            page.goto(f"{ADDRESS}/account")
            expect(page.locator(".st-key-account")).to_contain_text("ann")
            expect(page.locator(".st-key-account")).to_contain_text("Viewer")
            expect(page.locator(".st-key-account")).not_to_contain_text("Groups")
