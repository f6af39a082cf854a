"""The augmentation study on constructed generators with a known outcome, what it reads, and how it resumes."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gan.data.image_set import ImageSet
from gan.errors import RunError, StoppedError
from gan.evaluation.privacy import guard, near_copies
from gan.evaluation.records import stored_studies, study_results
from gan.evaluation.records.split_looks import record_test_look
from gan.evaluation.records.study_text import study_text
from gan.evaluation.study import arms, divisions, estimate, run_study
from gan.evaluation.study.study_options import StudyOptions
from gan.io.atomic import write_json
from gan.runs.run import Run
from tests.conftest import trained
from tests.support.evaluation import stop
from tests.support.study import (
    BRIEF,
    TWENTY_STEPS,
    TWO_STEPS,
    duplicates,
    held_out_like,
    image_set,
    label_shuffled,
    noise,
    studied,
)
from tests.support.study import made_study as made


def test_images_like_new_real_ones_help_where_real_ones_are_few(tmp_path: Path) -> None:
    found = studied(image_set(160), held_out_like, tmp_path, shares=(0.1,), ratios=(8.0,))
    regime = found.regimes[0]
    assert regime.real == {"a": 8, "b": 8}
    assert regime.tested_arm(regime.gain.arm).plan.added == {"a": 64, "b": 64}
    assert regime.gain.helps
    assert regime.gain.corrected_low > 0
    assert found.verdict_kind == "helps"
    assert found.verdict.startswith("Helps: adding 8 ")
    assert f"{100 * regime.gain.value:.1f} points" in found.verdict  # the sentence has the numbers of the record
    assert [left.share for left in found.left if left.arms == "all arms"] == [1.0, 0.25]


def test_duplicates_gain_nothing_over_their_control(tmp_path: Path) -> None:
    images = image_set(120)
    found = studied(images, duplicates(images), tmp_path)
    assert found.verdict_kind in ("none", "no-room", "unclear")
    gain = found.regimes[0].gain
    assert not gain.helps
    assert not gain.harms
    assert gain.corrected_low <= 0 <= gain.corrected_high


def test_images_with_shuffled_labels_are_harmful(tmp_path: Path) -> None:
    larger = replace(TWENTY_STEPS, batch=32)
    found = studied(image_set(120), label_shuffled, tmp_path, seeds=5, ratios=(4.0,), keep_rates=(0.9,), budget=larger)
    assert found.verdict_kind == "harmful"
    assert found.verdict.startswith("Harmful: adding 4 synthetic images for each real one")
    assert found.regimes[0].gain.harm.high < 0


def test_noise_does_not_help(tmp_path: Path) -> None:
    found = studied(image_set(120), noise, tmp_path)
    assert found.verdict_kind != "helps"
    assert not found.regimes[0].gain.helps


def test_filling_up_a_rare_class_has_to_beat_its_duplicates_augmented(tmp_path: Path) -> None:
    images = image_set(72, every=9, test=60)
    found = studied(images, duplicates(images), tmp_path, seeds=2, budget=TWO_STEPS)
    regime = found.regimes[0]
    assert regime.arm("synthetic-filled-classical").plan.added == {"a": 0, "b": 56}
    choice = regime.choice.divisions[0]
    assert [arm.plan.name for arm in regime.tested] == choice.tested
    assert (regime.gain.arm, regime.gain.harm_over) == (choice.arm, choice.matched)
    over = regime.tested_arm(regime.gain.over)
    assert over.plan.name in choice.controls
    assert over.auroc.mean == max(regime.tested_arm(name).auroc.mean for name in choice.controls)
    free = [arm for arm in regime.arms if arm.plan.kind != "synthetic"]
    assert choice.strongest_score == max(np.mean(arm.scores) for arm in free)
    assert not regime.gain.helps


def kept_classifiers(folder: Path) -> dict[str, str]:
    """Each classifier's weights, by file."""
    files = sorted(folder.glob("100/*/*.npz"))
    return {f"{path.parent.name}/{path.name}": str(np.load(path)["weights_sha256"]) for path in files}


