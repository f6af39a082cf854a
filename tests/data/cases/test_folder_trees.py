"""Trees of folders as people keep them: classes, splits, patients, masks and what else lies beside."""

from pathlib import Path

import pytest

from tests.data.cases.expected import Case, asked, case, each, observed, refused, used
from tests.data.cases.trees import TWO, Tree, images, two_classes


def splits(pattern: str, **counts: tuple[int, int]) -> Tree:
    """Two classes in each split, whose name replaces the first field of the pattern."""
    return {
        path: content
        for split, count in counts.items()
        for path, content in two_classes(pattern.replace("{split}", split), count).items()
    }


def twice(tree: Tree, folder: str) -> Tree:
    """The tree, and a copy of it in a folder."""
    return {**tree, **{f"{folder}/{path}": content for path, content in tree.items()}}


EVERY = {"train": (12, 14), "val": (4, 4), "test": (4, 6)}
ALL = {"benign": 20, "malignant": 24}
GIVEN = {"train": 26, "val": 8, "test": 10}

CLASSES_AND_SPLITS = [
    case("class folders", two_classes, used(TWO)),
    case("below two folders", lambda: two_classes("my data/export/{}/{}.png"), used(TWO)),
    case("splits above classes", lambda: splits("{split}/{}/{}.png", **EVERY), used(ALL, splits=GIVEN)),
    case("classes above splits", lambda: splits("{}/{split}/{}.png", **EVERY), used(ALL, splits=GIVEN)),
    case(
        "Training and Testing",
        lambda: splits("{split}/{}/{}.png", Training=(12, 14), Testing=(4, 4)),
        used({"benign": 16, "malignant": 18}, splits={"train": 26, "test": 8}),
    ),
    case(
        "trainset, validate, holdout",
        lambda: splits("{split}/{}/{}.png", trainset=(12, 14), validate=(4, 4), holdout=(4, 6)),
        used(ALL, splits=GIVEN),
    ),
    case(
        "German splits",
        lambda: splits("{split}/{}/{}.png", Training=(12, 14), Validierung=(4, 4), Test=(4, 6)),
        used(ALL, splits=GIVEN),
    ),
    case(
        "train and valid only",
        lambda: splits("{split}/{}/{}.png", train=(12, 14), valid=(4, 4)),
        used({"benign": 16, "malignant": 18}, splits={"train": 26, "val": 8}),
    ),
    case("only a test set", lambda: splits("{split}/{}/{}.png", test=(12, 14)), refused("no-training-images")),
    case(
        "splits and one more folder",
        lambda: {**splits("{split}/{}/{}.png", **EVERY), **images("single_prediction/{}.png", 3)},
        used(ALL, splits=GIVEN, says=("images-left-out",)),
    ),
    case(
        "splits and an unlabelled test set",
        lambda: {**splits("{split}/{}/{}.png", train=(12, 14)), **images("test/{}.png", 8)},
        used(TWO, splits={"train": 26}, says=("unlabelled-images",)),
    ),
    case(
        "a class only in test",
        lambda: {**splits("{split}/{}/{}.png", train=(12, 14), test=(4, 4)), **images("test/rare/{}.png", 4)},
        refused("class-without-training-images"),
    ),
    case(
        "folds",
        lambda: splits("{split}/{}/{}.png", fold1=(6, 8), fold2=(6, 8), fold3=(6, 8)),
        asked({"benign": 18, "malignant": 24}, splits={"train": 28, "test": 14}),
    ),
    case(
        "folds with splits of their own",
        lambda: {
            path: content
            for fold in ("fold1", "fold2")
            for path, content in splits(f"{fold}/{{split}}/{{}}/{{}}.png", train=(6, 8), test=(3, 3)).items()
        },
        asked({"benign": 9, "malignant": 11}, splits={"train": 14, "test": 6}, says=("images-left-out",)),
    ),
    case("years above classes", lambda: splits("{split}/{}/{}.png", **{"2019": (6, 8), "2020": (6, 6)}), used(TWO)),
    case(
        "hospitals above classes", lambda: splits("{split}/{}/{}.png", hospital_A=(6, 8), hospital_B=(6, 6)), used(TWO)
    ),
    case(
        "magnifications above classes",
        lambda: splits("{split}/{}/{}.png", **{"40X": (6, 8), "100X": (6, 6)}),
        used(TWO),
    ),
    case("stains above classes", lambda: splits("{split}/{}/{}.png", HE=(6, 8), IHC=(6, 6)), asked(TWO)),
    case(
        "CycleGAN",
        lambda: {
            **images("trainA/{}.png", 12),
            **images("trainB/{}.png", 12),
            **images("testA/{}.png", 4),
            **images("testB/{}.png", 4),
        },
        asked({"testA": 4, "testB": 4, "trainA": 12, "trainB": 12}),
    ),
    case(
        "the whole tree again",
        lambda: twice(splits("data/{split}/{}/{}.png", **EVERY), "data"),
        used(ALL, splits=GIVEN, says=("images-left-out",)),
    ),
    case("Kaggle OCT", lambda: splits("OCT2017 /{split}/{}/{}.jpeg", **EVERY), used(ALL, splits=GIVEN)),
    case("classes by number", lambda: {**images("0/{}.png", 12), **images("1/{}.png", 14)}, asked({"0": 12, "1": 14})),
    case(
        "splits with classes by number",
        lambda: {
            **images("train/0/{}.png", 12),
            **images("train/1/{}.png", 14),
            **images("test/0/{}.png", 4),
            **images("test/1/{}.png", 4),
        },
        used({"0": 16, "1": 18}, splits={"train": 26, "test": 8}),
    ),
    case(
        "grades",
        lambda: {**images("grade_1/{}.png", 12), **images("grade_2/{}.png", 14), **images("grade_3/{}.png", 13)},
        used({"grade_1": 12, "grade_2": 14, "grade_3": 13}),
    ),
    case(
        "synsets",
        lambda: {**images("n01440764/{}.png", 12), **images("n01443537/{}.png", 14)},
        used({"n01440764": 12, "n01443537": 14}),
    ),
    case(
        "a hundred classes",
        lambda: images("class_{0[0]:03d}/{0[1]}.png", [(name, n) for name in range(100) for n in range(3)]),
        used({f"class_{name:03d}": 3 for name in range(100)}),
    ),
]

