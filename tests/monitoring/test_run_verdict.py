"""The verdict on a run: what decides it, what each part says, and what to do next."""

import json
from dataclasses import replace
from typing import Any

import pytest

from gan import jobs
from gan.cli.main import main
from gan.evaluation.job import job_folder
from gan.evaluation.records import stored_studies
from gan.evaluation.study.study_options import StudyOptions
from gan.evaluation.study_estimate import SavedEstimate, save_study_estimate
from gan.io.atomic import write_json
from gan.jobs import State
from gan.monitoring import reference_curves
from gan.monitoring.diagnosis import diagnose
from gan.monitoring.run_verdict import RunVerdict, run_verdict
from gan.monitoring.verdict_parts import NOT_MEASURED, VerdictLevel, health_part
from gan.runs.run import Run
from tests.support.evaluation import demo_scores, studied
from tests.support.pages import ended, made

FINISHED = State("finished")
LAST = 40_000
COPIES = {"count": 60, "checked": 500, "held_out": {"count": 0, "checked": 500, "rate": 0.0}}
NO_BETTER = {"cas_balanced": 0.11, "intervals": {"cas_balanced": (0.09, 0.13)}}
WEAK = {"cas_balanced": 0.5, "intervals": {"cas_balanced": (0.48, 0.52)}}
UNLEARNABLE = {"real_accuracy_balanced": 0.1, "intervals": {"real_accuracy_balanced": (0.08, 0.12)}}


