"""A run's curves and scores in a tracker of experiments: TensorBoard, Weights & Biases or MLflow. No torch.

Each is an optional dependency, imported only here and only when used. A step is a number of images seen. A tracker gets
numbers and the config without paths of this machine; sample sheets go into TensorBoard's files alone.
"""

import os
from collections.abc import Callable
from pathlib import Path

from gan.errors import UserError
from gan.monitoring.tensorboard import write_event_files
from gan.monitoring.tracked_points import tracked_points
from gan.runs.run import Run

PROJECT = "gan"
"""The project of Weights & Biases and the experiment of MLflow, where their own variables name no other."""
BATCH = 1000
"""Values in one request to MLflow, at most."""


def log_tensorboard(run: Run, out: Path | None) -> int:
    """Write event files into `out`; returns the number of points. Raises UserError as `write_event_files` does."""
    if out is None:
        raise UserError("--out is missing: TensorBoard's event files take an empty or new folder.")
    return write_event_files(run, out)


def log_wandb(run: Run, out: Path | None) -> int:
    """Log to Weights & Biases, by its own settings, or with `out` offline into that folder; returns the points."""
    try:
        import wandb
    except ImportError:
        raise UserError("Weights & Biases is not installed: run `pip install wandb`.") from None
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    points = tracked_points(run)
    with wandb.init(
        project=os.environ.get("WANDB_PROJECT", PROJECT),
        name=run.name,
        config=run.config.without_local_paths(),
        dir=None if out is None else str(out),
        mode=None if out is None else "offline",
        settings=wandb.Settings(console="off", silent=True, x_disable_stats=True, disable_git=True, save_code=False),
    ) as tracker:
        for point in points:
            tracker.log(point.values, step=point.seen)
    return len(points)


def log_mlflow(run: Run, out: Path | None) -> int:
    """Log to MLflow, by its own settings, or with `out` into that folder; returns the points."""
    if out is not None:
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # which MLflow otherwise refuses
    try:
        from mlflow import MlflowClient
        from mlflow.entities import Metric, Param
    except ImportError:
        raise UserError("MLflow is not installed: run `pip install mlflow-skinny`.") from None
    client = MlflowClient() if out is None else MlflowClient(tracking_uri=out.resolve().as_uri())
    name, points = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT), tracked_points(run)
    experiment = client.get_experiment_by_name(name)
    identifier = client.create_experiment(name) if experiment is None else experiment.experiment_id
    logged = client.create_run(identifier, run_name=run.name, start_time=round(1000 * run.created)).info.run_id
    config = run.config.without_local_paths()
    client.log_batch(
        logged,
        params=[
            Param(f"{section}.{option}", str(value))
            for section, options in config.items()
            if isinstance(options, dict)
            for option, value in options.items()
        ],
    )
    metrics = [
        Metric(key, value, round(1000 * point.time), point.seen)
        for point in points
        for key, value in point.values.items()
    ]
    for start in range(0, len(metrics), BATCH):
        client.log_batch(logged, metrics=metrics[start : start + BATCH])
    client.set_terminated(logged)
    return len(points)


TRACKERS: dict[str, Callable[[Run, Path | None], int]] = {
    "tensorboard": log_tensorboard,
    "wandb": log_wandb,
    "mlflow": log_mlflow,
}
