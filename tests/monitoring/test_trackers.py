"""Curves and scores in trackers of experiments, read back by the real libraries, without a server or an account."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gan.cli.main import main
from gan.config import settings
from gan.errors import UserError
from gan.monitoring import trackers
from gan.monitoring.tracked_points import tracked_points
from gan.runs.run import Run, find_run

SCORED = 100_032
READ_WANDB = """
import glob, json, struct, sys
from wandb.proto.wandb_internal_pb2 import Record
BLOCK, FULL, LAST = 32_768, 1, 4  # of LevelDB's log format
(file,) = glob.glob(sys.argv[1] + "/wandb/offline-run-*/*.wandb")
data, start, record = open(file, "rb").read(), 7, b""
while start < len(data):
    if BLOCK - start % BLOCK < 7:
        start += BLOCK - start % BLOCK
        continue
    length, kind = struct.unpack("<HB", data[start + 4 : start + 7])
    record += data[start + 7 : start + 7 + length]
    start += 7 + length
    if kind in (FULL, LAST):
        history = Record.FromString(record).history
        items = {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in history.item}
        record = b""
        if items:
            print(json.dumps(items))
"""
READ_MLFLOW = """
import json, sys
from mlflow import MlflowClient
client = MlflowClient(tracking_uri=sys.argv[1])
(experiment,) = [found for found in client.search_experiments() if found.name == "gan"]
(run,) = client.search_runs([experiment.experiment_id])
history = {
    key: [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, key)] for key in run.data.metrics
}
print(json.dumps({"name": run.info.run_name, "params": run.data.params, "history": history}))
"""


@pytest.fixture
def run(store: Path) -> Run:
    """The demo run, which is scored."""
    shutil.copytree(settings.ROOT / "checkpoints" / "demo-mnist", store / "demo-mnist")
    return find_run("demo-mnist")


def logged(run: Run, tracker: str, out: Path) -> None:
    """Log by the command, in a process of its own: these libraries change signals, threads and warnings."""
    command = [sys.executable, "-m", "gan", "log", run.name, "--to", tracker, "--out", str(out)]
    done = subprocess.run(command, cwd=settings.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert str(out) in done.stdout


def read(script: str, argument: str) -> list[str]:
    environment = os.environ | {"MLFLOW_ALLOW_FILE_STORE": "true"}
    done = subprocess.run(
        [sys.executable, "-c", script, argument], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_points_are_the_curves_and_the_scores_of_scored_snapshots(run: Run) -> None:
    points = tracked_points(run)
    assert [point.seen for point in points] == sorted(point.seen for point in points)
    (scored,) = [point for point in points if point.seen == SCORED]
    assert scored.values["scores/coverage"] == pytest.approx(0.846974)
    assert "loss_d" in points[0].values
    assert "scores/kid" not in points[0].values


def test_weights_and_biases_reads_every_point_offline(run: Run, tmp_path: Path) -> None:
    logged(run, "wandb", tmp_path / "out")
    rows = [json.loads(line) for line in read(READ_WANDB, str(tmp_path / "out"))]
    points = tracked_points(run)
    assert [row["_step"] for row in rows] == [point.seen for point in points]
    assert [row["loss_d"] for row in rows if "loss_d" in row] == pytest.approx(
        [point.values["loss_d"] for point in points if "loss_d" in point.values]
    )
    assert [row["scores/coverage"] for row in rows if "scores/coverage" in row][-1] == pytest.approx(0.846974)


def test_mlflow_reads_every_point_from_a_folder(run: Run, tmp_path: Path) -> None:
    logged(run, "mlflow", tmp_path / "out")
    (line,) = read(READ_MLFLOW, (tmp_path / "out").as_uri())
    found = json.loads(line)
    assert found["name"] == "demo-mnist"
    assert found["params"]["data.name"] == "mnist"
    expected = [(point.seen, point.values["loss_d"]) for point in tracked_points(run) if "loss_d" in point.values]
    assert sorted(map(tuple, found["history"]["loss_d"])) == expected
    assert [SCORED, pytest.approx(0.846974)] in found["history"]["scores/coverage"]


@pytest.mark.parametrize(("tracker", "package"), [("wandb", "wandb"), ("mlflow", "mlflow")])
def test_a_missing_package_is_named_with_its_command(
    run: Run, tracker: str, package: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert main(["log", run.name, "--to", tracker]) == 2
    assert f"`pip install {package}" in capsys.readouterr().err


def test_tensorboard_needs_a_folder(run: Run) -> None:
    with pytest.raises(UserError, match="--out is missing"):
        trackers.log_tensorboard(run, None)
