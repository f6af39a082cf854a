"""An expert reads images blindly on a phone, by touch and by key, and comes back to where it was left."""

import re

import pytest
from playwright.sync_api import Browser, expect

from gan.evaluation import reader_study
from tests.browser.conftest import Server, Visit
from tests.conftest import trained


def test_a_blind_reading_is_begun_left_and_gone_on_with(
    server: Server, chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    run = trained("read")
    context = chromium.new_context(viewport={"width": 400, "height": 850})
    visit = Visit(context.new_page(), server.address)
    visit.watch()
    page = visit.page
    visit.open("evaluate?run=read")
    page.get_by_role("tab", name="Blind reader").click()
    name = page.get_by_label("Reader", exact=True)
    name.fill("AB")
    name.press("Enter")
    page.get_by_role("button", name="Start a reading").click()
    expect(page.get_by_text("Image 1 of 40, reader AB")).to_be_visible()
    expect(page).to_have_url(re.compile("reading="))
    picture = page.get_by_role("img", name="Image 1", exact=True)
    expect(picture).to_be_visible()  # and nothing says whether it is real
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollWidth <= main.clientWidth")
    visit.shot("blind-reading")
    page.get_by_role("button", name="Real, plausible").click()
    expect(page.get_by_text("Image 2 of 40")).to_be_visible()
    page.keyboard.press("4")
    expect(page.get_by_text("Image 3 of 40")).to_be_visible()
    page.get_by_role("button", name="Leave; answers are saved").click()
    page.get_by_role("tab", name="Blind reader").click()
    expect(page.get_by_text("2 of 40 answered")).to_be_visible()
    (one,) = reader_study.list_readings(run)
    assert [(answer["real"], answer["plausible"]) for answer in one.answers] == [(True, True), (False, False)]
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Image 3 of 40")).to_be_visible()
    context.close()
    assert visit.wrong == []
