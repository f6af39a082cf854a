"""The gallery in a real browser: images are kept and rejected by click and by keyboard, seen large, and taken home.

Named so that it runs after `test_journey.py`, whose first visitor finds an empty store.
"""

import csv
import io
import re
import zipfile
from collections import Counter

import pytest
from playwright.sync_api import expect

from gan.sampling import marks
from gan.sampling.conditions import POSITIONS
from gan.sampling.marks import KEEP, REJECT
from tests.browser.conftest import Server, Visit
from tests.conftest import trained
from tests.support.jobs import wait_until


def test_images_are_kept_and_rejected_by_click_and_by_keyboard(
    visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    run, page = trained("marked"), visit.page
    visit.open("gallery?run=marked")
    tiles = page.locator(".st-key-generated .tile")
    expect(tiles).to_have_count(80)

    tiles.nth(0).hover()
    tiles.nth(0).get_by_title("Keep (K)").click()
    tiles.nth(1).hover()
    tiles.nth(1).get_by_title("Reject (R)").click()
    tiles.nth(2).get_by_role("button").first.focus()
    for key in ("k", "ArrowRight", "r", "ArrowRight", "k", "ArrowDown", "k", "k"):  # the last one takes its mark off
        page.keyboard.press(key)
    wanted = {0: KEEP, 1: REJECT, 2: KEEP, 3: REJECT, 4: KEEP}

    def known() -> dict[int, str]:
        return {origin.index: mark for origin, mark in marks.load(run).items()}

    wait_until(lambda: known() == wanted, "all marks are kept", 20)
    kept = page.get_by_role("button", name="Generated image of 0, run marked, seed 0, number 1 kept")
    expect(kept).to_be_visible()
    expect(tiles.nth(12).get_by_role("button").first).to_be_focused()
    visit.shot("marks")

    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_test_id("stCode")).to_contain_text("--condition 1 --seed 0 --start 100000004 --count 1")
    expect(dialog.get_by_role("img", name=re.compile("Most similar real training image"))).to_be_visible()
    visit.shot("large")
    dialog.get_by_role("button", name="Next").click()
    expect(dialog.get_by_text("14 of 80")).to_be_visible()
    expect(dialog.get_by_role("button", name=re.compile("number 6"))).to_be_focused()
    page.keyboard.press("k")
    expect(dialog.get_by_role("button", name="Kept", exact=True)).to_be_visible()
    dialog.get_by_role("button", name="Walk from here").click()
    expect(page.get_by_text("first image of the walk")).to_be_visible()
    expect(page.get_by_test_id("stMainBlockContainer")).to_have_css(
        "max-width", "1600px"
    )  # a note leaves the page as is
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    expect(tiles.nth(13)).to_have_attribute("data-mark", "keep")

    page.get_by_role("tab", name="Basket").click()
    basket = page.locator(".st-key-basket-marked .tile")
    expect(basket).to_have_count(4)
    basket.first.get_by_role("button").first.focus()
    page.keyboard.press("k")
    expect(basket).to_have_count(3)
    visit.shot("basket")
    assert known() == {position: mark for position, mark in (wanted | {POSITIONS + 5: KEEP}).items() if position}


def test_classes_are_chosen_by_their_pictures_and_walked_between(
    visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    trained("walked")
    page = visit.page
    visit.open("gallery?run=walked")
    expect(page.locator(".choice-card img")).to_have_count(10)
    page.get_by_role("button", name="None", exact=True).click()
    expect(page.get_by_text("Choose at least one condition")).to_be_visible()
    for name in ("3", "8"):
        page.locator(".choice-card").filter(has_text=re.compile(f"^{name} ")).click()
    expect(page.locator(".st-key-generated .tile")).to_have_count(16)
    expect(page.locator(".st-key-generated .row-name")).to_have_text(
        [re.compile("^3synthetic"), re.compile("^real"), re.compile("^8synthetic"), re.compile("^real")]
    )
    page.get_by_role("tab", name="Compare").click()
    expect(page.locator(".in-columns .tile")).to_have_count(12)
    visit.shot("same-noise")
    page.get_by_role("tab", name="Walk").click()
    expect(page).to_have_url(re.compile("view=Walk"))
    expect(page.get_by_role("img", name="Walk from 3 to 8, run walked")).to_be_visible()
    visit.shot("walk")
    with page.expect_download() as downloading:
        page.locator(".st-key-take-film button").click()
    assert downloading.value.path().read_bytes().startswith(b"GIF89a")


def test_classes_are_brought_to_one_number(visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    run, page = trained("uneven"), visit.page
    counts = run.info().conditions.sum(axis=0, dtype=int).tolist()
    visit.open("gallery?run=uneven&view=download")  # as somebody types it
    page.get_by_text("Bring all 10 classes to a number").click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    number = page.get_by_label("Real and synthetic images together", exact=True)
    number.fill("150")
    number.press("Enter")
    lacking = {str(k): 150 - count for k, count in enumerate(counts)}
    visit.shot("balance")
    page.get_by_role("button", name=f"Make a ZIP of {sum(lacking.values())} images").click()
    link = page.get_by_role("link", name=re.compile("Download, "))
    expect(link).to_be_visible()
    visit.open("")
    visit.open("gallery?run=uneven&view=Download")  # who comes back finds it
    with page.expect_download() as downloading:
        link.click()
    archive = zipfile.ZipFile(downloading.value.path())
    labels = csv.DictReader(io.StringIO(archive.read("labels.csv").decode()))
    assert Counter(row["class"] for row in labels) == lacking
