"""Light scores with chosen numbers, as `light_score.py` would save them."""

import json
from dataclasses import replace
from typing import Any

from gan.evaluation.records.light_scores import VERSION, LightScore
from gan.runs.run import Run


def light_score(run: Run, snapshot: int, kid: float, half: float = 0.01, **changes: Any) -> LightScore:
    """Light scores of a run's snapshot with that kernel distance, and a 95% interval of that half width; saved."""
    ready = run.snapshot_folder(snapshot) / "ready.json"
    sha256 = json.loads(ready.read_text())["sha256"] if ready.exists() else ""
    score = LightScore(
        version=VERSION,
        run=run.name,
        snapshot=snapshot,
        features="imagenet",
        n={"scores": 180, "floor": 90},
        obedience_balanced=0.9,
        real_accuracy_balanced=0.97,
        chance=0.1,
        kid=kid,
        coverage=0.8,
        floor={"kid": 0.0, "coverage": 0.97, "n": 90.0},
        like_floor={"kid": kid, "coverage": 0.78, "n": 90.0},
        own=None,
        diversity={"real": 0.2, "synthetic": 0.18, "ratio": 0.9},
        near_copies={
            "count": 1, "checked": 100, "interval": (0.0, 0.05), "threshold": 0.4,
            "held_out": {"count": 2, "checked": 1000},
        },
        intervals={
            "kid": (kid - half, kid + half), "coverage": (0.75, 0.85),
            "obedience_balanced": (0.86, 0.94), "real_accuracy_balanced": (0.95, 0.99),
        },
        notices=[],
        made_with={
            "time": 1.0, "cpu_seconds": 2.0, "start_cpu_seconds": 0.0, "seed": 0,
            "data_sha256": {"train": "t", "val": "v"},
            "features_sha256": "of the network", "generator_sha256": sha256,
        },
    )  # fmt: skip
    score = replace(score, **changes)
    score.save(run)
    return score
