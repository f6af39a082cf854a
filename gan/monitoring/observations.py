"""Observations of a run for `diagnosis.py`: curves, diversity of samples, evaluation, process. No torch.

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
from gan.evaluation.records import results, stored_studies
from gan.evaluation.records.best_snapshot import SnapshotScore, comparable_scores
from gan.evaluation.records.results import EvaluationResult
from gan.evaluation.records.study_results import StudyResult
from gan.monitoring import sample_diversity
from gan.runs.metrics import TIMINGS
from gan.runs.metrics_table import MetricsTable
from gan.runs.run import Run


@dataclass(frozen=True)
class Observations:
    """The numbers that the rules use. What a run lacks is None or empty."""

    config: RunConfig
    seen: NDArray[np.int64]
    """Images seen at each point of the curves (n,)."""
    metrics: Mapping[str, NDArray[np.float64]]
    """Values (n,) of each metric; NaN where a row lacks it."""
    diversity: Mapping[int, float] = field(default_factory=dict)
    """Pixel diversity of the sample sheets within a condition, by images seen (`sample_diversity.py`)."""
    real_diversity: float | None = None
    """Pixel diversity of real training images within a condition."""
    subclass_separation: float = 0.0
    """Diversity between subclasses as a share of `real_diversity` (`gan/data/subclasses.py`); 0 without subclasses."""
    evaluation: EvaluationResult | None = None
    """The newest evaluation on the validation split."""
    study: StudyResult | None = None
    """The study of the newest snapshot that has one."""
    scores: Sequence[SnapshotScore] = ()
    """The scores among which the best snapshot is chosen, by snapshot, ascending."""
    end: str = ""
    """Cause of a failed run (`jobs.State.kind`), such as "nan"; "" otherwise."""
    silent: float | None = None
    """Seconds since a running trainer last reported; None where it is not running."""
    usual: float | None = None
    """Median seconds between two points of the curves."""

    @property
    def total(self) -> float:
        """Images that the finished run will have seen."""
        return self.config.train.kimg * 1000

    @property
    def last(self) -> int:
        """Images seen at the newest point; 0 before the first."""
        return int(self.seen[-1]) if len(self.seen) else 0

    def until(self, moment: float) -> "Observations":
        """The observations after `moment` images, from curves and samples alone."""
        points = int(np.searchsorted(self.seen, moment, side="right"))
        return replace(
            self,
            seen=self.seen[:points],
            metrics={name: values[:points] for name, values in self.metrics.items()},
            diversity={seen: value for seen, value in self.diversity.items() if seen <= moment},
            evaluation=None,
            study=None,
            scores=[score for score in self.scores if score.snapshot <= moment],
            end="",
            silent=None,
        )

    def tail(self, metric: str, share: float = 0.25, least: int = 10) -> NDArray[np.float64]:
        """The finite values of a metric in the last `share` of the points, or the last `least` points if more."""
        values = self.metrics.get(metric, np.empty(0))
        values = values[-max(least, round(share * len(values))) :]
        return values[np.isfinite(values)]

    def mean(self, metric: str) -> float | None:
        """The mean of a metric's tail; None where the run does not log it."""
        values = self.tail(metric)
        return float(values.mean()) if len(values) else None

    @property
    def diversity_ratio(self) -> float | None:
        """Diversity of the newest samples as a share of that of real images; None where either is unknown.

        The sheet from before training is left out: an untrained generator gives nearly the same image for all noise.
        """
        newest = max(self.diversity, default=0)
        return self.diversity[newest] / self.real_diversity if newest and self.real_diversity else None

    @property
    def evaluated_diversity_ratio(self) -> float | None:
        """The same ratio from the newest evaluation, on many more images; None without one."""
        return self.evaluation.diversity.get("ratio") if self.evaluation is not None else None

    def within_subclasses(self, share: float) -> float:
        """Diversity within subclasses, from diversity within a class; both as shares of that of real images.

        Variances add up: the result is 1 for images like the real ones, and 0 for a single image per subclass.
        """
        apart = self.subclass_separation**2
        return float(max(0.0, share**2 - apart) / (1 - apart)) ** 0.5 if 0 < apart < 1 else share

    @property
    def near_copy_share(self) -> float | None:
        """Share of synthetic images that are near copies, by the newest evaluation; None without one."""
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
    evaluations, studies = results.list_results(run), stored_studies.list_studies(run)
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
        study=studies[-1] if studies else None,
        scores=comparable_scores(run),
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
