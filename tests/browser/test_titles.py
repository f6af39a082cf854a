"""A run gets a title from its card on the overview, and goes to the archive, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server, Visit
from tests.support.pages import ended, made


def test_a_run_gets_a_title_and_goes_to_the_archive(
    visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    run = ended(made("plain-name"), state="finished")
    page = visit.page
    visit.open("")
    card = page.locator(".st-key-card-plain-name")
    card.get_by_role("button", name="More").click()
    page.get_by_text("Title, tags, notes").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Title", exact=True).fill("Best *so far*")
    visit.shot("describe")
    dialog.get_by_role("button", name="Save").click()
    expect(card.get_by_text("Best *so far*")).to_be_visible()
    assert run.title == "Best *so far*"
    card.get_by_role("button", name="More").click()
    page.get_by_text("Archive", exact=True).click()
    expect(card).to_have_count(0)
    assert run.about.archived
