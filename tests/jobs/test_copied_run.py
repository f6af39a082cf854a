"""A copied, possibly forged run folder: nothing in it is executed, signals a process or is written outside."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gan import jobs
from gan.cli.main import main
from gan.config import settings
from gan.errors import DamagedFileError, RunError, UserError
from gan.evaluation import job
from gan.io.atomic import open_for_append, write_json
from gan.io.file_lock import is_locked, try_lock
from gan.io.json_files import read_json
from gan.jobs import kinds, processes, tickets, waiting_jobs
from gan.runs import lifecycle
from gan.runs.run import Run, all_runs, find_run
from tests.conftest import trained
from tests.support.jobs import (
    clean_up,
    new_run,
    scheduler_pids,
    started,
    submitted,
    wait_for_state,
    wait_until,
    wait_until_begun,
)
from tests.support.pages import PAGES, page

EXPORT = "20260101-000000"


@pytest.fixture(autouse=True)
def cleaned(store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    store.mkdir()
    yield
    clean_up(store)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder in which nothing may appear, with a file that must stay as it is."""
    made = tmp_path / "outside"
    made.mkdir()
    (made / "precious.txt").write_text("precious")
    return made


def untouched(outside: Path) -> bool:
    precious = outside / "precious.txt"
    return [path.name for path in outside.iterdir()] == ["precious.txt"] and precious.read_text() == "precious"


def crafted(outside: Path) -> Run:
    """A trained run whose job files, and those of the work beside it, all ask for a file outside to be written."""
    run = trained("run")
    evil = outside.parent / "evil"
    evil.mkdir()
    code = f"open({str(outside / 'executed')!r}, 'a').write('x')"
    (evil / "sitecustomize.py").write_text(code)
    environment = {"PYTHONPATH": str(evil), "PATH": str(evil), "GAN_STORE": str(outside), "GAN_DATA": str(outside)}
    asked = {"arguments": ["-c", code], "environment": environment, "command": [sys.executable, "-c", code]}
    asked |= {"kind": code, "module": "sitecustomize", "folder": str(outside), "cwd": str(outside), "job": "../outside"}
    asked |= {
        "host": processes.host(),
        "pid_namespace": processes.pid_namespace(),
        "boot": processes.boot(),
        "pid": 1,
        "session": True,
    }
    asked |= {"identity": processes.identity(1)}
    for below in (".", "evaluation/scores", "evaluation/study", "evaluation/membership", f"exports/{EXPORT}"):
        folder = run.path / below
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "end.json").unlink(missing_ok=True)
        write_json(folder / "started.json", {"ticket": 3, "time": 1.0, "device": "cpu", **asked})
        write_json(folder / "queued.json", {"ticket": 4, "time": 1.0, "requested_device": "cpu", **asked})
        if below != ".":
            write_json(folder / "request.json", asked)
    return run


COMMANDS = [
    ["runs"],
    ["runs", "--json", "--disk", "--archived"],
    ["stop", "run"],
    ["logs", "run"],
    ["logs", "run", "--follow"],
    ["log", "run", "--to", "tensorboard", "--out", "events"],
    ["sample", "run", "--count", "1", "--out", "sample.zip"],
    ["export", "run", "--per-class", "1", "--with-near-copies", "--out", "export.zip"],
    ["export", "run", "--task", EXPORT],
    ["evaluate", "run", "--task", "scores"],
    ["evaluate", "run", "--task", "study"],
    ["evaluate", "run", "--task", "membership"],
    ["data", "list"],
    ["train", "--run", "run"],
]


