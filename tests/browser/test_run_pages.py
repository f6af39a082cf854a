"""The pages of a run are one place: its title in tab and heading, tabs that keep the run, and few words at first."""

import re
import shutil

import pytest
from playwright.sync_api import expect

from gan.config import settings
from gan.runs import notes
from tests.browser.conftest import Server, Visit
from tests.browser.effort import permanent_words
from tests.conftest import trained

MOST_WORDS = 150
"""On the Progress page of a finished run before anything is opened."""
MOST_WORDS_SENT = {"progress": 190, "gallery": 140, "evaluate": 300}
"""Likewise on the pages of a run with scores, membership test and study."""


def test_each_page_of_a_run_is_named_after_it(visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    run = trained("place")
    trained("elsewhere")
    notes.update_about(run.path, title="Cells *at* noon")
    page = visit.page
    visit.open("progress?run=place")
    for tab in ("Progress", "Gallery", "Evaluate"):
        page.locator(".st-key-run-tabs").get_by_role("link", name=tab).click()
        expect(page).to_have_title(f"Cells *at* noon · {tab} · GAN workbench")
        expect(page).to_have_url(re.compile(rf"/{tab.lower()}\?(.*&)?run=place(&|$)"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Cells *at* noon")
        expect(page.locator(".st-key-current-tab")).to_have_text(re.compile(tab))
        visit.settle()
    visit.choose(page.locator(".st-key-breadcrumb").get_by_role("combobox"), "elsewhere")
    expect(page.get_by_role("heading", level=1)).to_have_text("elsewhere")
    expect(page).to_have_url(re.compile(r"/evaluate\?(.*&)?run=elsewhere(&|$)"))
    page.locator(".st-key-breadcrumb").get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


def test_a_colleague_sees_the_run_its_verdict_and_pictures_without_a_click(
    visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(settings.ROOT / "checkpoints" / "demo-bloodcells", server.store / "sent")
    page, seen = visit.page, visit.page.locator
    pictures = {"progress": seen("img[alt^='Generated samples']"), "gallery": seen(".st-key-generated .tile img")}
    words: dict[str, int] = {}
    for name in MOST_WORDS_SENT:
        visit.open(f"{name}?run=sent")
        expect(page.get_by_role("heading", level=1)).to_have_text("Demo: blood cells, few white ones")
        verdict = seen(".st-key-judged-sent, [role=alert]").filter(has_text="No room to gain").first
        expect(verdict).to_be_in_viewport()
        if name in pictures:
            expect(pictures[name].first).to_be_in_viewport()
        visit.settle()
        visit.shot(f"sent-{name}")
        words[name] = permanent_words(page)
    assert {name: count for name, count in words.items() if count > MOST_WORDS_SENT[name]} == {}


def test_the_progress_page_has_few_words_until_an_explanation_is_opened(
    visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    trained("terse")
    page = visit.page
    visit.open("progress?run=terse")
    expect(page.locator(".live-chart .main-svg").nth(4)).to_be_visible()
    visit.settle()
    assert permanent_words(page) < MOST_WORDS
    page.get_by_role("button", name="How to read it").first.click()
    expect(page.get_by_text("The same noise at every snapshot")).to_be_visible()
    visit.shot("how-to-read-it")
    page.get_by_role("link", name="See it in recorded runs").click()
    expect(page).to_have_url(re.compile(r"explanations\?about=samples"))