class Guarded(np.ndarray):  # type: ignore[type-arg]
    """Images that raise where a test image is read, until `allowed`."""

    first_test = 0
    allowed: bool = False

    def __getitem__(self, key: object) -> object:
        rows = np.arange(len(self))[key if not isinstance(key, tuple) else key[0]]  # type: ignore[index]
        assert Guarded.allowed or not (np.asarray(rows) >= Guarded.first_test).any(), "the test split was read"
        return np.asarray(self)[key]  # type: ignore[index]


def test_nothing_reads_the_test_split_before_the_plan_is_written_and_a_classifier_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = image_set(40, test=20)
    monkeypatch.setattr(Guarded, "first_test", 64)
    guarded = replace(images, images=images.images.view(Guarded))
    with pytest.raises(AssertionError, match="the test split was read"):
        guarded.images[guarded.rows("test")]
    scored: list[str] = []
    plan = tmp_path / "first" / "plan.json"
    final, digest = divisions.SealedTest.logits, divisions.SealedTest.sha256.func

    def allowed(read: Callable[[], object]) -> object:
        assert json.loads(plan.read_text())["choices"]  # what will be compared is written
        monkeypatch.setattr(Guarded, "allowed", True)
        found = read()
        monkeypatch.setattr(Guarded, "allowed", False)
        return found

    def logits(self: divisions.SealedTest, classifier: torch.nn.Module) -> object:
        assert not classifier.training
        scored.append("once")
        return allowed(lambda: final(self, classifier))  # type: ignore[arg-type]

    monkeypatch.setattr(divisions.SealedTest, "logits", logits)
    search = divisions.SealedTest.near_copies

    def near_copies(self: divisions.SealedTest, development: ImageSet) -> object:
        scored.append("searched")
        return allowed(lambda: search(self, development))

    monkeypatch.setattr(divisions.SealedTest, "near_copies", near_copies)
    hashed = property(lambda self: allowed(lambda: digest(self)))
    monkeypatch.setattr(divisions.SealedTest, "sha256", hashed)
    of_split = divisions.tested_sha256
    monkeypatch.setattr(divisions, "tested_sha256", lambda *args: allowed(lambda: of_split(*args)))
    first = studied(guarded, held_out_like, tmp_path / "first", seeds=2, budget=TWO_STEPS)
    assert scored == ["once"] * 2 * len(first.regimes[0].tested) + ["searched"]  # copies are sought last
    planned = json.loads(plan.read_text())
    assert first.planned == pytest.approx(planned["time"])
    assert planned["choices"][0]["divisions"][0]["arm"] == first.regimes[0].gain.arm
    oldest = min(path.stat().st_mtime for path in plan.parent.glob("100/test/*.npz"))
    assert plan.stat().st_mtime <= oldest

    monkeypatch.undo()
    other, sealed = images.images.copy(), images.rows("test")
    other[sealed] = noise(images.conditions[sealed], 7)
    conditions = images.conditions.copy()
    conditions[sealed] = conditions[sealed][::-1]
    changed = replace(images, images=other, conditions=conditions)
    second = studied(changed, held_out_like, tmp_path / "second", seeds=2, budget=TWO_STEPS)
    assert kept_classifiers(tmp_path / "first") == kept_classifiers(tmp_path / "second")  # the same, chosen alike
    assert [arm.auroc for arm in first.regimes[0].tested] != [arm.auroc for arm in second.regimes[0].tested]


def test_the_seeds_that_choose_an_arm_are_not_those_that_confirm_it(tmp_path: Path) -> None:
    studied(image_set(40, test=20), held_out_like, tmp_path, seeds=2, budget=TWO_STEPS)
    seeds = {
        kind: {path.stem.rpartition("-")[2] for path in tmp_path.glob(f"100/{kind}/*.npz")}
        for kind in ("selection", "test")
    }
    assert seeds["selection"]
    assert seeds["test"]
    assert not seeds["selection"] & seeds["test"]
    for path in tmp_path.glob("100/selection/*.npz"):
        assert "logits" not in np.load(path)  # what only helps to choose says nothing of test images


