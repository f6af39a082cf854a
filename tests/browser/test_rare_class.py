"""Somebody comes by a link for more images of one class, in a real browser: found, seen and taken with few clicks."""

import json
import re
import shutil
import zipfile

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from gan.config import settings
from tests.browser.conftest import Server, Visit
from tests.browser.effort import Effort, count_effort, permanent_words
from tests.conftest import trained

MOST_WORDS = 180
"""On the Download view, before anything is opened."""


@pytest.fixture
def page(visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch) -> Page:
    """A visitor's page."""
    monkeypatch.setenv("GAN_STORE", str(server.store))
    return visit.page


@pytest.fixture
def effort(page: Page) -> Effort:
    """What the visitor does."""
    return count_effort(page)


def take(page: Page) -> zipfile.ZipFile:
    """Wait for the ZIP and download it."""
    with page.expect_download() as downloading:
        page.get_by_role("link", name=re.compile("Download, ")).click()
    return zipfile.ZipFile(downloading.value.path())


def test_a_class_is_brought_to_a_number_with_few_clicks(page: Page, visit: Visit, effort: Effort) -> None:
    run = trained("rare")
    real = int(run.info().conditions[:, 8].sum())
    visit.open("gallery?run=rare")
    page.get_by_role("button", name="None", exact=True).click()
    page.locator(".choice-card").filter(has_text=re.compile("^8 ")).click()
    expect(page.locator(".st-key-generated .tile")).to_have_count(8)
    page.get_by_role("tab", name="Download").click()
    page.get_by_text("Bring class 8 to a number").click()
    number = page.get_by_label("Real and synthetic images together", exact=True)
    number.fill(str(real + 5))
    number.press("Enter")
    expect(page.get_by_text(f"{real} real + 5")).to_be_visible()
    visit.shot("rare-class")
    page.get_by_role("button", name="Make a ZIP of 5 images").click()
    names = take(page).namelist()
    assert {name.split("/")[1] for name in names if name.endswith(".png")} == {"8"}
    assert sum(name.endswith(".png") for name in names) == 5
    assert effort.clicks == 6


def test_a_rare_class_of_the_demo_is_one_request(page: Page, visit: Visit, effort: Effort, server: Server) -> None:
    shutil.copytree(settings.ROOT / "checkpoints" / "demo-bloodcells", server.store / "few-white")
    visit.open("gallery?run=few-white&condition=WBC&view=Download")
    expect(page.get_by_role("alert").filter(has_text="No room to gain")).to_be_in_viewport()
    page.get_by_text("Bring class WBC to a number").click()
    number = page.get_by_label("Real and synthetic images together", exact=True)
    number.fill("500")
    number.press("Enter")
    expect(page.get_by_text("500 WBC: 25 real + 475")).to_be_visible()
    page.get_by_text("Leave out near copies of real images").click()  # the demo comes without its real images
    visit.settle()
    visit.shot("rare-class-demo")
    assert permanent_words(page) <= MOST_WORDS
    page.get_by_role("button", name="Make a ZIP of 475 images").click()
    names = take(page).namelist()
    assert sum(name.split("/")[1] == "WBC" for name in names if name.endswith(".png")) == 475
    assert effort.clicks == 4
    assert effort.fields == {"Real and synthetic images together"}


def test_images_of_a_collapsed_run_are_downloaded_below_a_warning(page: Page, visit: Visit, server: Server) -> None:
    run = shutil.copytree(settings.ROOT / "checkpoints" / "demo-mnist", server.store / "collapsed")
    for file in (run / "evaluation").glob("*.json"):
        document = json.loads(file.read_text())
        file.write_text(json.dumps(document | {"diversity": document["diversity"] | {"ratio": 0.2}}))
    visit.open("gallery?run=collapsed&condition=8&view=Download")
    warning = page.get_by_role("alert").filter(has_text="One image per class.")
    expect(warning).to_be_in_viewport()
    button = page.get_by_role("button", name="Make a ZIP of 500 images")
    expect(button).to_be_visible()
    above, below = warning.bounding_box(), button.bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] < below["y"]


def test_a_copied_link_opens_the_class_and_two_clicks_take_it(page: Page, visit: Visit, effort: Effort) -> None:
    trained("linked")
    visit.open("gallery?run=linked")
    page.get_by_role("button", name="None", exact=True).click()
    page.locator(".choice-card").filter(has_text=re.compile("^3 ")).click()
    expect(page).to_have_url(re.compile("condition=3"))
    seen = page.locator(".st-key-generated .tile img").first.get_attribute("src")
    page.goto(page.url)  # as a colleague does, in a session of their own
    expect(page.locator(".st-key-generated .tile")).to_have_count(8)
    assert page.locator(".st-key-generated .tile img").first.get_attribute("src") == seen
    before = effort.clicks
    page.goto(f"{page.url}&view=Download")
    number = page.get_by_label("Images", exact=True)
    number.fill("4")
    number.press("Enter")
    page.get_by_role("button", name="Make a ZIP of 4 images").click()
    assert sum(name.endswith(".png") for name in take(page).namelist()) == 4
    assert effort.clicks - before == 2


def test_a_class_pressed_right_after_none_or_all_counts_from_there(page: Page, visit: Visit) -> None:
    """Before the server has answered; by mouse and by keyboard."""
    trained("pressed")
    visit.open("gallery?run=pressed")
    cards, tiles = page.locator(".choice-card"), page.locator(".st-key-generated .tile")
    expect(cards).to_have_count(10)
    page.evaluate(
        """() => {
            [...document.querySelectorAll("button")].find(one => one.textContent.trim() === "None").click()
            document.querySelectorAll(".choice-card")[4].click()
        }"""
    )
    expect(tiles).to_have_count(8)
    expect(page).to_have_url(re.compile("condition=4"))
    assert [card.get_attribute("aria-pressed") for card in cards.all()] == [str(k == 4).lower() for k in range(10)]
    page.get_by_role("button", name="All", exact=True).press("Enter")
    cards.nth(2).press("Space")
    expect(tiles).to_have_count(72)
    assert [card.get_attribute("aria-pressed") for card in cards.all()] == [str(k != 2).lower() for k in range(10)]


def test_one_image_is_saved_by_a_click_and_by_a_key(page: Page, visit: Visit) -> None:
    run = trained("saved")
    visit.open("gallery?run=saved&condition=8")
    tiles = page.locator(".st-key-generated .tile")
    tiles.nth(1).hover()
    with page.expect_download() as downloading:
        tiles.nth(1).get_by_title("Save (S)").click()
    assert downloading.value.suggested_filename == f"saved_{run.snapshots()[-1]}_s0_800000001.png"
    with Image.open(downloading.value.path()) as image:
        assert image.info["Synthetic"].startswith("yes")
    tiles.nth(2).get_by_role("button").first.focus()
    with page.expect_download() as again:
        page.keyboard.press("s")
    assert again.value.suggested_filename.endswith("_800000002.png")


def test_the_first_screen_of_a_phone_shows_large_images(
    server: Server, chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    if not (server.store / "phone").exists():
        trained("phone")
    context = chromium.new_context(viewport={"width": 400, "height": 850})
    visit = Visit(context.new_page(), server.address)
    visit.watch()
    visit.open("gallery?run=phone")
    tiles = visit.page.locator(".st-key-generated .tile")
    expect(tiles).to_have_count(80)
    visit.settle()
    visit.shot("phone-first-screen")
    box = tiles.first.bounding_box()
    assert box is not None
    assert box["width"] >= 150
    assert box["y"] + box["height"] <= 850
    context.close()
    assert visit.wrong == []
