"""Which readings of a tree of folders are plausible, and which of them needs no question."""

from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan.data.ingest.labels.folders import twins
from tests.data.ingest.labels.folder_trees import only, propose, tree


def test_class_folders() -> None:
    reading = only(propose(*tree("benign", "malignant"))).reading
    assert (reading.root, reading.levels, reading.leave_out) == ("", ("class",), ())


@pytest.mark.parametrize("top", ["export", "a/b/c", "my data", "OCT2017 ", "images"])
def test_single_top_folders_are_the_root(top: str) -> None:
    reading = only(propose(*tree(f"{top}/benign", f"{top}/malignant"))).reading
    assert (reading.root, reading.levels) == (top, ("class",))


@pytest.mark.parametrize("top", ["", "set/"])
def test_splits_above_classes(top: str) -> None:
    folders = [f"{top}{split}/{name}" for split in ("Training", "valid", "holdout") for name in ("a", "b")]
    reading = only(propose(*tree(*folders))).reading
    assert (reading.root, reading.levels, reading.splits) == (top.rstrip("/"), ("split", "class"), {})


def test_a_split_is_not_a_top_folder() -> None:
    assert only(propose(*tree("train/a", "train/b"))).reading.levels == ("split", "class")


def test_splits_that_only_their_context_tells() -> None:
    folders = [f"tumour_{split}/{name}" for split in ("train", "eval", "validation") for name in ("a", "b")]
    reading = only(propose(*tree(*folders))).reading
    assert reading.splits == {"tumour_train": "train", "tumour_eval": "test", "tumour_validation": "val"}


def test_classes_above_splits() -> None:
    reading = only(propose(*tree("benign/train", "benign/test", "malignant/train", "malignant/test"))).reading
    assert reading.levels == ("class", "split")


def test_repeated_split_folders() -> None:
    reading = only(propose(*tree(*(f"seg_{s}/seg_{s}/{c}" for s in ("train", "test") for c in ("a", "b"))))).reading
    assert reading.levels == ("split", "ignore", "class")


def test_folds_ask_which_one_is_the_test_set() -> None:
    first, second = propose(*tree(*(f"fold_{fold}/{name}" for fold in range(3) for name in ("all", "hem"))))
    assert first.reading.levels == ("split", "class")
    assert first.reading.splits == {"fold_0": "train", "fold_1": "train", "fold_2": "test"}
    assert (second.reading.levels, second.reading.splits) == (("ignore", "class"), {})
    assert not first.sure
    assert first.doubts


def test_folds_with_splits_of_their_own_ask_for_one() -> None:
    folders = [f"fold_{fold}/{split}/{c}" for fold in (1, 2) for split in ("train", "test") for c in ("a", "b")]
    one, every = propose(*tree(*folders))
    assert one.reading.levels == every.reading.levels == ("ignore", "split", "class")
    assert (one.reading.leave_out, every.reading.leave_out) == (("fold_2/*",), ())
    assert not one.sure


@pytest.mark.parametrize(
    "folders", [["40X", "100X"], ["part_1", "part_2"], ["2018", "2019"], ["scanner_a", "scanner_b"]]
)
def test_what_lies_above_classes_is_named_in_the_title(folders: list[str]) -> None:
    proposal = only(propose(*tree(*(f"{folder}/{name}" for folder in folders for name in ("a", "b")))))
    assert proposal.reading.levels == ("ignore", "class")
    assert folders[0] in proposal.title


def test_patients_above_and_below_classes() -> None:
    above = propose(*tree(*(f"patient_{patient}/{name}" for patient in range(8) for name in ("benign", "malignant"))))
    assert only(above).reading.levels == ("group", "class")
    below = propose(*tree(*(f"{name}/P{patient:03d}" for patient in range(8) for name in ("benign", "malignant"))))
    assert only(below).reading.levels == ("class", "group")
    studies = propose(*tree(*(f"train/{name}/case_{n}/study1" for n in range(8) for name in ("benign", "malignant"))))
    assert only(studies).reading.levels == ("split", "class", "group")


def test_numbered_folders_above_classes_may_be_patients() -> None:
    proposals = propose(*tree(*(f"{patient}/{name}" for patient in range(8863, 8880) for name in ("0", "1"))))
    assert proposals[0].reading.levels == ("group", "class")
    assert not proposals[0].sure


