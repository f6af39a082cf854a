"""What the tests of pages and reports share: a study's result with chosen numbers, as `study.py` would keep it."""

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from gan.config import settings
from gan.errors import StoppedError
from gan.evaluation import tasks
from gan.evaluation.budget import ClassifierBudget, EvaluationBudget, MembershipBudget
from gan.evaluation.records import results
from gan.evaluation.records.intervals import MeanInterval
from gan.evaluation.records.results import EvaluationResult
from gan.evaluation.records.study_results import (
    VERSION,
    Arm,
    ExploratoryGain,
    Gain,
    KeepRate,
    Regime,
    SkippedArms,
    StudyResult,
)
from gan.evaluation.scores.score_snapshot import evaluate_snapshot
from gan.evaluation.study.arms import ArmPlan, plan_arms
from gan.evaluation.study.confirmation_plan import DivisionChoice, RegimeChoice
from gan.evaluation.study.verdict import keep_rate_finding
from gan.io.atomic import write_json
from gan.runs.run import Run

SMALL_BUDGET = EvaluationBudget(ClassifierBudget(longest=640), checked=30)
"""For tests of everything but the scores themselves: classifiers that have hardly been trained."""


def use_budget(monkeypatch: pytest.MonkeyPatch, budget: EvaluationBudget = SMALL_BUDGET) -> None:
    """Let the evaluation jobs that run in this process use a small budget."""
    membership = MembershipBudget(images=60, samples=(100, 100))
    monkeypatch.setitem(tasks.TASKS, "scores", partial(tasks.score_snapshots, budget=budget))
    monkeypatch.setitem(tasks.TASKS, "membership", partial(tasks.run_membership_test, budget=membership))
    monkeypatch.setitem(tasks.TASKS, "selector", partial(tasks.prepare_selector, budget=budget.classifier))


_scores: dict[tuple[int, EvaluationBudget], EvaluationResult] = {}


def scored(run: Run, snapshot: int = 320, budget: EvaluationBudget = SMALL_BUDGET) -> EvaluationResult:
    """The scores of a snapshot of `trained("digits")`, saved in its folder: worked out once for each budget."""
    if (snapshot, budget) not in _scores:
        _scores[snapshot, budget] = evaluate_snapshot(run, snapshot, budget=budget)
    result = _scores[snapshot, budget]
    result.save(run)
    return result


def stop(phase: str, done: float) -> None:
    """A Progress that stops the work at once."""
    raise StoppedError


REAL = {"ill": 40, "well": 60}
NAMES = tuple(REAL)


def measured(mean: float, half: float = 0.02) -> MeanInterval:
    return MeanInterval(mean, mean - half, mean + half)


def arm(plan: ArmPlan, score: float, gain: float | None = None) -> Arm:
    """An arm of that AUROC, and a balanced accuracy five points lower; with `gain`, over real images alone."""
    of_each = {name: measured(score) for name in NAMES}
    return Arm(
        plan=plan,
        scores=[score, score],
        steps=900,
        auroc=measured(score),
        average_precision=measured(score - 0.15),
        aurocs=of_each,
        average_precisions=of_each,
        balanced_accuracy=measured(score - 0.05),
        sensitivity=of_each,
        specificity=of_each,
        argmax=score - 0.1,
        sensitivity_at=score - 0.2,
        rarest_f1=score - 0.05,
        brier=0.15,
        ece=0.05,
        gain=None if gain is None else ExploratoryGain(gain, gain - 0.03, gain + 0.03, "real"),
    )


def confirmed(value: float, half: float = 0.03, *, over: str = "real", **changes: Any) -> Gain:
    """A confirmed gain over the strongest control, real images alone, with a corrected interval of that half width."""
    gain = Gain(
        value=value,
        low=value - half / 2,
        high=value + half / 2,
        corrected_low=value - half,
        corrected_high=value + half,
        p=0.01,
        harm_p=1.0,
        helps=value > half,
        harms=value < -half,
        arm="synthetic-1",
        over=over,
        harm=MeanInterval(value, value - half, value + half),
        harm_over=over,
        by_class={"ill": value, "well": value / 2},
        detectable=0.06,
        detectable_with={"four times as many test images": 0.04},
    )
    return replace(gain, **changes)


