"""Fixtures of all tests: an empty store for each, and small trained runs to copy."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

os.environ["OMP_NUM_THREADS"] = "1"  # before torch: the same sums in this process and in the jobs it starts

from gan.config import settings
from gan.config.options import build_config, config_to_json
from gan.config.run_config import RunConfig
from gan.data import registry
from gan.jobs.worker import working
from gan.runs import lifecycle, notes
from gan.runs.run import Run

hypothesis.settings.register_profile("suite", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("suite")  # the same examples each time, however busy the machine is

TINY = {"model.width": 8, "train.batch": 16, "train.kimg": 0.32, "train.snapshot_kimg": 0.16, "train.log_kimg": 0.064}


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of the test's own, not created yet."""
    monkeypatch.setenv("GAN_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("GAN_DATA", str(tmp_path / "distributed"))
    return tmp_path / "store"


@pytest.fixture(scope="session", autouse=True)
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of runs that `trained` copies."""
    global _kept
    _kept = tmp_path_factory.mktemp("trained")
    yield _kept
    _trained.clear()


_kept: Path
_trained: dict[str, Path] = {}


def trained(name: str, **options: object) -> Run:
    """A run trained in this process: digits, 20 steps of 16 images, two snapshots, unless `options` say otherwise.

    Runs on the digits are trained once for each choice of options, and copied.
    """
    values = TINY | {path.replace("__", "."): value for path, value in options.items()}
    config = build_config(values)
    if config.data.name != "digits":
        return _train(name, config)
    key = config_to_json(config)
    if key not in _trained:
        run = _train(name, config)
        _trained[key] = Path(shutil.copytree(run.path, _kept / str(len(_trained)), symlinks=True))
        return run
    path = settings.store() / name
    assert not path.exists(), name
    shutil.copytree(_trained[key], path, symlinks=True)
    notes.update_about(path, created=time.time())
    registry.load_image_set(config.data)  # a trained run leaves its images in the store, ready to be read
    return Run(path)


def _train(name: str, config: RunConfig) -> Run:
    from gan.training.train import train

    run = lifecycle.create_run(config, name)
    with working(run.path, run.config.job.device) as worker:
        train(run, worker)
    return run
