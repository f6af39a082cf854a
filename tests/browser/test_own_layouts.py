"""Sets as teams have them, in a real browser: HAM10000 in a ZIP, trained on; DICOM files, previewed and kept."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from docs.example_sets import write_dicom_folder, write_ham10000_zip
from gan import jobs
from gan.data.ingest import accepted_sets
from gan.runs.run import find_run
from tests.browser.conftest import Server, Visit
from tests.browser.test_own_images import train
from tests.support.jobs import wait_until


def upload(visit: Visit, archive: Path) -> None:
    """Drop an archive, which is then checked."""
    page = visit.page
    visit.open("data")
    page.get_by_role("tab", name="Add your own images").click()
    visit.settle()
    page.locator("input[type=file]").set_input_files(archive)


def test_a_zip_like_ham10000_is_read_by_its_table_and_trained_on(
    visit: Visit, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    upload(visit, write_ham10000_zip(tmp_path / "skin-lesions.zip"))
    page = visit.page
    expect(page.get_by_text("Layout: HAM10000.")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("ISIC_0024306.jpg, understood as bkl"))).to_be_visible()
    page.get_by_text("Change how they are read").click()
    expect(page.get_by_text("90 groups (patients, slides)")).to_be_visible()
    expect(page.get_by_label("Column of the labels")).to_have_value("dx")
    visit.shot("own-ham10000")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("img", name="Real image of mel, number 1", exact=True)).to_be_visible()
    train(visit, width="8")
    expect(page).to_have_url(re.compile("run=skin-lesions-"))
    run = find_run(page.url.split("run=")[1])
    try:
        curves = run.path / "metrics.jsonl"
        wait_until(lambda: curves.exists() and len(curves.read_text().splitlines()) >= 2, "two ticks are trained")
    finally:
        jobs.stop(run.path)
    expect(page.locator(f".st-key-state-{run.name}")).to_contain_text("Stopped")


def test_dicom_files_with_two_windows_are_previewed_and_accepted(
    visit: Visit, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    folder = write_dicom_folder(tmp_path / "films")
    upload(visit, Path(shutil.make_archive(str(tmp_path / "chest-films"), "zip", folder)))
    page = visit.page
    expect(page.get_by_text("grey, 12-bit DICOM (72)")).to_be_visible()
    seen = page.get_by_role("img", name="effusion/000.dcm as the networks will see it")
    expect(seen).to_be_visible()
    before = seen.get_attribute("src")
    page.get_by_text("Change how they are read").click()
    page.get_by_role("tab", name="Pixels").click()
    visit.settle()
    levels = page.get_by_label("Grey levels that become black and white")
    visit.choose(levels, "the window that each DICOM file names")
    expect(page.get_by_text("--window file")).to_be_visible()
    page.get_by_role("button", name="Check again with these changes").click()
    expect(page.get_by_text("Each DICOM file is read with its own window.")).to_be_visible()
    assert seen.get_attribute("src") != before
    visit.shot("own-dicom")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("chest-films was added.")).to_be_visible()
    plan = accepted_sets.load_report("chest-films").plan
    assert plan is not None
    assert plan.window_of_file


def test_classes_are_merged_in_their_table(
    visit: Visit, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    upload(visit, write_ham10000_zip(tmp_path / "merged-lesions.zip"))
    page = visit.page
    page.get_by_text("Change how they are read").click()
    page.get_by_role("tab", name="Classes").click()
    visit.settle()
    table = page.get_by_test_id("stDataFrame").last
    expect(table).to_be_visible()
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.dblclick(box["x"] + box["width"] * 0.6, box["y"] + 52)  # the new name of the first class
    cell = page.locator(".gdg-input")
    expect(cell).to_have_value("bkl")
    cell.fill("nv")
    expect(cell).to_have_value("nv")
    page.wait_for_timeout(500)  # the table takes what is typed with a delay
    page.keyboard.press("Enter")
    expect(page.get_by_text("180 images, 2 classes")).to_be_visible()
    expect(page.get_by_text("--merge bkl=nv")).to_be_visible()
    page.get_by_role("button", name="Check again with these changes").click()
    expect(page.get_by_text("Renamed: bkl to nv.").first).to_be_visible()