def test_a_plan_is_kept_and_another_question_is_planned_anew(tmp_path: Path) -> None:
    images = image_set(40, test=20)

    def planned(**options: object) -> tuple[float, set[Path]]:
        found = studied(images, held_out_like, tmp_path, **({"seeds": 2, "budget": TWO_STEPS} | options))
        return found.planned, set(tmp_path.glob("100/test/*.npz"))

    first, files = planned()
    again, _ = planned(seeds=3)
    assert again == first
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("100/*/*.npz")}
    other, _ = planned(primary="balanced_accuracy")
    assert other > first
    after = {path: path.stat().st_mtime_ns for path in tmp_path.glob("100/*/*.npz")}
    chosen_by = [path for path in before if path.parent.name == "selection"]
    assert chosen_by
    assert all(after[path] == before[path] for path in chosen_by)
    assert not any(after.get(path) == before[path] for path in files)  # nothing tested before the new plan


def test_looks_at_a_test_split_are_counted_over_the_runs_of_a_store() -> None:
    run, other = trained("digits"), trained("other")
    assert record_test_look(run, "split", 1.0, 5) == 1
    assert record_test_look(run, "split", 1.0, 5) == 1  # a study that goes on
    assert record_test_look(run, "split", 1.0, 10) == 2  # more seeds after the first result
    assert record_test_look(other, "split", 2.0, 5) == 3
    assert record_test_look(other, "another split", 3.0, 5) == 1


def test_a_stopped_study_goes_on_classifier_by_classifier(tmp_path: Path) -> None:
    images, requested, stop_after = image_set(40, test=20), [], [4]

    def stop_after_some(phase: str, done: float) -> None:
        if len(list(tmp_path.glob("100/*/*.npz"))) >= stop_after[0]:
            raise StoppedError

    def generator_for(share: float, subset: ImageSet) -> arms.Generate:
        requested.append((share, len(subset), set(subset.split.tolist())))
        return held_out_like

    options = StudyOptions(
        2, (1.0,), (1.0,), (0.5,), budget=TWO_STEPS, selection_seeds=2, uses=("added",), selector=BRIEF
    )
    for count in (4, 16):  # while an arm is chosen, and while it is tested
        stop_after[0] = count
        with pytest.raises(StoppedError):
            made(images, generator_for, tmp_path, options, progress=stop_after_some).result("toy", 1)
        before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("100/*/*.npz")}
        assert len(before) == count
    shares: list[float] = []
    found = made(images, generator_for, tmp_path, options, progress=lambda phase, done: shares.append(done)).result(
        "toy", 1
    )
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    assert requested == [(1.0, 64, {"train", "val"})] * 3  # a generator is never given test images
    whole = studied(images, held_out_like, tmp_path / "whole", seeds=2, budget=TWO_STEPS)
    assert found.regimes == whole.regimes
    more = studied(images, held_out_like, tmp_path, seeds=3, budget=TWO_STEPS)
    assert {path: path.stat().st_mtime_ns for path in before} == before  # more seeds keep the first ones
    assert more.regimes[0].tested[0].scores[:2] == found.regimes[0].tested[0].scores


def test_other_data_leave_nothing_that_an_earlier_study_made(tmp_path: Path) -> None:
    def begun(images: ImageSet, ratios: tuple[float, ...]) -> set[str]:
        options = StudyOptions(2, (1.0,), ratios, (0.5,), selector=BRIEF)
        with pytest.raises(StoppedError):
            made(images, lambda share, subset: held_out_like, tmp_path, options, progress=stop).result("", 1)
        return {path.name for path in tmp_path.iterdir()}

    images = image_set(40, test=20)
    begun(images, (1.0,))
    for name in ("100", "generator-10"):
        (tmp_path / name).mkdir(exist_ok=True)
    (tmp_path / "plan.json").write_text("{}")
    assert begun(images, (1.0,)) == {"recipe.json", "plan.json", "100", "generator-10"}
    assert begun(images, (2.0,)) == {"recipe.json", "generator-10"}  # which ratios are tried is nothing to a generator
    split = images.split.copy()
    split[[0, 70]] = split[[70, 0]]  # a training image is a test image now
    assert begun(replace(images, split=split), (2.0,)) == {"recipe.json"}


