"""What a run's folder says of how it is doing, gathered for `diagnosis.py`: curves, spread, evaluations, its process.

Numbers only, no judgement. No torch, so that a page can gather it at every look.

Letters: n points of the curves.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan import jobs
from gan.config.run_config import RunConfig
from gan.evaluation.records import results
from gan.evaluation.records.results import EvaluationResult
from gan.monitoring import sample_diversity
from gan.runs.metrics import TIMINGS
from gan.runs.metrics_table import MetricsTable
from gan.runs.run import Run


@dataclass(frozen=True)
class Observations:
    """All that the rules may look at. What a run does not have is None or empty, and the rules on it stay silent."""

    config: RunConfig
    seen: NDArray[np.int64]
    """Images seen at each point of the curves (n,)."""
    metrics: Mapping[str, NDArray[np.float64]]
    """Each metric's values (n,), NaN where a row lacks it."""
    diversity: Mapping[int, float] = field(default_factory=dict)
    """Spread of the sample pictures within a condition by images seen (`spread.py`)."""
    real_diversity: float | None = None
    """The same of real training images."""
    subclass_separation: float = 0.0
    """How far the kinds lie apart that the networks are told of (`kinds.py`), as a share of it; 0 without kinds."""
    evaluation: EvaluationResult | None = None
    """The newest evaluation on the validation split."""
    end: str = ""
    """The kind of the run's end (`jobs.State.kind`), such as "nan"; empty while it lives or where it ended well."""
    silent: float | None = None
    """Seconds since a running trainer last reported; None where it does not run."""
    usual: float | None = None
    """Seconds between two points of its curves, the median."""

    @property
    def total(self) -> float:
        """Images that the finished run will have seen."""
        return self.config.train.kimg * 1000

    @property
    def last(self) -> int:
        """Images seen at the newest point; 0 before the first."""
        return int(self.seen[-1]) if len(self.seen) else 0

    def until(self, moment: float) -> "Observations":
        """What the curves and samples showed when `moment` images had been seen: without evaluation, end or silence."""
        points = int(np.searchsorted(self.seen, moment, side="right"))
        return replace(
            self,
            seen=self.seen[:points],
            metrics={name: values[:points] for name, values in self.metrics.items()},
            diversity={seen: value for seen, value in self.diversity.items() if seen <= moment},
            evaluation=None,
            end="",
            silent=None,
        )

    def tail(self, metric: str, share: float = 0.25, least: int = 10) -> NDArray[np.float64]:
        """The finite values of a metric in the last `share` of the points, at least the last `least`; maybe none."""
        values = self.metrics.get(metric, np.empty(0))
        values = values[-max(least, round(share * len(values))) :]
        return values[np.isfinite(values)]

    def mean(self, metric: str) -> float | None:
        """The average of a metric's tail, None where the run does not log it."""
        values = self.tail(metric)
        return float(values.mean()) if len(values) else None

    @property
    def diversity_ratio(self) -> float | None:
        """The spread of the newest samples as a share of that of real images; None where one is not known.

        The picture from before training is alike for every noise, and says nothing of what was learnt.
        """
        newest = max(self.diversity, default=0)
        return self.diversity[newest] / self.real_diversity if newest and self.real_diversity else None

    @property
    def evaluated_diversity_ratio(self) -> float | None:
        """The same by the newest evaluation, on many more images; None where there is none."""
        return self.evaluation.diversity.get("ratio") if self.evaluation is not None else None

    def within_subclasses(self, share: float) -> float:
        """A share of the spread within a class, less what one image of each kind alone would show of it.

        Spreads add up by their squares. So it is 1 for images like the real ones, and 0 for one image of each kind.
        """
        apart = self.subclass_separation**2
        return float(max(0.0, share**2 - apart) / (1 - apart)) ** 0.5 if 0 < apart < 1 else share

    @property
    def copies(self) -> float | None:
        """The share of synthetic images that an evaluation found to be near copies; None where none looked."""
        if self.evaluation is None or not self.evaluation.near_copies.get("checked"):
            return None
        return float(self.evaluation.near_copies["count"] / self.evaluation.near_copies["checked"])


def observations_from_run(
    run: Run,
    rows: MetricsTable | Sequence[Mapping[str, Any]],
    state: jobs.State,
    *,
    real_diversity: float | None = None,
    subclass_separation: float = 0.0,
    now: float | None = None,
) -> Observations:
    """Observations of a run's folder. Raises RunError where its config cannot be read.

    `rows` are the rows of its metrics file. `real_diversity` and `subclass_separation` come from the caller, who caches
    them: computing them at every call would take too long. `now` is in seconds since 1970, by default the present.
    """
    evaluations = results.list_results(run)
    reported = run.status().get("time")
    silent = None
    if state.name == "running" and reported is not None:
        silent = max(0.0, (time.time() if now is None else now) - reported)
    return observations_from_rows(
        rows,
        run.config,
        diversity=sample_diversity.diversity_by_snapshot(run),
        real_diversity=real_diversity,
        subclass_separation=subclass_separation,
        evaluation=evaluations[-1] if evaluations else None,
        end=state.kind if state.name in ("failed", "lost") else "",
        silent=silent,
    )


def observations_from_rows(
    rows: MetricsTable | Sequence[Mapping[str, Any]], config: RunConfig, **others: Any
) -> Observations:
    """Observations from the rows of a metrics file; `others` are further fields of `Observations`."""
    columns = MetricsTable.from_rows(rows)
    seconds = columns.column("seconds")
    steps = np.diff(seconds[np.isfinite(seconds)])
    return Observations(
        config=config,
        seen=columns.seen,
        metrics={name: columns.column(name) for name in columns.names if name not in TIMINGS},
        usual=float(np.median(steps)) if len(steps) else None,
        **others,
    )
