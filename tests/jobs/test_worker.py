"""The working side of a job: its end, progress and environment; the devices it can request."""

import errno
import json
import os
from pathlib import Path

import pytest

from gan import jobs
from gan.errors import RunError, TrainingError
from gan.io.json_files import read_json
from gan.jobs import device_list, failures
from gan.jobs.worker import working
from tests.support.jobs import store

__all__ = ["store"]


@pytest.fixture
def folder(store: Path) -> Path:
    made = store / "run"
    made.mkdir()
    return made


class OutOfMemoryError(RuntimeError):
    """Torch's error by its name, by which it is recognised without torch."""


ERRORS = [
    (TrainingError("loss_d became nan.", "nan", {"optim.lr": 1e-4}), "nan", "loss_d became nan."),
    (OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), "gpu-memory", "halve train.batch"),
    (RuntimeError("CUDA out of memory. Tried to allocate"), "gpu-memory", "The GPU's memory ran out"),
    (
        OSError(errno.ENOSPC, "No space left on device", "/store/x"),
        "disk",
        "The disk is full (/store/x could not be written)",
    ),
    (FileNotFoundError(errno.ENOENT, "No such file", "/data/set.npz"), "data", "/data/set.npz"),
    (ModuleNotFoundError("No module named 'torch'"), "import", "No module named 'torch'"),
    (RuntimeError("CUDA error: device-side assert triggered"), "driver", "GPU or its driver"),
    (MemoryError(), "memory", "computer's memory ran out"),
    (KeyError("x"), "bug", "KeyError: 'x'"),
]


@pytest.mark.parametrize(("error", "kind", "words"), ERRORS, ids=lambda value: value if isinstance(value, str) else "")
def test_an_error_is_the_cause_of_a_failure_and_is_raised_again(
    folder: Path, error: Exception, kind: str, words: str
) -> None:
    with pytest.raises(type(error)), working(folder):
        raise error
    state = jobs.state(folder)
    assert (state.name, state.kind) == ("failed", kind)
    assert words in state.cause
    assert state.advice == (error.advice if isinstance(error, TrainingError) else {})
    assert ("Traceback" in jobs.log_tail(folder, 50)) == (not isinstance(error, TrainingError))


@pytest.mark.parametrize(
    ("code", "oom", "log", "kind", "words"),
    [
        (-9, True, "", "killed", "the computer's memory ran out"),
        (-9, False, "", "killed", "killed from outside"),
        (-11, False, "epoch 1", "killed", "SIGSEGV. The last line of its log: epoch 1"),
        (1, False, "a\nImportError: libcuda.so.1", "import", "libcuda.so.1"),
        (-11, False, "reading a\u2028b.png", "killed", "The last line of its log: reading a\u2028b.png"),
        (3, False, "", "exit", "exit code 3 and without a result"),
    ],
)
def test_an_exit_code_without_an_end_file_has_a_cause(code: int, oom: bool, log: str, kind: str, words: str) -> None:
    cause = failures.cause_from_exit(code, oom, log)
    assert cause.kind == kind
    assert words in cause.text


def test_the_end_of_finished_and_of_stopped_work(folder: Path) -> None:
    with working(folder):
        assert jobs.state(folder).name == "running"
    assert jobs.state(folder).name == "finished"
    with working(folder) as worker:
        assert not worker.should_stop()
        assert "was asked to stop" in jobs.stop(folder)
        assert worker.should_stop()
        worker.mark_stopped()
    assert jobs.state(folder).name == "stopped"


def test_reported_progress_ends_the_work_where_it_was_asked_to_stop(folder: Path) -> None:
    with working(folder) as worker:
        worker.progress("reading", 0.25)
        status = read_json(folder / "status.json") or {}
        assert (status["phase"], status["done"], status["total"]) == ("reading", 0.25, 1.0)
        (folder / "stop").touch()
        worker.progress("reading", 0.5)
        raise AssertionError("it went on")
    assert worker.was_stopped
    assert jobs.state(folder).name == "stopped"


def test_work_that_was_stopped_may_leave_by_an_error_of_ours(folder: Path) -> None:
    def read() -> None:
        with working(folder) as worker:
            (folder / "stop").touch()
            worker.mark_stopped()
            raise RunError("Reading the images was stopped.")

    with pytest.raises(RunError, match="Reading the images"):
        read()
    assert (jobs.state(folder).name, jobs.state(folder).cause) == ("stopped", "")


def test_one_process_at_a_time_works_in_a_folder(folder: Path) -> None:
    with working(folder), pytest.raises(RunError, match="has a process at work already"), working(folder):
        pass
    assert jobs.state(folder).name == "finished"


def test_a_taken_device_is_refused_where_nobody_waits(folder: Path, store: Path) -> None:
    (store / "other").mkdir()
    with (
        working(folder, "cpu"),
        pytest.raises(RunError, match="taken by run"),
        working(store / "other", "auto", wait=False),
    ):
        pass
    with pytest.raises(RunError, match="no device cuda:9"), working(store / "other", "cuda:9"):
        pass


def test_a_report_is_whole_and_tells_the_time_left(folder: Path) -> None:
    with working(folder) as worker:
        worker.report("training", 0, 100)
        worker.report("training", 1, 100)  # too soon after the first
        assert json.loads((folder / "status.json").read_text())["done"] == 0
        worker.report("training", 100, 100, images_per_second=7.0)
        status = json.loads((folder / "status.json").read_text())
        assert (status["done"], status["seconds_left"], status["images_per_second"]) == (100, 0.0, 7.0)
        worker.report("saving", 0, 1)
        assert json.loads((folder / "status.json").read_text())["phase"] == "saving"


def test_a_job_sees_its_own_device_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    with working(folder, "cpu") as worker:
        assert worker.device == "cpu"
        assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
        assert os.environ[device_list.ALLOWED_VARIABLE] == "2,3"  # for what the job itself submits
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "2,3"
    assert device_list.visible_to_cuda("cuda:3")["CUDA_VISIBLE_DEVICES"] == "3"


def test_every_device_that_is_shown_can_be_asked_for() -> None:
    shown = jobs.devices()
    assert shown[-1].name == "cpu"
    assert (shown[-1].memory_total or 0) > (shown[-1].memory_used or 0) > 0
    for device in shown:
        assert device_list.matching_devices(device.name) == [device.name]
    assert device_list.matching_devices("auto")
    assert device_list.matching_devices("cuda") == [device.name for device in shown if device.name.startswith("cuda")]
