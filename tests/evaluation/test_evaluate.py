"""One evaluation from the run to its file and back; what it may read; the best snapshot; the command."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from gan.cli.main import main
from gan.config import settings
from gan.config.options import build_config
from gan.data import registry
from gan.data.fingerprint import Fingerprint
from gan.errors import DataError, RunError, StoppedError, UserError
from gan.evaluation.classifiers import small_resnet
from gan.evaluation.classifiers.reference import load_reference_classifier, native_images, split_sha256
from gan.evaluation.classifiers.training import train_classifier
from gan.evaluation.privacy.split_copies import near_copies_of_training
from gan.evaluation.records import results
from gan.evaluation.records.best_snapshot import best_snapshot
from gan.evaluation.records.results import EvaluationResult
from gan.evaluation.scores.metrics import accuracy
from gan.evaluation.scores.score_snapshot import evaluate_snapshot
from gan.runs.run import Run
from tests.conftest import trained
from tests.support.celeba import write_celeba
from tests.support.evaluation import SMALL_BUDGET, generator_sha256, scored, stop, use_budget

PROMISED = {"obedience", "cas", "real_accuracy", "precision", "recall", "density", "coverage", "kid", "frechet"}
PROMISED |= {"floor", "diversity", "near_copies", "per_condition"}


BUDGET = replace(SMALL_BUDGET, checked=100)


def evaluated(run: Run, snapshot: int | None = None, **options: str) -> EvaluationResult:
    return evaluate_snapshot(run, snapshot, budget=BUDGET, **options)


def without_times(result: EvaluationResult) -> EvaluationResult:
    made = {key: value for key, value in result.made_with.items() if key not in ("time", "seconds")}
    return replace(result, made_with=made)


def test_an_evaluation_is_kept_and_can_be_made_again() -> None:
    run = trained("digits")
    first = evaluated(run)
    assert first.snapshot == 320
    assert first.split == "val"
    assert first.n == {"scores": 180, "floor": 90, "training": 1438, "obedience": 1438}
    assert {row["condition"] for row in first.per_condition} == {str(digit) for digit in range(10)}
    assert sum(row["real"] for row in first.per_condition) == 180
    assert first.near_copies["checked"] == 100
    assert 0 <= first.cas <= 1
    assert first.floor["frechet"] < first.like_floor["frechet"]  # after 20 steps these are no digits
    assert first.floor["coverage"] > first.like_floor["coverage"]
    assert first.frechet > 0
    kept = json.loads((run.path / "evaluation" / "000000320.json").read_text())
    assert kept == first.as_json()
    again = evaluated(run)
    assert without_times(again) == without_times(first)
    assert results.load_result(run, 320).as_json() == again.as_json()


def test_nothing_reads_the_test_split_but_where_it_is_asked_for() -> None:
    run = trained("digits")
    before = scored(run, budget=BUDGET)
    folder = registry.cache_folder(run.config.data)
    sealed = np.load(folder / "split.npy") == "test"
    images, conditions = np.load(folder / "images.npy"), np.load(folder / "conditions.npy")
    images[sealed] = np.random.default_rng(0).integers(0, 256, images[sealed].shape, dtype=np.uint8)
    conditions[sealed] = conditions[sealed][::-1]
    np.save(folder / "images.npy", images)
    np.save(folder / "conditions.npy", conditions)
    Fingerprint.of(registry.load_image_set(run.config.data)).save(run.path)  # the change is not told
    for kept in settings.cache().glob("classifier-*.safetensors"):
        kept.unlink()  # so that it is trained anew too
    assert without_times(evaluated(run)) == without_times(before)
    last_word = evaluated(run, split="test")
    assert last_word.real_accuracy != before.real_accuracy  # it was asked for, and it is other images
    assert last_word.near_copies["threshold"] == before.near_copies["threshold"]
    assert (run.path / "evaluation" / "000000320-test.json").exists()
    assert results.load_result(run, 320).split == "val"
    assert [result.split for result in results.list_results(run)] == ["val"]


def test_real_images_that_copy_training_images_are_counted_and_the_scores_given_without_them() -> None:
    run = trained("digits")
    before = scored(run, budget=BUDGET).split_copies
    assert before is not None
    assert before["count"] <= 5
    folder = registry.cache_folder(run.config.data)
    images, split = np.load(folder / "images.npy"), np.load(folder / "split.npy")
    val, train = (np.flatnonzero(split == name) for name in ("val", "train"))
    images[val[:60]] = np.roll(images[train[:60]], 2, axis=3)
    np.save(folder / "images.npy", images)
    Fingerprint.of(registry.load_image_set(run.config.data)).save(run.path)
    result = evaluated(run)
    assert result.split_copies is not None
    count, without = result.split_copies["count"], result.split_copies["without"]
    assert 60 <= count <= 65
    assert result.split_copies["checked"] == 180
    assert without["n"] == 180 - count
    assert {"cas_balanced", "real_accuracy_balanced", "precision", "kid", "intervals"} <= without.keys()
    assert without["kid"] != result.kid
    assert f"{count} of 180 validation images are near copies of training images" in result.notices[0]
    assert results.load_result(run, 320).split_copies == result.as_json()["split_copies"]

    image_set = registry.load_image_set(run.config.data)
    found = near_copies_of_training(image_set, "val")
    assert set(val[:60]) <= set(found.rows)
    assert (found.training_rows[np.isin(found.rows, val[:60])] == train[:60]).mean() > 0.95
    assert found.checked == 180
    assert found.calibration.threshold < 0.5


def test_the_real_trained_classifier_is_kept_for_the_next_run_on_the_same_set() -> None:
    phases: list[str] = []
    evaluated(trained("first"))
    second = trained("second", train__seed=1)
    evaluate_snapshot(second, progress=lambda phase, done: phases.append(phase), budget=BUDGET)
    assert "training on real" not in phases
    assert "training on synthetic" in phases
    assert len(list(settings.cache().glob("classifier-*.safetensors"))) == 1


def test_a_classifier_from_the_cache_sees_exactly_what_the_fresh_one_saw() -> None:
    """Convolutions may round differently in another memory format: on processors without AMX they do."""
    images = registry.load_image_set(build_config({}).data)
    shown = native_images(images, images.rows("val"))
    fresh, loaded = (
        load_reference_classifier(images, split_sha256(images, "train"), budget=SMALL_BUDGET.classifier)
        for _ in range(2)
    )
    saw, sees = (small_resnet.predict(one.network, shown) for one in (fresh, loaded))
    assert fresh.sha256 == loaded.sha256
    assert all(torch.equal(before, now) for before, now in zip(saw, sees, strict=True))


def test_a_run_with_attributes() -> None:
    write_celeba(settings.public_data(), 120)
    run = trained("faces", data__name="celeba", data__attributes="Bald,Male,Smiling", data__image_size=32)
    result = evaluated(run)
    assert [row["condition"] for row in result.per_condition] == ["Bald", "Male", "Smiling"]
    assert [row["real"] for row in result.per_condition] == [
        int(count) for count in registry.load_image_set(run.config.data).counts()["val"].values()
    ]
    assert 0 < result.obedience < 1
    assert "Only 12 images in the val split" in result.notices[-1]


def test_asked_to_stop_it_leaves_nothing() -> None:
    run = trained("digits")
    with pytest.raises(StoppedError):
        evaluate_snapshot(run, progress=stop)
    assert not (run.path / "evaluation").exists()
    assert not list(settings.cache().glob("classifier-*.safetensors"))


def test_what_cannot_be_evaluated_is_said() -> None:
    write_celeba(settings.public_data(), 60)
    few = trained("faces", data__name="celeba", data__attributes="Smiling", data__image_size=32)
    with pytest.raises(DataError, match="has 6 images in its val split: an evaluation takes at least 10"):
        evaluate_snapshot(few)
    run = trained("digits")
    with pytest.raises(UserError, match="split is 'train': it takes val"):
        evaluate_snapshot(run, split="train")
    with pytest.raises(RunError, match="has no snapshot 7"):
        evaluate_snapshot(run, 7)
    with pytest.raises(RunError, match="has no evaluation on the val split: `python -m gan evaluate digits"):
        results.load_result(run, 320)


def test_the_best_snapshot_has_the_lowest_kernel_distance_on_the_validation_split() -> None:
    run = trained("digits")
    assert best_snapshot(run) is None
    late = scored(run, budget=BUDGET)
    assert best_snapshot(run) == 320
    made_with = late.made_with | {"generator_sha256": generator_sha256(run, 160)}
    early = replace(late, snapshot=160, kid=late.kid / 2, made_with=made_with)
    early.save(run)
    assert best_snapshot(run) == 160
    replace(late, snapshot=240, kid=-1.0).save(run)
    assert best_snapshot(run) == 160  # there is no such snapshot any more
    replace(late, kid=0.0, split="test").save(run)
    assert best_snapshot(run) == 160  # the test split chooses nothing
    other = early.made_with | {"features_sha256": "of another classifier", "time": 0.0}
    replace(early, kid=-5.0, made_with=other).save(run)
    assert best_snapshot(run) == 320  # distances in other features cannot be compared
    (run.path / "evaluation" / "000000320.json").write_text('{"version": 99}')
    assert best_snapshot(run) == 160  # a newer program's result is passed over


def test_the_command_prints_one_document(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    use_budget(monkeypatch, BUDGET)
    trained("digits")
    capsys.readouterr()
    assert main(["evaluate", "digits", "--snapshot", "160", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document.keys() >= PROMISED
    assert (document["snapshot"], document["split"]) == (160, "val")
    assert main(["evaluate", "digits", "--snapshot", "160"]) == 0
    assert f"{document['cas']:.1%}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["nobody"], "There is no run nobody in"), (["digits", "--split", "train"], "invalid choice: 'train'")],
)
def test_a_mistake_is_one_clear_line(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_reading_results_imports_no_torch() -> None:
    code = "import sys, gan.evaluation.records.results; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=settings.ROOT, capture_output=True)


@pytest.mark.parametrize("change", [lambda file: file[: len(file) // 2], lambda file: b"x" * len(file)])
def test_a_damaged_classifier_in_the_cache_is_trained_anew(change: Callable[[bytes], bytes]) -> None:
    images = registry.load_image_set(build_config({}).data)
    budget = SMALL_BUDGET.classifier
    before = load_reference_classifier(images, split_sha256(images, "train"), budget=budget)
    kept = next(settings.cache().glob("classifier-*.safetensors"))
    kept.write_bytes(change(kept.read_bytes()))
    again = load_reference_classifier(images, split_sha256(images, "train"), budget=budget)
    assert again.sha256 == before.sha256


def test_a_classifier_learns_digits_and_attributes() -> None:
    images = registry.load_image_set(build_config({}).data)
    train, held = images.rows("train"), images.rows("val")
    digits = images.conditions
    bits = np.stack([images.labels() % 2, images.labels() > 4], axis=1).astype(np.float32)  # odd; more than four
    for kind, conditions in (("class", digits), ("attributes", bits)):
        network = train_classifier(images.images[train], conditions[train], kind, images_seen=3000)
        _, logits = small_resnet.predict(network, images.images[held])
        assert accuracy(logits, conditions[held], kind).overall > 0.85, kind


def test_random_shifts_reach_2_px_both_ways() -> None:
    ramp = torch.arange(32, dtype=torch.uint8).repeat(200, 1, 32, 1)  # (200, 1, 32, 32), brighter to the right
    moved = small_resnet.random_shift(ramp, np.random.default_rng(0))[:, 0, 16].int()  # (200, 32)
    shifts = moved[:, 16] - 16
    assert set(shifts.tolist()) == {-2, -1, 0, 1, 2}
    assert (moved == (torch.arange(32) + shifts[:, None]).clamp(0, 31)).all()