@pytest.fixture
def brief_calibration(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guard that is calibrated on few images."""
    monkeypatch.setattr(guard, "HELD_OUT", 16)
    monkeypatch.setattr(near_copies, "TRAINING_QUERIES", 16)
    monkeypatch.setattr(near_copies, "COPIED", 4)


@pytest.mark.usefixtures("brief_calibration")
def test_a_study_of_a_run_is_kept_and_its_low_data_generators_know_the_subset_alone() -> None:
    run = trained("digits")
    options = StudyOptions(2, (1.0, 0.1), (0.25,), (0.5,), budget=TWO_STEPS, selection_seeds=2, selector=BRIEF)
    told = estimate.estimate_study(run, options=options)
    assert told.seconds > 0
    assert told.lines()[0].startswith("Classifiers to train: ")
    found = run_study.run_study(run, options=options)
    assert found is not None
    assert [regime.share for regime in found.regimes] == [1.0, 0.1]
    assert told.classifiers >= 2 * sum(len(regime.arms) + len(regime.tested) for regime in found.regimes)
    assert found.looks == 1
    inner = Run(run.path / "evaluation" / "000000320-study" / "generator-10")
    assert len(inner.info().conditions) == sum(found.regimes[1].real.values()) == 143
    assert found.regimes[1].generator["sha256"] != found.regimes[0].generator["sha256"]
    assert found.test["images"] == 179
    assert stored_studies.load_study(run, 320).as_json() == found.as_json()
    assert found.as_json().keys() >= {"arms", "verdict"}
    assert found.verdict in study_text(found)
    assert stored_studies.list_studies(run) == [stored_studies.load_study(run, 320)]
    assert json.loads(study_results.study_path(run, 320).read_text())["made_with"]["data_sha256"]["test"]
    document = json.loads((inner.path / "config.json").read_text())
    del document["train"]["noise"]  # as a version wrote it that did not have this option yet
    write_json(inner.path / "config.json", document)
    trained_at = (inner.path / "metrics.jsonl").stat().st_mtime_ns
    again = run_study.run_study(run, options=options)
    assert again is not None
    assert again.regimes == found.regimes
    assert again.looks == 1  # the same look
    assert (inner.path / "metrics.jsonl").stat().st_mtime_ns == trained_at  # not trained anew
    kept_file = study_results.study_path(run, 320)
    write_json(kept_file, json.loads(kept_file.read_text()) | {"version": 1})
    assert stored_studies.list_studies(run) == []
    assert stored_studies.is_outdated(run, 320)
    with pytest.raises(RunError, match=r"cannot be read: it is damaged or from another version. `python"):
        stored_studies.load_study(run, 320)


def test_test_images_that_are_copies_of_training_images_are_counted_and_left_out_of_a_second_verdict(
    tmp_path: Path,
) -> None:
    images = image_set(40, test=40)
    copies = images.images.copy()
    test = images.rows("test")
    for row in test[:12]:  # saved again a little brighter
        same = images.rows("train")[images.labels()[images.rows("train")] == images.labels()[row]][row % 9]
        copies[row] = (copies[same].astype(int) + 3).clip(0, 255)
    fresh = np.random.default_rng(1).integers(0, 255, (28, 1, 4, 4), dtype=np.uint8)  # of no motif
    copies[test[12:]] = fresh.repeat(4, 2).repeat(4, 3)
    found = studied(replace(images, images=copies), held_out_like, tmp_path, seeds=2, budget=TWO_STEPS)
    assert found.test["near_copies"] == 12
    assert any(
        notice.startswith("12 test images show the same picture as a training image") for notice in found.notices
    )
    assert "28 test images" in found.regimes[0].without_copies
    assert found.regimes[0].without_copies in study_text(found)


@pytest.mark.usefixtures("brief_calibration")
def test_a_generator_knows_no_image_that_its_regime_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    run, options = (
        trained("digits"),
        StudyOptions(2, (1.0,), (0.25,), (0.5,), budget=TWO_STEPS, selection_seeds=2, selector=BRIEF),
    )
    monkeypatch.setattr(divisions, "MAX_TRAINING_IMAGES", 200)  # of 1,438
    inner = Run(run.path / "evaluation" / "000000320-study" / "generator-100")

    def stop_when_trained(phase: str, done: float) -> None:
        if inner.path.exists() and inner.snapshots():
            raise StoppedError

    with pytest.raises(StoppedError):
        run_study.run_study(run, options=options, progress=stop_when_trained)
    assert len(inner.info().conditions) == pytest.approx(200, abs=5)
