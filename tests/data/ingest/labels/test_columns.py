"""What a single column is, by its name and values."""

import pytest

from gan.data.ingest.labels.cell_values import merge_spellings, plain_values, sorted_names
from gan.data.ingest.labels.columns import Column, class_rank, flag_of_split, group_rank, names_splits, separator_of


def column(name: str, *values: str, rows: int = 60) -> Column:
    return Column(name, tuple(values[row % len(values)] for row in range(rows)))


@pytest.mark.parametrize(
    "name", ["class", "Label", "DIAGNOSIS", "dx", "Category", "Finding Labels", "class_name", "Klasse"]
)
def test_names_of_class_columns(name: str) -> None:
    assert class_rank(column(name, "a", "b", "c")) >= 2


@pytest.mark.parametrize("name", ["level", "retinopathy_grade", "benign_malignant", "Severity", "cell type"])
def test_names_of_columns_that_are_a_class_if_there_is_no_better(name: str) -> None:
    assert class_rank(column(name, "a", "b", "c")) == 1


@pytest.mark.parametrize(
    "name", ["age", "Patient Gender", "width", "View Position", "mask_path", "Follow-up #", "id", "camera"]
)
def test_names_of_columns_that_are_no_class(name: str) -> None:
    assert class_rank(column(name, "1", "2", "3")) == -1


def test_a_column_of_many_values_is_no_class() -> None:
    assert class_rank(column("colour", "red", "blue")) == 0
    assert class_rank(column("colour", *map(str, range(60)))) == -1
    assert class_rank(column("weight_kg", *map(str, range(40, 60)))) == -1


@pytest.mark.parametrize(
    ("name", "values", "rank"),
    [
        ("group", ["a", "b"], 0),
        ("PatientID", ["1", "2"], 1),
        ("Patient ID", [str(number) for number in range(60)], 1),  # a patient of its own for each image
        ("lesion_id", [f"L{number}" for number in range(30)], 3),
        ("StudyInstanceUID", ["1.2", "1.3"], 4),
        ("lesion_id", [f"L{number}" for number in range(60)], None),  # nothing repeats
        ("patient", ["1"], None),  # one for all
        ("lesion", ["melanoma", "naevus"], None),  # a class
        ("Patient Age", ["60", "70"], None),
        ("case", ["0", "1"], None),  # case and control
    ],
)
def test_groups(name: str, values: list[str], rank: int | None) -> None:
    assert group_rank(column(name, *values)) == rank


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("anything", ["train", "test"], True),
        ("split", ["Training", "Testing", ""], True),
        ("set", ["1", "2"], True),
        ("kfold", ["0", "1", "2", "3", "4"], True),
        ("part", ["fold_1", "fold_2"], False),
        ("class", ["0", "1"], False),
        ("anything", ["test", "control"], False),
    ],
)
def test_splits(name: str, values: list[str], expected: bool) -> None:
    assert names_splits(column(name, *values)) is expected


def test_flags_of_splits() -> None:
    assert flag_of_split(column("is_test", "0", "1")) == "test"
    assert flag_of_split(column("isTrain", "True", "False")) == "train"
    assert flag_of_split(column("stress test", "0", "1")) is None


def test_separators() -> None:
    assert separator_of(column("x", "A|B", "C")) == "|"
    assert separator_of(column("x", "A, B", "A", "B")) == ","
    assert separator_of(column("x", "Melanoma, NOS", "Naevus")) == ""


def test_values_and_names() -> None:
    assert plain_values(["1.0", "2", "nan", "x"]) == ["1", "2", "", "x"]
    assert plain_values(["1.0", "2.5"]) == ["1.0", "2.5"]
    assert sorted_names(["10", "9", "b", "-1", "a"]) == ("-1", "9", "10", "a", "b")
    assert merge_spellings(["no tumor", "no_tumor", "no_tumor", "No  Tumor", "1", "-1"]) == {
        "no tumor": "no_tumor",
        "No  Tumor": "no_tumor",
    }