@pytest.mark.parametrize(
    "folders",
    [
        ["part_1", "part_2"],
        ["P001", "P002", "P003"],
        ["00000", "00001"],
        ["0", "1"],
        ["40X", "100X"],
        ["2021-03-04", "2021-03-05"],
        ["scanner_a", "scanner_b"],
        ["only_one"],
    ],
)
def test_folders_that_may_be_no_classes_are_asked_about(folders: list[str]) -> None:
    proposals = propose(*tree(*folders))
    assert [proposal.reading.levels for proposal in proposals] == [("class",)]
    assert not proposals[0].sure
    assert folders[0] in proposals[0].doubts[0]


def test_the_same_numbers_in_all_splits_are_classes() -> None:
    assert only(propose(*tree("train/0", "train/1", "test/0", "test/1"))).reading.levels == ("split", "class")


@pytest.mark.parametrize("folders", [["images"], ["train", "test"], ["train2017", "val2017"], ["images", "data"]])
def test_folders_that_hold_no_classes_give_none(folders: list[str]) -> None:
    assert propose(*tree(*folders)) == []


def test_tiles_of_a_slide_are_no_classes() -> None:
    tiles = [f"slide{slide}_files/{level}/{n}_0.jpeg" for slide in range(3) for level in (10, 11) for n in range(9)]
    assert propose(*tiles) == []
    above = propose(*(f"{name}/{name}_{tile}" for name in ("benign", "malignant") for tile in tiles))
    assert above[0].reading.levels == ("class", "group")
    assert not above[0].sure


def test_loose_images_give_none() -> None:
    assert propose(*(f"{number:04d}.png" for number in range(50))) == []
    assert propose() == []


def test_two_levels_of_words_are_asked_about() -> None:
    proposals = propose(*tree("lung/benign", "lung/malignant", "colon/benign", "colon/malignant"))
    assert [proposal.reading.levels for proposal in proposals] == [("ignore", "class"), ("class",)]
    assert all(proposal.doubts and not proposal.sure for proposal in proposals)


def test_subfolders_of_some_classes_are_ignored() -> None:
    reading = only(
        propose(*tree("benign", "normal", images=40), *tree("malignant/ductal", "malignant/lobular"))
    ).reading
    assert reading.levels == ("class",)


def test_a_folder_beside_the_splits_with_the_same_classes_is_asked_about() -> None:
    files = tree(*(f"{split}/{name}" for split in ("train", "test", "external") for name in ("a", "b")))
    proposals = propose(*files)
    assert proposals[0].reading.leave_out == ("external/*",)
    assert not proposals[0].sure


def test_a_test_split_without_class_folders() -> None:
    reading = only(propose(*tree("train/a", "train/b"), *tree("test", images=200))).reading
    assert reading.levels == ("split", "class")


def test_a_class_unknown_may_be_a_class() -> None:
    as_class, without_label = propose(*tree("benign", "malignant", "unknown"))
    assert (as_class.reading.rename, as_class.reading.unlabelled) == ({}, "leave-out")
    assert (without_label.reading.rename, without_label.reading.unlabelled) == ({"unknown": ""}, "keep")
    assert not as_class.sure


def test_names_that_differ_only_in_case_or_spaces_are_one_class() -> None:
    reading = only(
        propose(*tree("train/Benign", "train/Normal"), *tree("test/benign", "test/normal ", images=5))
    ).reading
    assert reading.rename == {"benign": "Benign", "normal ": "Normal"}
    assert twins({"no_tumour": 3, "No tumour": 2, "tumour": 1}) == {"No tumour": "no_tumour"}
    assert twins({"b ": 3, "b": 2}) == {"b ": "b"}
    assert twins({"grade 1": 3, "grade 2": 2}) == {}


@pytest.mark.parametrize(
    ("names", "part"),
    [
        (["benign_{}", "malignant_{}"], 1),
        (["UID_{}_all", "UID_{}_hem"], -1),
        (["cat.{}", "dog.{}"], 1),
        (["normal ({})", "polyp ({})"], 1),
    ],
)
def test_a_class_in_the_file_names_is_asked_about(names: list[str], part: int) -> None:
    files = [f"train/{name.format(number)}.png" for name in names for number in range(20)]
    first = propose(*files)[0]
    assert (first.reading.levels, first.reading.class_part) == (("split",), part)
    assert not first.sure
    assert first.doubts


