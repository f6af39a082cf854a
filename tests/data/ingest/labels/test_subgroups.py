"""Subgroup columns, such as sex and scanner: proposed, counted, kept with the set, refused, and left out."""

from pathlib import Path

import numpy as np
import pytest

from gan.data.image_set import ImageSet
from gan.data.ingest.checks.check import check_images
from gan.data.ingest.files.listing import list_folder
from gan.data.ingest.labels.columns import Column
from gan.data.ingest.labels.proposals import propose
from gan.data.ingest.labels.reading import Proposal, Reading, TableReading
from gan.data.ingest.labels.subgroups import count_values, counts_text, names_subgroup, subgroup_values
from gan.data.ingest.outcome import reading_outcome
from gan.errors import DataError
from gan.evaluation.study.divisions import divide, subset
from tests.data.ingest.labels.table_files import numbered, write_tables
from tests.support.image_files import finding, read_folder, write_class_folders, write_labels


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("sex", ["F", "M", "M", "F", ""], True),
        ("Patient Gender", ["0", "1", "0", "1"], True),
        ("View Position", ["PA", "AP", "PA", "AP"], True),
        ("manufacturer_name", ["GE", "Siemens", "GE", "Siemens"], True),
        ("hospital_id", ["1", "2", "3"] * 4, True),
        ("Patient Age", ["063Y", "041Y", "020Y", "085Y"] * 2, True),  # bands of 20 years
        ("age", ["12", "13", "14", "15"], False),  # one band
        ("sex", ["F", "F", "F"], False),
        ("site", [f"S{number}" for number in range(21)] * 3, False),
        ("scanner", ["A", "B", "C", "D"], False),  # a value for each row names the row
        ("anatom_site_general", ["torso", "head", "torso", "head"], False),
        ("scanner_date", ["2020", "2021", "2020", "2021"], False),
        ("hospital", ["x" * 61, "y", "x" * 61, "y"], False),
    ],
)
def test_columns_are_subgroups_by_name_and_shape(name: str, values: list[str], expected: bool) -> None:
    assert names_subgroup(Column(name, tuple(values))) is expected


def test_values_are_plain_merged_and_bands_of_age() -> None:
    assert subgroup_values("sex", "sex", ["F", "f", "n/a", "M", "F"]) == ["F", "F", "", "M", "F"]
    assert subgroup_values("site", "site", ["1.0", "2"]) == ["1", "2"]
    ages = ["039Y", "40", "59.5", "60", "80", "100", ""]
    bands = ["under 40", "40 to 59", "40 to 59", "60 to 79", "80 and over", "80 and over", ""]
    assert subgroup_values("age", "age", ages) == bands
    counts = count_values({"sex": ["F", "", "M", "F"]})
    assert counts == {"sex": {"F": 2, "M": 1, "": 1}}
    assert counts_text(counts) == "sex (F 2, M 1, missing 1)"


@pytest.mark.parametrize(
    ("cells", "part"),
    [
        ([f"P{number}" for number in range(21)], "21 different values"),
        (["", "n/a"], "is empty"),
        (["x" * 61, "y"], "61 characters"),
    ],
)
def test_columns_that_are_no_categories_are_refused(cells: list[str], part: str) -> None:
    with pytest.raises(DataError, match=part):
        subgroup_values("who", "Person", cells)


def table_of(proposal: Proposal) -> TableReading:
    assert proposal.reading.table is not None
    return proposal.reading.table


def test_a_table_beside_class_folders_and_a_table_of_patients_give_subgroups(tmp_path: Path) -> None:
    images = [f"{'ab'[number % 2]}/{number:03d}.png" for number in range(40)]
    rows = [[name.partition("/")[2], "FM"[number % 2]] for number, name in enumerate(images)]
    (proposal,) = propose(write_tables(tmp_path / "folders", images, about=[["file", "sex"], *rows]))
    assert proposal.sure
    assert proposal.reading.levels == ("class",)
    assert (table_of(proposal).labels, table_of(proposal).subgroups) == ((), {"sex": "sex"})

    labels = [[name, "xy"[number % 2], f"P{number // 2}"] for number, name in enumerate(numbered(40))]
    patients = [[f"P{number}", "FM"[number % 2], 30 + number] for number in range(20)]
    listing = write_tables(
        tmp_path / "patients", numbered(40), labelled=[["file", "class", "patient_id"], *labels],
        people=[["patient_id", "gender", "weight"], *patients],
    )  # fmt: skip
    table = table_of(propose(listing)[0])
    assert (table.group, table.subgroups) == ("patient_id", {"gender": "gender"})
    assert [join.file for join in table.joins] == ["people.csv"]


def write_set(root: Path) -> Path:
    """60 images of two classes with the sex and scanner of each."""
    write_class_folders(root, {"x": 60}, side=16)
    scanner = {0: "A", 1: "B", 2: ""}
    rows: list[list[object]] = [
        [f"x/{row:03d}.png", "ab"[row % 2], "FM"[row // 2 % 2], scanner[row % 3]] for row in range(60)
    ]
    write_labels(root, ["file", "class", "sex", "scanner"], rows)
    return root


def test_subgroups_are_counted_said_and_kept_with_the_set(tmp_path: Path) -> None:
    root = write_set(tmp_path)
    listing = list_folder(root)
    proposal = propose(listing)[0]
    outcome = reading_outcome(listing, proposal.reading)
    assert outcome.subgroups == {"sex": {"F": 30, "M": 30}, "scanner": {"A": 20, "B": 20, "": 20}}

    report = check_images(root)
    said = finding(report, "subgroups-kept", "note")
    assert "sex (F 30, M 30), scanner (A 20, B 20, missing 20)" in said.text
    assert not [problem for problem in report.problems if problem.key == "unused-columns"]

    for images in (read_folder(root, 32), read_folder(root, 32)):  # read, then from the cache
        assert list(images.subgroups) == ["sex", "scanner"]
        assert images.subgroups["sex"][:4].tolist() == ["F", "F", "M", "M"]
        assert images.subgroups["scanner"][:3].tolist() == ["A", "B", ""]
    part = subset(images, np.array([5, 1]))
    assert {name: values.tolist() for name, values in part.subgroups.items()} == {
        "sex": ["F", "F"],
        "scanner": ["", "B"],
    }
    few = divide(images, 0.25)[0].development()
    assert set(map(len, few.subgroups.values())) == {len(few)}


def test_subgroups_are_switched_off(tmp_path: Path) -> None:
    root = write_set(tmp_path)
    proposal = propose(list_folder(root))[0]
    without = proposal.reading.model_copy(update={"table": table_of(proposal).model_copy(update={"subgroups": {}})})

    def choose(proposals: object) -> Reading:
        return without

    report = check_images(root, choose=choose)
    assert report.plan is not None
    assert report.plan.subgroups == {}
    assert "sex, scanner" in finding(report, "unused-columns", "note").text


def test_a_set_without_subgroups_has_none(tmp_path: Path) -> None:
    images: ImageSet = read_folder(write_class_folders(tmp_path, {"a": 22, "b": 22}, side=16), 32)
    assert images.subgroups == {}
