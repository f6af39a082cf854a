"""What a set is like before training: correlated attributes by hand, groups, findings, and example files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan.config.run_config import DataConfig
from gan.data import registry, summary
from gan.data.attribute_correlation import phi_coefficients, strongest_pairs
from gan.data.image_set import ImageSet
from gan.data.ingest.file_examples import example_files
from gan.data.ingest.import_plan import ImportPlan
from gan.data.training_size import Sides
from tests.support.image_files import class_files, zip_of
from tests.support.uploads import add_zip


def image_set(
    conditions: list[list[int]], split: list[str] | None = None, group: list[str] | None = None, kind: str = "class"
) -> ImageSet:
    """A set of blank images with these conditions; all are to train on unless `split` says otherwise."""
    count = len(conditions)
    return ImageSet(
        images=np.zeros((count, 1, 32, 32), np.uint8),
        conditions=np.array(conditions, np.float32),
        names=tuple("abcdefgh"[: len(conditions[0])]),
        kind=kind,  # type: ignore[arg-type]
        split=np.array(split or ["train"] * count),
        group=None if group is None else np.array(group),
        native_size=32,
        title="blank",
        source="",
        licence="",
    )


def texts(images: ImageSet) -> dict[tuple[str, str], str]:
    """The texts of the findings by level and key."""
    return {(finding.level, finding.key): finding.text for finding in summary.findings(images)}


def test_the_correlation_of_two_attributes_is_the_phi_coefficient() -> None:
    # both 4, only the first 1, only the second 2, neither 3: (4 * 3 - 1 * 2) / sqrt(5 * 5 * 6 * 4)
    rows = np.array([[1, 1]] * 4 + [[1, 0]] + [[0, 1]] * 2 + [[0, 0]] * 3)
    phi = phi_coefficients(rows)
    assert phi[0, 1] == pytest.approx(10 / np.sqrt(600))
    assert phi[1, 0] == phi[0, 1]
    assert np.diag(phi) == pytest.approx([1, 1])
    assert phi == pytest.approx(np.corrcoef(rows.T))


def test_equal_opposite_and_constant_attributes() -> None:
    rows = np.array([[1, 1, 0, 1], [0, 0, 1, 1], [1, 1, 0, 1]])
    phi = phi_coefficients(rows)
    assert phi[0].tolist() == pytest.approx([1, 1, -1, 0])
    assert phi[3].tolist() == [0, 0, 0, 0]


def test_the_strongest_pairs_come_first_with_their_counts() -> None:
    rows = np.array([[1, 1, 0], [1, 1, 1], [0, 0, 0], [0, 0, 1], [0, 0, 0], [1, 0, 1]])
    first, second, *_ = strongest_pairs(rows, ("hat", "coat", "smile"), 10)
    assert (first.first, first.second, first.both, first.expected) == ("hat", "coat", 2, 1.0)
    assert first.phi == pytest.approx(1 / np.sqrt(2))
    assert (second.first, second.second) == ("hat", "smile")
    assert strongest_pairs(np.array([[1, 0], [1, 1]]), ("always", "sometimes"), 3) == []


def test_groups_are_counted_by_split_and_shared_ones_named() -> None:
    rows = [[1, 0], [0, 1]] * 3
    known = summary.group_summary(
        image_set(rows, ["train"] * 4 + ["val", "test"], ["p1", "p1", "p2", "p3", "p1", "p4"])
    )
    assert known is not None
    assert known.counts == {"train": 3, "val": 1, "test": 1}
    assert (known.fewest, known.median, known.most, known.shared) == (1, 1.0, 3, ("p1",))
    assert summary.group_summary(image_set(rows)) is None


def test_rare_and_imbalanced_classes_are_reported_with_an_action() -> None:
    found = texts(image_set([[1, 0, 0]] * 200 + [[0, 1, 0]] * 40 + [[0, 0, 1]] * 19))
    assert "fewer than 25 training images: c (19)." in found["warning", "class-too-small"]
    assert "a has 11 times as many" in found["note", "classes-imbalanced"]
    even = image_set([[1, 0]] * 60 + [[0, 1]] * 50, group=[f"p{row // 2}" for row in range(110)])
    assert texts(even) == {}


def test_few_test_images_and_unknown_patients_are_reported() -> None:
    found = texts(image_set([[1, 0], [0, 1]] * 60, ["train"] * 80 + ["test"] * 40))
    assert "fewer than 30 test images: a (20), b (20)." in found["note", "class-rarely-tested"]
    assert ("note", "groups-unknown") in found


def test_attributes_that_hardly_vary_are_reported() -> None:
    rows = [[1, 1], [0, 1]] * 30 + [[1, 0]] * 3
    found = texts(image_set(rows, kind="attributes"))
    assert "b (60 with it, 3 without)" in found["warning", "attribute-too-rare"]


def test_groups_in_two_splits_are_the_first_warning() -> None:
    splits = ["train", "train", "test", "test"] * 30
    found = summary.findings(image_set([[1, 0], [0, 1]] * 60, splits, [f"p{row // 4}" for row in range(120)]))
    assert (found[0].level, found[0].key) == ("warning", "groups-across-splits")
    assert "(30): p0" in found[0].text


def test_examples_show_files_of_each_class_in_their_own_shape(tmp_path: Path) -> None:
    report = add_zip("cells", zip_of(class_files()))
    assert report.plan is not None
    found = example_files(report.plan, each=3)
    assert list(found) == ["a", "b"]
    assert [example.file.split("/")[0] for example in found["b"]] == ["b"] * 3
    assert len({example.file for example in found["b"]}) == 3
    assert {example.split for examples in found.values() for example in examples} <= {"train", "val", "test"}
    (report.plan.root / found["a"][0].file).write_bytes(b"gone")
    assert len(example_files(report.plan, each=3)["a"]) == 2


def test_a_wide_file_stays_wide_and_is_made_small(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    Image.new("L", (400, 200), 9).save(tmp_path / "a" / "wide.png")
    Image.new("L", (10, 20), 9).save(tmp_path / "a" / "small.png")
    files = ("a/wide.png", "a/small.png")
    plan = ImportPlan(
        tmp_path, files, np.zeros(2, np.int64), np.ones((2, 1), np.uint8), ("a",), "class", np.array(["train", "val"]),
        np.array(["p1", ""]), 1, "pad", Sides(20, 200, 400), None, False, (),
    )  # fmt: skip
    wide, small = example_files(plan, 32, height=100)["a"]
    assert wide.pixels.shape == (1, 100, 200)
    assert small.pixels.shape == (1, 20, 10)
    assert wide.fitted.shape == small.fitted.shape == (1, 32, 32)
    assert (wide.group, wide.split) == ("p1", "train")


def test_digits_have_unknown_groups() -> None:
    config = DataConfig.model_validate({"name": "digits"})
    assert ("note", "groups-unknown") in texts(registry.load_image_set(config))
