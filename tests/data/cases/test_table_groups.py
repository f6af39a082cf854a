"""Groups and splits in tables, in second tables and in lists, and tables of something else."""

from pathlib import Path

import pytest

from tests.data.cases.expected import Case, asked, case, each, observed, used
from tests.data.cases.label_tables import (
    COUNT,
    HALF,
    HEADER,
    LABELS,
    ROWS,
    SUMMARY,
    columns,
    labelled,
    with_text,
)
from tests.data.cases.trees import CLASSES, TWO, images, table, two_classes


def folded(fold: int, test: bool) -> bytes:
    return table(HEADER, [row for number, row in enumerate(ROWS) if (number % 3 == fold) == test])


GROUPS_AND_SPLITS = [
    case("patient", columns(["patient"], lambda n: f"P{n // 4}"), used(TWO, groups=7)),
    case("MRN", columns(["MRN"], lambda n: 10_000 + n // 2), used(TWO, groups=13)),
    case(
        "patient and lesion",
        columns(["lesion_id", "patient_id"], lambda n: f"L{n // 2}", lambda n: f"P{n // 4}"),
        used(TWO, groups=7),
    ),
    case("dates as groups", columns(["group"], lambda n: f"2021-03-{1 + n // 2:02d}"), used(TWO, groups=13)),
    case("sessions by date", columns(["session"], lambda n: f"2021-03-{1 + n // 2:02d}"), used(TWO, groups=13)),
    case(
        "integers and floats",
        columns(["group"], lambda n: f"{n // 6}" if n % 3 else f"{n // 6}.0"),
        used(TWO, groups=5),
    ),
    case("sometimes empty", columns(["group"], lambda n: f"P{n // 4}" if n % 3 else ""), used(TWO, groups=7)),
    case(
        "numeric patients that are 0 and 1",
        labelled(lambda n: [f"{n:04d}.png", int(n > 11), n % 2], ("file", "effusion", "patient")),
        used({"effusion": 14}, groups=2, kind="attributes"),
    ),
    case(
        "split words",
        columns(["split"], lambda n: ["Train", "Train", "Validation", "Test"][n % 4]),
        used(TWO, splits={"train": 14, "val": 6, "test": 6}),
    ),
    case("split numbers", columns(["split"], lambda n: n % 3), asked(TWO, splits={"train": 9, "val": 9, "test": 8})),
    case("folds", columns(["fold"], lambda n: n % 5), asked(TWO, splits={"train": 21, "test": 5})),
    case(
        "a flag for the test set",
        columns(["is_test"], lambda n: int(n % 4 == 0)),
        used(TWO, splits={"train": 19, "test": 7}),
    ),
    case(
        "a table for each split",
        lambda: {
            **images("img/{:04d}.png", COUNT),
            "train.csv": table(HEADER, ROWS[::2]),
            "test.csv": table(HEADER, ROWS[1::2]),
        },
        used(TWO, splits={"train": 13, "test": 13}),
    ),
    case(
        "a table in each split",
        lambda: {
            **images("train/{:04d}.png", range(20)),
            **images("test/{:04d}.png", range(20, COUNT)),
            "train/labels.csv": table(HEADER, ROWS[:20]),
            "test/labels.csv": table(HEADER, ROWS[20:]),
        },
        used(TWO, splits={"train": 20, "test": 6}),
    ),
    case(
        "tables with other columns",
        lambda: {
            **images("img/{:04d}.png", COUNT),
            "train.csv": table(HEADER, ROWS[::2]),
            "test.csv": table((*HEADER, "site"), [(*row, "A") for row in ROWS[1::2]]),
        },
        used(TWO, splits={"train": 13, "test": 13}),
    ),
    case(
        "a test table without labels",
        lambda: {
            **images("{:04d}.png", COUNT),
            "train.csv": table(HEADER, ROWS[:20]),
            "test.csv": table(("file",), [row[:1] for row in ROWS[20:]]),
        },
        used({"benign": 12, "malignant": 8}, says=("unlabelled-images",)),
    ),
    case(
        "a sample submission",
        lambda: {
            **images("train/{:04d}.png", range(20)),
            **images("test/{:04d}.png", range(20, COUNT)),
            "train.csv": table(HEADER, ROWS[:20]),
            "sample_submission.csv": table(HEADER, [(name, "benign") for name, _ in ROWS[20:]]),
        },
        used({"benign": 12, "malignant": 8}, splits={"train": 20}, says=("unlabelled-images",)),
    ),
    case(
        "two tables of the same images",
        lambda: {
            **images("{:04d}.png", COUNT),
            "first.csv": table(HEADER, ROWS),
            "second.csv": table(HEADER, [(name, ["x", "y"][n % 2]) for n, (name, _) in enumerate(ROWS)]),
        },
        asked(TWO),
    ),
    case(
        "patients in a second table",
        lambda: {
            **images("{:04d}.png", COUNT),
            "labels.csv": table(HEADER, ROWS),
            "patients.csv": table(("image", "patient"), [(name, f"P{n // 2}") for n, (name, _) in enumerate(ROWS)]),
        },
        used(TWO, groups=13),
    ),
    case(
        "splits in a second table",
        lambda: {
            **images("{:04d}.png", COUNT),
            "labels.csv": table(HEADER, ROWS),
            "splits.csv": table(
                ("file", "split"), [(name, ["train", "test"][n % 2]) for n, (name, _) in enumerate(ROWS)]
            ),
        },
        used(TWO, splits={"train": 13, "test": 13}),
    ),
    case(
        "labels by patient in a second table",
        lambda: {
            **images("{:04d}.png", COUNT),
            "images.csv": table(("file", "patient_id"), [(name, f"P{n // 2}") for n, (name, _) in enumerate(ROWS)]),
            "patients.csv": table(
                ("patient_id", "diagnosis", "age"), [(f"P{n}", CLASSES[n > 5], 40 + n) for n in range(13)]
            ),
        },
        used(TWO, groups=13),
    ),
    case(
        "class folders and a table of patients",
        lambda: {
            **images("benign/{:04d}.png", 12),
            **images("malignant/{:04d}.png", 14),
            "patients.csv": table(
                ("file", "patient"),
                [(f"{CLASSES[n > 11]}/{n - 12 * (n > 11):04d}.png", f"P{n // 2}") for n in range(COUNT)],
            ),
        },
        used(TWO, groups=13),
    ),
    case(
        "class folders and a table of splits",
        lambda: {
            **images("benign/{:04d}.png", 12),
            **images("malignant/{:04d}.png", range(20, 34)),
            "splits.csv": table(
                ("file", "split"), [(f"{n:04d}.png", ["train", "test"][n % 2]) for n in [*range(12), *range(20, 34)]]
            ),
        },
        used(TWO, splits={"train": 13, "test": 13}),
    ),
    case(
        "class folders and lists of splits",
        lambda: {
            **images("benign/{:04d}.png", 12),
            **images("malignant/{:04d}.png", 14),
            "train.txt": b"".join(f"benign/{n:04d}.png\nmalignant/{n:04d}.png\n".encode() for n in range(10)),
            "test.txt": b"benign/0010.png\nbenign/0011.png\n"
            + b"".join(f"malignant/{n:04d}.png\n".encode() for n in range(10, 14)),
        },
        used(TWO, splits={"train": 20, "test": 6}),
    ),
    case(
        "class folders and the same labels in a table",
        lambda: {
            **images("benign/{:04d}.png", 12),
            **images("malignant/{:04d}.png", 14),
            "labels.csv": table(
                HEADER, [(f"{name}/{n:04d}.png", name) for name, count in TWO.items() for n in range(count)]
            ),
        },
        used(TWO),
    ),
    case(
        "class folders and other labels in a table",
        lambda: {
            **images("benign/{:04d}.png", 12),
            **images("malignant/{:04d}.png", 14),
            "labels.csv": table(
                HEADER,
                [(f"{name}/{n:04d}.png", ["x", "y"][n % 2]) for name, count in TWO.items() for n in range(count)],
            ),
        },
        asked({"x": 13, "y": 13}),
    ),
    case(
        "class folders and a table of other images",
        lambda: {
            **images("benign/{:04d}.png", 12),
            **images("malignant/{:04d}.png", 14),
            "labels.csv": table(HEADER, [(f"other{n}.png", "x") for n in range(9)]),
        },
        asked(TWO, says=("table-without-labels",)),
    ),
]


BESIDE_OTHERS = [
    case(
        "a summary of prefixes",
        lambda: {**images("benign_{}.png", 12), **images("malignant_{}.png", 14), "summary.csv": SUMMARY},
        asked(TWO),
    ),
    case("a summary of class folders", lambda: {**two_classes(), "summary.csv": SUMMARY}, used(TWO)),
    case(
        "a table for the training and test part of each fold",
        lambda: {
            **images("{:04d}.png", COUNT),
            **{
                f"fold{fold}_{name}.csv": folded(fold, name == "test")
                for fold in range(3)
                for name in ("train", "test")
            },
        },
        asked({"benign": 12, "malignant": 14}),
    ),
    case(
        "a table in each class folder",
        lambda: {
            **two_classes(),
            "benign/labels.csv": table(HEADER, [(f"img{n:03d}.png", "benign") for n in range(12)]),
            "malignant/labels.csv": table(HEADER, [(f"img{n:03d}.png", "malignant") for n in range(14)]),
        },
        used(TWO),
    ),
    case(
        "numbers of patients that lost their zeros",
        lambda: {
            **images("{}.png", [f"{n // 2:04d}_{n % 2}" for n in range(COUNT)]),
            "patients.csv": table(("patient", "diagnosis"), [(n, CLASSES[n > 5]) for n in range(13)]),
        },
        used(TWO, groups=13),
    ),
    case(
        "a list of files with 0 and 1",
        with_text("".join(f"{n:04d}.png {int(n > 11)}\n" for n in range(COUNT)), name="list.txt"),
        used(HALF),
    ),
    case(
        "what two readers say",
        labelled(lambda n: [f"{n:04d}.png", LABELS[n], LABELS[(n + 1) % COUNT]], ("image", "reader_1", "reader_2")),
        asked(TWO),
    ),
    case(
        "image quality beside grades",
        labelled(lambda n: [f"{n:04d}.png", ["good", "bad"][n % 2], n % 3], ("image", "quality", "grade")),
        used({"0": 9, "1": 9, "2": 8}),
    ),
]


@pytest.mark.parametrize("case", each(*GROUPS_AND_SPLITS))
def test_groups_and_splits_are_found_in_tables(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected


@pytest.mark.parametrize("case", each(*BESIDE_OTHERS))
def test_a_table_of_something_else_is_not_taken_for_labels(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected
