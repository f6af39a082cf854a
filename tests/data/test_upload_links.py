"""Links and special files in the folders of uploads lead to nothing outside, and stop nothing."""

import os
import threading
from pathlib import Path

import pytest

from gan.config import settings
from gan.data.ingest import accepted_sets, staging, upload_check
from gan.data.ingest.checks.report import CheckReport
from gan.data.ingest.file_examples import example_files
from gan.data.ingest.files.archive import unpack
from gan.data.ingest.import_plan import may_be_read
from gan.data.ingest.pixels.image_file import read_image_file
from gan.errors import DataError, ImageFileError
from gan.io.progress import silent
from tests.support.image_files import class_files, png_bytes, random_image, write_class_folders, zip_of
from tests.support.uploads import add_folder, add_zip


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that no upload may reach."""
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder


def staged_folder(report: CheckReport) -> Path:
    assert report.staged is not None
    return report.staged


def test_a_zip_is_not_unpacked_through_a_link(tmp_path: Path, outside: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "a").symlink_to(outside)
    with pytest.raises(DataError, match=r"a/000\.png leads out"):
        unpack(zip_of(class_files(4)), target, silent)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("link", ["images", "images/a"])
def test_a_zip_is_unpacked_into_an_empty_folder(link: str, outside: Path) -> None:
    folder = staging.stage_archive("cells", zip_of(class_files()))
    if link == "images":
        (folder / link).rmdir()
    (folder / link).symlink_to(outside)
    assert upload_check.check_upload(folder).images == 44
    assert list(outside.iterdir()) == []


def test_a_stopped_check_starts_anew() -> None:
    folder = staging.stage_archive("cells", zip_of(class_files()))
    for name in ("a/000.png", "c/000.png"):
        (folder / "images" / name).parent.mkdir()
        (folder / "images" / name).write_bytes(png_bytes(99))
    report = upload_check.check_upload(folder)
    assert set(report.counts["train"]) == {"a", "b"}
    assert report.images == 44


def test_examples_show_nothing_of_a_file_outside(outside: Path) -> None:
    plan = add_zip("cells", zip_of(class_files())).plan
    assert plan is not None
    shown = {example.file for example in example_files(plan)["a"]}
    random_image(1).save(outside / "secret.png")
    (plan.root / "a/000.png").unlink()
    (plan.root / "a/000.png").symlink_to(outside / "secret.png")
    assert {example.file for example in example_files(plan)["a"]} == shown - {"a/000.png"}


def test_a_link_is_no_upload(outside: Path) -> None:
    report = add_zip("cells", zip_of(class_files()))
    staged = staged_folder(report)
    staged.rename(outside / "moved")
    staged.symlink_to(outside / "moved")
    with pytest.raises(DataError, match="no longer exists"):
        upload_check.load_pending(staged.name)
    with pytest.raises(DataError, match="no longer exists"):
        accepted_sets.accept(report)
    assert staging.waiting() == {}
    assert (outside / "moved" / "images").is_dir()


def test_entries_that_are_no_uploads_are_skipped(store: Path) -> None:
    first = staging.stage_archive("cells", zip_of(class_files(4)))
    incoming = first.parent
    (incoming / "0123456789ab").symlink_to(store / "nothing")
    (incoming / "notes.txt").write_text("hello")
    assert staging.waiting() == {first.name: "cells"}
    second = staging.stage_archive("more", zip_of(class_files(4)))
    assert set(staging.waiting()) == {first.name, second.name}


def test_accepting_removes_links_but_not_what_they_lead_to(outside: Path) -> None:
    (outside / "kept.txt").write_text("hello")
    report = add_zip("cells", zip_of(class_files()))
    (staged_folder(report) / "folder").symlink_to(outside)
    (staged_folder(report) / "broken").symlink_to(outside / "nothing")
    accepted_sets.accept(report)
    assert {path.name for path in (settings.added_sets() / "cells").iterdir()} == {
        *("images", "plan.json", "report.json", "access.json"),
    }
    assert (outside / "kept.txt").read_text() == "hello"


@pytest.mark.parametrize("link", ["labels.csv", "top/a/secret.png", "top/readme.txt"])
def test_no_file_of_a_folder_may_lead_out_of_the_allowed_paths(
    link: str, tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_PATHS", str(tmp_path / "allowed"))
    cells = tmp_path / "allowed" / "cells"
    write_class_folders(cells / "top", {"a": 22, "b": 22})
    assert add_folder("cells", cells).ok
    (outside / "secret").write_text("secret")
    (cells / link).symlink_to(outside / "secret")
    with pytest.raises(DataError, match=f"{link} in .* is a link"):
        add_folder("cells", cells)


def test_a_fifo_is_an_unreadable_image(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    caught: list[ImageFileError] = []

    def read() -> None:
        try:
            read_image_file(tmp_path / "a.png")
        except ImageFileError as error:
            caught.append(error)

    thread = threading.Thread(target=read, daemon=True)  # so that a reader that waits fails the test
    thread.start()
    thread.join(10)
    assert [error.fault for error in caught] == ["not-regular"]


def test_a_fifo_among_the_images_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_PATHS", str(tmp_path))
    cells = write_class_folders(tmp_path / "cells", {"a": 22, "b": 22})
    os.mkfifo(cells / "a" / "fifo.png")
    report = add_folder("cells", cells)
    assert report.unreadable.keys() == {"a/fifo.png"}
    assert report.images == 44


def test_a_loop_of_links_is_an_unreadable_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_PATHS", str(tmp_path))
    cells = write_class_folders(tmp_path / "cells", {"a": 22, "b": 22})
    (cells / "a" / "loop.png").symlink_to("loop.png")
    report = add_folder("cells", cells)
    assert report.unreadable.keys() == {"a/loop.png"}
    plan = report.plan
    assert plan is not None
    (plan.root / plan.files[0]).unlink()
    (plan.root / plan.files[0]).symlink_to((plan.root / plan.files[0]).name)
    assert plan.files[0] not in {example.file for example in example_files(plan)["a"]}


def test_a_folder_that_becomes_a_link_after_the_check_is_not_followed(tmp_path: Path, outside: Path) -> None:
    """The opened file is asked where it lies: a path may change between any check of it and the opening."""
    root = write_class_folders(tmp_path / "cells", {"a": 2, "b": 2})
    file = next((root / "a").iterdir())
    allowed = may_be_read(root)
    assert read_image_file(file, allowed=allowed).pixels.size
    (root / "a").rename(outside / "a")
    (root / "a").symlink_to(outside / "a")
    with pytest.raises(FileNotFoundError):
        read_image_file(file, allowed=allowed)


def test_paths_that_hold_the_store_give_nobody_the_images_of_others(
    tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = add_zip("private", zip_of(class_files()))
    accepted_sets.accept(report)
    monkeypatch.setenv("GAN_PATHS", str(tmp_path))
    for path in (store / ".data" / "sets" / "private" / "images", store, tmp_path):
        with pytest.raises(DataError, match="Allowed folders"):
            staging.stage_folder("taken", path)
    cells = write_class_folders(tmp_path / "cells", {"a": 22, "b": 22})
    image = next((store / ".data" / "sets" / "private" / "images").rglob("*.png"))
    (cells / "a" / "taken.png").symlink_to(image)
    with pytest.raises(DataError, match="is a link"):
        add_folder("cells", cells)
