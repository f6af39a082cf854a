"""What a new user does, in a real browser: from nothing to a ZIP of synthetic digits."""

import csv
import io
import os
import re
import zipfile
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from gan.config import options
from gan.io.file_lock import try_lock
from gan.runs import lifecycle
from gan.runs.metrics import MetricsWriter
from gan.runs.run import find_run
from tests.browser.conftest import PATIENCE, Server, Visit
from tests.conftest import trained
from tests.support.jobs import wait_until
from tests.support.pages import ROW


def write_number(page: Page, label: str, value: str) -> None:
    """Type into a number field and leave it."""
    box = page.get_by_label(label, exact=True)
    box.fill(value)
    box.press("Enter")
    expect(box).to_have_value(value)


@pytest.mark.timeout(600)  # half a minute where the processor is free: it waits for a training
def test_from_an_empty_store_to_a_zip_of_digits(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    visit.open("gallery")  # the server's first visitor may come by a link to any page
    expect(page.get_by_text("There is no run yet")).to_be_visible()
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_text("Nothing has been trained here yet")).to_be_visible()
    visit.shot("1-overview-empty")
    page.get_by_role("button", name="Train a first run").click()

    train(visit)
    watch(visit)
    look(visit)
    archive = download(visit, tmp_path)

    names = archive.namelist()
    assert sum(name.endswith(".png") for name in names) == 50
    assert {"labels.csv", "manifest.json"} < set(names)
    labels = list(csv.DictReader(io.StringIO(archive.read("labels.csv").decode())))
    assert sorted(row["class"] for row in labels) == sorted("0123456789" * 5)


def train(visit: Visit) -> None:
    """Start the digits preset, shortened, with a snapshot more often."""
    page = visit.page
    expect(page.get_by_role("heading", name="Train")).to_be_visible()
    expect(page.locator(".st-key-use-digits-quick")).to_contain_text("In use")
    write_number(page, "Length (thousand images)", "30")
    write_number(page, "Snapshot every (thousand images)", "3")
    expect(page.get_by_text("--train.kimg")).to_be_visible()
    expect(page.locator(".tiles img").first).to_be_visible()
    visit.shot("2-train")
    page.get_by_role("button", name="Start training").click()


def watch(visit: Visit) -> None:
    """Samples and curves appear while it runs, and it finishes."""
    page = visit.page
    expect(page.locator(".st-key-current-tab")).to_have_text(re.compile("Progress"))
    state = page.locator("[class*=st-key-state-digits]")
    expect(page).to_have_url(re.compile(r"/progress\?run=digits-"))
    expect(page.get_by_role("img", name=re.compile("Generated samples"))).to_be_visible()
    expect(page.locator(".live-chart .main-svg").first).to_be_visible()
    expect(state).to_contain_text("Running")
    visit.shot("3-progress-running")
    expect(state).to_contain_text("Finished", timeout=4 * PATIENCE)
    expect(page.get_by_role("img", name=re.compile("after 30,0.. images"))).to_be_visible()
    expect(page.locator(".live-chart .main-svg").nth(6)).to_be_visible()  # two layers of each chart
    visit.shot("4-progress-finished")


def look(visit: Visit) -> None:
    """The gallery shows images of each digit at once."""
    page = visit.page
    page.locator(".st-key-run-tabs").get_by_role("link", name="Gallery").click()
    expect(page.locator(".st-key-current-tab")).to_have_text(re.compile("Gallery"))
    expect(page.locator(".st-key-generated .tile img")).to_have_count(80)
    visit.shot("5-gallery")


def download(visit: Visit, folder: Path) -> zipfile.ZipFile:
    """Make the ZIP in the background, and take it."""
    page = visit.page
    page.get_by_role("tab", name="Download").click()
    write_number(page, "Images of each", "5")
    page.get_by_role("button", name="Make a ZIP of 50 images").click()
    link = page.get_by_role("link", name=re.compile("Download, "))
    expect(link).to_be_visible()  # the first download on a data set measures what a near copy is
    visit.shot("6-download")
    with page.expect_download() as downloading:
        link.click()
    file = folder / downloading.value.suggested_filename
    downloading.value.save_as(file)
    return zipfile.ZipFile(file)


