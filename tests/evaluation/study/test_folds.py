"""Studies by folds and with several generators: divisions, variances, the seal, and constructed outcomes."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gan.data.image_set import ImageSet
from gan.errors import ConfigError, DataError, StoppedError
from gan.evaluation.records.partial_study import partial_study
from gan.evaluation.records.study_results import study_folder
from gan.evaluation.study import comparisons, divisions
from gan.evaluation.study.arms import Conditions, Generate, Images
from gan.evaluation.study.comparisons import Difference, Part
from gan.evaluation.study.divisions import Division
from gan.evaluation.study.guarded_generation import export_guard, replaced_in, without_near_copies
from gan.evaluation.study.study_options import StudyOptions
from tests.conftest import trained
from tests.support.study import (
    BRIEF,
    TWENTY_STEPS,
    TWO_STEPS,
    duplicates,
    exact_copies,
    held_out_like,
    image_set,
    made_study,
    noise,
    studied,
)

SMALL = StudyOptions(
    2, (1.0,), (1.0,), (0.5,), budget=TWO_STEPS, selection_seeds=2, uses=("added",), selector=BRIEF, folds=2
)


def test_every_image_is_tested_once_with_its_whole_group() -> None:
    images = image_set(120, val=20, test=60, every=4, grouped=True)
    divided = divisions.divide(images, 1.0, 5)
    tested = np.concatenate([division.sealed._rows for division in divided])
    assert sorted(tested.tolist()) == list(range(200))  # of all three splits
    assert images.group is not None
    for fold, division in enumerate(divided):
        assert division.fold == fold
        assert division.sealed.count == pytest.approx(40, abs=3)
        assert division.sealed.truth.targets.mean(axis=0) == pytest.approx([0.75, 0.25], abs=0.05)
        assert not division.is_whole
        development = division.development()
        parts = [set(development.group[development.rows(split)]) for split in ("train", "val")]  # type: ignore[index]
        parts.append(set(images.group[division.sealed._rows]))
        assert sum(len(part) for part in parts) == len(set.union(*parts)) == 100
        assert len(division.val) == pytest.approx(16, abs=3)
    few = divisions.divide(images, 0.25, 5)
    for whole, part in zip(divided, few, strict=True):
        assert (part.sealed._rows == whole.sealed._rows).all()
        assert set(part.train) < set(whole.train)
        assert len(part.train) == pytest.approx(len(whole.train) / 4, abs=3)


def test_low_data_regimes_also_test_on_the_training_images_that_they_leave_out() -> None:
    images = image_set(160, grouped=True)
    (division,) = divisions.divide(images, 0.25)
    truth = division.sealed.truth
    assert division.sealed.count == 100 + 120
    assert truth.own_test.tolist() == [True] * 100 + [False] * 120
    assert not set(division.sealed._rows) & {*division.train, *division.val}
    assert not set(truth.group) & set(division.development().group)  # type: ignore[arg-type]
    assert divisions.divide(images, 1.0)[0].sealed.count == 100


@pytest.mark.parametrize(
    ("images", "folds", "message"),
    [
        (image_set(40, val=12, test=20, every=18), 5, r"has 4 images of b, fewer than 5 folds: .* take at most 4"),
        (
            image_set(40, val=12, test=20, every=18, grouped=True), 3,
            r"has 2 groups with images of b, fewer than 3 folds",
        ),
        (image_set(24, val=12, test=20, every=6), 3, r"training images of b outside fold 0: a study takes at least 8"),
    ],
)  # fmt: skip
def test_too_few_groups_of_a_class_for_the_folds_are_named(images: ImageSet, folds: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        divisions.check_study_data(images, folds)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"folds": 0}, "folds is 0: it takes 1"),
        ({"folds": 21}, "folds is 21: it takes 1, .* or up to 20"),
        ({"generators": 0}, "generators is 0: it takes 1 or more"),
        ({"folds": 5, "generators": 2}, "generators is 2 with 5 folds: each fold trains a generator of its own"),
        ({"generators": 3}, "generators is 3 with 5 seeds: .* Use 6 seeds or more"),
    ],
)
def test_options_that_contradict_each_other_raise_an_error(changes: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        StudyOptions(**changes)  # type: ignore[arg-type]


def test_the_variance_between_folds_by_hand() -> None:
    def of_fold(value: float, images: float, seeds: float) -> Difference:
        return Difference(value, Part(images, 30), Part(seeds, 8))

    folds = [of_fold(0.01, 2e-4, 1e-4), of_fold(0.05, 1e-4, 1e-4), of_fold(0.09, 3e-4, 1e-4)]
    # The differences vary by 0.0016; images and seeds explain (3 + 2 + 4) / 3 x 1e-4 = 0.0003. Over three folds.
    assert comparisons.between_folds(folds) == Part(pytest.approx(0.0013 / 3), 2)
    alike = [of_fold(0.03, 2e-4, 1e-4), of_fold(0.04, 2e-4, 1e-4)]  # 0.00005, less than images and seeds explain
    assert comparisons.between_folds(alike) == Part(0.0, 1)


def test_the_variance_between_generators_by_hand() -> None:
    values = np.array([0.10, 0.20, 0.12, 0.22])  # generators in turn: 0.11 and 0.21 on average
    assert comparisons.variance_within(values, 2) == pytest.approx(4 * 0.01**2 / 2)
    assert comparisons.variance_within(values, 1) == pytest.approx(values.var(ddof=1))
    # The means vary by 0.005; two seeds of variance 0.0002 each explain 0.0001. Over two generators.
    assert comparisons.between_generators(values, 0.0002, 2) == Part(pytest.approx(0.0049 / 2), 1)
    assert comparisons.between_generators(values, 0.02, 2) == Part(0.0, 1)


def test_nothing_reads_a_held_out_fold_before_the_plans_are_written_and_its_classifiers_are_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pixels are read for a development set without its fold, or of the held-out images after the plan."""
    images = image_set(40, val=12, test=12)
    plan, reading = tmp_path / "first" / "plan.json", [""]
    reads: list[tuple[str, set[int]]] = []

    class Watched(np.ndarray):  # type: ignore[type-arg]
        def __getitem__(self, key: object) -> object:
            rows = np.arange(len(self))[key if not isinstance(key, tuple) else key[0]]  # type: ignore[index]
            reads.append((reading[0], set(np.atleast_1d(rows).tolist())))
            return np.asarray(self)[key]  # type: ignore[index]

    def noted(owner: type, name: str, sealed: bool) -> None:
        function: Callable[..., object] = getattr(owner, name)

        def method(self: object, *args: object) -> object:
            if sealed:
                assert len(json.loads(plan.read_text())["choices"][0]["divisions"]) == 2
                assert not any(getattr(arg, "training", False) for arg in args)
            reading[0], before = name, reading[0]
            try:
                return function(self, *args)
            finally:
                reading[0] = before

        monkeypatch.setattr(owner, name, method)

    development: list[tuple[int, int]] = []
    original = Division.development

    def develop(self: Division) -> ImageSet:
        first = len(reads)
        found = original(self)
        assert not set.union(*(rows for _, rows in reads[first:])) & set(self.sealed._rows.tolist())
        development.append((first, len(reads)))
        return found

    monkeypatch.setattr(Division, "development", develop)
    noted(divisions.SealedTest, "logits", sealed=True)
    noted(divisions.SealedTest, "near_copies", sealed=True)
    digest = divisions.tested_sha256

    def hashed(*args: object) -> object:
        assert plan.exists()
        first = len(reads)
        found = digest(*args)  # type: ignore[arg-type]
        development.append((first, len(reads)))
        return found

    monkeypatch.setattr(divisions, "tested_sha256", hashed)
    sha256 = divisions.SealedTest.sha256.func

    def of_tested(self: divisions.SealedTest) -> str:
        assert plan.exists()
        first = len(reads)
        found = sha256(self)
        development.append((first, len(reads)))
        return str(found)

    monkeypatch.setattr(divisions.SealedTest, "sha256", property(of_tested))
    watched = replace(images, images=images.images.view(Watched))

    def make_for(share: float, subset: ImageSet) -> Generate:
        return held_out_like

    first = made_study(watched, make_for, tmp_path / "first", SMALL).result("toy", 1)
    accounted = {number for begin, end in development for number in range(begin, end)}
    others = [read for number, read in enumerate(reads) if number not in accounted and read[1]]
    assert {name for name, _ in others} == {"logits", "near_copies"}
    assert first.test["images"] == 64

    monkeypatch.undo()
    held_out = divisions.divide(images, 1.0, 2)[0].sealed._rows
    changed = images.images.copy()
    changed[held_out] = noise(images.conditions[held_out], 7)
    made_study(replace(images, images=changed), make_for, tmp_path / "second", SMALL).result("toy", 1)
    for fold, same in ((0, True), (1, False)):
        first_weights, second_weights = (weights(tmp_path / name, fold) for name in ("first", "second"))
        assert first_weights.keys() == second_weights.keys()
        assert (first_weights == second_weights) == same  # what a fold holds changes the classifiers of others alone


