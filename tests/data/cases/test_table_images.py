"""How tables name their images: paths, ids, patients, and names that fit none or several."""

import unicodedata
from pathlib import Path

import pytest

from tests.data.cases.expected import Case, asked, case, each, observed, refused, used
from tests.data.cases.label_tables import (
    COUNT,
    HEADER,
    LABELS,
    ROWS,
    labelled,
)
from tests.data.cases.trees import TWO, images, table

IMAGES = [
    case("without extension", labelled(lambda n: [f"{n:04d}", LABELS[n]]), used(TWO)),
    case("other extension", labelled(lambda n: [f"{n:04d}.dcm", LABELS[n]]), used(TWO, says=("names-differ",))),
    case("upper-case extension", labelled(lambda n: [f"{n:04d}.PNG", LABELS[n]]), used(TWO, says=("names-differ",))),
    case(
        "half in upper case",
        lambda: {
            **images("{:04d}.jpg", range(0, COUNT, 2)),
            **images("{:04d}.JPG", range(1, COUNT, 2)),
            "labels.csv": table(HEADER, [(f"{n:04d}.jpg", LABELS[n]) for n in range(COUNT)]),
        },
        used(TWO, says=("names-differ",)),
    ),
    case("extension twice", labelled(lambda n: [f"{n:04d}.jpg", LABELS[n]], pattern="{:04d}.jpg.jpg"), used(TWO)),
    case(
        "full stop before the extension",
        labelled(lambda n: [f"{n:04d}..png", LABELS[n]], pattern="{:04d}..png"),
        used(TWO),
    ),
    case("absolute paths", labelled(lambda n: [f"/home/me/data/{n:04d}.png", LABELS[n]]), used(TWO)),
    case(
        "drive letters",
        labelled(lambda n: [rf"D:\Study\img\{n:04d}.png", LABELS[n]], pattern="img/{:04d}.png"),
        used(TWO),
    ),
    case("backslashes", labelled(lambda n: [rf"img\{n:04d}.png", LABELS[n]], pattern="img/{:04d}.png"), used(TWO)),
    case("dot slash", labelled(lambda n: [f"./img/{n:04d}.png", LABELS[n]], pattern="img/{:04d}.png"), used(TWO)),
    case("base names", labelled(pattern="img/{:04d}.png"), used(TWO)),
    case("addresses", labelled(lambda n: [f"https://example.org/a/{n:04d}.png", LABELS[n]]), used(TWO)),
    case(
        "addresses with a query",
        labelled(lambda n: [f"https://example.org/a/{n:04d}.png?size=large", LABELS[n]]),
        used(TWO),
    ),
    case(
        "NFD on disk",
        labelled(
            lambda n: [f"Säugling_{n:04d}.png", LABELS[n]], pattern=unicodedata.normalize("NFD", "Säugling_{:04d}.png")
        ),
        used(TWO),
    ),
    case("lost zeros", labelled(lambda n: [n, LABELS[n]], ("id", "class")), used(TWO, says=("names-differ",))),
    case("ids as floats", labelled(lambda n: [float(n), LABELS[n]], ("id", "class")), used(TWO)),
    case(
        "ids in scientific notation",
        labelled(lambda n: [f"{123450 + n:.2E}", LABELS[n]], ("id", "class"), pattern="{:06d}.png"),
        refused(),
    ),
    case(
        "many images of an id",
        lambda: {
            **images("P{:03d}_left.png", COUNT),
            **images("P{:03d}_right.png", COUNT),
            "labels.csv": table(("id", "class"), [(f"P{n:03d}", LABELS[n]) for n in range(COUNT)]),
        },
        used({"benign": 24, "malignant": 28}, groups=COUNT),
    ),
    case(
        "two columns of images",
        lambda: {
            **images("a{:03d}.png", COUNT),
            **images("b{:03d}.png", COUNT),
            "labels.csv": table(
                ("left", "right", "class"), [(f"a{n:03d}.png", f"b{n:03d}.png", LABELS[n]) for n in range(COUNT)]
            ),
        },
        asked(TWO, says=("unlabelled-images",)),
    ),
    case(
        "a folder for each patient",
        lambda: {
            **images("P{:03d}/1.png", COUNT),
            **images("P{:03d}/2.png", COUNT),
            "patients.csv": table(("patient", "diagnosis"), [(f"P{n:03d}", LABELS[n]) for n in range(COUNT)]),
        },
        used({"benign": 24, "malignant": 28}, groups=COUNT),
    ),
    case(
        "a folder for each patient below splits",
        lambda: {
            **images("train/P{:03d}/1.png", range(20)),
            **images("test/P{:03d}/1.png", range(20, COUNT)),
            "patients.csv": table(("patient", "diagnosis"), [(f"P{n:03d}", LABELS[n]) for n in range(COUNT)]),
        },
        used(TWO, groups=COUNT, splits={"train": 20, "test": 6}),
    ),
    case(
        "patients in folders beside file names",
        lambda: {
            **images("P{:03d}/a.png", COUNT),
            "labels.csv": table(HEADER, [(f"P{n:03d}/a.png", LABELS[n]) for n in range(COUNT)]),
        },
        used(TWO, groups=COUNT),
    ),
    case(
        "splits in folders",
        lambda: {
            **images("train/{:04d}.png", range(20)),
            **images("test/{:04d}.png", range(20, COUNT)),
            "labels.csv": table(HEADER, ROWS),
        },
        used(TWO, splits={"train": 20, "test": 6}, says=("splits-from-folders",)),
    ),
    case(
        "folds in folders",
        lambda: {
            **images("fold_0/{:04d}.png", range(0, COUNT, 2)),
            **images("fold_1/{:04d}.png", range(1, COUNT, 2)),
            "labels.csv": table(HEADER, ROWS),
        },
        asked(TWO, splits={"train": 13, "test": 13}),
    ),
    case(
        "same names in two folders",
        lambda: {**images("a/{:04d}.png", COUNT), **images("b/{:04d}.png", COUNT), "labels.csv": table(HEADER, ROWS)},
        asked({"a": COUNT, "b": COUNT}, says=("ambiguous-rows",)),
    ),
    case(
        "path and id disagree",
        labelled(lambda n: [f"{n:04d}.png", f"{(n + 1) % COUNT:04d}", LABELS[n]], ("path", "image_id", "class")),
        used(TWO),
    ),
    case(
        "some files missing",
        labelled(lambda n: [f"{n if n < 20 else n + 500:04d}.png", LABELS[n]]),
        used({"benign": 12, "malignant": 8}, says=("missing-files", "unlabelled-images")),
    ),
    case("none of the files", labelled(lambda n: [f"scan{n:04d}.png", LABELS[n]]), refused()),
    case(
        "names of 255 bytes",
        labelled(lambda n: [f"{'x' * 240}_{n:010d}.png", LABELS[n]], pattern="x" * 240 + "_{:010d}.png"),
        used(TWO),
    ),
]


@pytest.mark.parametrize("case", each(*IMAGES))
def test_a_table_finds_its_images(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected
