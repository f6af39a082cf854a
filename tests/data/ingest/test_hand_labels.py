"""Images without labels that are labelled by hand, then checked as any others."""

from pathlib import Path

import pytest

from gan.data.ingest import accepted_sets, hand_labels, upload_check
from gan.errors import DataError
from tests.support.image_files import png_bytes, zip_of
from tests.support.uploads import add_folder, add_zip


def flat_upload() -> Path:
    """The folder of an upload of 30 images without labels, checked."""
    report = add_zip("cells", zip_of({f"{seed:02d}.png": png_bytes(seed) for seed in range(30)}))
    assert not report.ok
    assert [finding.key for finding in report.errors] == ["nothing-to-check"]
    assert report.staged is not None
    return report.staged


def test_images_labelled_by_hand_become_a_set() -> None:
    folder = flat_upload()
    hand_labels.set_classes(folder, ["healthy ", "inflamed, acute", "healthy", ""])
    for number in range(28):
        hand_labels.set_label(folder, f"{number:02d}.png", ("healthy", "inflamed, acute")[number % 2])
    hand_labels.set_label(folder, "00.png", "")
    hand_labels.set_label(folder, "01.png", "healthy")
    assert hand_labels.load_hand_labels(folder).counts() == {"healthy": 14, "inflamed, acute": 13}
    hand_labels.use_hand_labels(folder)
    assert upload_check.load_pending(folder.name) is None  # it is to be checked again
    report = upload_check.check_upload(folder)
    assert report.ok, report.as_text()
    assert report.plan is not None
    assert sum(report.plan.conditions[:, 0]) == 14
    assert report.plan.names == ("healthy", "inflamed, acute")
    assert accepted_sets.accept(report) == "cells"


def test_classes_and_labels_that_are_not_there_are_refused() -> None:
    folder = flat_upload()
    with pytest.raises(DataError, match="1 classes"):
        hand_labels.set_classes(folder, ["only"])
    hand_labels.set_classes(folder, ["a", "b"])
    with pytest.raises(DataError, match="no class c"):
        hand_labels.set_label(folder, "00.png", "c")
    for file in ("../request.json", "99.png"):
        with pytest.raises(DataError, match="no image of this upload"):
            hand_labels.set_label(folder, file, "a")
    hand_labels.set_label(folder, "00.png", "a")
    with pytest.raises(DataError, match="labelled a"):
        hand_labels.set_classes(folder, ["b", "c"])
    with pytest.raises(DataError, match="two classes first"):
        hand_labels.use_hand_labels(folder)


def test_nothing_is_written_into_a_folder_on_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_PATHS", str(tmp_path))
    (tmp_path / "flat").mkdir()
    for seed in range(6):
        (tmp_path / "flat" / f"{seed}.png").write_bytes(png_bytes(seed))
    folder = add_folder("cells", tmp_path / "flat").staged
    assert folder is not None
    hand_labels.set_classes(folder, ["a", "b"])
    for seed in range(6):
        hand_labels.set_label(folder, f"{seed}.png", "ab"[seed % 2])
    with pytest.raises(DataError, match="nothing is written"):
        hand_labels.use_hand_labels(folder)
    assert len(list((tmp_path / "flat").iterdir())) == 6