PATIENTS = [
    case(
        "patients above classes",
        lambda: {
            path: content
            for p in range(6)
            for path, content in two_classes(f"patient_{p:02d}/{{}}/{{}}.png", (4, 5)).items()
        },
        used({"benign": 24, "malignant": 30}, groups=6),
    ),
    case(
        "patients below classes",
        lambda: images(
            "{0[0]}/patient_{0[1]:02d}/{0[2]}.png",
            [
                (name, p, n)
                for k, name in enumerate(("benign", "malignant"))
                for p in range(10 * k, 10 * k + 6)
                for n in range(3 + k)
            ],
        ),
        used({"benign": 18, "malignant": 24}, groups=12),
    ),
    case(
        "initials and numbers below classes",
        lambda: images(
            "{0[0]}/P{0[1]:03d}/{0[2]}.png",
            [
                (name, p, n)
                for k, name in enumerate(("benign", "malignant"))
                for p in range(10 * k, 10 * k + 6)
                for n in range(3)
            ],
        ),
        used({"benign": 18, "malignant": 18}, groups=12),
    ),
    case(
        "patients alone",
        lambda: images("patient_{0[0]:02d}/{0[1]}.png", [(p, n) for p in range(8) for n in range(3)]),
        asked({f"patient_{p:02d}": 3 for p in range(8)}),
    ),
    case(
        "slides below classes",
        lambda: images(
            "{0[0]}/slide_{0[1]}/{0[2]}.png",
            [
                (name, s, n)
                for k, name in enumerate(("benign", "malignant"))
                for s in range(10 * k, 10 * k + 6)
                for n in range(3)
            ],
        ),
        used({"benign": 18, "malignant": 18}, groups=12),
    ),
    case(
        "dates above classes",
        lambda: {
            path: content
            for day in range(1, 8)
            for path, content in two_classes(f"2021-03-{day:02d}/{{}}/{{}}.png", (2, 3)).items()
        },
        used({"benign": 14, "malignant": 21}),
    ),
    case(
        "left and right eyes",
        lambda: {
            **images("healthy/{}_left.png", range(12)),
            **images("healthy/{}_right.png", range(12)),
            **images("ill/{}_left.png", range(20, 34)),
            **images("ill/{}_right.png", range(20, 34)),
        },
        used({"healthy": 24, "ill": 28}, says=("groups-offered",)),
    ),
    case(
        "views alone",
        lambda: {**images("left/{}.png", 12), **images("right/{}.png", 14)},
        asked({"left": 12, "right": 14}),
    ),
    case(
        "cases as classes",
        lambda: {**images("case/{}.png", 12), **images("control/{}.png", 14)},
        used({"case": 12, "control": 14}),
    ),
    case(
        "parts alone",
        lambda: {**images("part1/{}.png", 12), **images("part2/{}.png", 14)},
        asked({"part1": 12, "part2": 14}),
    ),
    case(
        "dates alone",
        lambda: {**images("2021-01-01/{}.png", 12), **images("2021-01-02/{}.png", 14)},
        asked({"2021-01-01": 12, "2021-01-02": 14}),
    ),
    case(
        "running numbers alone",
        lambda: images("{0[0]:05d}/{0[1]}.png", [(folder, n) for folder in range(4) for n in range(8)]),
        asked({f"{folder:05d}": 8 for folder in range(4)}),
    ),
    case(
        "classes in parts",
        lambda: {**two_classes("part1/{}/{}.png", (6, 8)), **two_classes("part2/{}/x{}.png", (6, 6))},
        used(TWO),
    ),
    case(
        "class names with the patient",
        lambda: images(
            "{0}.png",
            [
                f"{name}/{name}_P{p:02d}_{n}"
                for k, name in enumerate(("benign", "malignant"))
                for p in range(6 * k, 6 * k + 6)
                for n in range(3)
            ],
        ),
        used({"benign": 18, "malignant": 18}, says=("groups-offered",)),
    ),
]

