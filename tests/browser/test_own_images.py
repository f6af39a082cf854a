"""From a ZIP of one's own colour images to a running job, whose link a colleague opens, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from gan import jobs
from gan.runs.run import find_run
from tests.browser.conftest import Server, Visit
from tests.support.image_files import class_files, zip_of


def test_own_colour_images_become_a_running_job_whose_link_can_be_sent(
    visit: Visit, server: Server, chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    archive = tmp_path / "cells.zip"
    archive.write_bytes(zip_of(class_files(120)).getvalue())
    add(visit, archive)
    train(visit)
    page = visit.page
    expect(page).to_have_url(re.compile("run=my-cells-"))
    run = find_run(page.url.split("run=")[1])
    try:
        expect(page.locator(f".st-key-state-{run.name}")).to_contain_text("Running")
        follow(server, chromium, page.url)
    finally:
        jobs.stop(run.path)
    expect(page.locator(f".st-key-state-{run.name}")).to_contain_text("Stopped")


def add(visit: Visit, archive: Path) -> None:
    """Upload the ZIP, look at how it was understood, accept it and have it read."""
    page = visit.page
    visit.open("data")
    page.get_by_role("tab", name="Add your own images").click()
    box = page.get_by_label("Name of the set")
    visit.settle()
    box.fill("my-cells")
    box.press("Enter")
    visit.settle()
    page.locator("input[type=file]").set_input_files(archive)
    page.get_by_role("button", name="Check the images").click()
    expect(page.get_by_text("Each folder is a class.")).to_be_visible()
    expect(page.get_by_role("img", name="File a/000.png, understood as a")).to_be_visible()
    visit.shot("own-images-understood")
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("my-cells was added.")).to_be_visible()
    page.get_by_role("button", name="Read it").click()  # on the tab that is open now
    expect(page.get_by_role("img", name="Real image of b, number 1", exact=True)).to_be_visible()
    visit.shot("own-images")


def train(visit: Visit) -> None:
    """Start a run on the set, with the form as it comes but smaller networks."""
    page = visit.page
    page.get_by_role("button", name="Train on this set").click()
    expect(page.get_by_text("Fitted to your images")).to_be_visible()
    width = page.get_by_label("Width", exact=True)
    width.fill("8")
    width.press("Enter")
    expect(page.get_by_text("--model.width 8")).to_be_visible()
    visit.shot("own-images-train")
    page.get_by_role("button", name="Start training").click()
    expect(page.locator(".st-key-current-tab")).to_have_text(re.compile("Progress"))


def follow(server: Server, chromium: Browser, link: str) -> None:
    """A colleague opens the link of a run on a phone, and sees its state and its newest samples."""
    context = chromium.new_context(viewport={"width": 400, "height": 850})
    colleague = Visit(context.new_page(), server.address)
    colleague.watch()
    colleague.page.goto(link)
    expect(colleague.page.locator("[class*=st-key-state-my-cells]")).to_contain_text("Running")
    expect(colleague.page.get_by_role("img", name=re.compile("Generated samples")).first).to_be_visible()
    colleague.shot("shared-link")
    context.close()
    assert colleague.wrong == []
