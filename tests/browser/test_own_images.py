"""From a ZIP of one's own images to a running job whose link a colleague opens, and labelling them, in a browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from gan import jobs
from gan.runs.run import find_run
from tests.browser.conftest import Server, Visit
from tests.browser.effort import count_effort, permanent_words
from tests.support.image_files import class_files, png_bytes, zip_of

MOST_WORDS = {"understood": 250, "train": 250}
"""On the pages between the ZIP and the running job."""


def test_own_colour_images_become_a_running_job_whose_link_can_be_sent(
    visit: Visit, server: Server, chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    archive = tmp_path / "cells.zip"
    archive.write_bytes(zip_of(class_files(120)).getvalue())
    page = visit.page
    effort = count_effort(page)
    add(visit, archive)
    train(visit)
    expect(page).to_have_url(re.compile("run=my-cells-2024-"))
    assert effort.clicks + 1 <= 8  # with the one that chooses the file
    assert effort.fields == {"Name"}
    run = find_run(page.url.split("run=")[1])
    try:
        expect(page.locator(f".st-key-state-{run.name}")).to_contain_text("Running")
        follow(server, chromium, page.url)
    finally:
        jobs.stop(run.path)
    expect(page.locator(f".st-key-state-{run.name}")).to_contain_text("Stopped")


def add(visit: Visit, archive: Path) -> None:
    """Drop the ZIP, look at how it was understood and keep it; it is read by itself."""
    page = visit.page
    visit.open("data")
    page.get_by_role("tab", name="Add your own images").click()
    visit.settle()
    page.locator("input[type=file]").set_input_files(archive)
    expect(page.get_by_text("Each folder is a class.")).to_be_visible()
    expect(page.get_by_role("img", name="File a/000.png, understood as a")).to_be_visible()
    visit.settle()
    page.get_by_label("Name", exact=True).fill("My cells (2024)")  # no Enter
    visit.shot("own-images-understood")
    assert permanent_words(page) <= MOST_WORDS["understood"]
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("My cells (2024) was added.")).to_be_visible()
    expect(page.get_by_role("img", name="Real image of b, number 1", exact=True)).to_be_visible()
    visit.shot("own-images")


def train(visit: Visit, width: str = "") -> None:
    """Start a run on the set, with the form as it comes, or with networks of another width."""
    page = visit.page
    page.get_by_role("button", name="Train on it").click()
    expect(page.get_by_text("Fitted to your images")).to_be_visible()
    expect(page.get_by_text("Recommended ·")).to_be_visible()  # once the speed of this machine was measured
    visit.settle()
    if not width:
        assert permanent_words(page) <= MOST_WORDS["train"]
    else:
        page.get_by_text("Advanced", exact=True).click()
        field = page.get_by_label("Width", exact=True)
        field.fill(width)
        field.press("Enter")
        expect(page.get_by_text(f"--model.width {width}")).to_be_visible()
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


def test_images_without_labels_are_labelled_by_click_and_key(visit: Visit, tmp_path: Path) -> None:
    archive = tmp_path / "flat.zip"
    archive.write_bytes(zip_of({f"{seed}.png": png_bytes(seed) for seed in range(6)}).getvalue())
    page = visit.page
    visit.open("data")
    page.get_by_role("tab", name="Add your own images").click()
    visit.settle()
    page.locator("input[type=file]").set_input_files(archive)
    page.get_by_label("Classes, separated by commas").fill("healthy, inflamed")
    page.get_by_role("button", name="Set the classes").click()
    for seed in range(3):
        page.get_by_role("button", name=f"File {seed}.png").click()
        expect(page.get_by_role("button", name=f"healthy ({seed + 1})")).to_be_visible()
    page.keyboard.press("2")
    visit.settle()
    for seed in range(3, 6):
        page.get_by_role("button", name=f"File {seed}.png").click()
        expect(page.get_by_role("button", name=f"inflamed ({seed - 2})")).to_be_visible()
    visit.settle()
    visit.shot("own-images-labelled")
    page.get_by_role("button", name="Use these labels (6 of 6 images)").click()
    expect(page.get_by_role("heading", name="6 images can be used")).to_be_visible()
    expect(page.get_by_role("img", name="File 0.png, understood as healthy")).to_be_visible()
