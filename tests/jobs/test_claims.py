"""Claims of job folders: of two machines with locks of their own, one works in a run; and a false confirmation ends."""

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gan import jobs
from gan.cli.main import main
from gan.errors import DamagedFileError, LockError, RunError
from gan.io import fault_injection
from gan.io.atomic import write_json
from gan.io.file_lock import exclusive, try_lock
from gan.jobs import claims, device_list, engines, heartbeat, launch, waiting_jobs
from gan.jobs.engine import EngineJob
from gan.jobs.worker import working
from gan.runs.run import Run
from tests.jobs.test_holders import Cluster
from tests.support.jobs import new_run, start_python, store, wait_until
from tests.support.nodes import become, run_on, share

__all__ = ["store"]


@pytest.fixture(autouse=True)
def shared(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two machines, a and b; this process is a."""
    share(store)
    become("a", monkeypatch)


RACE = """
import sys
from pathlib import Path
from gan.errors import RunError
from gan.jobs import claims, processes
store, count = Path(sys.argv[1]), int(sys.argv[2])
for number in range(count):
    (store / str(number) / f"ready-{processes.host()}").touch()
    while not all((store / str(number) / f"ready-{node}").exists() for node in "ab"):
        pass
    try:
        claims.take_claim(store / str(number), 1)
        print(number)
    except RunError:
        pass
"""


def test_two_machines_never_both_win(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 100
    for number in range(count):
        (store / str(number)).mkdir()
    racers = []
    for node in ("a", "b"):
        become(node, monkeypatch)
        racers.append(start_python(RACE, str(store), str(count)))
    outputs = [racer.communicate()[0].split() for racer in racers]
    assert sorted(map(int, outputs[0] + outputs[1])) == list(range(count))


WORK = """
import sys, time
from pathlib import Path
from gan.jobs import heartbeat
from gan.jobs.worker import working
heartbeat.BEAT_SECONDS = 0.1
folder = Path(sys.argv[1])
with working(folder, "cpu") as worker:
    (folder / "begun").touch()
    while not worker.should_stop():
        time.sleep(0.02)
    worker.mark_stopped()
"""


def test_a_run_at_work_on_another_machine_is_seen_stopped_and_released(
    monkeypatch: pytest.MonkeyPatch, store: Path
) -> None:
    run = new_run("run")
    become("b", monkeypatch)
    trainer = start_python(WORK, str(run.path))
    become("a", monkeypatch)
    wait_until((run.path / "begun").exists, "it works")
    assert jobs.state(run.path).name == "running"
    assert [device.holders for device in jobs.devices() if device.name == "cpu"] == [()]  # this machine's own is free
    with pytest.raises(RunError, match="running: stop it"):
        jobs.delete(run.path)
    with pytest.raises(RunError, match="held by b"), working(run.path):
        pass
    slots = device_list.take_slots(["cpu"], "another")
    assert slots is not None
    with pytest.raises(RunError, match="held by b"), working(run.path, "cpu", wait=False):  # never waits in the queue
        pass
    os.close(slots[0])
    jobs.stop(run.path)
    trainer.communicate()
    assert trainer.returncode == 0
    assert jobs.state(run.path).name == "stopped"
    with working(run.path):
        pass
    assert jobs.state(run.path).name == "finished"
    jobs.delete(run.path)
    assert not run.path.exists()


def test_a_silent_run_is_unknown_until_a_user_confirms_and_a_false_confirmation_ends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = new_run("run")
    become("b", monkeypatch)
    trainer = start_python(WORK, str(run.path))
    become("a", monkeypatch)
    wait_until((run.path / "begun").exists, "it works")
    monkeypatch.setattr(heartbeat, "SILENT_SECONDS", 0.0)
    state = jobs.state(run.path)
    assert (state.name, state.kind) == ("unknown", "elsewhere")
    assert "python -m gan release run --host b" in state.cause
    decisions: list[Callable[[Path], object]] = [jobs.delete, jobs.stop, lambda folder: jobs.resume(folder, "cpu")]
    for decide in decisions:
        with pytest.raises(RunError, match="gan release run --host b"):
            decide(run.path)
    with pytest.raises(RunError, match="started on b, not on c"):
        jobs.release(run.path, "c")
    assert main(["release", "run", "--host", "b"]) == 0
    assert jobs.state(run.path).kind == "released"
    assert "was given to another process" in trainer.communicate()[0]  # it notices with its next heartbeat
    assert jobs.state(run.path).kind == "released"  # and did not write its own end
    with working(run.path):
        assert jobs.state(run.path).name == "running"


def hold(folder: Path, **changes: object) -> None:
    """Claim a folder as another process would, with some facts of its holder changed."""
    claim = claims.take_claim(folder, 5)
    document = json.loads((claim.path / "holder.json").read_text())
    write_json(claim.path / "holder.json", document | changes)


FREE = {
    "restarted": {"boot": "an earlier one"},
    "requeued": {"host": "b", "boot": "b", "engine": "slurm", "job_id": "7"},
    "gone": {"host": "b", "boot": "b", "engine": "slurm", "job_id": "8"},
}
HELD = {
    "elsewhere": {"host": "b", "boot": "b"},
    "running": {"host": "b", "boot": "b", "engine": "slurm", "job_id": "9"},
    "another engine": {"host": "b", "boot": "b", "engine": "slurm", "job_id": ""},
}


@pytest.mark.parametrize("why", [*FREE, *HELD])
def test_a_claim_is_broken_only_where_its_holder_is_proved_dead(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engines.ENGINES, "slurm", Cluster({"7": EngineJob("running"), "9": EngineJob("running")}))
    folder = new_run("run").path
    hold(folder, **(FREE | HELD)[why])
    if why in FREE:
        assert claims.take_claim(folder, 6, engine="slurm", job_id="7").number == 2
    else:
        with pytest.raises(RunError, match=r"The run run is held by b.*gan release run --host b"):
            claims.take_claim(folder, 6, engine="slurm", job_id="7")
    monkeypatch.setitem(engines.ENGINES, "slurm", Cluster(None))
    hold_again = new_run("again").path
    hold(hold_again, **FREE["gone"])
    with pytest.raises(RunError, match="held by b"):  # nobody can tell
        claims.take_claim(hold_again, 6)


def test_a_folder_whose_inode_changes_stays_held(tmp_path: Path) -> None:
    """As on file systems in user space, such as sshfs, which number their folders anew."""
    folder = new_run("run").path
    hold(folder, host="b", boot="b")
    shutil.copytree(folder, tmp_path / "moved")
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "moved", folder)
    with pytest.raises(RunError, match="held by b"):
        claims.take_claim(folder, 6)


def test_the_end_of_a_start_releases_its_claim() -> None:
    folder = new_run("run").path
    hold(folder, host="b", boot="b")
    write_json(folder / "end.json", {"ticket": 5, "state": "failed"})
    assert claims.take_claim(folder, 6).number == 2


def test_a_claim_made_from_an_old_list_loses(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = new_run("run").path
    for ticket in (1, 2, 3):
        claims.release(claims.take_claim(folder, ticket))
    hold(folder, host="b", boot="b")
    shutil.rmtree(folder / "claims" / "2")
    numbers = claims._numbers
    seen = iter([[1]])  # what this machine saw a minute ago
    monkeypatch.setattr(claims, "_numbers", lambda path: next(seen, None) or numbers(path))
    with pytest.raises(RunError, match="held by b"):
        claims.take_claim(folder, 6)
    assert (folder / "claims" / "2" / "released").exists()


def test_the_answer_that_a_server_lost_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    folder, rename = new_run("run").path, os.rename

    def repeated(source: Path, target: Path) -> None:
        rename(source, target)
        if ".json" not in str(source):
            raise FileNotFoundError(source)

    monkeypatch.setattr(os, "rename", repeated)
    assert claims.take_claim(folder, 1).number == 1


def numbers_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "claims").iterdir())


def test_old_claims_are_removed_once_no_machine_can_see_them(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = new_run("run").path
    for ticket in (1, 2, 3):
        claims.release(claims.take_claim(folder, ticket))
    assert numbers_in(folder) == ["1", "2", "3"]
    (folder / "claims" / ".prepared").mkdir()  # by a process that was killed before it could take it
    for name in ("1", ".prepared"):
        os.utime(folder / "claims" / name, (0, 0))
    claims.take_claim(folder, 4)
    assert numbers_in(folder) == ["2", "3", "4"]


@pytest.mark.parametrize("place", ["claims", "claims/1/released"])
def test_no_claim_is_written_through_a_link(place: str, tmp_path: Path) -> None:
    folder, outside = new_run("run").path, tmp_path / "outside"
    outside.mkdir()
    if place == "claims":
        (folder / "claims").symlink_to(outside)
        with pytest.raises(DamagedFileError):
            claims.take_claim(folder, 1)
        jobs.delete(folder)
    else:
        claim = claims.take_claim(folder, 1)
        (claim.path / "released").symlink_to(outside / "file")
        claims.release(claim)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("value", [None, True, -1, 10**30, "", "x" * 3000, [], {}])
@pytest.mark.parametrize("key", ["host", "boot", "ticket", "token", "engine", "job_id", "pid"])
def test_a_forged_claim_raises_our_own_error_or_counts(key: str, value: object) -> None:
    folder = new_run("run").path
    hold(folder, **{"host": "b", "boot": "b", key: value})
    with contextlib.suppress(RunError):
        assert claims.take_claim(folder, 6).number == 2


def test_a_job_waits_for_the_machine_on_which_it_was_submitted(monkeypatch: pytest.MonkeyPatch) -> None:
    run = new_run("run")
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    become("b", monkeypatch)
    jobs.submit(run.path, "cpu")
    become("a", monkeypatch)
    state = jobs.state(run.path)
    assert (state.name, "machine b" in state.cause) == ("queued", True)
    assert waiting_jobs.queued_here() == []
    waiting_jobs.drop_stale_tickets()
    assert [entry.name for entry in jobs.queue()] == ["run"]
    assert "taken out of the queue" in jobs.stop(run.path)  # any machine may cancel
    assert jobs.queue() == []


def test_two_machines_get_no_ticket_twice(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
import sys
from pathlib import Path
from gan.jobs import tickets
for _ in range(60):
    with tickets.decision_lock():
        print(tickets.next_ticket(Path(sys.argv[1])))
"""
    takers = []
    for node in ("a", "b"):
        become(node, monkeypatch)
        takers.append(start_python(code, str(store)))
    given = [number for taker in takers for number in taker.communicate()[0].split()]
    assert len(given) == len(set(given)) == 120


@pytest.mark.parametrize("number", ["ENOSYS", "ENOLCK", "EOPNOTSUPP"])
def test_a_store_without_locks_works_on_one_machine(number: str, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(fault_injection.NODE_VARIABLE)
    monkeypatch.setenv(fault_injection.FLOCK_VARIABLE, number)
    run = new_run("run")
    trainer = start_python(WORK, str(run.path))
    wait_until((run.path / "begun").exists, "it works")
    assert jobs.state(run.path).name == "running"
    assert [device.holders for device in jobs.devices() if device.name == "cpu"] == [("run",)]
    with pytest.raises(RunError, match="has a process at work already"), working(run.path):
        pass
    os.kill(trainer.pid, 9)
    trainer.communicate()
    assert jobs.state(run.path).name == "lost"
    with working(run.path):
        assert jobs.state(run.path).name == "running"


def test_without_locks_another_users_process_is_told_by_its_pid(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(fault_injection.NODE_VARIABLE)
    monkeypatch.setenv(fault_injection.FLOCK_VARIABLE, "ENOSYS")
    run = new_run("run")
    (run.path / "alive.lock").touch()
    launch.write_started(run.path, 1, "cpu", os.getpid())  # its lock is in a folder that we cannot see
    assert jobs.state(run.path).name == "running"
    launch.write_started(run.path, 2, "cpu", None)
    assert (jobs.state(run.path).name, jobs.state(run.path).kind) == ("unknown", "lock")


def test_a_lock_that_fails_for_a_moment_fails_no_job(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = iter([errno.EIO, errno.ESTALE])

    def fail(path: Path) -> None:
        if number := next(faults, 0):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fault_injection, "raise_flock_error", fail)
    monkeypatch.delenv(fault_injection.NODE_VARIABLE)
    with exclusive(store / "some.lock"):
        assert try_lock(store / "some.lock") is None
    assert next(faults, None) is None


@pytest.mark.parametrize("number", ["EIO", "ESTALE", "EACCES"])
def test_a_lock_that_does_not_answer_is_no_crash(number: str, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(fault_injection.NODE_VARIABLE)
    run = new_run("run")
    launch.write_started(run.path, 1, "cpu", None)
    (run.path / "alive.lock").touch()
    for folder in ("devices", "stops"):
        (launch.tickets.host_folder() / folder).mkdir(parents=True)
    (launch.tickets.host_folder() / "devices" / "cpu.1.lock").write_text("run")
    with monkeypatch.context() as patch:
        patch.setenv(fault_injection.FLOCK_VARIABLE, number)
        check_that_nothing_crashes(run)


def check_that_nothing_crashes(run: Run) -> None:
    assert (jobs.state(run.path).name, jobs.state(run.path).kind) == ("unknown", "lock")
    assert [device.holders for device in jobs.devices() if device.name == "cpu"] == [("run",)]
    assert jobs.queue() == []
    for decide in (jobs.delete, lambda folder: jobs.resume(folder, "cpu")):
        with pytest.raises(LockError, match="cannot be locked"):
            decide(run.path)
    assert not jobs.ensure_scheduler()
    code = "import sys; from gan.cli.main import main; sys.exit(main(['runs']))"
    assert "unknown" in run_on("", code)
