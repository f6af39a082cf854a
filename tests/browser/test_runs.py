"""What a user does with runs, in a real browser: mend a failed one, delete one, ask for attributes."""

import os
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from gan.io.file_lock import try_lock
from tests.browser.conftest import Server, Visit
from tests.conftest import trained
from tests.support.celeba import write_celeba
from tests.support.pages import ended, made


def test_a_failed_run_is_cloned_with_what_mends_it_and_then_deleted(
    visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    run = ended(made("failed"), state="failed", cause="The GPU's memory ran out.", advice={"train.batch": 8})
    (run.path / "log.txt").write_text("torch.OutOfMemoryError: CUDA out of memory\n")
    page = visit.page
    visit.open("progress?run=failed")
    expect(page.get_by_text("The GPU's memory ran out.")).to_be_visible()
    expect(page.get_by_text("torch.OutOfMemoryError").first).to_be_visible()
    visit.shot("failed-run")
    page.get_by_role("button", name="Clone with batch size 8").click()
    expect(page).to_have_url(re.compile(r"/train\?clone=failed&set=train\.batch(:|%3A)8"))
    expect(page.get_by_label("Batch size (images)", exact=True)).to_have_value("8")

    visit.open("progress?run=failed")
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("failed takes")).to_be_visible()
    visit.shot("delete")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_be_hidden()
    assert run.path.is_dir()
    page.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert not run.path.exists()
    visit.open("progress?run=failed")
    page.get_by_role("button", name="To the overview").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_a_run_that_is_removed_under_an_open_live_page_is_told_calmly(
    visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    run = made("removed")
    alive = try_lock(run.path / "alive.lock")
    assert alive is not None
    try:
        visit.open("progress?run=removed")
        expect(visit.page.locator(".st-key-state-removed")).to_contain_text("Running")
        shutil.rmtree(run.path)
        expect(visit.page.get_by_text("There is no run removed")).to_be_visible()
    finally:
        os.close(alive)


def test_two_attribute_requests_are_made_and_taken_home(
    visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    distributed = server.store.parent / "data"  # where the server looks: a download is compared with what is there
    write_celeba(distributed, 60)
    monkeypatch.setenv("GAN_STORE", str(server.store))
    monkeypatch.setenv("GAN_DATA", str(distributed))
    trained("portraits", data__name="celeba", data__image_size=32)
    page = visit.page
    visit.open("gallery?run=portraits")
    choose(visit, "smiling", "Smiling", "on")
    choose(visit, "male", "Male", "off")
    expect(page.get_by_text("not Male, Smiling", exact=True)).to_be_visible()
    expect(page.get_by_text("real training images have this")).to_be_visible()
    page.get_by_role("button", name="Keep and choose another").click()
    expect(page.get_by_role("button", name="Male=0, Smiling=1")).to_be_visible()
    choose(visit, "young", "Young", "off")
    expect(page.locator(".st-key-generated .tile img")).to_have_count(48)
    visit.shot("attributes")
    page.get_by_role("tab", name="Download").click()
    number = page.get_by_label("Images of each", exact=True)
    number.fill("24")
    number.press("Enter")
    page.get_by_role("button", name="Make a ZIP of 48 images").click()
    link = page.get_by_role("link", name=re.compile("Download, "))
    expect(link).to_be_visible()  # the first download on a data set measures what a near copy is
    with page.expect_download() as downloading:
        link.click()
    file = tmp_path / "faces.zip"
    downloading.value.save_as(file)
    folders = {Path(name).parent.name for name in zipfile.ZipFile(file).namelist() if name.endswith(".png")}
    assert folders == {"Male=0,Smiling=1", "Male=0,Smiling=1,Young=0"}


def choose(visit: Visit, search: str, name: str, value: str) -> None:
    """Find an attribute and set it."""
    box = visit.page.get_by_label("Attributes", exact=True)
    box.fill(search)
    box.press("Enter")
    expect(visit.page.locator(".st-key-attribute-list .attribute")).to_have_count(1)
    visit.page.get_by_label(f"{name}: on, any or off").get_by_text(value, exact=True).click()


def test_a_second_clone_in_a_session_fills_the_form_again(
    visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    ended(made("cloned-twice", **{"train.batch": 48}), state="finished")
    page = visit.page
    visit.open("progress?run=cloned-twice")
    batch = page.get_by_label("Batch size (images)", exact=True)
    page.get_by_role("button", name="Clone", exact=True).click()
    expect(batch).to_have_value("48")
    page.get_by_text("Advanced", exact=True).click()
    batch.fill("8")
    batch.press("Enter")
    expect(page.get_by_text("Batch size: 48 → 8 images")).to_be_visible()
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("link", name="Progress", exact=True).first.click()
    page.get_by_role("button", name="Clone", exact=True).click()
    expect(batch).to_have_value("48")
