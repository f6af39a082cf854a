"""Forged pids and requests: no stranger is signalled, and nothing is done that was not asked for here."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gan import jobs
from gan.cli.main import main
from gan.config import settings
from gan.errors import DamagedFileError, UserError
from gan.evaluation import job
from gan.export import exports
from gan.export.request import ExportRequest
from gan.io.atomic import write_json
from gan.io.file_lock import try_lock
from gan.jobs import processes
from gan.runs import lifecycle
from tests.support.jobs import clean_up, new_run

EXPORT = "20260101-000000"


@pytest.fixture(autouse=True)
def cleaned(store: Path) -> Iterator[None]:
    store.mkdir()
    yield
    clean_up(store)


@pytest.fixture
def stranger() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def forged(pid: object, **more: Any) -> dict[str, Any]:
    """A started.json that knows all about this machine."""
    identity = processes.identity(pid) if isinstance(pid, int) else ""
    here = {
        "host": processes.host(),
        "pid_namespace": processes.pid_namespace(),
        "boot": processes.boot(),
        "identity": identity,
    }
    return {"ticket": 1, "time": time.time(), "device": "cpu", "pid": pid, "session": True, **here, **more}


def test_a_stranger_whom_a_copied_run_names_is_never_signalled(stranger: "subprocess.Popen[bytes]") -> None:
    run = new_run("run")
    write_json(run.path / "started.json", forged(stranger.pid))
    (run.path / "alive.lock").touch()
    (run.path / "stop").touch()
    assert "nothing to stop" in jobs.stop(run.path)
    assert not jobs.ensure_scheduler()
    assert main(["runs"]) == 0
    lifecycle.delete_run(run)
    assert stranger.poll() is None


@pytest.mark.parametrize("pid", [0, -1, True, False, 2**31, 10**400, "1", 1.0, [1], None])
def test_what_is_no_pid_names_no_process(pid: object) -> None:
    for document in (forged(pid), forged(pid, identity=processes.identity(1))):
        assert not processes.is_alive(document)
        processes.terminate(document, settings.store() / "run")
        assert processes.kill_tree(document, settings.store() / "run", "run") == 0


def test_what_is_left_of_a_strangers_session_is_not_a_jobs() -> None:
    """Its leader has ended, so that nothing but a forged file connects its number with a job."""
    code = (
        "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)']).pid)"
    )
    leader = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True, stderr=subprocess.DEVNULL
    )
    assert leader.stdout is not None
    left = int(leader.stdout.readline())
    leader.stdout.close()
    leader.wait()
    try:
        assert os.getsid(left) == leader.pid
        assert processes.kill_tree(forged(leader.pid, identity="1"), settings.store() / "run", "run") == 0
        assert processes.identity(left)
    finally:
        os.kill(left, 9)


@pytest.mark.parametrize(
    "change",
    [
        {"arguments": ["-c", "x"]},
        {"snapshot": "160"},
        {"snapshot": True},
        {"every": 1},
        {"split": "../.."},
        {"features": "x"},
        {"kind": "study"},
        {"study": {"seeds": 1}},
        {"study": {"seeds": 2, "more": 1}},
        {"study": []},
    ],
    ids=str,
)
def test_a_request_that_was_forged_is_refused(change: dict[str, Any]) -> None:
    run = new_run("run")
    folder = job.job_folder(run, "scores")
    folder.mkdir(parents=True)
    good = {"kind": "scores", "snapshot": 160}
    write_json(folder / "request.json", good)
    assert job.load_request(run, "scores") == job.Request("scores", 160)
    write_json(folder / "request.json", good | change)
    with pytest.raises(UserError):
        job.load_request(run, "scores")
    for text in ("", "[]", '{"kind": "scores", "snapshot": NaN}'):
        (folder / "request.json").write_text(text)
        with pytest.raises(DamagedFileError, match=r"request\.json"):
            job.load_request(run, "scores")


@pytest.mark.parametrize(
    "change",
    [{"out": "/x"}, {"items": [["3"]]}, {"seed": "0"}, {"basket": [{"snapshot": 1}]}, {"truncation": "x"}],
    ids=str,
)
def test_an_exports_request_that_was_forged_is_refused(change: dict[str, Any]) -> None:
    run = new_run("run")
    folder = run.path / "exports" / EXPORT
    folder.mkdir(parents=True)
    write_json(folder / "request.json", {"items": [["3", 4]]})
    assert exports.find_export(run, EXPORT).request == ExportRequest((("3", 4),))
    write_json(folder / "request.json", {"items": [["3", 4]]} | change)
    with pytest.raises(UserError):
        _ = exports.find_export(run, EXPORT).request


def test_a_stranger_is_not_signalled_while_another_process_holds_the_lock(
    stranger: "subprocess.Popen[bytes]",
) -> None:
    run = new_run("run")
    lock = try_lock(run.path / "alive.lock")
    assert lock is not None
    try:
        document = forged(stranger.pid, identity=processes.identity(stranger.pid))
        write_json(run.path / "started.json", document)
        assert processes.is_alive(document)
        processes.terminate(document, run.path)
        assert processes.kill_tree(document, run.path, "run") == 0
        assert stranger.poll() is None
    finally:
        os.close(lock)