def trained_to(seen: int = LAST, name: str = "made", kimg: float = 40.0) -> Run:
    """A finished run in balance, with points each 1,000 images and a snapshot after the last."""
    run = ended(made(name, points=seen // 1000, **{"train.kimg": kimg}), state="finished")
    add_snapshot(run, seen)
    return run


def add_snapshot(run: Run, seen: int) -> None:
    run.snapshot_folder(seen).mkdir(parents=True)
    write_json(run.snapshot_folder(seen) / "ready.json", {"seen": seen, "sha256": "0" * 64})


def scored(run: Run, seen: int = LAST, **changes: Any) -> None:
    """Scores of the demo run with `changes`, those of `intervals` and `near_copies` beside its others."""
    demo_scores(run, seen)
    path = run.path / "evaluation" / f"{seen:09d}.json"
    document = json.loads(path.read_text())
    for name in ("intervals", "near_copies", "diversity"):
        changes[name] = document[name] | changes.get(name, {})
    write_json(path, document | changes)


def member_test(run: Run, p_value: float, seen: int = LAST) -> None:
    known = {"version": 2, "run": run.name, "snapshot": seen, "n": {"members": 100, "held_out": 50}, "auc": 0.6}
    spans = {"interval": (0.5, 0.7), "near": 0.1, "control_auc": (0.45, 0.55), "control_near": (0.0, 0.1)}
    others = {"p_value": p_value, "patients_named": True, "notices": [], "made_with": {}}
    write_json(run.path / "evaluation" / f"{seen:09d}-membership.json", known | spans | others)


def judged(run: Run, state: State = FINISHED, **options: Any) -> tuple[str, VerdictLevel]:
    verdict = run_verdict(run, state, **options)
    assert len(verdict.label.split()) <= 4
    assert [part.name for part in verdict.parts] == ["health", "scores", "near copies", "membership", "study"]
    return verdict.label, verdict.level


def step(run: Run, state: State = FINISHED, **options: Any) -> str | None:
    following = run_verdict(run, state, **options).next_step
    return None if following is None else following.kind


def test_losses_alone_are_in_balance_at_best_and_early_nobody_can_tell() -> None:
    assert judged(trained_to()) == ("Losses in balance", "neutral")
    assert judged(trained_to(12_000, "young", kimg=100)) == ("Too early to tell", "neutral")
    verdict = run_verdict(Run(trained_to(name="unscored").path), FINISHED)
    assert [part.text for part in verdict.parts] == ["losses in balance", *[NOT_MEASURED] * 4]


def test_a_finished_run_without_images_has_no_good_verdict() -> None:
    assert judged(ended(made(), state="finished")) == ("No images yet", "neutral")


def test_a_run_whose_config_cannot_be_read_has_a_verdict_too() -> None:
    run = trained_to()
    (run.path / "config.json").write_text("{")
    assert judged(Run(run.path)) == ("Cannot be read", "neutral")


@pytest.mark.parametrize(
    ("changes", "label", "level", "following"),
    [
        ({}, "Learning well", "good", "study"),
        (WEAK, "Weaker than real images", "neutral", "study"),
        (NO_BETTER, "No better than guessing", "caution", "train on"),
        (UNLEARNABLE, "Labels not recognised", "caution", None),
        ({"near_copies": COPIES}, "Near copies found", "caution", "study"),
        ({"diversity": {"ratio": 0.2}}, "One image per class", "bad", "new training"),
    ],
)
def test_scores_decide_until_there_is_a_study(changes: Any, label: str, level: str, following: str | None) -> None:
    run = trained_to()
    scored(run, **changes)
    assert judged(run) == (label, level)
    assert step(run) == following


@pytest.mark.parametrize(
    ("kind", "label", "level"),
    [
        ("helps", "Helps", "good"),
        ("none", "No gain", "caution"),
        ("no-room", "No room to gain", "caution"),
        ("harmful", "Harmful", "bad"),
        ("unclear", "Cannot tell", "neutral"),
    ],
)
def test_a_study_decides_over_good_scores(kind: str, label: str, level: str) -> None:
    run = trained_to()
    scored(run)
    studied(run, LAST, kind=kind)
    assert judged(run) == (label, level)
    assert step(run) == "membership"
    member_test(run, 0.5)
    assert step(run) is None


def test_a_gain_with_near_copies_is_no_clear_success() -> None:
    run = trained_to()
    scored(run, near_copies=COPIES)
    studied(run, LAST)
    member_test(run, 0.01)
    assert judged(run) == ("Helps, with caveats", "caution")
    assert run_verdict(run, FINISHED).sentence.endswith("But: near copies found, membership risk found.")


def test_a_membership_risk_outweighs_good_scores() -> None:
    run = trained_to()
    scored(run)
    member_test(run, 0.01)
    assert judged(run) == ("Membership risk found", "caution")


def test_no_gain_of_collapsed_images_is_bad() -> None:
    run = trained_to()
    scored(run, diversity={"ratio": 0.2})
    studied(run, LAST, kind="none")
    assert judged(run) == ("One image per class", "bad")


def test_it_is_on_the_studied_snapshot_else_the_best_and_on_another_by_request() -> None:
    run = trained_to()
    add_snapshot(run, 20_000)
    assert run_verdict(run, FINISHED).snapshot == LAST
    scored(run, 20_000, kid=0.001)
    scored(run, LAST, kid=0.5, diversity={"ratio": 0.2})
    assert run_verdict(run, FINISHED).snapshot == 20_000
    assert judged(run) == ("Learning well", "good")
    assert judged(run, snapshot=LAST) == ("One image per class", "bad")
    studied(run, LAST, kind="none")
    assert run_verdict(run, FINISHED).snapshot == LAST


@pytest.mark.parametrize("recording", reference_curves.recording_names())
def test_every_finding_has_a_short_label(recording: str) -> None:
    part = health_part(diagnose(reference_curves.load_recording(recording).observations()))
    assert 1 <= len(part.label.split()) <= 4
    assert part.level == ("neutral" if recording.startswith("good-") else part.level)
    assert (part.level == "bad") == (recording in ("one-image", "nothing-learnt"))


def test_the_next_step_has_the_time_that_was_measured() -> None:
    run = trained_to()
    assert seconds(run_verdict(run, FINISHED)) is None
    demo_info(run)
    assert seconds(run_verdict(run, FINISHED, rates={"scores": 0.25})) == pytest.approx(0.25 * 28 * 28)
    scored(run)
    assert seconds(run_verdict(run, FINISHED)) is None
    job_folder(run, "study-estimate").mkdir()
    save_study_estimate(run, LAST, StudyOptions(), SavedEstimate(390, 32_400.0, [], []))
    assert seconds(run_verdict(run, FINISHED)) == 32_400.0


def demo_info(run: Run) -> None:
    from gan.config import settings

    for name in ("data.json", "conditions.npz"):
        (run.path / name).write_bytes((settings.ROOT / "checkpoints" / "demo-mnist" / name).read_bytes())


def seconds(verdict: RunVerdict) -> float | None:
    assert verdict.next_step is not None
    return verdict.next_step.seconds


def test_a_running_training_is_not_to_be_trained_again() -> None:
    run = trained_to()
    scored(run, diversity={"ratio": 0.2})
    assert step(run, State("running")) is None
    assert step(trained_to(12_000, "young", kimg=100), State("running")) is None


def test_a_stopped_run_that_learnt_nothing_yet_is_resumed() -> None:
    run = trained_to()
    scored(run, **NO_BETTER)
    following = run_verdict(run, State("stopped")).next_step
    assert following is not None
    assert (following.kind, following.advice) == ("train on", {})


def test_the_command_line_lists_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    run = trained_to()
    scored(run)
    studied(run, LAST, kind="none")
    assert main(["runs", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    expected = run_verdict(run, jobs.state(run.path)).as_json()
    assert row["verdict"] == json.loads(json.dumps(expected))
    assert row["verdict"]["label"] == "No gain"
    assert row["verdict"]["parts"]["membership"] == {"level": "neutral", "text": NOT_MEASURED}
    assert row["verdict"]["next_step"]["kind"] == "membership"


def test_a_study_with_numbers_has_them_in_its_sentence() -> None:
    run = trained_to()
    study = studied(run, LAST, kind="none")
    replace(study, regimes=study.regimes[:1]).save(run)
    assert stored_studies.load_study(run, LAST).verdict_kind == "none"
    sentence = run_verdict(run, FINISHED).sentence
    assert sentence == ("Adding these images to real ones changes AUROC by +5.0 points (95% interval +2.0 to +8.0).")
