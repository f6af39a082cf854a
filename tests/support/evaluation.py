"""What the tests of pages and reports share: a study's result with chosen numbers, as `study.py` would keep it."""

import json
from functools import partial
from typing import Any

import pytest

from gan.config import settings
from gan.errors import StoppedError
from gan.evaluation import tasks
from gan.evaluation.budget import ClassifierBudget, EvaluationBudget, MembershipBudget
from gan.evaluation.records import results
from gan.evaluation.records.study_results import (
    VERSION,
    Arm,
    Gain,
    KeepRate,
    MeanInterval,
    Regime,
    SkippedArms,
    StudyResult,
)
from gan.evaluation.study.arms import ArmPlan, plan_arms
from gan.evaluation.study.verdict import keep_rate_verdict
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


def stop(phase: str, done: float) -> None:
    """A Progress that stops the work at once."""
    raise StoppedError


REAL = {"ill": 40, "well": 60}
NAMES = tuple(REAL)


def measured(mean: float, half: float = 0.02) -> MeanInterval:
    return MeanInterval(mean, mean - half, mean + half)


def arm(plan: ArmPlan, accuracy: float, gain: float | None = None) -> Arm:
    """An arm of that balanced accuracy; with `gain`, over real images alone."""
    told = None
    if gain is not None:
        against = {"real": measured(gain)}
        span = (gain - 0.02, gain + 0.02, gain - 0.03, gain + 0.03)
        decided, by_class = (gain > 0.03, gain < -0.03), dict.fromkeys(NAMES, gain)
        told = Gain(gain, *span, 0.01, 1.0, *decided, "real", measured(gain, 0.03), "real", against, by_class)
    of_each = {name: measured(accuracy) for name in NAMES}
    return Arm(
        plan=plan,
        balanced_accuracy=[accuracy, accuracy],
        validation=[accuracy, accuracy],
        balanced=measured(accuracy),
        auroc=measured(accuracy + 0.05),
        rarest_f1=measured(accuracy - 0.05),
        sensitivity=of_each,
        specificity=of_each,
        gain=told,
    )


def studied(run: Run, snapshot: int, verdict: str = "Helps: a good deal.", kind: str = "helps") -> StudyResult:
    """A study of a run's snapshot, kept in its folder: all arms of two ratios, on all and on a tenth.

    Synthetic images gain a point at the lower ratio, four at the higher and two where classes are filled up; with
    classical augmentation too, one less. Half of them, the better ones, gain three points over all.
    """
    gains = {"0.5 x": 0.01, "1 x": 0.04, "filled up": 0.02}
    arms = [
        arm(plan, 0.8, gains.get(plan.amount, 0.0) - 0.01 * plan.augmented if plan.comparators else None)
        for plan in plan_arms(REAL, (0.5, 1.0))
    ]
    rates = [KeepRate(0.75, 0.0, -0.02, 0.02, 1.0), KeepRate(0.5, 0.03, 0.01, 0.05, 0.01)]
    tested = {"images": 200, "groups": 90, "grouped": True, "per_class": {"ill": 80, "well": 120}}
    test = tested | {"groups_per_class": {"ill": 40, "well": 50}}
    generator = {"name": run.name, "snapshot": snapshot, "sha256": "of the generator", "kimg": snapshot / 1000}
    regimes = [
        Regime(share, REAL, 150, 32, generator, arms, keep_rate_verdict(1.0, rates, test), verdict, kind)
        for share in (1.0, 0.1)
    ]
    result = StudyResult(
        version=VERSION,
        run=run.name,
        snapshot=snapshot,
        title="A set",
        classifier="small",
        seeds=2,
        classes=list(NAMES),
        rarest="ill",
        test=test,
        regimes=regimes,
        left=[SkippedArms(0.25, "all arms", "They were left out here.")],
        verdict=verdict,
        verdict_kind=kind,
        notices=["2 seeds tell little."],
        minutes=3.0,
        made_with={"time": 1.0, "generator_sha256": "of the generator"},
    )
    result.save(run)
    return result


def demo_scores(run: Run, snapshot: int, **changes: Any) -> None:
    """Scores of a run's snapshot on the validation split: those of the demo run, with `changes`."""
    (file,) = (settings.ROOT / "checkpoints" / "demo-mnist" / "evaluation").glob("*.json")
    document: dict[str, Any] = json.loads(file.read_text())
    path = results.result_path(run, snapshot, "val")
    path.parent.mkdir(exist_ok=True)
    write_json(path, document | {"run": run.name, "snapshot": snapshot} | changes)
