"""Helpers for tests of exact resumption: a run's metrics without timings, and its weights."""

from safetensors.torch import load_file
from torch import Tensor, equal

from gan.runs.metrics import TIMINGS
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run


def rows(run: Run) -> list[dict[str, float]]:
    """The metrics without timings."""
    kept = MetricsReader(run.path / "metrics.jsonl").read()
    return [{name: value for name, value in row.items() if name not in TIMINGS} for row in kept]


def final_weights(run: Run) -> dict[str, Tensor]:
    return load_file(run.snapshot() / "generator.safetensors")


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)