def weights(folder: Path, fold: int) -> dict[str, str]:
    """The weights of the classifiers that chose the arm of a fold."""
    files = sorted(folder.glob(f"100/fold-{fold}/selection/*.npz"))
    return {path.name: str(np.load(path)["weights_sha256"]) for path in files}


def test_images_like_new_real_ones_help_where_real_ones_are_few_in_folds(tmp_path: Path) -> None:
    found = studied(image_set(20, val=12, test=24), held_out_like, tmp_path, ratios=(4.0,), folds=2, seeds=3)
    assert found.verdict_kind == "helps"
    assert found.test | {"near_copies": 0} == found.test | {"images": 56, "folds": 2, "own": 24, "near_copies": 0}
    assert [one.fold for one in found.regimes[0].choice.divisions] == [0, 1]
    own = found.regimes[0].own_test
    assert own is not None
    assert own.images == 24
    assert found.looks == 1
    assert not any("one generator of its regime" in notice for notice in found.notices)


def test_duplicates_do_not_help_in_folds(tmp_path: Path) -> None:
    def make_for(share: float, subset: ImageSet) -> Generate:
        return duplicates(subset)

    options = replace(SMALL, budget=TWENTY_STEPS)
    found = made_study(image_set(40, val=12, test=28), make_for, tmp_path, options).result("toy", 1)
    assert found.verdict_kind != "helps"
    assert found.regimes[0].gain.corrected_low <= 0


