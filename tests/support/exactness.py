"""Helpers for tests of exact resumption: a run's metrics without timings, and its weights."""

from safetensors.torch import load_file
from torch import Tensor, equal

from gan.jobs.worker import working
from gan.runs.metrics import TIMINGS
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run
from gan.training.snapshot_hooks import SnapshotHooks
from gan.training.train import train


def rows(run: Run) -> list[dict[str, float]]:
    """The metrics without timings."""
    kept = MetricsReader(run.path / "metrics.jsonl").read()
    return [{name: value for name, value in row.items() if name not in TIMINGS} for row in kept]


def final_weights(run: Run) -> dict[str, Tensor]:
    return load_file(run.snapshot() / "generator.safetensors")


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)


def train_until(run: Run, seen: int | None, hooks: SnapshotHooks = SnapshotHooks()) -> None:
    """Train a run in this process until it is stopped after `seen` images, or to its end."""
    with working(run.path, "cpu", gpus=run.config.job.gpus) as worker:

        class Stopping:
            """The worker, which is asked to stop once so many images were seen."""

            device, slots, leave_in_child, progress = (
                worker.device,
                worker.slots,
                worker.leave_in_child,
                worker.progress,
            )
            mark_stopped, fail_at_once = worker.mark_stopped, worker.fail_at_once
            mark_ended_early = worker.mark_ended_early
            requested = False

            def report(self, phase: str, done: float, total: float, **more: object) -> None:
                worker.report(phase, done, total, **more)
                self.requested = seen is not None and phase == "training" and done >= seen

            def should_stop(self) -> bool:
                return self.requested

        train(run, Stopping(), hooks=hooks)  # type: ignore[arg-type]