def studied(run: Run, snapshot: int, verdict: str = "Helps: a good deal.", kind: str = "helps") -> StudyResult:
    """A study of a run's snapshot, kept in its folder: all arms of two ratios, on all and on a tenth.

    On validation images, synthetic images gain a point at the lower ratio, four at the higher and two where classes are
    filled up; with classical augmentation too, one less. Half of them, the better ones, gain three points over all. The
    arm of the higher ratio was chosen, and its gain of five points is confirmed.
    """
    gains = {"0.5 x": 0.01, "1 x": 0.04, "filled up": 0.02}
    plans = plan_arms(REAL, (0.5, 1.0))
    arms = [
        arm(plan, 0.8, gains.get(plan.amount, 0.0) - 0.01 * plan.augmented if not plan.is_free else None)
        for plan in plans
    ]
    rates = [KeepRate(0.5, 0.03, 0.01, 0.05), KeepRate(0.25, 0.0, -0.02, 0.02)]
    tested = {"images": 200, "groups": 90, "grouped": True, "per_class": {"ill": 80, "well": 120}}
    test = tested | {"groups_per_class": {"ill": 40, "well": 50}, "near_copies": 0, "folds": 1, "own": 200}
    generator = {"name": run.name, "snapshot": snapshot, "sha256": "of the generator", "kimg": snapshot / 1000}
    chosen = next(plan for plan in plans if plan.name == "synthetic-1")
    by_name = {plan.name: plan for plan in plans}
    again = [arm(chosen, 0.85), arm(by_name["classical"], 0.8), arm(by_name["duplicates-1"], 0.8)]
    gain = confirmed(0.05, over="classical", harm_over="duplicates-1")
    regimes = [
        Regime(
            share=share,
            images=sum(REAL.values()),
            real=REAL,
            attributes=[],
            rarest="ill",
            steps=150,
            batch=32,
            generator=generator,
            arms=arms,
            choice=RegimeChoice(
                share, [DivisionChoice(None, chosen.name, 0.84, "classical", 0.8, chosen.matched, [])], 0.06
            ),
            tested=again,
            gain=gain,
            filtering=keep_rate_finding(1.0, rates, "auroc"),
            verdict=verdict,
            verdict_kind=kind,
            without_copies="",
            validation_copies=0,
            guard={"images": 400, "near_copies": 0, "kept": 0},
            test=test,
            own_test=None,
        )
        for share in (1.0, 0.1)
    ]
    result = StudyResult(
        version=VERSION,
        run=run.name,
        snapshot=snapshot,
        title="A set",
        classifier="small",
        primary="auroc",
        specificity=0.9,
        seeds=2,
        selection_seeds=3,
        folds=1,
        generators=1,
        classes=list(NAMES),
        validation=50,
        test=test,
        planned=1.0,
        looks=1,
        regimes=regimes,
        left=[SkippedArms(0.25, "all arms", "They were left out here.")],
        verdict=verdict,
        verdict_kind=kind,
        notices=["2 seeds tell little."],
        minutes=3.0,
        made_with={"time": 1.0, "generator_sha256": generator_sha256(run, snapshot)},
    )
    result.save(run)
    return result


def generator_sha256(run: Run, snapshot: int) -> str:
    """The hash of a snapshot's generator, which its records name; a text that is none where it was deleted."""
    ready = run.snapshot_folder(snapshot) / "ready.json"
    return str(json.loads(ready.read_text())["sha256"]) if ready.exists() else "of the generator"


def demo_scores(run: Run, snapshot: int, **changes: Any) -> None:
    """Scores of a run's snapshot on the validation split: those of the demo run, with `changes`."""
    (file,) = (settings.ROOT / "checkpoints" / "demo-mnist" / "evaluation").glob("*.json")
    document: dict[str, Any] = json.loads(file.read_text())
    path = results.result_path(run, snapshot, "val")
    path.parent.mkdir(exist_ok=True)
    document["made_with"]["generator_sha256"] = generator_sha256(run, snapshot)
    write_json(path, document | {"run": run.name, "snapshot": snapshot} | changes)
