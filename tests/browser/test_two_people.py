"""A private run in two browsers: hidden from another person by list, link, picture and download until it is shared."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from gan.access import accounts
from gan.access.identity import Identity, Role, acting_as
from gan.export import exports
from gan.export.request import ExportRequest
from gan.io.atomic import write_json
from gan.runs.run import find_run
from pages.ui.routes import export_link
from tests.browser.conftest import serving
from tests.support.pages import made

PASSWORD = "correct horse battery"
EXPORT = "20261126-120000"
ANN = Identity("ann", Role.MEMBER)


def sign_in(page: Page, address: str, name: str) -> None:
    page.set_default_timeout(90_000)
    page.goto(address)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()


def test_a_private_run_is_anothers_only_once_it_is_shared(
    tmp_path: Path, chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("GAN_SIGN_IN", "password")
    for name in ("ann", "bob"):
        accounts.add(name, "member", PASSWORD)
    with acting_as(ANN):
        run = made("secret")
        download = export_link(run.name, EXPORT)
    folder = run.path / "exports" / EXPORT
    folder.mkdir(parents=True)
    write_json(folder / "request.json", exports.REQUEST.dump_python(ExportRequest((("any", 1),)), mode="json"))
    (folder / "images.zip").write_bytes(b"PK")
    with serving(tmp_path, GAN_SIGN_IN="password") as server:
        one, two, nobody = (chromium.new_context() for _ in range(3))
        ann, bob = one.new_page(), two.new_page()
        sign_in(ann, server.address, "ann")
        sign_in(bob, server.address, "bob")

        expect(ann.locator(".st-key-card-secret")).to_be_visible()
        expect(bob.locator(".st-key-card-secret")).to_have_count(0)
        ann.goto(f"{server.address}/progress?run=secret")
        with ann.expect_download() as curves:
            ann.locator(".st-key-take-curves button").click()
        media = curves.value.url
        assert "/media/" in media
        bob.goto(f"{server.address}/progress?run=secret")
        expect(bob.locator(".st-key-empty")).to_contain_text("There is no run secret")
        for link in (media, server.address + download):
            assert two.request.get(link).status in (403, 404)
            assert nobody.request.get(link, max_redirects=0).status in (302, 303, 307, 401, 403)

        ann.get_by_role("button", name="Private").click()
        ann.locator("[data-testid=stRadio]").get_by_text("Everyone here").click()
        expect(ann.get_by_role("button", name="Everyone here")).to_be_visible()
        assert find_run("secret").visibility == "all"
        bob.reload()
        expect(bob.get_by_role("heading", level=1, name="secret")).to_be_visible()
        expect(bob.locator(".st-key-delete button").first).to_be_disabled()
        for context in (one, two, nobody):
            context.close()
