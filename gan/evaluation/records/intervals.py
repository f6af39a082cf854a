"""A mean with its interval, as results store it, and as text."""

from dataclasses import dataclass

from gan.evaluation.number_format import percent_with_interval


@dataclass(frozen=True)
class MeanInterval:
    """A mean over seeds, with a 95% interval over test groups and seeds."""

    mean: float
    low: float
    high: float


def score_with_interval(measured: MeanInterval, metric: str) -> str:
    """`0.951 (0.940 to 0.962)` for AUROC and average precision, `81.4% (79.0 to 83.1)` for balanced accuracy."""
    if metric != "balanced_accuracy":
        return f"{measured.mean:.3f} ({measured.low:.3f} to {measured.high:.3f})"
    return percent_with_interval(measured.mean, measured.low, measured.high)
