"""The state of a job with damaged, deleted or outdated files, and on a read-only or full disk."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gan import jobs
from gan.config import settings
from gan.io.atomic import write_json
from tests.support.jobs import (
    PATIENCE,
    new_run,
    start_python,
    started,
    store,
    submitted,
    wait_for_state,
    wait_until,
    wait_until_begun,
)

__all__ = ["store"]
pytestmark = pytest.mark.usefixtures("store")


def test_a_run_that_was_never_started_says_so() -> None:
    state = jobs.state(new_run("run").path)
    assert (state.name, state.kind) == ("lost", "never-started")


@pytest.mark.parametrize(
    "content", [None, "", '{"ticket": 1, "pi', "[1, 2]", '{"ticket": "x", "pid": [], "time": {}, "state": [1]}']
)
@pytest.mark.parametrize("name", ["started.json", "end.json", "status.json", "queued.json", "exit.json", "stop"])
def test_damaged_files_never_make_a_reader_fail(store: Path, name: str, content: str | None) -> None:
    run = new_run("run")
    write_json(run.path / "started.json", {"ticket": 1, "pid": 1, "device": "cpu", "time": 5.0})
    write_json(run.path / "end.json", {"ticket": 1, "state": "finished"})
    path = run.path / name
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_text(content)
    assert jobs.state(run.path).name == ("lost" if name == "end.json" else "finished")
    assert jobs.queue() == []


def test_a_running_job_is_running_whatever_happens_to_its_files() -> None:
    run = submitted("run")
    wait_until_begun(run)
    for content in ("", '{"tick', None):
        for name in ("started.json", "status.json"):
            (run.path / name).unlink(missing_ok=True)
            if content is not None:
                (run.path / name).write_text(content)
        assert jobs.state(run.path).name == "running"
    jobs.stop(run.path)
    wait_for_state(run, "stopped")


def test_a_lost_run_says_that_it_was_killed_or_that_the_machine_restarted() -> None:
    run = submitted("run")
    wait_until_begun(run)
    os.kill(started(run)["pid"], signal.SIGKILL)
    wait_for_state(run, "lost")
    wait_until(lambda: "killed from outside (SIGKILL)" in jobs.state(run.path).cause, "its exit code was seen")
    (run.path / "exit.json").unlink()
    assert "killed, or the machine failed" in jobs.state(run.path).cause
    write_json(run.path / "started.json", started(run) | {"boot": "an earlier start of the machine"})
    assert "restarted while it ran" in jobs.state(run.path).cause


@pytest.mark.parametrize("shift", [-10 * 365 * 86400, 10 * 365 * 86400])
def test_a_clock_that_is_set_changes_neither_order_nor_state(shift: int) -> None:
    first, second = submitted("first"), submitted("second")
    wait_until_begun(first)
    queued = json.loads((second.path / "queued.json").read_text())
    write_json(second.path / "queued.json", queued | {"time": time.time() + shift})
    write_json(first.path / "started.json", started(first) | {"time": time.time() + shift})
    third = submitted("third", seconds=0.05)
    assert [entry.name for entry in jobs.queue()] == ["second", "third"]
    assert jobs.state(first.path).name == "running"
    jobs.stop(first.path)
    jobs.stop(second.path)
    wait_for_state(third, "finished")
    assert jobs.state(first.path).name == "stopped"


def test_a_reader_that_may_not_write_sees_the_truth() -> None:
    first, second = submitted("first"), submitted("second")
    wait_until_begun(first)
    # In a mount namespace of its own, where the store is read-only though its reader is root.
    code = "import sys; from pathlib import Path; from gan.jobs import state; "
    code += "print([state(Path(path)).name for path in sys.argv[1:]])"
    script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, str(settings.store())]
    command += [sys.executable, "-c", code, str(first.path), str(second.path)]
    seen = subprocess.run(command, cwd=settings.ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert seen.stdout.strip() == "['running', 'queued']", seen.stderr


def test_a_full_disk_is_the_cause_of_a_failure(store: Path) -> None:
    code = """
import errno, sys
from pathlib import Path
from gan.jobs import state
from gan.jobs.worker import working
folder = Path(sys.argv[1]) / "run"
folder.mkdir()
try:
    with working(folder) as worker, open(folder / "snapshot", "wb", buffering=0) as file:
        while True:
            assert file.write(bytes(4096)), "nothing written"
except OSError as error:
    assert error.errno == errno.ENOSPC
print(state(folder).name, state(folder).cause)
"""
    disk = store / "disk"
    disk.mkdir()
    script = 'mount -t tmpfs -o size=200k none "$0" && exec "$@"'
    command = [
        "unshare",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        script,
        str(disk),
        sys.executable,
        "-c",
        code,
        str(disk),
    ]
    environment = {**os.environ, "GAN_STORE": str(disk)}
    seen = subprocess.run(command, cwd=settings.ROOT, capture_output=True, text=True, env=environment, timeout=PATIENCE)
    assert seen.stdout.startswith("failed The disk is full"), seen.stdout + seen.stderr


def test_readers_all_looking_at_once_never_stop_a_trainer_from_starting() -> None:
    run = new_run("run")
    code = """
import sys, time
from pathlib import Path
from gan.io import file_lock
end = time.monotonic() + 3
while time.monotonic() < end:
    file_lock.is_locked(Path(sys.argv[1]))
"""
    (run.path / "alive.lock").touch()
    readers = [start_python(code, str(run.path / "alive.lock")) for _ in range(3)]
    process = start_python("from tests.support.job_script import main; [main('run', 'steps', 0.01) for _ in range(20)]")
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    for reader in readers:
        reader.communicate(timeout=PATIENCE)


def test_states_are_read_without_torch() -> None:
    code = (
        "import sys; import gan.jobs, gan.jobs.scheduler; print({'torch', 'streamlit', 'pydantic'} & set(sys.modules))"
    )
    output, _ = start_python(code).communicate(timeout=PATIENCE)
    assert output.strip() == "set()"


def test_a_log_is_followed_to_its_end() -> None:
    run = submitted("run", seconds=0.3)
    assert list(jobs.follow(run.path)) == ["working\n"]
    assert jobs.state(run.path).name == "finished"
    assert jobs.log_tail(run.path) == "working"


def test_a_logs_tail_keeps_the_last_form_of_a_progress_line(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_bytes(b"one\n10%\r50%\r100%\ntwo \xff\n")
    assert jobs.log_tail(tmp_path, 2) == "100%\ntwo \ufffd"
    assert jobs.log_tail(tmp_path / "absent") == ""
    assert jobs.disk_usage(tmp_path) >= 20
