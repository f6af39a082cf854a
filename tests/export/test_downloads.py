"""What is in a download: every image that was asked for under a name of its own, counted as it lies there."""

import csv
import io
import json
import shlex
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import ImageFolder

from gan import jobs
from gan.cli.main import main
from gan.config import settings
from gan.data import registry
from gan.data.image_set import ImageSet
from gan.errors import DataError, StoppedError
from gan.export import croissant, exports
from gan.export.formats import FORMATS, open_output
from gan.export.request import ExportRequest, items_per_condition
from gan.export.writer import ExportResult, write_export
from gan.runs.run import Run
from gan.sampling import marks
from gan.sampling.conditions import Condition
from gan.sampling.provenance import MAX_FILE_NAME_BYTES, Origin, file_name
from gan.sampling.sampler import load_generator
from pages.ui.gallery import marking
from tests.conftest import trained
from tests.support.celeba import write_celeba
from tests.support.export import stop_after_first_chunk
from tests.support.jobs import wait_until
from tests.support.pages import page, said


@pytest.fixture
def run() -> Run:
    return trained("digits")


@pytest.fixture
def faces(tmp_path: Path) -> Run:
    write_celeba(settings.public_data(), 40)
    return trained("faces", data__name="celeba", data__image_size=32)


def inside(file: Path) -> tuple[list[str], dict[str, Any], list[dict[str, str]]]:
    """The names of the images in a ZIP, its manifest and its labels; a name that comes twice is an error."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        assert len({name.casefold() for name in names}) == len(names)
        labels = list(csv.DictReader(io.StringIO(archive.read("labels.csv").decode())))
        images = [name for name in names if name.endswith((".png", ".dcm"))]
        return images, json.loads(archive.read("manifest.json")), labels


def assert_counted(file: Path, written: ExportResult) -> None:
    """The result, the manifest and labels.csv count what the archive lists."""
    images, manifest, labels = inside(file)
    with zipfile.ZipFile(file) as archive:
        if "images.npz" in archive.namelist():
            there = len(np.load(io.BytesIO(archive.read("images.npz")))["train_images"])
            assert {row["row"] for row in labels} == {str(number) for number in range(there)}
        else:
            there = len(images)
            assert [row["file"] for row in labels] == images
            folders = Counter(PurePosixPath(image).parts[1] for image in images)
            if manifest["format"] in ("folder", "dicom"):
                assert dict(folders) == {row["folder"]: row["count"] for row in manifest["conditions"] if row["count"]}
        card = archive.read("README.md").decode()
    assert written.count == len(labels) == sum(row["count"] for row in manifest["conditions"]) == there
    for row in manifest["conditions"]:
        assert f"| {row['condition']} | {row['count']:,} |" in card


SAME_PLACE = [
    Origin(320, 0, 2, "3"), Origin(160, 0, 2, "3"), Origin(320, 0, 2, "3", 0.7), Origin(320, 0, 2, "3", 0.70001),
    Origin(320, 1, 2, "3"), Origin(320, 0, 2, "4"),
]  # fmt: skip
"""Images that differ in one part of their origin alone."""


def test_a_click_on_an_image_never_marks_another() -> None:
    near = Origin(320, 0, 2, "3", 0.7000000000000001)
    assert len({marking.image_id(origin) for origin in [*SAME_PLACE, near]}) == len(SAME_PLACE) + 1


@pytest.mark.parametrize("form", FORMATS)
def test_a_basket_holds_every_image_that_was_kept(run: Run, tmp_path: Path, form: str) -> None:
    marks.change(run, dict.fromkeys(SAME_PLACE, "keep"))
    request = replace(ExportRequest.of_basket(marks.basket(run), form), with_near_copies=True)
    assert request.count == 6
    assert_counted(tmp_path / "basket.zip", write_export(run, request, tmp_path / "basket.zip"))
    images, _, labels = inside(tmp_path / "basket.zip")
    assert len(labels) == 6
    if form == "npz":  # no image has a name, but each its origin
        known = {(row["snapshot"], row["seed"], row["index"], row["truncation"], row["class"]) for row in labels}
        assert ("320", "0", "2", "0.70001", "3") in known
        assert len(known) == 6
    else:
        assert len(images) == 6
    write_export(run, request, tmp_path / "basket")
    assert len(list((tmp_path / "basket" / "images").rglob("*.*"))) == len(images)


@pytest.mark.parametrize("form", FORMATS)
def test_rejected_images_of_a_stream_are_not_counted(run: Run, tmp_path: Path, form: str) -> None:
    marks.change(run, {Origin(320, 0, index, "3"): "reject" for index in range(1, 700)})
    request = ExportRequest((("3", 4), ("7", 2)), format=form, with_near_copies=True)
    written = write_export(run, request, tmp_path / "few.zip")
    assert_counted(tmp_path / "few.zip", written)
    assert written.count == 3
    assert written.notices[0].startswith("Only 1 of 4 images of 3")


def test_an_export_that_was_stopped_and_goes_on_counts_all_of_it(run: Run, tmp_path: Path) -> None:
    request, out = ExportRequest((("3", 300), ("4", 3)), with_near_copies=True), tmp_path / "half.zip"
    with pytest.raises(StoppedError):
        write_export(run, request, out, stop_after_first_chunk)
    written = write_export(run, request, out)
    assert_counted(out, written)
    assert written.count == 303


def test_the_ledger_and_the_page_say_what_the_file_holds(run: Run) -> None:
    marks.change(run, {Origin(320, 0, index, "3"): "reject" for index in range(1, 700)})
    one = exports.begin_export(run, ExportRequest((("3", 4), ("7", 2)), with_near_copies=True))
    wait_until(lambda: not exports.find_export(run, one.id).state.alive, "the export ends", patience=60)
    assert one.file is not None, jobs.log_tail(one.folder)
    assert one.result is not None
    assert_counted(one.file, one.result)
    (line,) = (run.path / "exports" / "ledger.jsonl").read_text().splitlines()
    images, _, _ = inside(one.file)
    assert json.loads(line)["count"] == len(images) == 3
    at = page("gallery", run="digits", view="Download")
    assert "**3 images**" in said(at)
    assert "Only 1 of 4 images of 3" in said(at)


def test_a_sample_says_how_many_images_it_made(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twice = ["--condition", "3", "--condition", "7", "--condition", "3"]
    assert main(["sample", run.name, "--count", "2", *twice, "--out", str(tmp_path / "some.zip")]) == 0
    images, manifest, labels = inside(tmp_path / "some.zip")
    assert [(row["condition"], row["count"]) for row in manifest["conditions"]] == [("3", 4), ("7", 2)]
    assert len(images) == len(labels) == 6
    assert "6 images in" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["one.zip", "one"])
def test_no_file_of_a_download_is_lost_to_another_of_its_name(tmp_path: Path, name: str) -> None:
    with open_output(tmp_path / name) as into:
        into.put("images/a.png", b"one")
        with pytest.raises(FileExistsError, match=r"images/A\.png"):
            into.put("images/A.png", b"two")


def test_a_folder_is_filled_whole_or_not_at_all_and_may_be_the_current_one(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    request = ExportRequest((("3", 2),), with_near_copies=True)
    with monkeypatch.context() as patch:
        patch.setattr(croissant, "croissant_metadata", lambda *_: 1 / 0)  # the disk may be full as well
        with pytest.raises(ZeroDivisionError):
            write_export(run, request, Path())
    assert list(here.iterdir()) == []
    assert write_export(run, request, Path()).count == 2
    assert {path.name for path in here.iterdir()} == {
        *("images", "labels.csv", "manifest.json", "README.md", "croissant.json"),
    }
    assert {path.name for path in tmp_path.iterdir() if path.name.startswith(".")} == set()


def test_a_files_name_is_short_whatever_the_run_is_called() -> None:
    for subclass in (None, 98):
        longest = file_name("r" * 64, 10**12, 2**63 - 1, 2**63 - 1, 0.30000000000000004, subclass=subclass)
        assert len(longest.encode()) == MAX_FILE_NAME_BYTES
    assert file_name("digits", 320, 9, 4, 1.0, subclass=1) == "digits_subclass2_320_s9_000004.png"
    assert file_name("digits", 320, 9, 4, 1.0) == "digits_320_s9_000004.png"
    assert file_name("digits", 320, 9, 4, 0.7) == "digits_320_t0.7_s9_000004.png"


def test_an_image_of_forty_attributes_is_made_again_by_its_own_command(faces: Run, tmp_path: Path) -> None:
    info = faces.info()
    assert len(info.names) == 40
    whole = Condition.from_row(info.conditions[0], info)
    asked = ExportRequest(((whole.text(info), 2), ("Smiling=1", 1)), seed=3, truncation=0.35)
    write_export(faces, replace(asked, with_near_copies=True), tmp_path / "faces.zip")
    again = _unpacked_and_made_again(tmp_path / "faces.zip", tmp_path / "first")
    _unpacked_and_made_again(again, tmp_path / "second")  # the copy says the same of itself


def _unpacked_and_made_again(file: Path, below: Path) -> Path:
    """Unpack a ZIP as people do, make its first image again by the command in it; gives the ZIP of that."""
    images, manifest, labels = inside(file)
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            assert len(name.encode()) <= 200
            assert all(len(part.encode()) <= 255 for part in PurePosixPath(name).parts)
        archive.extractall(below / "unpacked")
    opened = ImageFolder(str(below / "unpacked" / "images"))
    conditions = {row["folder"]: row["condition"] for row in manifest["conditions"]}
    assert sorted(opened.classes) == sorted(conditions)
    assert len(opened) == len(labels) == len(images)
    with Image.open(below / "unpacked" / labels[0]["file"]) as image:
        original, said = np.asarray(image).astype(int), dict(image.info)
    assert conditions[PurePosixPath(labels[0]["file"]).parts[1]] == said["Condition"]
    assert said["Condition"] == ",".join(f"{name}={labels[0][name]}" for name in list(labels[0])[1:])
    command = shlex.split(said["Make again"].removeprefix("python -m gan "))
    command[command.index("--out") + 1] = str(below / "again.zip")
    assert main(command) == 0
    (name,), _, _ = inside(below / "again.zip")
    with zipfile.ZipFile(below / "again.zip") as archive, archive.open(name) as made:
        assert np.abs(np.asarray(Image.open(made)).astype(int) - original).max() <= 1
    return below / "again.zip"


def test_classes_with_any_name_come_back_from_the_download(run: Run, tmp_path: Path) -> None:
    names = ["any", "NUL", "grade", "Grade", "a/b", "x.", "e\u0301", "é", "y" * 200, "é" * 90]
    document = json.loads((run.path / "data.json").read_text())
    (run.path / "data.json").write_text(json.dumps(document | {"names": names}))
    run = Run(run.path)
    request = ExportRequest(items_per_condition(run.info(), 1, None), with_near_copies=True)
    write_export(run, request, tmp_path / "odd.zip")
    images, manifest, labels = inside(tmp_path / "odd.zip")
    with zipfile.ZipFile(tmp_path / "odd.zip") as archive:
        archive.extractall(tmp_path / "odd")
    opened = ImageFolder(str(tmp_path / "odd" / "images"))
    of_folder = {PurePosixPath(row["file"]).parts[1]: row["class"] for row in labels}
    assert sorted(of_folder[folder] for folder in opened.classes) == sorted(names)
    for row in manifest["conditions"]:
        condition = Condition.from_text(row["condition"], run.info())
        assert run.info().names[condition.fixed[0][0]] == of_folder[row["folder"]]
    assert len(images) == len(names)
    first = load_generator(run).generate(np.eye(10, dtype=np.float32)[:1], seed=0)
    with Image.open(tmp_path / "odd" / labels[0]["file"]) as image:
        assert np.abs(np.asarray(image).astype(int) - first[0, 0]).max() <= 1


def test_an_attribute_that_no_text_could_ask_for_is_refused_at_intake() -> None:
    images = registry.load_image_set(trained("digits").config.data)
    for name in ("mild, or none", "grade=2", " edema", ""):
        with pytest.raises(DataError, match="is not allowed"):
            ImageSet(**(vars(images) | {"kind": "attributes", "names": (name, *images.names[1:])}))
    with pytest.raises(DataError, match="UTF-8"):
        ImageSet(**(vars(images) | {"names": ("na\udcefve", *images.names[1:])}))
