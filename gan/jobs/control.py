"""What a user does with jobs: submit, stop, resume, delete; each safe to ask for twice, from any process.

Decisions are made while `locks.deciding()` is held, so that two users never decide the same thing at once. What was
done is said in one sentence. Read next: `launch.py`.
"""

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan import settings
from gan.errors import RunError
from gan.files import read_json, write_json
from gan.jobs import launch, locks, logs, names, processes, states, turns

if TYPE_CHECKING:
    from gan.runs import Run


def submit(run: "Run", arguments: Sequence[str] | None = None) -> None:
    """Put a run at the end of the queue and see that the queue moves; raises RunError where it waits or runs already.

    `arguments` is what follows the interpreter on the job's command line; by default it trains the run.
    """
    submit_beside(run.path, run.config.job.device, arguments or ["-m", "gan", "train", "--run", run.name])


def submit_beside(folder: Path, asked: str, arguments: Sequence[str]) -> None:
    """Put a job that needs the device `asked` at the end of the queue; as `submit`.

    The folder is a run's, or the `evaluation/study` in it: no other is looked into for what waits (`names.py`).
    """
    with locks.deciding():
        now = states.state(folder)
        if now.alive:
            raise RunError(f"{_subject(folder)} is {now.name} already.")
        _enqueue(folder, asked, arguments)
    launch.wake_queue()


def resume(run: "Run") -> str:
    """Put a run that was stopped, failed or lost back at the end of the queue; says in one sentence what happened."""
    asked = run.config.job.device
    with locks.deciding():
        now = states.state(run.path)
        if now.name == "queued":
            return f"The run {run.name} waits in the queue already, at place {now.place}."
        if now.name == "running":
            return f"The run {run.name} is running already."
        if now.name == "stopping":
            return f"The run {run.name} is still stopping: resume it when it has stopped."
        if now.name == "finished":
            return f"The run {run.name} has finished: there is nothing to resume. Clone it to train longer."
        earlier = (read_json(run.path / "started.json") or {}).get("arguments")
        _enqueue(run.path, asked, earlier or ["-m", "gan", "train", "--run", run.name])
    launch.wake_queue()
    return f"The run {run.name} is in the queue again, and goes on from its last snapshot."


def stop(folder: Path) -> str:
    """Ask a job to save and end, or take it out of the queue; returns at once with one sentence on what happened.

    What has not ended after `settings.stop_grace()` seconds is killed by the queue process, with all its children.
    """
    with locks.deciding():
        now = states.state(folder)
        if now.name == "queued":
            _cancel(folder)
            return f"{_subject(folder)} was taken out of the queue."
        if not now.alive:
            return f"There is nothing to stop: {names.in_words(names.name_of(folder))} {_PAST[now.name]} already."
        (folder / "stop").touch()
        started = read_json(folder / "started.json") or {}
        launch.watch_stop(folder, locks.number(started.get("ticket")))
    if locks.held(folder / "alive.lock"):  # else the pid is no longer the job's
        processes.ask_to_end(started)
    launch.wake_queue()
    if now.name == "stopping":
        return f"{_subject(folder)} is stopping already."
    grace = settings.stop_grace()
    return (
        f"{_subject(folder)} was asked to stop: it saves first, and is killed if it has not ended in {grace} seconds."
    )


def start_task(folder: Path, arguments: Sequence[str]) -> None:
    """Start `python -m gan <arguments>` at once on the CPU, beside whatever trains; raises RunError where it runs.

    The folder holds the same files as a run's: started.json, alive.lock, stop, end.json, status.json, log.txt.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locks.deciding():
        ticket = locks.next_ticket(folder)
    alive = locks.take(folder / "alive.lock")
    if alive is None:
        raise RunError(f"There is a task in {folder} already: wait for its end, or stop it.")
    with launch.closing(alive):
        environment = processes.job_environment(os.environ)
        command = ["-m", "gan", *arguments]
        process = launch.launch(folder, command, environment, ticket=ticket, device="cpu", alive=alive)
    launch.reap_in_background(process)


def delete(run: "Run") -> str:
    """Remove a run's folder with all that is in it; raises RunError while anything of it waits or runs."""
    trash = locks.jobs_folder() / "trash"
    with locks.deciding():
        now = states.state(run.path)
        if now.alive:
            raise RunError(f"The run {run.name} is {now.name}: stop it before you delete it.")
        busy = [path.parent for path in run.path.glob("**/alive.lock") if locks.held(path)]
        if busy:
            raise RunError(f"Something of the run {run.name} still works in {busy[0]}: wait for its end, or stop it.")
        waiting = next((one for one in turns.row() if names.run_of(one.name) == run.name), None)
        if waiting is not None:
            raise RunError(f"{_subject(waiting.folder)} waits in the queue: cancel it before you delete the run.")
        trash.mkdir(exist_ok=True)
        # Renamed first: whoever looks sees the whole run or none, also when the removal is interrupted.
        run.path.rename(trash / f"{run.name}-{time.time_ns()}")
    for left in trash.iterdir():
        shutil.rmtree(left, ignore_errors=True)  # another process may be removing the same
    return f"The run {run.name} was deleted."


def follow(folder: Path) -> Iterator[str]:
    """The lines of a job's log, each with its end, and new ones as they come until the job has ended."""
    return logs.follow_file(folder / "log.txt", lambda: states.state(folder).alive)


def disk_usage(folder: Path) -> int:
    """Bytes that a folder takes on the disk; what vanishes while it is counted counts as nothing."""
    total = 0
    for root, _, inside in os.walk(folder):
        for name in inside:
            try:
                total += (Path(root) / name).lstat().st_blocks * 512
            except FileNotFoundError:
                continue
    return total


_PAST = {"stopped": "had stopped", "finished": "had finished", "failed": "had failed", "lost": "had ended"}


def _subject(folder: Path) -> str:
    """The job as a sentence begins with it."""
    words = names.in_words(names.name_of(folder))
    return words[0].upper() + words[1:]


def _enqueue(folder: Path, asked: str, arguments: Sequence[str]) -> None:
    """Write queued.json; while `deciding()`.

    Raises ConfigError for settings that the queue process, which nobody sees, would die of, and RunError for a run that
    was deleted in the meantime.
    """
    if not folder.is_dir():
        raise RunError(f"{_subject(folder)} is gone: it was deleted or moved away.")
    settings.jobs_per_device()
    settings.stop_grace()
    document: dict[str, Any] = {"ticket": locks.next_ticket(folder), "time": time.time(), "asked": asked}
    document |= {"arguments": list(arguments), "environment": processes.job_environment(os.environ)}
    write_json(folder / "queued.json", document)


def _cancel(folder: Path) -> None:
    """Take a waiting run out of the row; while `deciding()`."""
    waiting = turns.entry(folder)
    ticket = waiting.ticket if waiting else 0
    word = {"state": "stopped", "cause": "It was cancelled while it waited in the queue.", "kind": "cancelled"}
    write_json(folder / "end.json", {**word, "ticket": ticket, "time": time.time()})
    (folder / "queued.json").unlink(missing_ok=True)