def test_other_folds_leave_nothing_of_the_ones_before(tmp_path: Path) -> None:
    def begun(folds: int) -> set[str]:
        def stop(phase: str, done: float) -> None:
            raise StoppedError

        options = replace(SMALL, folds=folds)
        with pytest.raises(StoppedError):
            made_study(image_set(40, val=12, test=20), lambda share, subset: held_out_like, tmp_path, options,
                       progress=stop).result("", 1)  # fmt: skip
        return {path.name for path in tmp_path.iterdir()}

    begun(2)
    for name in ("100", "generator-100-fold-0"):
        (tmp_path / name).mkdir(exist_ok=True)
    assert {"100", "generator-100-fold-0"} <= begun(2)
    assert "generator-100-fold-0" not in begun(3)  # it has seen images that the new first fold tests on


def test_near_copies_are_replaced_as_in_an_export(tmp_path: Path) -> None:
    images = image_set(40)
    (division,) = divisions.divide(images, 1.0)
    development = division.development()
    copying, calls = duplicates(images), []

    def sometimes(conditions: Conditions, seed: int) -> Images:
        calls.append(len(conditions))
        return copying(conditions, seed) if len(calls) == 1 else held_out_like(conditions, seed)

    guarded = without_near_copies(sometimes, exact_copies(development, tmp_path), tmp_path)
    requested = images.conditions[:10]
    found = guarded(requested, 3)
    assert calls == [10, 10]
    assert not exact_copies(development, tmp_path)(found).any()
    always = without_near_copies(copying, exact_copies(development, tmp_path), tmp_path / "other")
    assert exact_copies(development, tmp_path)(always(requested, 3)).all()
    found_in = replaced_in([tmp_path, tmp_path / "other"])
    assert (found_in.images, found_in.near_copies, found_in.kept) == (20, 20, 10)


def test_the_guard_is_that_of_exports_calibrated_on_the_division(tmp_path: Path) -> None:
    images = image_set(24, val=12)
    development = divisions.divide(images, 1.0)[0].development()
    guard = export_guard(development, tmp_path)
    brighter = (development.images[:4].astype(int) + 3).clip(0, 255).astype(np.uint8)
    assert guard(brighter).all()
    assert not guard(noise(development.conditions[:4], 0)).any()
    assert 0 < json.loads((tmp_path / "guard.json").read_text())["threshold"] <= 0.5


def test_an_unfinished_study_shows_validation_scores_and_no_test_result() -> None:
    run = trained("digits")
    folder = study_folder(run, 320)
    assert partial_study(run, 320) == []

    def stop_later(phase: str, done: float) -> None:
        if len(list(folder.glob("100/*/*.npz"))) >= 5:
            raise StoppedError

    options = replace(SMALL, folds=1)
    with pytest.raises(StoppedError):
        made_study(image_set(40, test=20), lambda share, subset: held_out_like, folder, options,
                   progress=stop_later).result("", 1)  # fmt: skip
    (regime,) = partial_study(run, 320)
    assert (regime.share, regime.tested) == (1.0, 0)
    assert sum(arm.classifiers for arm in regime.arms) == 5
    assert [arm.auroc for arm in regime.arms] == sorted((arm.auroc for arm in regime.arms), reverse=True)
    assert "Real images alone" in {arm.words for arm in regime.arms}


def test_seeds_take_the_generators_in_turn(tmp_path: Path) -> None:
    used: list[tuple[int, int]] = []

    def make(number: int) -> Generate:
        def generate(conditions: Conditions, seed: int) -> Images:
            used.append((number, seed % 10_000))
            return held_out_like(conditions, seed + number)

        return generate

    made = [make(0), make(1)]
    numbers = iter([0, 1])
    options = replace(SMALL, folds=1, generators=2, seeds=4)
    found = made_study(image_set(40, test=20), lambda share, subset: made[next(numbers)], tmp_path, options).result(
        "", 1
    )
    assert {number for number, seed in used if seed % 2 == 0} == {0}
    assert {number for number, seed in used if seed % 2 == 1} == {1}
    assert found.generators == 2
    assert torch.isfinite(torch.tensor(found.regimes[0].gain.value))
