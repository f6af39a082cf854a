"""Which column of a table is what, told by what it holds and by its name; and when the user must choose."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan.data.ingest.labels.image_columns import unused_tables
from gan.data.ingest.labels.reading import Proposal, TableReading
from gan.data.ingest.labels.table_labels import labels_from_table
from gan.data.ingest.labels.table_proposals import propose_tables
from tests.data.ingest.labels.table_files import numbered, write_tables
from tests.support.dicom_files import write_dicom

IMAGES = numbered(40)
STEMS = numbered(40, "{:03d}")


def propose(root: Path, header: list[str], *columns: list[Any]) -> list[Proposal]:
    """The proposals for a labels.csv with 40 rows; columns repeat as often as needed."""
    rows = [[column[row % len(column)] for column in columns] for row in range(40)]
    return propose_tables(write_tables(root, IMAGES, labels=[header, *rows]))


def table_of(proposal: Proposal) -> TableReading:
    assert proposal.reading.table is not None
    return proposal.reading.table


def sure(proposals: list[Proposal]) -> TableReading:
    (proposal,) = proposals
    assert (proposal.sure, proposal.doubts) == (True, ())
    return table_of(proposal)


def in_doubt(proposals: list[Proposal], count: int) -> list[TableReading]:
    assert len(proposals) == count
    assert not any(proposal.sure for proposal in proposals)
    assert all(proposal.doubts for proposal in proposals)
    return [table_of(proposal) for proposal in proposals]


@pytest.mark.parametrize(
    ("header", "columns", "expected"),
    [
        (["file", "class"], [IMAGES, ["a", "b"]], {"labels": ("class",)}),
        (["filename", "label"], [IMAGES, ["a", "b"]], {"image": "filename", "labels": ("label",)}),
        (["image_id", "level"], [STEMS, [0, 1, 2]], {"image": "image_id", "labels": ("level",)}),
        (["class", "x"], [["a", "b"], IMAGES], {"image": "x", "labels": ("class",)}),
        (["file", "kind of cell"], [IMAGES, ["a", "b"]], {"labels": ("kind of cell",)}),
        (["file", "target"], [IMAGES, [0, 1]], {"labels": ("target",)}),
        (["file", "class"], [IMAGES, ["A", "a", "b"]], {"labels": ("class",)}),
        (["file", "edema"], [IMAGES, [0, 1]], {"labels": ("edema",), "encoding": "attributes"}),
        (["file", "edema"], [IMAGES, ["yes", "no"]], {"labels": ("edema",), "encoding": "attributes"}),
        (["file", "edema"], [IMAGES, ["True", "False"]], {"labels": ("edema",), "encoding": "attributes"}),
        (["file", "edema"], [IMAGES, [-1, 1]], {"labels": ("edema",), "encoding": "attributes"}),
        (["file", "A", "B"], [IMAGES, ["1.0", "0.0"], ["0.0", "1.0"]], {"labels": ("A", "B"), "encoding": "one-hot"}),
        (["file", "A", "B"], [IMAGES, [1, 0, 0], [0, 1, 1]], {"labels": ("A", "B"), "encoding": "one-hot"}),
        (["file", "A", "B"], [IMAGES, [1, 0, 1], [0, 1, 1]], {"labels": ("A", "B"), "encoding": "attributes"}),
        (["file", "findings"], [IMAGES, ["A|B", "B", "No Finding"]],
         {"labels": ("findings",), "encoding": "several", "separator": "|", "nothing": ("No Finding",)}),
        (["file", "findings"], [IMAGES, ["A; B", "B"]],
         {"labels": ("findings",), "encoding": "several", "separator": ";"}),
        (["file", "dx", "patient_id"], [IMAGES, ["a", "b"], ["p", "p", "q"]],
         {"labels": ("dx",), "group": "patient_id"}),
        (["file", "dx", "PatientID", "lesion_id"], [IMAGES, ["a", "b"], ["p", "q"], ["l", "m", "n"]],
         {"labels": ("dx",), "group": "PatientID"}),
        (["file", "edema", "patient"], [IMAGES, [0, 1], [0, 0, 1]],
         {"labels": ("edema",), "encoding": "attributes", "group": "patient"}),
        (["file", "dx", "dx_type", "age", "sex", "localization"],
         [IMAGES, ["a", "b"], ["histo", "expert"], [40, 50, 60], ["m", "f", "f"], ["back", "arm", "leg"]],
         {"labels": ("dx",), "subgroups": {"age": "age", "sex": "sex"}}),
        (["file", "class", "edema"], [IMAGES, ["a", "b"], [0, 1, 1]], {"labels": ("class",)}),
        (["file", "class", "name"], [IMAGES, [0, 1], ["benign", "malignant"]], {"labels": ("class",)}),
        (["file", "label", "diagnosis"], [IMAGES, [0, 1], ["benign", "malignant"]], {"labels": ("diagnosis",)}),
        (["file", "class", "split"], [IMAGES, ["a", "b"], ["Train", "Validation", "TEST"]],
         {"labels": ("class",), "split": "split"}),
        (["file", "class", "usage"], [IMAGES, ["a", "b"], ["Training", "PublicTest"]],
         {"labels": ("class",), "split": "usage"}),
        (["file", "class", "is_valid"], [IMAGES, ["a", "b"], ["True", "False", "False"]],
         {"labels": ("class",), "split": "is_valid"}),
        (["patientId", "x", "y", "width", "height", "Target"], [STEMS[:20], [""], [""], [""], [""], [0, 1]],
         {"image": "patientId", "labels": ("Target",)}),
    ],
)  # fmt: skip
def test_columns_that_leave_no_doubt(
    tmp_path: Path, header: list[str], columns: list[list[Any]], expected: dict[str, Any]
) -> None:
    table = sure(propose(tmp_path, header, *columns))
    given = table.model_dump(exclude_defaults=True)
    assert given.pop("files") == ("labels.csv",)
    assert {"separator": "|", **given} == {"separator": "|", "image": "file", **expected}


def test_names_of_classes_that_differ_in_case_are_one(tmp_path: Path) -> None:
    (proposal,) = propose(tmp_path, ["file", "class"], IMAGES, ["a", "a", "A", "b"])
    assert proposal.reading.rename == {"A": "a"}


def test_a_table_without_header(tmp_path: Path) -> None:
    table = sure(propose(tmp_path, [IMAGES[0], "a"], IMAGES, ["a", "b"]))
    assert (table.header, table.image, table.labels) == (False, "column 1", ("column 2",))
    listing = write_tables(
        tmp_path, ["ISIC_1.jpg", "ISIC_2.jpg", "ISIC_3.jpg"], t=[["ISIC_1", "a"], ["ISIC_2", "b"], ["ISIC_3", "a"]]
    )
    assert not table_of(propose_tables(listing)[0]).header


def test_uncertain_and_empty_labels_ask(tmp_path: Path) -> None:
    tables = in_doubt(propose(tmp_path, ["file", "A", "B"], IMAGES, ["1.0", "0.0", "-1.0", ""], [0, 1]), 4)
    assert {table.encoding for table in tables} == {"attributes"}
    assert [(table.empty, table.uncertain) for table in tables] == [
        ("zero", "zero"),
        ("zero", "one"),
        ("zero", "leave-out"),
        ("leave-out", "leave-out"),
    ]


def test_empty_labels_ask(tmp_path: Path) -> None:
    tables = in_doubt(propose(tmp_path, ["file", "A"], IMAGES, [1, 0, ""]), 3)
    assert [table.empty for table in tables] == ["zero", "leave-out", "unlabelled"]


def test_commas_in_a_cell_ask(tmp_path: Path) -> None:
    tables = in_doubt(propose(tmp_path, ["file", "class"], IMAGES, ['"A, B"', "A", "B"]), 2)
    assert [table.encoding for table in tables] == ["several", "class"]
    assert sure(propose(tmp_path, ["file", "class"], IMAGES, ['"Melanoma, NOS"', "Naevus"])).encoding == "class"


def test_numbers_of_splits_and_folds_ask(tmp_path: Path) -> None:
    proposals = propose(tmp_path, ["file", "class", "split"], IMAGES, ["a", "b"], [0, 0, 0, 1, 2])
    used, unused = in_doubt(proposals, 2)
    assert (used.split, unused.split) == ("split", "")
    assert proposals[0].reading.splits == {"0": "train", "1": "val", "2": "test"}
    proposals = propose(tmp_path, ["file", "class", "fold"], IMAGES, ["a", "b"], ["fold_0", "fold_1", "fold_2"])
    assert proposals[0].reading.splits == {"fold_0": "train", "fold_1": "train", "fold_2": "test"}
    assert not proposals[0].sure


def test_several_columns_that_may_be_the_class_ask(tmp_path: Path) -> None:
    tables = in_doubt(propose(tmp_path, ["file", "diagnosis", "target"], IMAGES, ["a", "b", "c"], [0, 1]), 2)
    assert [table.labels for table in tables] == [("diagnosis",), ("target",)]
    tables = in_doubt(propose(tmp_path, ["file", "colour", "shape"], IMAGES, ["red", "blue"], ["o", "o", "x"]), 2)
    assert [table.labels for table in tables] == [("colour",), ("shape",)]


def test_rows_of_one_image_with_different_classes_ask(tmp_path: Path) -> None:
    images = [name for name in IMAGES for _ in "ab"]
    listing = write_tables(tmp_path, IMAGES, labels=[["file", "class"], *zip(images, "ab" * 40, strict=True)])
    several, one = in_doubt(propose_tables(listing), 2)
    assert (several.encoding, one.encoding) == ("several", "class")


def test_tables_of_splits_are_read_together(tmp_path: Path) -> None:
    images = [f"{split}/{name}" for split in ("train", "valid") for name in numbered(20)]
    rows = [["Path", "class"], *([f"set/{image}", "ab"[number % 2]] for number, image in enumerate(images))]
    listing = write_tables(tmp_path, images, train=rows[:21], valid=[rows[0], *rows[21:]])
    table = sure(propose_tables(listing))
    assert (table.files, table.split_by_table, table.image) == (("train.csv", "valid.csv"), True, "Path")
    labels = labels_from_table(listing, listing.images, propose_tables(listing)[0].reading)
    assert labels.split == ("train",) * 20 + ("valid",) * 20


def test_a_table_in_each_split_folder(tmp_path: Path) -> None:
    images = [f"{split}/{name}" for split in ("train", "test") for name in numbered(20)]
    rows = [["filename", "A", "B"], *([name, number % 2, 1 - number % 2] for number, name in enumerate(numbered(20)))]
    listing = write_tables(tmp_path, images, train___classes=rows, test___classes=rows)
    (proposal,) = propose_tables(listing)
    table = sure([proposal])
    assert (table.encoding, table.split_by_table) == ("one-hot", True)
    labels = labels_from_table(listing, listing.images, proposal.reading)
    assert labels.labelled.all()
    assert labels.split == ("test",) * 20 + ("train",) * 20


def test_tables_beside_split_folders_with_equal_names(tmp_path: Path) -> None:
    images = [f"{split}_images/{name}" for split in ("train", "test") for name in numbered(20)]
    train = [["id", "class"], *([name, "ab"[number % 2]] for number, name in enumerate(numbered(20)))]
    test = [["id", "class"], *([name, "ba"[number % 2]] for number, name in enumerate(numbered(20)))]
    listing = write_tables(tmp_path, images, train=train, test=test)
    (proposal,) = propose_tables(listing)
    labels = labels_from_table(listing, listing.images, proposal.reading)
    assert labels.conditions[:, 0].tolist() == [0, 1] * 10 + [1, 0] * 10


def test_tables_that_contradict_each_other_ask(tmp_path: Path) -> None:
    rows = [[name, "ab"[number % 2]] for number, name in enumerate(IMAGES)]
    other = [[name, "ab"[number % 3 == 0]] for number, name in enumerate(IMAGES)]
    tables = {"labels": [["file", "class"], *rows], "labels_old": [["file", "class"], *other]}
    found = in_doubt(propose_tables(write_tables(tmp_path, IMAGES, **tables)), 2)
    assert {table.files for table in found} == {("labels.csv",), ("labels_old.csv",)}
    tables["labels_old"] = tables["labels"]
    sure(propose_tables(write_tables(tmp_path, IMAGES, **tables)))


def test_a_table_of_patients(tmp_path: Path) -> None:
    images = [f"P{patient:03d}/{number}.png" for patient in range(10) for number in range(4)]
    rows = [[f"P{patient:03d}", "ab"[patient % 2], 50 + patient] for patient in range(10)]
    listing = write_tables(tmp_path, images, patients=[["patient", "diagnosis", "age"], *rows])
    (proposal,) = propose_tables(listing)
    table = sure([proposal])
    assert (table.image, table.group, table.labels) == ("patient", "patient", ("diagnosis",))
    labels = labels_from_table(listing, listing.images, proposal.reading)
    assert labels.conditions.sum(axis=0).tolist() == [20, 20]
    assert labels.group[:5] == ("P000",) * 4 + ("P001",)


@pytest.mark.parametrize(
    "rows",
    [
        [["file", "age"], *zip(IMAGES, range(40), strict=True)],  # no label
        [["file", "class"], *([f"other{number}.png", "a"] for number in range(40))],  # other images
        [["id", "name"], [0, "benign"], [1, "malignant"]],  # a list of classes
        [["class", "meaning"], ["benign", "good"], ["malignant", "bad"]],
        [["file"], *([name] for name in IMAGES)],  # a list of files
    ],
)
def test_tables_that_name_no_labels_are_not_proposed(tmp_path: Path, rows: list[list[Any]]) -> None:
    images = [*IMAGES, "benign/0.png", "malignant/1.png"]
    assert propose_tables(write_tables(tmp_path, images, table=rows)) == []


def test_labels_that_are_numbers_do_not_name_images(tmp_path: Path) -> None:
    images = numbered(10, "{}.png")
    rows = [["class", "file"], *([number % 5, name] for number, name in enumerate(images))]
    assert sure(propose_tables(write_tables(tmp_path, images, labels=rows))).image == "file"


def test_tables_that_are_not_used_are_reported(tmp_path: Path) -> None:
    listing = write_tables(
        tmp_path,
        IMAGES,
        labels=[["file", "class"], *([name, "ab"[row % 2]] for row, name in enumerate(IMAGES))],
        other=[["file", "class"], ["elsewhere.png", "a"]],
        broken=[["file", "class"], ['"a', "b"]],
    )
    assert len(propose_tables(listing)) == 1
    findings = unused_tables(listing, ["labels.csv"])
    assert [(finding.key, finding.text.split()[0]) for finding in findings] == [
        ("unreadable-table", "Line"),
        ("table-without-labels", "Column"),
    ]


def test_masks_are_left_out(tmp_path: Path) -> None:
    images = [f"{folder}/{name}" for folder in ("images", "masks") for name in IMAGES]
    rows = [["file", "class"], *([name, "ab"[row % 2]] for row, name in enumerate(IMAGES))]
    (proposal,) = propose_tables(write_tables(tmp_path, images, labels=rows))
    assert proposal.sure
    assert proposal.reading.leave_out == ("masks/*",)


def test_tables_of_splits_may_have_more_columns(tmp_path: Path) -> None:
    rows = [[name, "ab"[row % 2], row] for row, name in enumerate(IMAGES)]
    train = [["file", "diagnosis", "age"], *rows[:30]]
    test = [["file", "diagnosis"], *(row[:2] for row in rows[30:])]
    ages = [["file", "age"], *([row[0], row[2]] for row in rows)]
    table = sure(propose_tables(write_tables(tmp_path, IMAGES, ages=ages, train=train, test=test)))
    assert (table.files, table.split_by_table) == (("train.csv", "test.csv"), True)


def test_a_sample_submission_names_no_labels(tmp_path: Path) -> None:
    rows = [["id", "label"], *([name[:-4], row % 2] for row, name in enumerate(IMAGES))]
    listing = write_tables(tmp_path, IMAGES, train_labels=rows[:31], sample_submission=[rows[0], *rows[31:]])
    assert sure(propose_tables(listing)).files == ("train_labels.csv",)


def test_a_table_of_dicom_patients(tmp_path: Path) -> None:
    images = numbered(8, "IM{:03d}")
    for number, image in enumerate(images):
        write_dicom(tmp_path / image, np.zeros((4, 4), dtype=np.uint8), PatientID=f"patient-{number // 2}")
    rows = [["patient", "diagnosis"], *([f"patient-{number}", "ab"[number % 2]] for number in range(4))]
    listing = write_tables(tmp_path, images, patients=rows)
    (proposal,) = propose_tables(listing)
    assert sure([proposal]).group == ""  # the hash of the patient is the group, never the name
    assert labels_from_table(listing, images, proposal.reading).conditions[:, 0].tolist() == [1, 1, 0, 0] * 2
