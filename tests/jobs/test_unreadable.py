"""A run whose files cannot be read or written is listed with the reason, and everything else goes on."""

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gan import jobs
from gan.cli.main import main
from gan.errors import RunError
from gan.io.atomic import write_json
from gan.jobs import launch, scheduler, waiting_jobs
from gan.runs import lifecycle, notes
from gan.runs.run import Run, all_runs
from tests.support.jobs import enqueue, new_run
from tests.support.pages import page

FAULTS = [errno.EACCES, errno.ESTALE, errno.EIO]


@contextlib.contextmanager
def unreadable(denied: Path, number: int) -> Iterator[None]:
    """Opening a file, or any file below a folder, fails with that error during the block; root could read it."""
    open_ = os.open

    def refuse(path: Any, *arguments: Any, **options: Any) -> int:
        if isinstance(path, str | Path) and Path(path).is_relative_to(denied):
            raise OSError(number, os.strerror(number), str(path))
        return open_(path, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", refuse)
        yield


def ended_run(name: str) -> Run:
    run = new_run(name)
    write_json(run.path / "started.json", {"ticket": 1, "time": 5.0})
    write_json(run.path / "end.json", {"ticket": 1, "state": "finished", "time": 6.0})
    return run


@pytest.mark.parametrize("name", ["progress", "gallery", "evaluate"])
@pytest.mark.parametrize("file", ["config.json", "about.json", "started.json", ""])
def test_the_pages_of_such_a_run_open(file: str, name: str) -> None:
    broken = ended_run("broken")
    with unreadable(broken.path / file, errno.EACCES):
        at = page(name, run="broken").run()
    assert not at.exception
    if file in ("config.json", "") or (file, name) == ("started.json", "progress"):
        assert any(os.strerror(errno.EACCES) in text.value for text in [*at.caption, *at.error, *at.warning, *at.info])


@pytest.mark.parametrize("number", FAULTS)
@pytest.mark.parametrize("file", ["config.json", "about.json", "started.json", ""])
def test_lists_go_on_and_name_the_reason(file: str, number: int, capsys: pytest.CaptureFixture[str]) -> None:
    broken, whole = ended_run("broken"), ended_run("whole")
    with unreadable(broken.path / file, number):
        assert {run.name for run in all_runs()} == {"broken", "whole"}
        assert jobs.state(whole.path).name == "finished"
        assert jobs.state(broken.path).name == ("finished" if file in ("config.json", "about.json") else "unreadable")
        assert main(["runs", "--json", "--disk"]) == 0
    causes = {row["name"]: row["cause"] for row in json.loads(capsys.readouterr().out)}
    assert os.strerror(number) in causes["broken"]
    assert causes["whole"] == ""


@pytest.mark.parametrize("number", FAULTS)
@pytest.mark.parametrize("file", ["config.json", "about.json", "started.json", ""])
def test_the_overview_shows_the_reason_on_the_card(file: str, number: int) -> None:
    broken = ended_run("broken")
    ended_run("whole")
    with unreadable(broken.path / file, number):
        at = page("overview").run()
    assert not at.exception
    assert any("whole" in text.value for text in at.markdown)
    assert any(os.strerror(number) in text.value for text in [*at.caption, *at.error])


@pytest.mark.parametrize("number", FAULTS)
def test_the_queue_goes_on_without_it_and_keeps_its_place(number: int) -> None:
    broken, whole = new_run("broken"), new_run("whole")
    enqueue(broken, whole)
    with unreadable(broken.path, number):
        assert [entry.name for entry in jobs.queue()] == ["whole"]
        assert [job.name for job, _ in waiting_jobs.startable(waiting_jobs.queued_jobs())] == ["whole"]
        waiting_jobs.drop_stale_tickets()
        for decide in (lifecycle.submit_run, lifecycle.resume_run):
            with pytest.raises(RunError, match=os.strerror(number)):
                decide(broken)
    assert [entry.name for entry in jobs.queue()] == ["broken", "whole"]


@pytest.mark.parametrize("number", FAULTS)
def test_the_scheduler_goes_on_stopping_other_jobs(number: int) -> None:
    broken, whole = ended_run("broken"), ended_run("whole")
    for ticket, run in enumerate((broken, whole), 1):
        launch.register_stop(run.path, ticket)
    with unreadable(broken.path, number):
        scheduler.enforce_stops(scheduler.Memory())
    assert [json.loads(path.read_text())["job"] for path in launch.pending_stops()] == ["broken"]


@pytest.mark.parametrize("number", FAULTS)
@pytest.mark.parametrize("file", ["started.json", "alive.lock", ""])
def test_a_run_that_may_still_work_is_not_deleted(file: str, number: int) -> None:
    run = ended_run("run")
    write_json(run.path / "end.json", {"ticket": 0})
    (run.path / "alive.lock").touch()
    with unreadable(run.path / file, number), pytest.raises(RunError, match=os.strerror(number)):
        jobs.delete(run.path)
    assert run.path.is_dir()


def test_a_title_is_not_lost_to_a_file_that_cannot_be_read() -> None:
    run = new_run("run")
    notes.update_about(run.path, title="Best so far")
    with unreadable(run.path / "about.json", errno.EIO):
        assert run.title == "run"
        with pytest.raises(OSError, match="Input/output error"):
            notes.update_about(run.path, tags=("new",))
    assert run.title == "Best so far"
