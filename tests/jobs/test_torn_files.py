"""Readers of a run whose folder or files vanish or are torn. Real processes and real training.

Damaged job files, clocks and read-only stores are in `tests/jobs/test_states.py`, a
restart of the machine is in `tests/training/test_resume.py`, and of the server in `tests/browser/test_server_ends.py`.
"""

import os
import shutil
import time
from pathlib import Path

import pytest

from gan import jobs
from gan.cli.main import main
from gan.jobs import processes
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run, all_runs, find_run
from tests.support.exactness import rows
from tests.support.jobs import (
    goes_on,
    notes,
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

PATIENCE = 60.0  # for what takes its time on a busy machine; the truth of states has ten seconds
LONG = ["--model.width", "8", "--train.batch", "16", "--train.kimg", "1000", "--train.log_kimg", "0.1"]


@pytest.fixture
def long_run() -> Run:
    """A real training that would go on for minutes, with its first points."""
    assert main(["submit", "--name", "long", *LONG]) == 0
    run = find_run("long")
    wait_until(lambda: len(rows(run)) > 2, "it trains", PATIENCE)
    return run


@pytest.mark.parametrize("how", ["removed", "moved away"])
def test_a_run_folder_that_vanishes_is_told_and_gives_its_device_back(how: str, tmp_path: Path) -> None:
    run, next_ = submitted("run"), submitted("next", seconds=0.1)
    wait_until_begun(run)
    process = started(run)
    follower = start_python(
        "import sys; from pathlib import Path; from gan import jobs; print(list(jobs.follow(Path(sys.argv[1]))))",
        str(run.path),
    )
    if how == "removed":
        wait_until(lambda: gone(run.path), "it is removed")  # again, where it wrote a file at that very moment
    else:
        run.path.rename(tmp_path / "elsewhere")
    state = jobs.state(run.path)
    assert (state.name, state.kind) == ("lost", "deleted")
    assert "There is nothing to stop" in jobs.stop(run.path)
    wait_for_state(next_, "finished")
    assert not processes.is_alive(process)
    assert "begin next" in notes()
    output, _ = follower.communicate(timeout=PATIENCE)
    assert follower.returncode == 0, output
    assert not run.path.exists()  # nobody made it again
    if how == "moved away":
        assert jobs.state(tmp_path / "elsewhere").name != "running"


def gone(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def test_a_moved_folder_opens_where_it_is_now(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = submitted("run", seconds=0.05)
    wait_for_state(run, "finished")
    other = store / "other-store"
    shutil.copytree(run.path, other / "copied")
    run.path.rename(other / "moved")
    monkeypatch.setenv("GAN_STORE", str(other))
    assert [(one.name, jobs.state(one.path).name) for one in all_runs()] == [
        ("moved", "finished"),
        ("copied", "finished"),
    ]


READER = """
import sys, time
from gan import jobs
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import find_run
run = find_run(sys.argv[1])
reader, names = MetricsReader(run.path / "metrics.jsonl"), set()
end = time.monotonic() + 3
while time.monotonic() < end:
    seen = [row["seen"] for row in reader.read()]
    assert seen == sorted(set(seen)), seen
    assert run.seen >= 0 and isinstance(jobs.log_tail(run.path), str)
    names.add(jobs.state(run.path).name)
print(names)
"""


def test_files_truncated_half_written_and_deleted_under_readers(long_run: Run) -> None:
    """A reader in another process sees whole points in order and one state, whatever is done to the files."""
    readers = [start_python(READER, long_run.name) for _ in range(2)]
    metrics, status = long_run.path / "metrics.jsonl", long_run.path / "status.json"
    deadline = time.monotonic() + 2.5
    while time.monotonic() < deadline:
        os.truncate(metrics, max(0, metrics.stat().st_size - 7))  # half a line, which the next point follows
        status.write_text('{"phase": "train')
        time.sleep(0.05)
        os.truncate(metrics, 0)
        status.unlink(missing_ok=True)
        time.sleep(0.05)
    for reader in readers:
        output, _ = reader.communicate(timeout=PATIENCE)
        assert output.splitlines()[-1] == "{'running'}", output  # before it the log: status.json was skipped
    goes_on(long_run)
    assert rows(long_run)  # points come again
    metrics.unlink()
    assert list(MetricsReader(metrics).read()) == []
    goes_on(long_run)
    assert main(["stop", long_run.name]) == 0
    assert wait_for_state(long_run, "stopped").cause == ""
