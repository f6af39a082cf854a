"""A small real job for the tests of `gan.jobs`, as `python -m tests.support.job_script NAME KIND [SECONDS]`."""

import os
import signal
import sys
import time
from pathlib import Path

from gan.config import settings
from gan.errors import TrainingError
from gan.jobs.worker import Worker, working


def note(text: str) -> None:
    """Append a line for the test, with one write, so that lines of several jobs never mix."""
    descriptor = os.open(settings.store() / "notes.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{text}\n".encode())
    os.close(descriptor)


def run_for(worker: Worker, name: str, seconds: float) -> None:
    """Work for `seconds` or until a stop; notes its begin and end."""
    note(f"begin {name}")
    end = time.monotonic() + seconds
    print("working", flush=True)
    while time.monotonic() < end:
        worker.report("training", seconds - (end - time.monotonic()), seconds)
        if worker.should_stop():
            note(f"saved {name}")
            worker.mark_stopped()
            break
        time.sleep(0.02)
    note(f"end {name}")


def fork_sleeper(worker: Worker, deaf: bool) -> None:
    """Fork a loading worker that outlives its parent; a deaf one ignores SIGTERM."""
    pid = os.fork()
    if pid:
        note(f"child {pid}")
        return
    worker.leave_in_child()
    if deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
    os._exit(0)


class Late:
    """Sends SIGTERM while the interpreter exits, after it has dropped its signal handlers."""

    def __del__(self, kill=os.kill, pid=os.getpid(), number=signal.SIGTERM) -> None:  # type: ignore[no-untyped-def]  # noqa: B008
        kill(pid, number)


def main(name: str, kind: str, seconds: float = 3600.0) -> None:
    """Run the job of that kind."""
    folder = settings.store() / name
    if kind == "environment":
        print(sorted(os.environ.items()), flush=True)
    if kind == "dies":
        print("ModuleNotFoundError: No module named 'nowhere'")
        sys.exit(1)
    if kind == "full-scores":
        from gan.runs.run import Run  # here: the other jobs start sooner without
        from tests.support.full_scores import score_fully

        score_fully(Run(folder.parents[1]))
        return
    with working(folder, "cpu") as worker:
        if kind in ("forks", "deaf"):
            fork_sleeper(worker, deaf=kind == "deaf")
        if kind == "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            note(f"begin {name}")
            time.sleep(600)
        if kind == "nan":
            raise TrainingError("loss_d became nan after 1,000 images.", "nan", {"optim.lr": 1e-4})
        if kind == "waits" and f"began {name}" not in (settings.store() / "notes.txt").read_text():
            note(f"began {name}")
            worker.wait_for_jobs([(folder / "waits-for.txt").read_text()])
            return
        if kind == "no-file":
            Path("/nowhere/images.npz").read_bytes()
        run_for(worker, name, seconds)
    if kind == "late":
        sys.modules[__name__].late = Late()  # type: ignore[attr-defined]
    if kind == "hangs":
        time.sleep(600)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]) if len(sys.argv) > 3 else 3600.0)
