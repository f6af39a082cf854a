"""Wrong labels are found among training images, by classifiers that were not trained on them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gan.cli.main import main
from gan.config import settings
from gan.config.run_config import DataConfig
from gan.data import registry
from gan.data.image_set import ImageSet
from gan.data.ingest.import_plan import ImportPlan
from gan.errors import DataError
from gan.evaluation import suspect_search
from gan.evaluation.budget import ClassifierBudget, SuspectBudget
from gan.evaluation.records import suspects
from gan.evaluation.records.suspects import Suspects, load_suspects
from gan.evaluation.suspect_labels import find_suspects, search_added_set
from tests.support.digit_sets import add_digits

TINY = SuspectBudget(folds=2, classifier=ClassifierBudget(1, 640, 640), side=16)


def search(image_set: ImageSet, budget: SuspectBudget = TINY) -> Suspects:
    return find_suspects(image_set, tuple(map(str, range(len(image_set)))), budget=budget)


def small_set(classes: int = 3, each: int = 8, group: bool = False) -> ImageSet:
    """Random 16 px images, of which the last of each class is in the test split."""
    n = classes * each
    return ImageSet(
        images=np.random.default_rng(0).integers(0, 255, (n, 1, 16, 16), dtype=np.uint8),
        conditions=np.eye(classes, dtype=np.float32).repeat(each, axis=0),
        names=tuple("abcdefgh"[:classes]),
        kind="class",
        split=np.array((["train"] * (each - 1) + ["test"]) * classes),
        group=np.array([f"{row // each}-{row // 2}" for row in range(n)]) if group else None,
        native_size=16,
        title="random",
        source="",
        licence="",
    )


def test_four_in_five_flipped_labels_are_among_the_first_found(store: Path) -> None:
    flipped = add_digits("digits", train=600, flipped=30)
    image_set = registry.load_image_set(
        DataConfig.model_validate({"name": "folder", "path": "digits", "image_size": 16})
    )
    files = ImportPlan.load(settings.added_sets() / "digits").files
    budget = SuspectBudget(folds=2, classifier=ClassifierBudget(1, 4_000, 4_000))
    found = find_suspects(image_set, files, budget=budget).labels[:45]  # as many as were flipped, and half more
    right = [suspect for suspect in found if suspect.file in flipped]
    assert len(right) >= 0.8 * len(flipped)
    assert len(right) >= 0.5 * len(found)
    assert sum(suspect.likely == flipped[suspect.file] for suspect in right) >= 0.9 * len(right)
    assert all(suspect.given == suspect.file.split("/")[1] for suspect in found)


def test_the_same_seed_finds_the_same_and_only_training_images_count() -> None:
    image_set = small_set()
    held = np.flatnonzero(image_set.split == "test")
    changed = image_set.images.copy()
    changed[held] = 0
    first = search(image_set)
    again = search(replace(image_set, images=changed, conditions=image_set.conditions.copy()))
    assert replace(again, seconds=0.0) == replace(first, seconds=0.0)
    listed = {int(found.file) for found in (*first.labels, *first.outliers)}
    assert listed.isdisjoint(held.tolist())
    assert first.checked == len(first.outliers) == len(image_set) - len(held)


def test_a_class_with_too_few_groups_is_not_judged() -> None:
    image_set = small_set(classes=3, each=8, group=True)
    image_set.group[:8] = "one patient"  # type: ignore[index]
    found = search(image_set)
    assert found.unchecked == {"a": 7}
    assert found.checked == 14
    assert not [suspect for suspect in (*found.labels, *found.outliers) if suspect.given == "a"]


def test_an_image_unlike_the_others_is_the_first_outlier() -> None:
    image_set = small_set()
    image_set.images[:] = image_set.images // 8 + 100
    image_set.images[2, :, ::2] = 255
    assert search(image_set).outliers[0].file == "2"


def test_sets_that_cannot_be_looked_through_say_why() -> None:
    with pytest.raises(DataError, match="has attributes"):
        search(replace(small_set(), kind="attributes"))
    with pytest.raises(DataError, match="fewer than two classes"):
        search(small_set(classes=1))


def test_large_images_are_shrunk() -> None:
    assert search(small_set(), replace(TINY, side=8)).work == 2 * 640 * (8 * 8 + 1_000)
    assert search(small_set(), replace(TINY, side=15)).work == 2 * 640 * (8 * 8 + 1_000)
    assert search(small_set(), replace(TINY, side=16)).work == 2 * 640 * (16 * 16 + 1_000)


def test_the_expected_time_follows_the_last_search_in_the_store(store: Path) -> None:
    small = small_set()
    at_first = suspect_search.estimated_seconds(small, TINY)
    assert at_first == 2 * 640 * (16 * 16 + 1_000) / suspect_search.DEFAULT_RATE
    folder = settings.added_sets() / "cells"
    folder.mkdir(parents=True)
    suspects.save_suspects(folder, replace(search(small), work=suspect_search.DEFAULT_RATE, seconds=10.0))
    assert suspect_search.estimated_seconds(small, TINY) == pytest.approx(10 * at_first)


def test_the_commands_find_decide_and_undo(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add_digits("cells", train=100)
    search_added_set("cells", budget=TINY)
    folder = settings.added_sets() / "cells"
    found = load_suspects(folder)
    assert found is not None
    assert main(["data", "suspects", "cells", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["file"] for row in document["labels"]] == [suspect.file for suspect in found.labels]
    assert document["decisions"] == {}

    file = found.outliers[0].file
    assert main(["data", "relabel", "cells", file, "--drop"]) == 0
    assert main(["data", "suspects", "cells", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.partition("\n")[2])["decisions"] == {
        file: {"action": "drop", "class": ""}
    }
    assert main(["data", "relabel", "cells", file, "--undo"]) == 0
    assert main(["data", "suspects", "cells"]) == 0
    assert f"of {found.checked:,} training images" in capsys.readouterr().out

    assert main(["data", "relabel", "cells", "test/0/none.png", "--drop"]) == 2
    assert main(["data", "relabel", "cells", file, "--drop", "--keep"]) == 2
    assert main(["data", "suspects", "none"]) == 2
    assert main(["data", "suspects"]) == 2


def test_a_damaged_result_is_named(store: Path) -> None:
    add_digits("cells", train=40)
    folder = settings.added_sets() / "cells"
    assert load_suspects(folder) is None
    (folder / "suspects.json").write_text('{"labels": 3}')
    with pytest.raises(DataError, match=r"suspects\.json"):
        load_suspects(folder)
