"""What the cells of tables mean: classes, attributes, several labels, and what is neither."""

from pathlib import Path

import pytest

from tests.data.cases.expected import Case, asked, case, each, observed, refused, used
from tests.data.cases.label_tables import (
    COUNT,
    HALF,
    HEADER,
    LABELS,
    ROWS,
    attribute,
    columns,
    labelled,
)
from tests.data.cases.trees import CLASSES, TWO, Tree, images, table


def probabilities() -> Tree:
    return labelled(lambda n: [f"{n:04d}.png", round(0.03 + n / 27, 3)], ("file", "malignancy"))()


def words(number: int) -> str:
    return f"lesion {number} with some scales seen by dermatologist {number % 7}"


MEANINGS = [
    case("integers", labelled(lambda n: [f"{n:04d}.png", int(n > 11)]), used(HALF)),
    case("floats", labelled(lambda n: [f"{n:04d}.png", float(n > 11)]), used(HALF)),
    case("filename and label", labelled(header=("filename", "label")), used(TWO)),
    case(
        "German",
        labelled(lambda n: [f"{n:04d}.png", LABELS[n], f"P{n // 2}"], ("Datei", "Klasse", "Patient"), delimiter=";"),
        used(TWO, groups=13),
    ),
    case(
        "French",
        labelled(
            lambda n: [f"{n:04d}.png", LABELS[n], f"P{n // 2}"], ("fichier", "étiquette", "patient"), delimiter=";"
        ),
        used(TWO, groups=13),
    ),
    case(
        "Spanish",
        labelled(lambda n: [f"{n:04d}.png", LABELS[n], f"P{n // 2}"], ("archivo", "clase", "paciente")),
        used(TWO, groups=13),
    ),
    case(
        "Chinese",
        labelled(lambda n: [f"{n:04d}.png", LABELS[n], f"P{n // 2}"], ("图像", "类别", "患者")),
        used(TWO, groups=13),
    ),
    case(
        "case and spaces",
        labelled(
            lambda n: [f"{n:04d}.png", ["benign", "Benign", "benign ", "BENIGN"][n % 4] if n < 12 else "malignant"]
        ),
        used({"benign": 12, "malignant": 14} | {}, says=("class-names-alike",)),
    ),
    case(
        "nan",
        labelled(lambda n: [f"{n:04d}.png", LABELS[n] if n % 3 else "nan"]),
        used({"benign": 8, "malignant": 9}, says=("empty-labels",)),
    ),
    case(
        "question marks",
        labelled(lambda n: [f"{n:04d}.png", LABELS[n] if n % 3 else "?"]),
        used({"benign": 8, "malignant": 9}, says=("empty-labels",)),
    ),
    case(
        "ungradable",
        labelled(lambda n: [f"{n:04d}.png", str(n % 3) if n % 5 else "ungradable"], ("file", "grade")),
        asked({"0": 7, "1": 7, "2": 6, "ungradable": 6}),
    ),
    case(
        "unknown",
        labelled(lambda n: [f"{n:04d}.png", LABELS[n] if n % 5 else "unknown"]),
        asked({"benign": 9, "malignant": 11, "unknown": 6}),
    ),
    case("True and False", attribute([False, True]), used({"melanoma": 14}, kind="attributes")),
    case("yes and no", attribute(["no", "yes"]), used({"melanoma": 14}, kind="attributes")),
    case("-1 and 1", attribute([-1, 1]), used({"melanoma": 14}, kind="attributes")),
    case("0.0 and 1.0", attribute([0.0, 1.0]), used({"melanoma": 14}, kind="attributes")),
    case(
        "positive and negative",
        labelled(lambda n: [f"{n:04d}.png", ["negative", "positive"][n > 11]], ("file", "result")),
        used({"negative": 12, "positive": 14}),
    ),
    case(
        "one-hot",
        labelled(lambda n: [f"{n:04d}.png", int(n < 12), int(n > 11)], ("file", "MEL", "NV")),
        used({"MEL": 12, "NV": 14}),
    ),
    case(
        "one-hot floats",
        labelled(lambda n: [f"{n:04d}.png", float(n < 12), float(n > 11)], ("file", "MEL", "NV")),
        used({"MEL": 12, "NV": 14}),
    ),
    case(
        "one-hot with empty rows",
        labelled(lambda n: [f"{n:04d}.png", int(n < 12), int(12 <= n < 22)], ("file", "MEL", "NV")),
        asked({"MEL": 12, "NV": 10}, says=("empty-labels",)),
    ),
    case(
        "several ones in a row",
        labelled(lambda n: [f"{n:04d}.png", int(n < 12), int(n > 5)], ("file", "edema", "effusion")),
        used({"edema": 12, "effusion": 20}, kind="attributes"),
    ),
    case(
        "pipe",
        labelled(lambda n: [f"{n:04d}.png", ["No Finding", "edema", "edema|effusion"][n % 3]], ("file", "findings")),
        used({"edema": 17, "effusion": 8}, kind="attributes"),
    ),
    case(
        "semicolon",
        labelled(lambda n: [f"{n:04d}.png", ["none", "edema", "edema;effusion"][n % 3]], ("file", "findings")),
        used({"edema": 17, "effusion": 8}, kind="attributes"),
    ),
    case(
        "lists of Python",
        labelled(lambda n: [f"{n:04d}.png", ["[]", "['edema']", "['edema', 'effusion']"][n % 3]], ("file", "findings")),
        used({"edema": 17, "effusion": 8}, kind="attributes"),
    ),
    case(
        "commas in a cell",
        labelled(lambda n: [f"{n:04d}.png", ["none", "edema", "edema, effusion"][n % 3]], ("file", "findings")),
        asked({"edema": 17, "effusion": 8}, kind="attributes"),
    ),
    case(
        "uncertain and empty",
        labelled(
            lambda n: [f"{n:04d}.png", *(["1.0", "", "-1.0", "0.0"][(n + k) % 4] for k in range(2))],
            ("file", "edema", "effusion"),
        ),
        asked({"edema": 7, "effusion": 6}, kind="attributes", says=("empty-labels", "uncertain-labels")),
    ),
    case(
        "empty attributes",
        labelled(lambda n: [f"{n:04d}.png", ["1", "", "0"][n % 3]], ("file", "edema")),
        asked({"edema": 9}, kind="attributes", says=("empty-labels",)),
    ),
    case(
        "a class in each of two rows",
        lambda: {
            **images("{:04d}.png", 13),
            "labels.csv": table(HEADER, [(f"{n // 2:04d}.png", CLASSES[n % 2]) for n in range(COUNT)]),
        },
        asked({"benign": 13, "malignant": 13}, kind="attributes"),
    ),
    case(
        "the same row twice",
        lambda: {**images("{:04d}.png", COUNT), "labels.csv": table(HEADER, [*ROWS, *ROWS[:5]])},
        used(TWO, says=("repeated-rows",)),
    ),
    case("probabilities", probabilities, refused()),
    case("ages", labelled(lambda n: [f"{n:04d}.png", 20 + n * 2], ("file", "age")), refused()),
    case("free text", labelled(lambda n: [f"{n:04d}.png", words(n)], ("file", "diagnosis")), asked({})),
    case("two class columns", columns(["grade"], lambda n: n % 3), used(TWO, says=("unused-columns",))),
    case(
        "two plausible columns",
        labelled(
            lambda n: [f"{n:04d}.png", ["red", "blue"][n % 2], ["round", "long"][n > 11]], ("file", "colour", "shape")
        ),
        asked({"red": 13, "blue": 13}),
    ),
    case(
        "a number and its name",
        labelled(lambda n: [f"{n:04d}.png", int(n > 11), LABELS[n]], ("file", "label", "label_name")),
        used(TWO),
    ),
    case(
        "clinical columns",
        labelled(
            lambda n: [f"{n:04d}.png", 30 + n, "MF"[n % 2], LABELS[n], "camera A"],
            ("image", "age", "sex", "dx", "device"),
        ),
        used(TWO, says=("unused-columns",)),
    ),
    case(
        "columns named like options",
        columns(["drop", "rename", "levels", "root"], lambda n: n % 2, lambda n: "x", lambda n: "y", lambda n: ""),
        used(TWO),
    ),
]


@pytest.mark.parametrize("case", each(*MEANINGS))
def test_cells_mean_what_people_mean(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected
