"""Exact resumption, through real processes of the command line: whatever ends a run, going on gives the same result.

Each run is compared with one of the same config that was never interrupted: every column of the metrics but the
timings, and the final generator, bit for bit. `tests/training/test_train.py` has the cases inside one process.
"""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gan import jobs
from gan.cli.main import main
from gan.config import settings
from gan.io.json_files import read_json
from gan.jobs import processes
from gan.runs.run import Run, find_run
from tests.conftest import TINY, trained
from tests.support.exactness import final_weights, rows, same
from tests.support.jobs import started, store, wait_for_state, wait_until

__all__ = ["store"]
pytestmark = pytest.mark.usefixtures("store")

LONGER = TINY | {"train.kimg": 2.4, "train.snapshot_kimg": 0.48, "train.log_kimg": 0.112, "job.device": "cpu"}
PATIENCE = 60.0  # for a machine that does other things too; states have their own, which is shorter


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The run that was never interrupted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_STORE", str(tmp_path_factory.mktemp("whole")))
        yield trained("whole", **{name.replace(".", "__"): value for name, value in LONGER.items()})


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "gan", *arguments]


def given() -> list[str]:
    """The config as it is written on a command line."""
    return [word for name, value in LONGER.items() for word in (f"--{name}", str(value))]


def in_terminal(name: str, **environment: str) -> "tuple[Run, subprocess.Popen[str]]":
    """A run of that config, in a process as a terminal starts it."""
    process = subprocess.Popen(
        command("train", "--name", name, *given()),
        cwd=settings.ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Run(settings.store() / name), process


def submitted(name: str) -> Run:
    assert main(["submit", "--name", name, *given()]) == 0
    return find_run(name)


def until_trained(run: Run, seen: int) -> None:
    """Wait until a run has a snapshot, and points behind it up to so many images."""
    wait_until(lambda: bool(run.snapshots()) and rows(run)[-1]["seen"] >= seen, f"{run.name} trains", PATIENCE)


def assert_exact(run: Run, whole: Run) -> None:
    assert jobs.state(run.path).name == "finished"
    assert rows(run) == rows(whole)
    assert same(final_weights(run), final_weights(whole))


def test_stopped_and_resumed_through_the_queue(whole: Run) -> None:
    run = submitted("run")
    until_trained(run, 600)
    assert main(["stop", run.name]) == 0
    assert wait_for_state(run, "stopped").cause == ""
    assert 0 < run.snapshots()[-1] < run.total
    assert main(["resume", run.name]) == 0
    wait_until(lambda: jobs.state(run.path).name == "finished", "it finishes", PATIENCE)
    assert_exact(run, whole)


def test_killed_at_a_random_moment_and_resumed_through_the_queue(whole: Run) -> None:
    run, moment = submitted("run"), random.randrange(500, 1700)
    until_trained(run, moment)
    os.killpg(started(run)["pid"], signal.SIGKILL)
    wait_for_state(run, "lost")
    assert main(["resume", run.name]) == 0
    wait_until(lambda: jobs.state(run.path).name == "finished", f"it finishes, killed after {moment} images", PATIENCE)
    assert_exact(run, whole)


def test_sigterm_as_when_the_machine_shuts_down(whole: Run) -> None:
    run, process = in_terminal("run")
    until_trained(run, 600)
    process.terminate()
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    state = jobs.state(run.path)
    assert state.name == "stopped"
    assert "ended from outside" in state.cause
    assert main(["train", "--run", run.name]) == 0
    assert_exact(run, whole)


def test_the_computers_memory_runs_out(whole: Run) -> None:
    """Half-way nothing more is given to it; what it gives back goes back to the system, so that it must ask again."""
    run, process = in_terminal("run", MALLOC_MMAP_THRESHOLD_="65536")
    until_trained(run, 500)
    trainer = psutil.Process(process.pid)
    trainer.rlimit(psutil.RLIMIT_AS, (trainer.memory_info().vms // 2,) * 2)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1, output
    state = jobs.state(run.path)
    assert (state.name, state.kind) == ("failed", "memory")
    assert "memory ran out" in output
    assert main(["train", "--run", run.name]) == 0
    assert_exact(run, whole)


def test_the_disk_is_full_and_room_is_made(whole: Run, store: Path) -> None:
    """On a disk of its own, in a mount namespace: what fills it is something else, which is removed afterwards."""
    disk = store / "disk"
    disk.mkdir()
    train = " ".join(command("train", "--name", "run", *given()))
    again = " ".join(command("train", "--run", "run"))
    code = 'from gan import jobs; from gan.runs.run import find_run; print(jobs.state(find_run("run").path))'
    state = f"{sys.executable} -c '{code}'"
    script = f"""
        mount -t tmpfs -o size=300m none "$GAN_STORE"
        {train} > "$LOGS/train" 2>&1 &
        while kill -0 $! && ! ls "$GAN_STORE"/run/snapshots/*/ready.json; do sleep 0.02; done > "$LOGS/waited" 2>&1
        cat /dev/zero > "$GAN_STORE/filler" 2> "$LOGS/filled"
        wait $!
        echo "exit code $?"
        {state}
        rm "$GAN_STORE/filler"
        {again} >> "$LOGS/train" 2>&1
        echo "exit code $?"
        cp -r "$GAN_STORE/run" "$LOGS/"
    """
    logs = store / "logs"
    logs.mkdir()
    environment = os.environ | {"GAN_STORE": str(disk), "LOGS": str(logs)}
    namespace = ["unshare", "--map-root-user", "--mount", "sh", "-c", script]
    seen = subprocess.run(
        namespace, cwd=settings.ROOT, env=environment, capture_output=True, text=True, timeout=2 * PATIENCE
    )
    first, state, second = seen.stdout.splitlines()
    assert (first, second) == ("exit code 1", "exit code 0"), seen.stdout + (logs / "train").read_text()
    assert "name='failed'" in state
    assert "The disk is full" in state
    assert_exact(Run(logs / "run"), whole)


REBOOTED = """
import os, subprocess, sys, time
from pathlib import Path
from gan import jobs
from gan.io.json_files import read_json
from gan.runs import lifecycle
from gan.runs.run import find_run
run, waited = find_run("run"), find_run("waited")
pid = read_json(run.path / "started.json")["pid"]
Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
stranger = subprocess.Popen(["sleep", "600"])
print(stranger.pid == pid, jobs.state(run.path).name, jobs.state(waited.path).name, flush=True)
print(jobs.stop(run.path), lifecycle.resume_run(run), sep="\\n", flush=True)
while not jobs.state(run.path).name == jobs.state(waited.path).name == "finished":
    time.sleep(0.1)
print(stranger.poll(), flush=True)
"""


def test_the_machine_restarts_and_another_program_has_the_recorded_pid(whole: Run) -> None:
    """Each start of the machine is a pid namespace: its first process killed, the kernel kills everything in it."""
    machine = ["unshare", "--map-root-user", "--pid", "--fork", "--mount-proc"]
    submit = "from gan.cli.main import main; import sys, time; main(sys.argv[1:]); "
    submit += "main(['submit', '--name', 'waited', *sys.argv[4:], '--train.kimg', '0.1']); time.sleep(600)"
    before = subprocess.Popen(
        [*machine, "--kill-child", sys.executable, "-c", submit, "submit", "--name", "run", *given()],
        cwd=settings.ROOT,
        stdout=subprocess.DEVNULL,
    )
    run, waited = Run(settings.store() / "run"), Run(settings.store() / "waited")
    until_trained(run, 700)
    wait_until((waited.path / "queued.json").exists, "another run waits", PATIENCE)
    before.kill()
    before.wait()
    assert read_json(run.path / "end.json") is None
    after = subprocess.run(
        [*machine, sys.executable, "-c", REBOOTED],
        cwd=settings.ROOT,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
    )
    pid_taken, stop, resume, stranger = after.stdout.splitlines()
    assert pid_taken == "True lost queued", after.stdout + after.stderr
    assert stop == "There is nothing to stop: the run run had ended already."
    assert "in the queue again" in resume
    assert stranger == "None"  # it was never signalled
    assert_exact(run, whole)
    assert not processes.is_alive(started(run))
