"""The app below a base path, as behind Open OnDemand: pages, pictures, live updates and downloads."""

import re
from dataclasses import asdict
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from gan.export.request import ExportRequest
from gan.io.atomic import write_json
from tests.browser.conftest import serving, visiting
from tests.conftest import trained

BASE = "node/n1/8501"
"""As Open OnDemand passes a request on: /node/HOST/PORT."""


def test_everything_stands_below_the_base_path(
    tmp_path: Path, chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(tmp_path / "store"))
    run = trained("run")
    export = run.path / "exports" / "20260101-000000"
    export.mkdir()
    write_json(export / "request.json", asdict(ExportRequest((("3", 1),))))
    write_json(export / "written.json", {"count": 1, "notices": []})
    write_json(export / "end.json", {"ticket": 0, "state": "finished", "time": 1.0})
    (export / "run.zip").write_bytes(b"PK of an export")
    with serving(tmp_path, BASE) as server, visiting(server, chromium) as visit:
        page, asked = visit.page, []
        page.on("request", lambda request: asked.append(request.url))
        visit.open("")
        expect(page.locator(".st-key-card-run")).to_be_visible()
        page.locator(".st-key-card-run").get_by_role("link", name="Progress").click()
        expect(page.locator(".st-key-state-run")).to_contain_text("Finished")
        visit.settle()
        visit.shot("base-path-progress")
        with page.expect_download() as download:
            page.locator(".st-key-take-curves button").click()
        assert download.value.path().stat().st_size > 100
        visit.open("gallery?run=run&view=Download")
        with page.expect_download() as download:
            page.get_by_role("link", name=re.compile("Download, ")).click()
        assert download.value.path().read_bytes() == b"PK of an export"
        visit.settle()
        visit.shot("base-path-gallery")
        base = server.address
        outside = [url for url in asked if url.startswith("http") and not url.startswith(base)]
        assert outside == []
        assert any("/media/" in url or "/api/" in url for url in asked)
