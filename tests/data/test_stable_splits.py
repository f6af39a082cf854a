"""Splits made by us: no image moves because others come or go, groups stay whole, and small classes get their share."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan.config import settings
from gan.data.image_set import ImageSet, pixel_digests
from gan.data.ingest.checks.check import check_images
from gan.data.stable_splits import KnownSplits, load_splits, record_path, stable_split, unit_hash
from gan.errors import DataError
from tests.support.image_files import finding, random_image, read_folder, write_class_folders, write_labels

PARTS = {"val": 0.1, "test": 0.2}
IMAGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), max_size=80)
"""Images, each of a group and of a class."""


def dealt(images: list[tuple[int, int]], known: KnownSplits) -> dict[str, set[str]]:
    """The splits in which each group is."""
    units = [f"group {group}" for group, _ in images]
    conditions = np.eye(4, dtype=np.uint8)[[label for _, label in images]]
    split = stable_split(units, conditions, PARTS, known)
    found: dict[str, set[str]] = {}
    for unit, name in zip(units, split.tolist(), strict=True):
        found.setdefault(unit, set()).add(name)
    return found


@given(st.lists(IMAGES, min_size=1, max_size=5))
def test_no_group_moves_whatever_comes_or_goes_and_none_is_divided(readings: list[list[tuple[int, int]]]) -> None:
    known: dict[int, str] = {}
    first: dict[str, str] = {}
    for images in readings:
        for unit, splits in dealt(images, known).items():
            (split,) = splits
            assert first.setdefault(unit, split) == split
            known[unit_hash(unit)] = split


@given(IMAGES, st.randoms(use_true_random=False))
def test_the_order_of_the_images_does_not_matter(images: list[tuple[int, int]], random: object) -> None:
    shuffled = list(images)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert dealt(images, {}) == dealt(shuffled, {})


@pytest.mark.parametrize("count", [3, 4, 6, 10, 20, 50, 100])
def test_a_small_class_gets_its_share_and_trains(count: int) -> None:
    units = [f"image {number}" for number in range(600 + count)]
    conditions = np.eye(2, dtype=np.uint8)[[0] * 600 + [1] * count]
    split = stable_split(units, conditions, PARTS, {})[600:]
    assert (split == "test").sum() == max(1, round(0.2 * count))
    assert (split == "val").sum() == max(1, round(0.1 * count))


@pytest.mark.parametrize(("count", "train", "val", "test"), [(2, 2, 0, 0), (3, 1, 1, 1), (5, 3, 1, 1), (6, 4, 1, 1)])
def test_each_of_many_small_classes_is_in_all_splits(count: int, train: int, val: int, test: int) -> None:
    """Whatever its hashes say: some classes have all their images on one side at first."""
    conditions = np.repeat(np.eye(300, dtype=np.uint8), count, axis=0)
    split = stable_split([f"image {number}" for number in range(300 * count)], conditions, PARTS, {})
    for name, expected in (("train", train), ("val", val), ("test", test)):
        assert conditions[split == name].sum(axis=0).tolist() == [expected] * 300


def test_a_class_too_small_for_all_splits_trains_where_its_hashes_do_not_say_otherwise() -> None:
    split = stable_split(["image a"], np.ones((1, 1), dtype=np.uint8), {"val": 0.5, "test": 0.5}, {})
    assert len(split) == 1


def test_large_classes_need_no_record() -> None:
    """The same image has the same split in any folder and on any machine, without what was kept of earlier ones."""
    units = [f"image {number}" for number in range(3000)]
    whole = stable_split(units, np.ones((3000, 1), dtype=np.uint8), PARTS, {})
    assert (whole[:1500] == stable_split(units[:1500], np.ones((1500, 1), dtype=np.uint8), PARTS, {})).all()
    assert np.mean(whole == "test") == pytest.approx(0.2, abs=0.03)
    assert np.mean(whole == "val") == pytest.approx(0.1, abs=0.03)


def splits_of(images: ImageSet) -> dict[int, str]:
    return dict(zip(pixel_digests(images.images).tolist(), images.split.tolist(), strict=True))


def test_images_added_to_a_folder_renamed_or_taken_out_move_no_other(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "cells", {"round": 30, "long": 12}, side=32)
    before = splits_of(read_folder(tmp_path / "cells", 32))
    for number in range(42):  # names before, between and after the others
        random_image(1000 + number, 32).save(
            tmp_path / "cells" / ("round", "long")[number % 2] / f"{number * 7:03d} new.png"
        )
    (tmp_path / "cells" / "round" / "000.png").rename(tmp_path / "cells" / "round" / "zzz.png")
    (tmp_path / "cells" / "long" / "035.png").unlink()
    after = read_folder(tmp_path / "cells", 32)
    now = splits_of(after)
    assert len(now) == 83
    assert len(before.keys() - now.keys()) == 1
    assert [image for image, split in before.items() if now.get(image, split) != split] == []
    assert after.counts()["test"] == {"round": 10, "long": 6}
    shutil.rmtree(settings.cache())
    assert splits_of(read_folder(tmp_path / "cells", 32)) == now


def test_new_images_of_a_known_patient_follow_it(tmp_path: Path) -> None:
    def grow(count: int) -> dict[str, set[str]]:
        write_class_folders(tmp_path / "x", {"all": count}, side=32)
        rows: list[list[object]] = [[f"all/{row:03d}.png", "ab"[row % 2], f"p{row % 9}"] for row in range(count)]
        write_labels(tmp_path / "x", ["file", "class", "group"], rows)
        images = read_folder(tmp_path / "x", 32)
        assert images.group is not None
        return {name: set(images.split[images.group == name].tolist()) for name in np.unique(images.group).tolist()}

    before = grow(40)
    assert grow(90) == before
    assert {len(splits) for splits in before.values()} == {1}


def test_the_check_shows_the_splits_that_are_used_and_keeps_none(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "cells", {"round": 30, "long": 12}, side=32)
    assert check_images(tmp_path / "cells").ok
    assert not record_path(tmp_path / "cells").exists()
    images = read_folder(tmp_path / "cells", 32)
    assert len(load_splits(tmp_path / "cells")) == 42
    assert check_images(tmp_path / "cells").counts == images.counts()


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "cells", {"round": 30, "long": 12}, side=32)
    read_folder(tmp_path / "cells", 32)
    record_path(tmp_path / "cells").write_bytes(b"PK torn")
    assert "record of the splits" in finding(check_images(tmp_path / "cells"), "nothing-to-check", "error").text
    with pytest.raises(DataError, match="Delete"):
        load_splits(tmp_path / "cells")