def test_no_command_executes_what_a_copied_run_says(outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = crafted(outside)
    monkeypatch.chdir(outside.parent)
    for command in COMMANDS:
        assert main(command) in (0, 1, 2), command
        assert not scheduler_pids(), command  # there is nothing to start
    assert untouched(outside)
    assert jobs.state(run.path).name == "finished"  # `train --run` did what it always does
    assert main(["delete", "run", "--yes"]) == 0
    assert untouched(outside)


def test_no_page_executes_what_a_copied_run_says(outside: Path) -> None:
    crafted(outside)
    for name in sorted(PAGES, key=lambda name: name == "train"):
        page(name, run="run")
        if name != "train":  # which measures the speed of this machine, in a job of its own
            assert not scheduler_pids(), name
    assert untouched(outside)


def test_resuming_a_copied_run_trains_it_and_nothing_else(outside: Path) -> None:
    run = crafted(outside)
    assert main(["resume", "run"]) == 0
    assert not {"arguments", "environment"} & set(read_json(run.path / "queued.json") or started(run))
    wait_for_state(run, "finished")
    assert not {"arguments", "environment"} & set(started(run))
    assert untouched(outside)


def test_evaluating_a_copied_run_in_the_background_does_what_was_asked_here(outside: Path) -> None:
    run = crafted(outside)
    assert main(["evaluate", "run", "--background", "--snapshot", "160", "--split", "test"]) == 0
    folder = job.job_folder(run, "scores")
    asked = job.load_request(run, "scores")
    assert (asked.kind, asked.snapshot, asked.split) == ("scores", 160, "test")
    wait_until(lambda: jobs.state(folder).name == "running", f"it works: {jobs.log_tail(folder)}")
    jobs.stop(folder)
    wait_until(lambda: not jobs.state(folder).alive, f"it ends: {jobs.log_tail(folder)}")
    assert untouched(outside)


@pytest.mark.parametrize("copy", ["from another store", "beside the original"])
def test_a_copied_folder_never_starts_by_itself(copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = submitted("busy")
    wait_until_begun(busy)
    waiting = submitted("waiting", seconds=0.05)
    copied = Run(settings.store() / "copied")
    if copy == "from another store":
        there = tmp_path / "there" / "waiting"
        shutil.copytree(waiting.path, there)
        jobs.stop(waiting.path)
        shutil.copytree(there, copied.path)
    else:
        shutil.copytree(waiting.path, copied.path)
    assert (copied.path / "queued.json").exists()
    assert jobs.state(copied.path).kind == "never-started"
    assert "copied" not in {entry.name for entry in jobs.queue()}
    jobs.stop(busy.path)
    wait_for_state(busy, "stopped")
    wait_until(lambda: not scheduler_pids(), "all that was asked for is done")
    assert not (copied.path / "started.json").exists()
    assert not jobs.ensure_scheduler()
    assert "in the queue again" in lifecycle.resume_run(copied)
    wait_for_state(copied, "finished")


def test_a_forged_ticket_blocks_neither_a_run_nor_the_queue(store: Path) -> None:
    run = submitted("run", seconds=0.05)
    wait_for_state(run, "finished")
    given = int((tickets.jobs_folder() / "ticket").read_text())
    for number in (tickets.MAX_TICKET, tickets.MAX_TICKET - 1, 10**400, True, -1):
        # Until its process has exited, a run without readable files is running.
        wait_until(lambda: not is_locked(run.path / "alive.lock"), "its process exited")
        for name in ("started.json", "end.json"):
            write_json(run.path / name, {"ticket": number, "state": "stopped"})
        lifecycle.resume_run(run)
        wait_for_state(run, "finished")
    assert int((tickets.jobs_folder() / "ticket").read_text()) == given + 5


def link(name: str) -> Callable[[Run, Path], None]:
    def make(run: Run, outside: Path) -> None:
        path = run.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.symlink_to(outside if "." not in name else outside / "made")

    return make


def link_of_all(run: Run, outside: Path) -> None:
    shutil.move(run.path, outside.parent / "moved")
    run.path.symlink_to(outside.parent / "moved")


LINKS = ["log.txt", "alive.lock", ".end.json", "snapshots", "evaluation", "exports", "evaluation/scores", "exports/a"]


@pytest.mark.parametrize("make", [*map(link, LINKS), link_of_all], ids=[*LINKS, "the run"])
def test_nothing_works_in_a_folder_with_a_link_out_of_it(make: Callable[[Run, Path], None], outside: Path) -> None:
    run = trained("run")
    (run.path / "end.json").unlink()
    make(run, outside)
    for command in (["resume", "run"], ["train", "--run", "run"], ["evaluate", "run"]):
        assert main(command) == 2, command
    with pytest.raises(RunError, match=r"symbolic link|not the folder of a job"):
        lifecycle.resume_run(run)
    with pytest.raises(UserError):
        jobs.start_task(run.path / "exports" / EXPORT)
    assert jobs.queue() == []
    assert untouched(outside)


def test_a_link_to_stop_is_replaced_and_what_it_names_stays(outside: Path) -> None:
    run = submitted("run")
    wait_until_begun(run)
    (run.path / "stop").symlink_to(outside / "made")
    jobs.stop(run.path)
    wait_for_state(run, "stopped")
    assert untouched(outside)


@pytest.mark.parametrize(
    "place", ["Run", "run/evaluation/other", "run/exports/x", "run/a", ".jobs", ".data/tasks/x", ".."]
)
def test_a_folder_that_is_no_jobs_is_never_run(place: str, store: Path, tmp_path: Path) -> None:
    folder = store / place
    folder.mkdir(parents=True, exist_ok=True)
    assert kinds.job_kind(folder) is None
    with pytest.raises(RunError, match="is not the folder of a job"):
        jobs.start_task(folder)
    with pytest.raises(RunError, match="is not the folder of a job"):
        jobs.submit(folder, "cpu")
    assert not (folder / "queued.json").exists()


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("my-run", "train --run my-run"),
        ("my-run/evaluation/study", "evaluate my-run --task study"),
        ("my-run/evaluation/scores", "evaluate my-run --task scores"),
        ("my-run/evaluation/membership", "evaluate my-run --task membership"),
        (f"my-run/exports/{EXPORT}-2", f"export my-run --task {EXPORT}-2"),
        ("my-run/exports/generator-onnx", "export-model my-run --task onnx"),
        (".data/tasks/prepare-digits", "data prepare --task prepare-digits"),
    ],
)
def test_the_command_of_a_job_is_made_from_its_place(place: str, words: str, store: Path) -> None:
    assert kinds.job_command(store / place) == ["-m", "gan", *words.split()]


