"""What a reading makes of a folder before anything is decoded."""

from pathlib import Path

from gan.data.ingest.files.listing import list_folder
from gan.data.ingest.labels.reading import Reading
from gan.data.ingest.outcome import NO_SPLIT, picture, reading_outcome
from tests.support.image_files import write_class_folders


def test_images_are_counted_by_split_and_class_with_groups_and_what_is_left_out(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"train/a/P1": 3, "train/a/P2": 1, "train/b/P1": 2, "test/a/P3": 2, "test/x/P3": 1})
    reading = Reading(levels=("split", "class", "group"), drop=("x",))
    outcome = reading_outcome(list_folder(tmp_path), reading)
    assert (outcome.kind, outcome.images, outcome.names, outcome.left_out) == ("class", 8, ("a", "b"), 1)
    assert outcome.counts == {"train": {"a": 4, "b": 2}, "test": {"a": 2, "b": 0}}
    assert outcome.totals == {"a": 6, "b": 2}
    assert outcome.groups == 3
    assert [len(files) for files in outcome.examples.values()] == [3, 2]
    assert outcome.examples["b"][0].startswith("train/b/P1/")
    assert [finding.key for finding in outcome.findings] == ["classes-dropped"]


def test_images_without_a_split_and_unlabelled_ones_are_counted_apart(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"a": 2, "b": 2, ".": 1})
    outcome = reading_outcome(list_folder(tmp_path), Reading(levels=("class",), unlabelled="keep"))
    assert (outcome.images, outcome.unlabelled, outcome.left_out) == (4, 1, 0)
    assert outcome.counts == {NO_SPLIT: {"a": 2, "b": 2}}


def test_a_picture_is_reduced_and_never_from_outside_the_set(tmp_path: Path) -> None:
    root = write_class_folders(tmp_path / "set", {"a": 1}, side=100)
    write_class_folders(tmp_path / "other", {"b": 1})
    (root / "link.png").symlink_to(tmp_path / "other/b/000.png")
    reduced = picture(root, "a/000.png", height=50)
    assert reduced is not None
    assert reduced.size == (50, 50)
    assert picture(root, "link.png") is None
    assert picture(root, "missing.png") is None
