"""Images of a tree that are not of the set: masks, copies, and folders beside splits and classes."""

from pathlib import Path

import pytest

from tests.data.ingest.labels.folder_trees import only, propose, tree


def test_augmented_copies_above_classes_are_asked_about() -> None:
    files = tree("data/augmented/a", "data/augmented/b", "data/original/a", "data/original/b")
    one, every = propose(*files)
    assert one.reading.levels == ("ignore", "class")
    assert (one.reading.leave_out, every.reading.leave_out) == (("data/augmented/*",), ())
    assert one.doubts


def test_a_folder_beside_the_splits_is_left_out() -> None:
    files = tree(*(f"{split}/{name}" for split in ("train", "test") for name in ("a", "b")))
    reading = only(propose(*files, "single_prediction/x.png", "single_prediction/y.png")).reading
    assert (reading.levels, reading.leave_out) == (("split", "class"), ("single_prediction/*",))


def test_an_inner_copy_of_the_tree_is_left_out() -> None:
    inner = tree(*(f"x/{split}/{name}" for split in ("train", "val", "test") for name in ("A", "B")))
    reading = only(propose(*inner, *(f"x/{file}" for file in inner))).reading
    assert (reading.root, reading.levels, reading.leave_out) == ("x", ("split", "class"), ("x/x/*",))


def test_a_copy_with_one_more_top_folder_is_left_out() -> None:
    files = tree(*(f"OCT2017 /{split}/{name}" for split in ("train", "test") for name in ("A", "B")))
    reading = only(propose(*files, *(f"oct2017/{file}" for file in files))).reading
    assert (reading.root, reading.leave_out) == ("OCT2017 ", ("oct2017/*",))


def test_equal_file_names_in_splits_are_no_copies() -> None:
    files = tree(*(f"{split}/{name}" for split in ("train", "test") for name in ("a", "b")))
    first = propose(*files, *tree("a", "b"))[0]
    assert (first.reading.levels, first.reading.leave_out) == (("split", "class"), ("a/*", "b/*"))
    assert not first.sure


@pytest.mark.parametrize(
    ("mask", "pattern"),
    [
        ("{}_mask.png", "*_mask.*"),
        ("{}_Segmentation.png", "*_Segmentation.*"),
        ("{}-seg.png", "*-seg.*"),
        ("{}.gt.png", "*.gt.*"),
        ("mask_{}.png", "*mask_*"),
        ("{}_mask_1.png", "*_mask_[0-9]*.*"),
        ("{} (mask).png", "* (mask).*"),
    ],
)
def test_masks_beside_images_are_left_out(mask: str, pattern: str) -> None:
    files = [f"{name}/{name} ({n}).png" for name in ("benign", "normal") for n in range(9)]
    masks = [f"{file.rpartition('/')[0]}/{mask.format(Path(file).stem)}" for file in files]
    assert only(propose(*files, *masks)).reading.leave_out == (pattern,)


def test_classes_named_after_masks_stay() -> None:
    files = [f"{name}/{number}_{name}.png" for name in ("with_mask", "without_mask") for number in range(9)]
    assert only(propose(*files)).reading.leave_out == ()
    assert only(propose(*tree("mask", "no_mask"))).reading.leave_out == ()


@pytest.mark.parametrize(
    "masks",
    ["masks", "ground_truth", "annotations", "labels", "train_masks", "Masque", "GroundTruth", "ManualMask"],
)
def test_folders_of_masks_are_left_out(masks: str) -> None:
    assert propose(*tree("images", masks)) == []
    reading = only(propose(*tree("images/benign", "images/normal", f"{masks}/benign", f"{masks}/normal"))).reading
    assert (reading.root, reading.levels, reading.leave_out) == ("images", ("class",), (f"{masks}/*",))
    reading = only(propose(*tree(f"a/{masks}", "a/images", f"b/{masks}", "b/images"))).reading
    assert (reading.levels, reading.leave_out) == (("class",), (f"*/{masks}/*",))


def test_masks_with_a_suffix_in_a_folder_of_their_own() -> None:
    files = [f"set/{name}/{number}.png" for name in ("a", "b") for number in range(9)]
    masks = [f"set/lesion segmentations x/{number}_segmentation.png" for number in range(9)]
    assert only(propose(*files, *masks)).reading.leave_out == ("set/lesion segmentations x/*",)


def test_mask_folders_without_images_of_the_same_name_are_asked_about() -> None:
    files = tree("benign", "malignant")
    first, second = propose(*files, *(f"masks/other{number}.png" for number in range(9)))
    assert (first.reading.levels, first.reading.leave_out) == (("class",), ("masks/*",))
    assert second.reading.leave_out == ()
    assert first.doubts


def test_unlabelled_folders_are_kept_or_left_out() -> None:
    splits = tree("train/a", "train/b", "test/a", "test/b")
    for files in (tree("a", "b", "no_label"), [*splits, *tree("train/no_label")]):
        keep, leave = propose(*files)
        assert keep.reading.rename == leave.reading.rename == {"no_label": ""}
        assert (keep.reading.unlabelled, leave.reading.unlabelled) == ("keep", "leave-out")
        assert keep.doubts
    keep, _ = propose(*splits, *tree("unsup"))
    assert (keep.reading.levels, keep.reading.leave_out) == (("split", "class"), ())
    assert keep.reading.splits == {"unsup": "train"}


def test_one_folder_of_films_with_masks_and_the_class_in_the_names() -> None:
    films = [f"CXR_png/MCUCXR_{n:04d}_{n % 2}.png" for n in range(20)]
    masks = [film.replace("CXR_png", f"ManualMask/{side}Mask") for film in films for side in ("left", "right")]
    (proposal,) = propose(*films, *masks)
    assert (proposal.reading.class_part, proposal.reading.leave_out) == (-1, ("ManualMask/*",))
    assert not proposal.sure


@pytest.mark.parametrize("strange", ["results", "New folder", "_rejected", "images"])
def test_a_folder_beside_classes_that_is_no_class_is_asked_about(strange: str) -> None:
    without, every = propose(*tree("a", "b", strange))
    assert (without.reading.leave_out, every.reading.leave_out) == ((f"{strange}/*",), ())
    assert without.doubts


@pytest.mark.parametrize("folder", ["thumbs", "a/thumbs", "a/overlay"])
def test_thumbnails_and_overlays_are_left_out(folder: str) -> None:
    proposal = only(propose(*tree("a", "b", folder)))
    assert proposal.reading.leave_out == (f"{folder}/*",)


def test_a_folder_of_all_images_again_is_asked_about() -> None:
    without, _ = propose(*tree("benign", "malignant"), *tree("all", images=40))
    assert without.reading.leave_out == ("all/*",)
    assert only(propose(*tree("all", "hem", images=40))).reading.leave_out == ()


def test_a_repeated_split_folder_without_classes_is_no_class() -> None:
    without, _ = propose(*tree("train/a", "train/b", "test/test"))
    assert without.reading.leave_out == ("test/test/*",)


def test_copied_class_folders_are_asked_about() -> None:
    without, every = propose(*tree("a", "b", "a - Copy"))
    assert (without.reading.leave_out, every.reading.leave_out) == (("a - Copy/*",), ())
    assert without.doubts


def test_brackets_in_names_are_escaped() -> None:
    files = tree("train/a", "train/b", "test/a", "test/b")
    assert only(propose(*files, "new [1]/x.png")).reading.leave_out == ("new [[]1]/*",)