def test_a_run_that_is_a_link_is_not_listed(outside: Path, store: Path) -> None:
    (store / "linked").symlink_to(outside)
    assert all_runs() == []
    with pytest.raises(RunError, match="symbolic link"):
        find_run("linked")


def test_a_hard_link_or_a_fifo_in_a_run_is_refused(outside: Path) -> None:
    """`cp -al` copies a run by hard links: what a job writes in the copy would end up in the original."""
    (outside / "precious.txt").write_text("precious")
    linked, waiting = new_run("linked"), new_run("waiting")
    os.link(outside / "precious.txt", linked.path / "log.txt")
    os.mkfifo(waiting.path / "log.txt")
    for run in (linked, waiting):
        with pytest.raises(RunError, match="hard link, FIFO or device"):
            lifecycle.submit_run(run)
    for path in (linked.path / "log.txt", waiting.path / "log.txt"):
        with pytest.raises(DamagedFileError):
            open_for_append(path)
    assert (outside / "precious.txt").read_text() == "precious"


def test_the_lock_of_another_job_is_not_ones_own(tmp_path: Path) -> None:
    lock = try_lock(tmp_path / "alive.lock")
    assert lock is not None
    assert is_locked(tmp_path / "alive.lock")
    (tmp_path / "symbolic.lock").symlink_to(tmp_path / "alive.lock")
    os.mkfifo(tmp_path / "fifo.lock")
    for name in ("symbolic.lock", "fifo.lock"):
        assert not is_locked(tmp_path / name)
        with pytest.raises(DamagedFileError):
            try_lock(tmp_path / name)
    os.link(tmp_path / "alive.lock", tmp_path / "hard.lock")
    assert not is_locked(tmp_path / "hard.lock")
    os.close(lock)


def test_a_folder_in_the_place_of_a_queued_one_is_not_queued() -> None:
    run = new_run("run")
    with tickets.decision_lock():
        ticket = waiting_jobs.enqueue(run.path, "cpu")
    assert [job.name for job in waiting_jobs.queued_jobs()] == ["run"]
    write_json(run.path / "queued.json", {"ticket": ticket, "requested_device": "cpu", "in_terminal": False})
    assert waiting_jobs.queued_jobs() == []
