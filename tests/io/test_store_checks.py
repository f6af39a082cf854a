"""`gan doctor`: what it finds on a good store, and the faults of a file system that it tells."""

import fcntl
import json
import time
from pathlib import Path

import pytest

from gan import jobs
from gan.cli.main import main
from gan.io import fault_injection, store_checks
from gan.io.store_checks import Check, check_store
from gan.jobs import doctor, engines, processes
from tests.jobs.test_holders import Cluster
from tests.support.jobs import store as job_store
from tests.support.jobs import wait_until
from tests.support.pages import page, said

__all__ = ["job_store"]


def levels(checks: list[Check]) -> dict[str, str]:
    return {check.name: check.level for check in checks}


def test_a_local_disk_does_all_that_is_needed(store: Path) -> None:
    checks = check_store(store)
    assert [check.name for check in checks if check.level == "problem" and check.name != "disk"] == []
    assert list(levels(checks)) == ["store", "locks", "exclusive names", "file times", "replaced files", "disk"]
    found = next(check.found for check in checks if check.name == "exclusive names")
    assert found == "one of two processes wins (link: 200 of 200; rename: 200 of 200)"
    assert list((store / ".jobs").iterdir()) == []  # nothing is left behind


def test_a_store_without_locks_is_told(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (store / fault_injection.MARKER).mkdir(parents=True)
    monkeypatch.setenv(fault_injection.FLOCK_VARIABLE, "ENOSYS")
    assert levels(check_store(store))["locks"] == "warning"
    monkeypatch.setenv(fault_injection.FLOCK_VARIABLE, "EIO")
    assert levels(check_store(store))["locks"] == "problem"


def test_locks_that_exclude_nobody_are_a_problem(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", lambda descriptor, kind: None)
    assert levels(check_store(store))["locks"] == "problem"


def test_a_name_that_two_processes_get_is_a_problem(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_checks, "RACE", "import sys; print(sys.argv[5])")
    assert levels(check_store(store))["exclusive names"] == "problem"


def test_a_server_with_another_clock_is_told(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 300)
    assert levels(check_store(store))["file times"] == "warning"


def test_a_store_that_cannot_be_written_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STORE", "/proc/nowhere")
    assert main(["doctor"]) == 1


def test_the_command_prints_each_check(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json"])
    checks = json.loads(capsys.readouterr().out)
    assert code == any(check["level"] == "problem" for check in checks)
    assert {"store", "machine", "devices", "engine local", "versions", "threads", "sign-in"} <= {
        check["name"] for check in checks
    }


def test_a_server_that_listens_everywhere_is_told(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STREAMLIT_SERVER_ADDRESS", raising=False)
    assert levels(doctor.examine())["sign-in"] == "ok"
    monkeypatch.setenv("STREAMLIT_SERVER_ADDRESS", "0.0.0.0")
    assert levels(doctor.examine())["sign-in"] == "warning"


def test_an_engine_that_does_not_answer_is_a_problem(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "sinfo"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho slurm 22.05\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.setitem(engines.ENGINES, "slurm", Cluster({}))
    checks = {check.name: check for check in doctor.examine()}
    assert (checks["engine slurm"].level, checks["engine slurm"].found) == ("ok", "slurm 22.05")
    monkeypatch.setitem(engines.ENGINES, "slurm", Cluster(None))
    assert levels(doctor.examine())["engine slurm"] == "problem"


def test_a_machine_without_a_name_of_its_own_is_told(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes.socket, "gethostname", lambda: "localhost.localdomain")
    assert levels(doctor.examine())["machine"] == "warning"


def test_the_page_checks_in_a_task_and_shows_its_lines(job_store: Path) -> None:
    at = page("system")
    assert not at.error  # a task that was never started is no fault
    assert "Nothing has been checked yet" in said(at)
    at.button(key="examine").click().run()
    task = job_store / ".data" / "tasks" / doctor.TASK
    wait_until(lambda: jobs.state(task).name == "finished", f"the task is {jobs.state(task)}")
    at.run()
    assert not at.exception
    assert f"**machine**: {processes.host()}" in said(at)
    (task / doctor.FILE).write_text('[{"level": 7}]')
    at.run()
    assert "Nothing has been checked yet" in said(at)
