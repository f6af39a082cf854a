"""Curves for drawing: finite points, smoothed, reduced, and limits that outliers do not stretch. No torch.

Letters: n points.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan.runs.metrics_table import MetricsTable

POINTS = 2000
INNER = (0.02, 0.98)
"""Quantiles of a curve between which it is not an outlier."""
REACH = 3.0
"""How far a curve may leave the typical one, in spans of that, before it is left out of the limits."""
MARGIN = 0.08
"""Of the span, above and below it."""

Values = NDArray[np.float64]
Curve = tuple[Values, Values]


def finite_points(rows: Sequence[Mapping[str, Any]], metric: str, axis: str = "seen") -> Curve:
    """The finite points of one metric: thousands of images seen or, for `axis` "seconds", minutes (n,); values (n,)."""
    columns = MetricsTable.from_rows(rows)
    x = columns.column(axis) / (1000 if axis == "seen" else 60)
    y = columns.column(metric)
    finite = np.isfinite(y) & np.isfinite(x)
    return x[finite], y[finite]


def smooth(values: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """The exponential moving average (n,) with `weight` (0 to below 1) on the past; 0 changes nothing."""
    if weight <= 0:
        return values
    averaged: NDArray[np.float64] = pd.Series(values).ewm(alpha=1 - weight).mean().to_numpy()
    return averaged


def reduce_points(x: NDArray[np.float64], y: NDArray[np.float64], points: int = POINTS) -> Curve:
    """At most `points` of a curve: the minimum and the maximum of each bucket, so that no peak is lost."""
    if len(x) <= points:
        return x, y
    size = -(-len(y) // (points // 2))
    buckets = np.pad(y, (0, -len(y) % size), mode="edge").reshape(-1, size)
    starts = np.arange(len(buckets)) * size
    kept = np.concatenate([starts + buckets.argmin(axis=1), starts + buckets.argmax(axis=1)])
    chosen = np.unique(np.minimum(kept, len(y) - 1))
    return x[chosen], y[chosen]


def robust_limits(curves: Sequence[NDArray[np.float64]]) -> tuple[float, float] | None:
    """The lowest and highest value to draw for several curves (n,); None where all of their values fit.

    Rare peaks are cut off, and so is a curve that lies far from the typical one, of the lower median span. The limits
    of positive values are positive, for logarithmic axes.
    """
    inner = [tuple(np.quantile(y, INNER)) for y in curves if len(y)]
    if not inner:
        return None
    low, high = min(inner, key=lambda ends: abs((ends[1] - ends[0]) - statistics.median_low(b - a for a, b in inner)))
    reach = REACH * max(high - low, 1e-9)
    kept = [(a, b) for a, b in inner if a >= low - reach and b <= high + reach]
    low, high = min(a for a, _ in kept), max(b for _, b in kept)
    span = max(high - low, 1e-9)
    values = np.concatenate(list(curves))
    inside = values[(values >= low - span) & (values <= high + span)]
    if len(inside) == len(values):
        return None
    lowest, margin = float(inside.min()), MARGIN * span
    return max(lowest - margin, 0.9 * lowest) if lowest > 0 else lowest - margin, float(inside.max()) + margin
