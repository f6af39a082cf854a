"""The augmentation study on constructed generators with a known outcome, what it reads, and how it resumes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gan.data.image_set import ImageSet
from gan.errors import RunError, StoppedError
from gan.evaluation.records import study_results
from gan.evaluation.study import arms, run_study, sealed_data, study_plan
from gan.evaluation.study.study_options import StudyOptions
from gan.io.atomic import write_json
from gan.runs.run import Run
from tests.conftest import trained
from tests.support.evaluation import stop
from tests.support.study import TWO_STEPS, duplicates, held_out_like, image_set, label_shuffled, noise, studied
from tests.support.study import made_study as made


def test_images_like_new_real_ones_help_where_real_ones_are_few(tmp_path: Path) -> None:
    found = studied(image_set(160), held_out_like, tmp_path, shares=(0.1,), ratios=(8.0,))
    regime = found.regimes[0]
    assert regime.real == {"a": 8, "b": 8}
    for name in ("synthetic-8", "synthetic-8-classical"):  # with and without augmentation
        assert regime.arm(name).plan.added == {"a": 64, "b": 64}
        gain = regime.arm(name).gain
        assert gain is not None
        assert gain.helps
        assert gain.corrected_low > 0
    assert found.verdict_kind == "helps"
    assert found.verdict.startswith("Helps: adding 8 ")
    assert [left.share for left in found.left if left.arms == "all arms"] == [1.0, 0.25]


def test_duplicates_gain_nothing_over_their_control(tmp_path: Path) -> None:
    images = image_set(120)
    found = studied(images, duplicates(images), tmp_path)
    assert found.verdict_kind in ("none", "unclear")
    for name, control in (("synthetic-1", "duplicates-1"), ("synthetic-1-classical", "classical")):
        gain = found.regimes[0].arm(name).gain
        assert gain is not None
        assert not gain.helps
        assert gain.against[control].low < 0 < gain.against[control].high
    assert found.regimes[0].filtering.kind in ("none", "unclear")  # the better ones of copies are copies


def test_images_with_shuffled_labels_are_harmful(tmp_path: Path) -> None:
    found = studied(image_set(120), label_shuffled, tmp_path, seeds=5, ratios=(8.0,))
    assert found.verdict_kind == "harmful"
    assert found.verdict.startswith("Harmful at every ratio tried: adding 8 synthetic images")
    augmented = found.regimes[0].arm("synthetic-8-classical").gain
    assert augmented is not None
    assert augmented.harms  # augmentation does not hide it: its own control is augmented too
    filtering = found.regimes[0].filtering
    assert (filtering.kind, filtering.ratio) == ("pays", 8.0)  # the filter sees which labels are wrong
    assert filtering.best == 0.5  # half of them are wrong
    assert filtering.words.startswith("Keep rate: keeping the better 50% pays. ")


def test_noise_does_not_help(tmp_path: Path) -> None:
    found = studied(image_set(120), noise, tmp_path)
    assert found.verdict_kind != "helps"
    assert not any(arm.gain is not None and arm.gain.helps for arm in found.regimes[0].arms)


def test_filling_up_a_rare_class_has_to_beat_its_duplicates_augmented(tmp_path: Path) -> None:
    images = image_set(72, every=9, test=60)
    found = studied(images, duplicates(images), tmp_path, seeds=2, budget=TWO_STEPS)
    filled = found.regimes[0].arm("synthetic-filled-classical")
    assert filled.plan.added == {"a": 0, "b": 56}
    assert filled.gain is not None
    assert list(filled.gain.against) == ["real", "classical", "duplicates-filled", "duplicates-filled-classical"]
    assert not filled.gain.helps


def kept_classifiers(folder: Path) -> dict[str, tuple[float, str]]:
    """Each classifier's validation score and weights, by file."""
    files = sorted(folder.glob("100/*.npz"))
    return {path.name: (float(np.load(path)["validation"]), str(np.load(path)["weights_sha256"])) for path in files}


class Guarded(np.ndarray):  # type: ignore[type-arg]
    """Images that raise where a test image is read, until `allowed`."""

    first_test = 0
    allowed: bool = False

    def __getitem__(self, key: object) -> object:
        rows = np.arange(len(self))[key if not isinstance(key, tuple) else key[0]]  # type: ignore[index]
        assert Guarded.allowed or not (np.asarray(rows) >= Guarded.first_test).any(), "the test split was read"
        return np.asarray(self)[key]  # type: ignore[index]


def test_nothing_reads_the_test_split_before_a_classifier_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = image_set(40, test=20)
    monkeypatch.setattr(Guarded, "first_test", 64)
    guarded = replace(images, images=images.images.view(Guarded))
    with pytest.raises(AssertionError, match="the test split was read"):
        guarded.images[guarded.rows("test")]
    scored: list[str] = []
    final = sealed_data.SealedTestSplit.logits

    def logits(self: sealed_data.SealedTestSplit, classifier: torch.nn.Module) -> object:
        assert not classifier.training
        scored.append("once")
        monkeypatch.setattr(Guarded, "allowed", True)
        said = final(self, classifier)  # type: ignore[arg-type]
        assert self.sha256
        monkeypatch.setattr(Guarded, "allowed", False)
        return said

    monkeypatch.setattr(sealed_data.SealedTestSplit, "logits", logits)
    first = studied(guarded, held_out_like, tmp_path / "first", seeds=2, budget=TWO_STEPS)
    assert len(scored) == 2 * len(first.regimes[0].arms)

    monkeypatch.setattr(sealed_data.SealedTestSplit, "logits", final)
    other, sealed = images.images.copy(), images.rows("test")
    other[sealed] = noise(images.conditions[sealed], 7)
    conditions = images.conditions.copy()
    conditions[sealed] = conditions[sealed][::-1]
    changed = replace(images, images=other, conditions=conditions)
    second = studied(changed, held_out_like, tmp_path / "second", seeds=2, budget=TWO_STEPS)
    assert kept_classifiers(tmp_path / "first") == kept_classifiers(
        tmp_path / "second"
    )  # the same classifiers, chosen alike
    assert [arm.balanced_accuracy for arm in first.regimes[0].arms] != [
        arm.balanced_accuracy for arm in second.regimes[0].arms
    ]


