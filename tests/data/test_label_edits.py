"""Decisions on the labels of an added set: applied to training images alone, kept apart, undone at will."""

import threading
from pathlib import Path

import numpy as np
import pytest

from gan.config import settings
from gan.config.run_config import DataConfig
from gan.data import catalogue, label_edits, registry
from gan.data.fingerprint import Fingerprint, difference
from gan.data.image_set import DROPPED, ImageSet
from gan.data.ingest.import_plan import ImportPlan
from gan.data.label_edits import Edit, change_edits, load_edits
from gan.errors import DataError
from gan.io.atomic import write_json
from tests.support.digit_sets import add_digits

CONFIG = DataConfig.model_validate({"name": "folder", "path": "cells", "image_size": 16})


@pytest.fixture
def folder(store: Path) -> Path:
    add_digits("cells", train=40, held=20)
    return settings.added_sets() / "cells"


def files(split: str) -> list[str]:
    plan = ImportPlan.load(settings.added_sets() / "cells")
    return [file for file, name in zip(plan.files, plan.split.tolist(), strict=True) if name == split]


def opened() -> ImageSet:
    return registry.load_image_set(CONFIG)


def label(image_set: ImageSet, folder: Path, file: str) -> str:
    return image_set.names[image_set.labels()[ImportPlan.load(folder).files.index(file)]]


def test_edits_change_training_images_and_are_undone(folder: Path) -> None:
    before, (first, second, third, *_) = opened(), files("train")
    other = "1" if label(before, folder, first) != "1" else "2"
    change_edits("cells", {first: Edit("relabel", other), second: Edit("drop"), third: Edit("keep")})
    after = opened()
    assert label(after, folder, first) == other
    assert after.split[ImportPlan.load(folder).files.index(second)] == DROPPED
    assert len(after.rows("train")) == len(before.rows("train")) - 1
    assert label(after, folder, third) == label(before, folder, third)
    for split in ("val", "test"):
        assert np.array_equal(after.rows(split), before.rows(split))
        assert np.array_equal(after.conditions[after.rows(split)], before.conditions[before.rows(split)])
    assert len(after.notices) == len(before.notices) + 1
    assert "1 relabelled, 1 left out" in after.notices[-1]
    assert len(load_edits(folder)) == 3

    change_edits("cells", dict.fromkeys((first, second, third)))
    undone = opened()
    assert np.array_equal(undone.conditions, before.conditions)
    assert undone.split.tolist() == before.split.tolist()
    assert undone.notices == before.notices


def test_a_set_with_edits_differs_for_earlier_runs_and_caches(folder: Path) -> None:
    before, key = Fingerprint.of(opened()), registry.image_set_key(CONFIG)
    first, second, *_ = files("train")
    other = "1" if label(opened(), folder, first) != "1" else "2"
    change_edits("cells", {first: Edit("relabel", other), second: Edit("drop")})
    run = folder.parent / "run"
    run.mkdir()
    Fingerprint.of(opened()).save(run)
    assert difference(before, Fingerprint.load(run)) == (
        "1 image relabelled, 1 moved between splits (1 from train to dropped)"
    )
    assert registry.image_set_key(CONFIG) != key
    preview = registry.preview(CONFIG, 40)
    (registry.cache_folder(CONFIG) / "set.json").unlink()
    assert sorted(registry.preview(CONFIG, 40)[1]) == sorted(preview[1])  # also before the set is in the cache


def test_only_training_images_and_classes_of_the_set_are_taken(folder: Path) -> None:
    train = files("train")[0]
    with pytest.raises(DataError, match="is in the split test: only labels of training images"):
        change_edits("cells", {files("test")[0]: Edit("drop")})
    with pytest.raises(DataError, match="is in the split val"):
        change_edits("cells", {train: Edit("drop"), files("val")[0]: Edit("relabel", "1")})
    with pytest.raises(DataError, match="no class 'cat'"):
        change_edits("cells", {train: Edit("relabel", "cat")})
    with pytest.raises(DataError, match=r"no image ../../plan\.json"):
        change_edits("cells", {"../../plan.json": Edit("drop")})
    with pytest.raises(DataError, match="no added set other"):
        change_edits("other", {train: Edit("drop")})
    with pytest.raises(DataError, match="No training image of 0 would be left"):
        change_edits("cells", {file: Edit("drop") for file in files("train") if file.startswith("train/0/")})
    assert load_edits(folder) == {}


@pytest.mark.parametrize(
    "edits",
    [
        {"test": {"action": "relabel", "class": "1", "time": 0}},
        {"train": {"action": "relabel", "class": "cat", "time": 0}},
        {"train": {"action": "erase", "class": "", "time": 0}},
        {"none": {"action": "drop", "class": "", "time": 0}},
        [],
    ],
)
def test_a_damaged_or_forged_file_is_named(folder: Path, edits: object) -> None:
    if isinstance(edits, dict):
        edits = {(files(split) or ["x.png"])[0]: edit for split, edit in edits.items()}
    write_json(folder / "edits.json", {"version": 1, "edits": edits})
    with pytest.raises(DataError, match=r"edits\.json .*Delete it to undo all decisions"):
        opened()
    entry = catalogue.find_entry("folder-cells")  # it and all others are listed still
    assert "edits.json" in (entry.problem or "")


def test_changes_of_several_people_are_all_kept(folder: Path) -> None:
    train = files("train")[:16]
    people = [threading.Thread(target=change_edits, args=("cells", {file: Edit("keep")})) for file in train]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert set(load_edits(folder)) == set(train)


def test_more_edits_than_anybody_makes_by_hand_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_edits, "MAX_EDITS", 2)
    with pytest.raises(DataError, match="takes up to 2"):
        change_edits("cells", {file: Edit("keep") for file in files("train")[:3]})