def test_a_class_in_the_file_names_of_the_training_images_alone() -> None:
    files = [f"train/{name}.{n}.jpg" for name in ("cat", "dog") for n in range(20)]
    first = propose(*files, *(f"test1/{n}.jpg" for n in range(20)))[0]
    assert (first.reading.levels, first.reading.class_part) == (("split",), 1)


def test_views_below_classes_are_no_classes() -> None:
    proposal = only(
        propose(*tree(*(f"{name}/{view}" for name in ("glaucoma", "normal") for view in ("left", "right"))))
    )
    assert proposal.reading.levels == ("class",)
    assert "left" in proposal.title


def test_labelled_beside_unlabelled_folders() -> None:
    keep, leave = propose(*tree("labelled/a", "labelled/b"), *tree("unlabelled", images=500))
    assert keep.reading.levels == leave.reading.levels == ("ignore", "class")
    assert (keep.reading.unlabelled, leave.reading.unlabelled) == ("keep", "leave-out")


def test_many_videos_are_groups_and_few_plates_are_not() -> None:
    videos = only(
        propose(
            *tree(
                *(f"{c}/video_{n:02d}_{c}" for c in "ab" for n in range(8)),
                *(f"{c}/video_{n}" for c in "ab" for n in range(40)),
            )
        )
    )
    assert videos.reading.levels == ("class", "group")
    plates = only(propose(*tree(*(f"plate{n}/{name}" for n in (1, 2) for name in ("DMSO", "taxol")))))
    assert plates.reading.levels == ("ignore", "class")


def test_sides_in_the_file_names_are_no_classes() -> None:
    assert propose(*(f"{number}_{side}.png" for number in range(20) for side in ("left", "right"))) == []


def test_a_picture_beside_the_classes_changes_nothing() -> None:
    reading = only(propose("set/sample.png", *tree("set/a", "set/b"))).reading
    assert (reading.root, reading.levels) == ("set", ("class",))


def test_many_folders_of_one_image_are_asked_about() -> None:
    proposals = propose(*tree(*(f"{first}{second}" for first in "abcd" for second in "ui"), images=1))
    assert not proposals[0].sure


def test_thousands_of_patients_are_one_kind_of_folders() -> None:
    proposals = propose(*tree(*(f"train/patient{number:05d}" for number in range(3000)), images=2))
    assert [proposal.reading.levels for proposal in proposals] == [("split", "class")]
    assert not proposals[0].sure


NAMES = """train test val benign Benign malignant masks images fold_1 fold_2 P001 P002 0 1 00 40X unlabelled unknown
    results part_1 slide_files x[1] *y ( labels all"""
FOLDERS = st.lists(st.sampled_from([*NAMES.split(), "benign ", "benign - Copy"]), max_size=4).map("/".join)
FILES = st.sampled_from(["{}.png", "{}_mask.png", "benign_{}.jpg", "P{}_1.png", ".{}", "x.png"])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(FOLDERS, FILES, st.sampled_from([1, 3, 20])), min_size=1, max_size=8))
def test_every_reading_of_any_tree_leaves_classes_that_exist(parts: list[tuple[str, str, int]]) -> None:
    files = {f"{folder}/{file.format(n)}".lstrip("/") for folder, file, count in parts for n in range(count)}
    proposals = propose(*files)
    assert sum(proposal.sure for proposal in proposals) <= 1
    for proposal in proposals:
        reading = proposal.reading
        assert proposal.sure != bool(proposal.doubts)
        inside = [file for file in files if not reading.root or file.startswith(f"{reading.root}/")]
        kept = [file for file in inside if not any(fnmatchcase(file, pattern) for pattern in reading.leave_out)]
        assert kept
        if "class" in reading.levels:
            depth = reading.levels.index("class") + len(Path(reading.root).parts)
            classes = {file.split("/")[depth] for file in kept if file.count("/") > depth}
            assert classes
            assert reading.rename.keys() <= classes
