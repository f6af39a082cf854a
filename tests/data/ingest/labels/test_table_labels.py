"""The labels, groups and splits that tables give to images, and a count of all that is left out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan.data.ingest.checks.report import FindingKey
from gan.data.ingest.labels.reading import Reading, TableReading
from gan.data.ingest.labels.table_labels import TableLabels, labels_from_table
from gan.errors import DataError
from tests.data.ingest.labels.table_files import numbered, write_tables


def read(root: Path, rows: list[list[Any]], images: int = 4, **reading: Any) -> TableLabels:
    """The labels of images 000.png, ... by a labels.csv; `reading` are fields of TableReading, or `reading=`."""
    listing = write_tables(root, numbered(images), labels=rows)
    other = reading.pop("reading", {})
    table = TableReading.model_validate({"files": ("labels.csv",), "image": "file", **reading})
    return labels_from_table(listing, listing.images, Reading(table=table, **other))


def rows_of(header: list[str], *cells: Any) -> list[list[Any]]:
    """A row for each of 000.png, 001.png, ..."""
    named = (cell if isinstance(cell, list) else [cell] for cell in cells)
    return [header, *([f"{number:03d}.png", *values] for number, values in enumerate(named))]


def levels(labels: TableLabels) -> dict[FindingKey, str]:
    return {finding.key: finding.level for finding in labels.findings}


def test_classes(tmp_path: Path) -> None:
    labels = read(tmp_path, rows_of(["file", "class"], "10.0", "9.0", "10.0", "9"), labels=("class",))
    assert (labels.kind, labels.names) == ("class", ("9", "10"))
    assert labels.conditions.tolist() == [[0, 1], [1, 0], [0, 1], [1, 0]]
    assert labels.conditions.dtype == np.uint8
    assert labels.labelled.all()
    assert not labels.left_out.any()
    assert labels.findings == ()


def test_classes_with_fractions_stay_as_they_are(tmp_path: Path) -> None:
    assert read(tmp_path, rows_of(["file", "class"], "1.0", "2.5"), 2, labels=("class",)).names == ("1.0", "2.5")


@pytest.mark.parametrize("nothing", ["", "nan", "NA", "?", "-"])
def test_an_image_without_a_class_is_unlabelled(tmp_path: Path, nothing: str) -> None:
    labels = read(tmp_path, rows_of(["file", "class"], "a", nothing, "b"), 4, labels=("class",))
    assert labels.names == ("a", "b")
    assert labels.labelled.tolist() == [True, False, True, False]
    assert labels.conditions[[1, 3]].sum() == 0
    assert levels(labels) == {"empty-labels": "warning", "unlabelled-images": "warning"}


def test_one_hot(tmp_path: Path) -> None:
    rows = rows_of(["file", "A", "B"], ["1.0", "0.0"], [0, 1], [1, 1], [0, 0])
    labels = read(tmp_path, rows, labels=("A", "B"), encoding="one-hot")
    assert (labels.kind, labels.names) == ("class", ("A", "B"))
    assert labels.conditions.tolist() == [[1, 0], [0, 1], [0, 0], [0, 0]]
    assert labels.labelled.tolist() == [True, True, True, False]
    assert labels.left_out.tolist() == [False, False, True, False]
    assert levels(labels) == {"contradicting-rows": "warning", "empty-labels": "warning"}


@pytest.mark.parametrize(
    "values", [["1", "0"], ["1.0", "0.0"], ["True", "False"], ["yes", "no"], ["Y", "N"], ["1", "-1"]]
)
def test_attributes_in_all_spellings(tmp_path: Path, values: list[str]) -> None:
    labels = read(tmp_path, rows_of(["file", "A"], *values), 2, labels=("A",), encoding="attributes")
    assert (labels.kind, labels.conditions.tolist(), labels.findings) == ("attributes", [[1], [0]], ())


@pytest.mark.parametrize(
    ("answer", "expected", "labelled", "left_out"),
    [
        ("zero", [1, 0, 0, 0], 4, 0),
        ("one", [1, 0, 1, 1], 4, 0),
        ("leave-out", [1, 0, 0, 0], 4, 2),
        ("unlabelled", [1, 0, 0, 0], 2, 0),
    ],
)
def test_empty_and_uncertain_attributes(
    tmp_path: Path, answer: str, expected: list[int], labelled: int, left_out: int
) -> None:
    rows = rows_of(["file", "A"], "1.0", "0.0", "-1.0", "")
    labels = read(tmp_path, rows, labels=("A",), encoding="attributes", empty=answer, uncertain=answer)
    assert labels.conditions[:, 0].tolist() == expected
    assert (labels.labelled.sum(), labels.left_out.sum()) == (labelled, left_out)
    level = "note" if answer in ("zero", "one") else "warning"
    assert levels(labels) == {"empty-labels": level, "uncertain-labels": level}


def test_undecided_labels_are_an_error_with_their_count(tmp_path: Path) -> None:
    rows = rows_of(["file", "A"], "1.0", "-1.0", "", "")
    findings = read(tmp_path, rows, labels=("A",), encoding="attributes").findings
    assert [(finding.key, finding.level) for finding in findings] == [("choose-reading", "error")] * 2
    assert findings[0].text.startswith("2 labels of 2 images are empty")
    assert findings[1].text.startswith("1 labels of 1 images are uncertain")


def test_several_labels_in_a_cell(tmp_path: Path) -> None:
    rows = rows_of(["file", "findings"], "B|A", "No Finding", "A", "")
    labels = read(tmp_path, rows, labels=("findings",), encoding="several", nothing=("No Finding",), empty="unlabelled")
    assert (labels.kind, labels.names) == ("attributes", ("A", "B"))
    assert labels.conditions.tolist() == [[1, 1], [0, 0], [1, 0], [0, 0]]
    assert labels.labelled.tolist() == [True, True, True, False]


def test_several_rows_of_an_image(tmp_path: Path) -> None:
    rows = [["file", "x"], ["000.png", "a"], ["000.png", "b"], ["001.png", "a"], ["001.png", "a"]]
    labels = read(tmp_path, rows, 2, labels=("x",))
    assert labels.left_out.tolist() == [True, False]
    assert levels(labels) == {"repeated-rows": "note", "contradicting-rows": "warning"}
    labels = read(tmp_path, rows, 2, labels=("x",), encoding="several")
    assert labels.conditions.tolist() == [[1, 1], [1, 0]]
    labels = read(tmp_path, rows, 2, labels=("x",), reading={"rename": {"b": "a"}})
    assert not labels.left_out.any()
    boxes = [["file", "x", "Target"], ["000.png", 1, 1], ["000.png", 2, 1], ["001.png", "", 0]]
    labels = read(tmp_path, boxes, 2, labels=("Target",), encoding="attributes")
    assert labels.conditions.tolist() == [[1], [0]]


def test_groups_and_splits(tmp_path: Path) -> None:
    rows = rows_of(["file", "x", "patient", "fold"], ["a", "1.0", 0], ["b", "1", "1.0"], ["a", "nan", 2], ["b", "P", 2])
    labels = read(tmp_path, rows, 5, labels=("x",), group="patient", split="fold")
    assert labels.group == ("1", "1", "", "P", "")
    assert labels.split == ("0", "1", "2", "2", "")


def test_everything_left_out_is_counted(tmp_path: Path) -> None:
    listing = write_tables(
        tmp_path,
        ["a/1.png", "b/1.png", "a/2.jpg", "a/3.png", "a/4.png"],
        t=[["file", "x", "age"], ["1.png", "p", 9], ["2.png", "q", 9], ["3.PNG", "p", 9], ["gone.png", "q", 9]],
    )
    table = TableReading(files=("t.csv",), image="file", labels=("x",))
    labels = labels_from_table(listing, listing.images, Reading(table=table))
    counted = {finding.key: finding.text for finding in labels.findings}
    assert "(1): gone.png" in counted["missing-files"]
    assert "(1): 1.png" in counted["ambiguous-rows"]
    assert "(3): a/1.png, a/4.png, b/1.png" in counted["unlabelled-images"]
    assert "(1): age" in counted["unused-columns"]
    assert sum(finding.key == "names-differ" for finding in labels.findings) == 2
    kept = labels_from_table(listing, listing.images, Reading(table=table, unlabelled="keep"))
    (finding,) = (finding for finding in kept.findings if finding.key == "unlabelled-images")
    assert finding.action == "Kept without a label."


@pytest.mark.parametrize(("rename", "level"), [({}, "warning"), ({"A": "a"}, "note")])
def test_names_that_differ_in_case_are_reported(tmp_path: Path, rename: dict[str, str], level: str) -> None:
    rows = rows_of(["file", "x"], "a", "a", "A", "b")
    labels = read(tmp_path, rows, labels=("x",), reading={"rename": rename})
    assert labels.names == ("A", "a", "b")
    assert levels(labels) == {"class-names-alike": level}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"labels": ("gone",)}, "no column 'gone'; it has file, x, y"),
        ({"labels": ("x", "y")}, "Choose one column of labels, not x, y"),
        ({"labels": ("y",)}, "Column y of labels.csv holds no labels"),
        ({"labels": ("x",), "encoding": "attributes"}, "Line 3 of labels.csv has x = maybe"),
        ({"labels": ("x",), "image": "x"}, "None of the 2 images that column x of labels.csv names exists"),
    ],
)
def test_a_reading_that_does_not_fit_its_table_is_refused(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, rows_of(["file", "x", "y"], ["yes", ""], ["maybe", ""]), 2, **fields)
