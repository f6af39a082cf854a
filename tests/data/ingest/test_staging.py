"""An upload that is checked again: read in another way, with other names, after a check that was stopped."""

import io

import pytest

from gan.config import settings
from gan.data import set_notes
from gan.data.ingest import accepted_sets, staging, upload_check
from gan.data.ingest.checks.report import CheckReport
from gan.data.ingest.labels.reading import Reading
from gan.errors import DataError
from gan.io.progress import silent
from tests.data.ingest.files.archives import zip_with_names
from tests.support.image_files import class_files, png_bytes, zip_of
from tests.support.uploads import add_zip

pytestmark = pytest.mark.usefixtures("store")


class Stopped(BaseException):
    """As a worker that is asked to stop."""


def test_a_check_is_repeated_with_another_reading_of_the_same_files() -> None:
    first = add_zip("cells", zip_of(class_files(above="train/") | {"test/c/1.png": png_bytes(99)}))
    assert first.staged is not None
    upload_check.change_reading(first.staged, Reading(levels=("split", "class"), drop=("c",)))
    assert upload_check.load_pending(first.staged.name) is None
    second = upload_check.check_upload(first.staged)
    assert list(second.counts["train"]) == ["a", "b"]
    assert second.reading == upload_check.requested_reading(first.staged)


def test_a_stopped_check_keeps_the_images_and_can_be_repeated() -> None:
    folder = staging.stage_archive("cells", zip_of(class_files()))

    def stop(phase: str, done: float) -> None:
        if phase == "Checking images":
            raise Stopped

    with pytest.raises(Stopped):
        upload_check.check_upload(folder, stop)
    assert upload_check.can_be_checked(folder)
    assert upload_check.check_upload(folder, silent).images == 44


def test_an_archive_that_is_refused_cannot_be_checked_again() -> None:
    folder = staging.stage_archive("cells", io.BytesIO(b"no zip"))
    assert upload_check.can_be_checked(folder)
    with pytest.raises(DataError):
        upload_check.check_upload(folder)
    assert not upload_check.can_be_checked(folder)


def chinese_zip() -> io.BytesIO:
    """Classes in Shift-JIS, without the mark of UTF-8."""
    return io.BytesIO(
        zip_with_names(
            (f"{('正常', '肺炎')[seed % 2]}/{seed:03d}.png".encode("cp932"), png_bytes(seed)) for seed in range(44)
        )
    )


def names(report: CheckReport) -> list[str]:
    assert report.plan is not None
    return list(report.plan.names)


def test_names_of_a_zip_are_read_in_another_encoding_on_request() -> None:
    first = add_zip("lungs", chinese_zip())
    assert any(problem.key == "names-decoded" for problem in first.problems)
    assert first.staged is not None
    upload_check.change_names_encoding(first.staged, "cp1251")
    assert names(upload_check.check_upload(first.staged)) != ["正常", "肺炎"]
    upload_check.change_names_encoding(first.staged, "cp932")
    report = upload_check.check_upload(first.staged)
    assert names(report) == sorted(["正常", "肺炎"])
    accepted_sets.accept(report)
    kept = {path.name for path in (settings.added_sets() / "lungs").iterdir()}
    assert kept == set(accepted_sets.KEPT) - {set_notes.FILE}  # nobody described it


def test_an_archive_with_plain_names_is_not_kept() -> None:
    report = add_zip("cells", zip_of(class_files()))
    assert report.staged is not None
    assert not upload_check.keeps_archive(report.staged)
    with pytest.raises(DataError, match="not kept"):
        upload_check.change_names_encoding(report.staged, "cp932")
