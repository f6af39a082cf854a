"""Constructed predictions of the classes a and b."""

import numpy as np
from numpy.typing import NDArray

from gan.evaluation.study.arms import ArmPlan, plan_arms
from gan.evaluation.study.predictions import GroundTruth, Predictions

PLANS = plan_arms({"a": 100, "b": 100}, (1.0,), (0.5,))
CONTROL, CHOSEN = (next(arm for arm in PLANS if arm.kind == kind) for kind in ("real", "synthetic"))


def truth(labels: NDArray[np.int64], **others: object) -> GroundTruth:
    n = len(labels)
    values = {
        "group": None, "fold": np.zeros(n, np.int64), "own_test": np.ones(n, bool), "names": ("a", "b"), "rarest": 1,
        "scored": (0, 1),
    }  # fmt: skip
    return GroundTruth(np.eye(2, dtype=np.uint8)[labels], "class", **(values | others))  # type: ignore[arg-type]


def predicted(plan: ArmPlan, scores: NDArray[np.float64], known: GroundTruth) -> Predictions:
    """Predictions with these scores (S, n) for class b."""
    logits = np.stack([np.zeros_like(scores), scores], axis=2).astype(np.float32)
    return Predictions(plan, logits, np.zeros((len(scores), len(known.folds), 2)), known)