def test_a_readers_zoom_outlives_new_points(visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    run = lifecycle.create_run(options.build_config({}), "zoomed")
    writer = MetricsWriter(run.path / "metrics.jsonl", 0)
    for seen in range(1000, 51_000, 1000):
        writer.append(ROW | {"seen": seen})
    alive = try_lock(run.path / "alive.lock")
    assert alive is not None
    try:
        visit.open("progress?run=zoomed")
        chart = visit.page.locator(".st-key-chart-zoomed-losses .live-chart")
        chart.locator(".nsewdrag").first.wait_for()
        area = chart.locator(".nsewdrag").first.bounding_box()
        assert area is not None
        middle = area["y"] + area["height"] / 2
        visit.page.mouse.move(area["x"] + area["width"] * 0.4, middle)
        visit.page.mouse.down()
        visit.page.mouse.move(area["x"] + area["width"] * 0.6, middle, steps=5)
        visit.page.mouse.up()
        zoomed = chart.evaluate("chart => chart._fullLayout.xaxis.range")
        assert 15 < zoomed[0] < 25
        assert 25 < zoomed[1] < 35
        for seen in range(51_000, 61_000, 1000):
            writer.append(ROW | {"seen": seen})
        visit.page.wait_for_function("document.querySelector('.live-chart').data.at(-1).x.length === 60")
        assert chart.evaluate("chart => chart._fullLayout.xaxis.range") == zoomed
    finally:
        os.close(alive)
        writer.close()


ON_A_PHONE = {
    "overview": ("", "Overview"),
    "data": ("data", "Data"),
    "train": ("train", "Train"),
    "progress": ("progress?run=phone", "phone"),
    "gallery": ("gallery?run=phone", "phone"),
    "same-noise": ("gallery?run=phone&view=Compare", "phone"),
    "walk": ("gallery?run=phone&view=Walk", "phone"),
    "basket": ("gallery?run=phone&view=Basket", "phone"),
    "download": ("gallery?run=phone&view=Download", "phone"),
    "evaluate": ("evaluate?run=phone", "phone"),
    "compare": ("compare?runs=phone", "Compare"),
    "explanations": ("explanations", "How to read it"),
    "system": ("system", "System"),
}
"""Of each page and view its link and its heading."""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_scrolls_sideways_on_a_phone(
    server: Server, chromium: Browser, monkeypatch: pytest.MonkeyPatch, theme: Literal["light", "dark"]
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    if not (server.store / "phone").exists():
        trained("phone")
    context = chromium.new_context(viewport={"width": 400, "height": 850}, color_scheme=theme)
    visit = Visit(context.new_page(), server.address)
    visit.watch()
    for name, (link, heading) in ON_A_PHONE.items():
        visit.open(link)
        expect(visit.page.get_by_role("heading", level=1, name=heading)).to_be_visible()
        expect(visit.page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
        main = visit.page.get_by_test_id("stMain")
        visit.shot(f"phone-{name}-{theme}")
        assert main.evaluate("main => main.scrollWidth <= main.clientWidth"), name
    context.close()
    assert visit.wrong == []


def test_a_run_is_stopped_and_goes_on(visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    values = {"model.width": 8, "train.batch": 16, "train.kimg": 400, "train.snapshot_kimg": 2}
    lifecycle.submit_run(lifecycle.create_run(options.build_config(values), "halted"))
    page = visit.page
    visit.open("progress?run=halted")
    state = page.locator(".st-key-state-halted")
    expect(state).to_contain_text("Running")
    expect(page.get_by_text("left", exact=False).first).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(state).to_contain_text("Stopped")
    expect(page.get_by_text("Stopped, and saved. Resume goes on exactly where it stopped.")).to_be_visible()
    seen = find_run("halted").seen
    visit.shot("stopped")
    page.get_by_role("button", name="Resume").click()
    expect(state).to_contain_text("Running")
    expect(page.get_by_text("Stopped, and saved.")).to_be_hidden()
    wait_until(lambda: find_run("halted").seen > seen, "it goes on from there", PATIENCE / 1000)
    visit.shot("resumed")
    page.get_by_role("button", name="Stop").click()
    expect(state).to_contain_text("Stopped")