def test_a_stopped_study_goes_on_classifier_by_classifier(tmp_path: Path) -> None:
    images, requested = image_set(40, test=20), []

    def stop_after_four(phase: str, done: float) -> None:
        if len(list(tmp_path.glob("100/*.npz"))) >= 4:
            raise StoppedError

    def generator_for(share: float, subset: ImageSet) -> arms.Generate:
        requested.append((share, len(subset), set(subset.split.tolist())))
        return held_out_like

    options = StudyOptions(2, (1.0,), (1.0,), (0.5,), budget=TWO_STEPS)
    with pytest.raises(StoppedError):
        made(images, generator_for, tmp_path, options, progress=stop_after_four).result("toy", 1)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("100/*.npz")}
    assert len(before) == 4
    shares: list[float] = []
    found = made(images, generator_for, tmp_path, options, progress=lambda phase, done: shares.append(done)).result(
        "toy", 1
    )
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert shares[0] >= 4 / (2 * len(found.regimes[0].arms))
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    assert requested == [(1.0, 64, {"train", "val"})] * 2  # a generator is never given test images
    whole = studied(images, held_out_like, tmp_path / "whole", seeds=2, budget=TWO_STEPS)
    assert found.regimes == whole.regimes
    more = studied(images, held_out_like, tmp_path, seeds=3, budget=TWO_STEPS)
    assert {path: path.stat().st_mtime_ns for path in before} == before  # more seeds keep the first ones
    assert more.regimes[0].arms[0].balanced_accuracy[:2] == found.regimes[0].arms[0].balanced_accuracy


def test_other_data_leave_nothing_that_an_earlier_study_made(tmp_path: Path) -> None:
    def begun(images: ImageSet, ratios: tuple[float, ...]) -> set[str]:
        options = StudyOptions(2, (1.0,), ratios, (0.5,))
        with pytest.raises(StoppedError):
            made(images, lambda share, subset: held_out_like, tmp_path, options, progress=stop).result("", 1)
        return {path.name for path in tmp_path.iterdir()}

    images = image_set(40, test=20)
    begun(images, (1.0,))
    for name in ("100", "generator-10"):
        (tmp_path / name).mkdir(exist_ok=True)
    assert begun(images, (1.0,)) == {"recipe.json", "100", "generator-10"}
    assert begun(images, (2.0,)) == {"recipe.json", "generator-10"}  # which ratios are tried is nothing to a generator
    split = images.split.copy()
    split[[0, 70]] = split[[70, 0]]  # a training image is a test image now
    assert begun(replace(images, split=split), (2.0,)) == {"recipe.json"}


def test_a_study_of_a_run_is_kept_and_its_low_data_generators_know_the_subset_alone() -> None:
    run = trained("digits")
    options = StudyOptions(2, (1.0, 0.1), (0.25,), (0.5,), budget=TWO_STEPS)
    told = study_plan.estimate_study(run, options=options)
    assert told.seconds > 0
    assert told.lines()[0].startswith("Classifiers to train: ")
    found = run_study.run_study(run, options=options)
    assert found is not None
    assert [regime.share for regime in found.regimes] == [1.0, 0.1]
    assert told.classifiers == 2 * sum(len(regime.arms) for regime in found.regimes)
    inner = Run(run.path / "evaluation" / "000000320-study" / "generator-10")
    assert len(inner.info().conditions) == sum(found.regimes[1].real.values()) == 143
    assert found.regimes[1].generator["sha256"] != found.regimes[0].generator["sha256"]
    assert found.test["images"] == 179
    assert study_results.load_study(run, 320).as_json() == found.as_json()
    assert found.as_json().keys() >= {"arms", "verdict"}
    assert found.verdict in found.as_text()
    assert study_results.list_studies(run) == [study_results.load_study(run, 320)]
    assert json.loads(study_results.study_path(run, 320).read_text())["made_with"]["data_sha256"]["test"]
    document = json.loads((inner.path / "config.json").read_text())
    del document["train"]["noise"]  # as a version wrote it that did not have this option yet
    write_json(inner.path / "config.json", document)
    trained_at = (inner.path / "metrics.jsonl").stat().st_mtime_ns
    again = run_study.run_study(run, options=options)
    assert again is not None
    assert again.regimes == found.regimes
    assert (inner.path / "metrics.jsonl").stat().st_mtime_ns == trained_at  # not trained anew
    kept_file = study_results.study_path(run, 320)
    write_json(kept_file, json.loads(kept_file.read_text()) | {"version": 1})
    assert study_results.list_studies(run) == []
    assert study_results.is_outdated(run, 320)
    with pytest.raises(RunError, match=r"cannot be read: it is damaged or from another version. `python"):
        study_results.load_study(run, 320)
