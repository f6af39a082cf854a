"""A copied run reads no folder of this machine that nobody here chose."""

import shutil
from pathlib import Path

import pytest

from gan.config import settings
from gan.errors import RunError
from gan.evaluation.training_images import load_training_images, training_images_problem
from gan.jobs.worker import working
from gan.runs import lifecycle
from gan.runs.data_paths import readable_data
from gan.runs.run import Run
from gan.training.train import train
from tests.conftest import trained
from tests.support.image_files import write_class_folders
from tests.support.pages import page


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run on a folder, copied into the store of somebody else."""
    write_class_folders(tmp_path / "private", {"a": 30, "b": 30})
    run = trained("copied", data__name="folder", data__path=str(tmp_path / "private"), data__image_size=32)
    assert readable_data(run).path == str(tmp_path / "private")
    monkeypatch.setenv("GAN_STORE", str(tmp_path / "theirs"))
    return Run(Path(shutil.copytree(run.path, settings.store() / "copied")))


def test_a_copied_run_reads_no_folder_that_nobody_here_chose(copied: Run) -> None:
    assert "nobody on this machine chose" in str(training_images_problem(copied))
    with pytest.raises(RunError, match="nobody on this machine chose"):
        load_training_images(copied)
    with pytest.raises(RunError, match="nobody on this machine chose"), working(copied.path, "cpu") as worker:
        train(copied, worker)
    for name in ("progress", "gallery", "evaluate"):
        assert not page(name, run="copied").exception
    assert not (settings.store() / ".data" / "cache").exists()


def test_the_images_of_a_set_that_is_not_here_are_named_by_the_set() -> None:
    shutil.copytree(settings.ROOT / "checkpoints" / "demo-bloodcells", settings.store() / "cells")
    problem = str(training_images_problem(Run(settings.store() / "cells")))
    assert problem == (
        "The images of the run cells, the set blood-cells, are not here. To use them, add a set of that name under "
        "Data."
    )


def test_a_folder_is_read_once_somebody_chose_it(copied: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copied.config.data.path
    monkeypatch.setenv("GAN_PATHS", str(Path(folder).parent))
    assert readable_data(copied).path == folder
    monkeypatch.delenv("GAN_PATHS")
    lifecycle.create_run(copied.config, "clone")
    assert training_images_problem(copied) is None
    assert len(load_training_images(copied)) == 60
