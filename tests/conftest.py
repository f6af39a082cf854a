"""What all tests share: a store of their own, and small runs that were really trained."""

import os
from pathlib import Path

import hypothesis
import pytest

os.environ["OMP_NUM_THREADS"] = "1"  # before torch: the same sums in this process and in the jobs it starts

from gan import runs
from gan.jobs.worker import working
from gan.options import build
from gan.runs import Run

hypothesis.settings.register_profile("suite", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("suite")  # the same examples each time, however busy the machine is

TINY = {"model.width": 8, "train.batch": 16, "train.kimg": 0.32, "train.snapshot_kimg": 0.16, "train.log_kimg": 0.064}


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store, so that no test sees another's runs."""
    monkeypatch.setenv("GAN_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("GAN_DATA", str(tmp_path / "distributed"))
    return tmp_path / "store"


def trained(name: str, **options: object) -> Run:
    """A run trained in this process: digits, 20 steps of 16 images, two snapshots, unless `options` say otherwise."""
    from gan.train import train

    values = TINY | {path.replace("__", "."): value for path, value in options.items()}
    run = runs.create(build(values), name)
    with working(run.path, run.config.job.device) as worker:
        train(run, worker)
    return run
