"""The rest of a server's surface: headers, hosts, sizes, requests at a time, and links to downloads."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Message

from gan.access import audit
from gan.access.identity import Identity, Role, acting_as
from gan.export import exports
from gan.export.request import ExportRequest
from gan.io.atomic import write_json
from gan.runs.run import Run
from pages.ui import routes
from pages.ui.access import download_links, security_headers
from pages.ui.access.security_headers import AT_ONCE, SMALL_BODY, SecurityHeaders
from tests.support.pages import made

ANN, BOB = Identity("ann", Role.MEMBER), Identity("bob", Role.MEMBER)
EXPORT = "20260101-000000"


async def size(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


ROUTES = [Route("/{path:path}", size, methods=["GET", "POST", "PUT"])]
APP = Starlette(routes=ROUTES, middleware=[Middleware(SecurityHeaders)])


def test_every_answer_has_the_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_PROXY_ADDRESSES", "10.0.0.9")
    answer = TestClient(APP).get("/")
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
    assert "'unsafe-inline'" not in policy["script-src"]
    assert "'unsafe-eval'" not in policy["script-src"].split()
    assert not any("http" in sources or "*" in sources for sources in policy.values())
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" not in answer.headers
    proxied = TestClient(APP, client=("10.0.0.9", 1)).get("/", headers={"x-forwarded-proto": "https"})
    assert proxied.headers["strict-transport-security"]


def test_another_host_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_URL", "https://gan.lab.example/gan")
    for host, code in (("gan.lab.example", 200), ("127.0.0.1:8501", 200), ("evil.example", 421), ("", 421)):
        assert TestClient(APP).get("/", headers={"host": host}).status_code == code, host


def test_a_request_has_a_largest_size_whether_it_says_its_size_or_not() -> None:
    client = TestClient(APP, raise_server_exceptions=False)
    assert client.post("/sign-in", content=b"x" * SMALL_BODY).text == str(SMALL_BODY)
    assert client.post("/sign-in", content=b"x" * (SMALL_BODY + 1)).status_code == 413
    assert client.put("/_stcore/upload_file/a/b", content=b"x" * (SMALL_BODY + 1)).text == str(SMALL_BODY + 1)

    def endless() -> Iterator[bytes]:
        yield from (b"x" * SMALL_BODY for _ in range(3))

    assert client.post("/sign-in", content=endless()).status_code >= 400


def test_one_address_has_only_so_many_requests_at_a_time() -> None:
    async def check() -> None:
        release, answers = asyncio.Event(), []

        async def waits(scope: object, receive: object, send: object) -> None:
            await release.wait()

        served = SecurityHeaders(waits)
        empty: Message = {"type": "http.request", "body": b""}

        async def ask(address: str) -> None:
            scope = {"type": "http", "path": "/", "method": "GET", "headers": [], "client": (address, 1)}

            async def receive() -> Message:
                return empty

            async def send(message: Message) -> None:
                answers.append(message.get("status"))

            await served({**scope, "query_string": b""}, receive, send)

        tasks = [asyncio.create_task(ask("10.0.0.1")) for _ in range(AT_ONCE)]
        await asyncio.sleep(0)
        await ask("10.0.0.1")
        other = asyncio.create_task(ask("10.0.0.2"))
        await asyncio.sleep(0)
        assert [answer for answer in answers if answer] == [429]
        release.set()
        await asyncio.gather(*tasks, other)
        assert not served.at_once

    asyncio.run(check())


@pytest.fixture
def finished(store: object) -> Run:
    """A run with a finished export."""
    run = made("run")
    folder = run.path / "exports" / EXPORT
    folder.mkdir()
    write_json(folder / "request.json", asdict(ExportRequest((("3", 1),))))
    (folder / "run.zip").write_bytes(b"PK of an export")
    assert exports.find_export(run, EXPORT).file is not None
    return run


def ask_as(identity: Identity | None, link: str) -> tuple[int, str]:
    client = TestClient(Starlette(routes=routes.routes()))
    if identity is None:
        answer = client.get(link)
    else:
        with acting_as(identity):
            answer = client.get(link)
    return answer.status_code, answer.text


def test_a_link_opens_one_file_for_one_person_for_a_while(finished: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_SIGN_IN", "password")
    with acting_as(ANN):
        link = routes.export_link("run", EXPORT)
    bare, key = link.split("?")
    assert ask_as(ANN, link) == (200, "PK of an export")
    for identity, address in ((BOB, link), (ANN, bare), (ANN, f"{bare}?key=x"), (ANN, f"{bare}?{key[:-1]}")):
        assert ask_as(identity, address)[0] == 403
    asked, entry = [entry for entry in audit.entries() if entry.allowed]
    assert asked.action == "download"
    digest = hashlib.sha256(b"PK of an export").hexdigest()
    assert (entry.name, entry.action, entry.target) == ("ann", "downloaded", "run run")
    assert entry.detail == f"export {EXPORT}, SHA-256 {digest}"
    monkeypatch.setattr(download_links, "SECONDS", -1)
    assert ask_as(ANN, link)[0] == 403


def test_alone_a_link_is_plain(finished: Run) -> None:
    link = routes.export_link("run", EXPORT)
    assert "?" not in link
    assert ask_as(None, link) == (200, "PK of an export")
    assert not audit.audit_file().exists()


def test_a_download_runs_nothing(finished: Run) -> None:
    headers = TestClient(Starlette(routes=routes.routes())).get(routes.export_link("run", EXPORT)).headers
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers["content-disposition"].startswith("attachment")


def test_the_policy_names_the_scripts_of_streamlits_page() -> None:
    assert json.dumps(security_headers.content_security_policy()).count("'sha256-") >= 1