BESIDE = [
    case(
        "class in the file name",
        lambda: images("{}.png", [f"{name}_{n:03d}" for name, count in TWO.items() for n in range(count)]),
        asked(TWO),
    ),
    case(
        "class at the end of the file name",
        lambda: images("{}.png", [f"img{n:03d}_{name}" for name, count in TWO.items() for n in range(count)]),
        asked(TWO),
    ),
    case("no labels at all", lambda: images("{:04d}.png", 26), refused()),
    case("a single folder", lambda: images("images/{:04d}.png", 26), refused()),
    case("one class", lambda: images("nuclei/{:04d}.png", 26), asked({"nuclei": 26})),
    case("images and masks", lambda: {**images("images/{}.png", 26), **images("masks/{}.png", 26)}, refused()),
    case(
        "classes with masks beside the images",
        lambda: {**two_classes(), **two_classes("{}/img{:03d}_mask.png")},
        used(TWO, says=("images-left-out",)),
    ),
    case(
        "masks as a twin of the classes",
        lambda: {**two_classes("images/{}/{}.png"), **two_classes("masks/{}/{}.png")},
        used(TWO, says=("images-left-out",)),
    ),
    case(
        "masks in each class",
        lambda: {**two_classes("{}/images/{}.png"), **two_classes("{}/masks/{}.png")},
        used(TWO, says=("images-left-out",)),
    ),
    case(
        "overlays in each class",
        lambda: {**two_classes(), **two_classes("{}/overlay/img{:03d}_overlay.png")},
        used(TWO, says=("images-left-out",)),
    ),
    case(
        "thumbnails beside the classes",
        lambda: {**two_classes(), **images("thumbs/img{:03d}.png", 14)},
        used(TWO, says=("images-left-out",)),
    ),
    case(
        "thumbnails in each class",
        lambda: {**two_classes(), **two_classes("{}/thumbs/img{:03d}.png")},
        used(TWO, says=("images-left-out",)),
    ),
    case(
        "thumbnails by suffix",
        lambda: {**two_classes(), **two_classes("{}/img{:03d}_thumb.png")},
        used(TWO, says=("images-left-out",)),
    ),
    case(
        "augmented copies beside originals",
        lambda: {**two_classes("original/{}/{}.png"), **two_classes("augmented/{}/{}_aug.png")},
        asked(TWO),
    ),
    case("copied folder", lambda: {**two_classes(), **images("benign - Copy/{}.png", 12)}, asked(TWO)),
    case(
        "unlabelled",
        lambda: {**two_classes(), **images("unlabelled/{}.png", 10)},
        asked(TWO, says=("unlabelled-kept",)),
    ),
    case("unknown", lambda: {**two_classes(), **images("unknown/{}.png", 10)}, asked({**TWO, "unknown": 10})),
    case(
        "a picture at the top",
        lambda: {**two_classes(), **images("sample.png", 1)},
        used(TWO, says=("unlabelled-images",)),
    ),
    case("many pictures at the top", lambda: {**two_classes(), **images("{}.png", 60)}, asked(TWO)),
    case("results of another program", lambda: {**two_classes(), **images("predictions/{}.png", 10)}, asked(TWO)),
    case("an empty class folder", lambda: {**two_classes(), "normal/.keep": b""}, used(TWO)),
    case(
        "classes that differ in case",
        lambda: {
            **splits("train/{}/{}.png", x=(12, 14)),
            **images("test/Benign/{}.png", 4),
            **images("test/Malignant/{}.png", 4),
        },
        used({"benign": 16, "malignant": 18}, splits={"train": 26, "test": 8}, says=("classes-renamed",)),
    ),
    case(
        "classes that differ by a space at the end",
        lambda: {**two_classes(), **images("benign /x{}.png", 5)},
        used({"benign": 17, "malignant": 14}, says=("classes-renamed",)),
    ),
    case(
        "odd class names",
        lambda: {
            **images("grade 2 (low)/{}.png", 12),
            **images("déjà vu & co/{}.png", 12),
            **images("🧬 cells/{}.png", 12),
            **images("-dash/{}.png", 12),
            **images("50% #1/{}.png", 12),
            **images('it\'s "q"/{}.png', 12),
            **images("$x_1$ *y* [z]/{}.png", 12),
        },
        used(
            dict.fromkeys(
                ("grade 2 (low)", "déjà vu & co", "🧬 cells", "-dash", "50% #1", 'it\'s "q"', "$x_1$ *y* [z]"), 12
            )
        ),
    ),
    case(
        "leftovers of programs",
        lambda: {
            **two_classes(),
            "Thumbs.db": b"x",
            ".DS_Store": b"x",
            "desktop.ini": b"x",
            "benign/._img000.png": b"\0\5\x16\7",
            "benign/@eaDir/img000.png@SynoEAStream": b"x",
            "benign/.ipynb_checkpoints/img000-checkpoint.png": b"x",
            "benign/Shortcut.lnk": b"L\0\0\0",
            "~$notes.docx": b"x",
        },
        used(TWO, says=("other-files",)),
    ),
    case(
        "one class of one image", lambda: {**two_classes(), **images("rare/{}.png", 1)}, refused("class-nearly-empty")
    ),
    case(
        "a class of two images",
        lambda: {**two_classes(), **images("rare/{}.png", 2)},
        used({**TWO, "rare": 2}, says=("class-too-small",)),
    ),
    case(
        "subfolders of a class",
        lambda: {**two_classes(), **images("benign/good ones/{}.png", 5)},
        used({"benign": 17, "malignant": 14}, says=("subfolders",)),
    ),
    case(
        "slices of one stack",
        lambda: {**images("benign/stack1_z{:03d}.png", 12), **images("malignant/stack9_z{:03d}.png", 14)},
        used(TWO),
    ),
    case(
        "archives inside",
        lambda: {**two_classes(), "more.zip": b"PK\3\4" + bytes(60)},
        used(TWO, says=("unread-images",)),
    ),
    case(
        "only archives inside",
        lambda: {"benign.zip": b"PK\3\4" + bytes(60), "malignant.zip": b"PK\3\4" + bytes(60)},
        refused(),
    ),
    case("videos", lambda: {"benign/a.mp4": b"\0\0\0\x18ftypmp42", "malignant/b.avi": b"RIFF0000AVI "}, refused()),
    case(
        "slides in a format that is not read",
        lambda: {
            **images("benign/{}.svs", 3, lambda name: b"II*\0"),
            **images("malignant/{}.ndpi", 3, lambda name: b"II*\0"),
        },
        refused(),
    ),
    case("nothing", lambda: {"notes.txt": b"to do"}, refused()),
]


@pytest.mark.parametrize("case", each(*CLASSES_AND_SPLITS))
def test_classes_and_splits_are_told_apart(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected


@pytest.mark.parametrize("case", each(*PATIENTS))
def test_patients_and_parts_are_no_classes(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected


@pytest.mark.parametrize("case", each(*BESIDE))
def test_what_lies_beside_the_images_is_left_out_aloud(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected
