"""Starting a process of a job, and starting the queue process if none runs.

A job is a session of its own: neither Ctrl-C in the server's terminal nor the server's death reaches it. It inherits
the locks that its starter took for it, so that there is no moment at which nobody holds them. Read next: `keeper.py`.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gan import settings
from gan.files import write_json
from gan.jobs import device_list, locks, processes


def mark_started(folder: Path, ticket: int, device: str, pid: int | None, **more: Any) -> dict[str, Any]:
    """Write started.json, which makes everything that earlier starts left behind void; gives what was written."""
    started: dict[str, Any] = {
        "ticket": ticket,
        "time": time.time(),
        "device": device,
        "pid": pid,
        "host": processes.host(),
    }
    started |= {"boot": processes.boot(), "identity": processes.identity(pid) if pid else ""}
    started |= {"memory_kills": processes.kills_for_memory(), **more}
    write_json(folder / "started.json", started)
    return started


def launch(
    folder: Path,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    ticket: int,
    device: str,
    alive: int,
    slot: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start `python <arguments>` for the job in `folder` with the locks `alive` and `slot`; raises OSError.

    Writes started.json before the process exists: a job that dies at once was started, and is not tried for ever.
    """
    (folder / "stop").unlink(missing_ok=True)
    more = {"arguments": list(arguments), "session": True}
    mark_started(folder, ticket, device, None, **more)
    given = {"ticket": ticket, "device": device, "alive": alive, "slot": slot}
    own = {processes.JOB_VARIABLE: json.dumps(given), **device_list.visible_to_cuda(device)}
    with open(folder / "log.txt", "ab") as log:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=settings.ROOT,
            env={**environment, **own},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[descriptor for descriptor in (alive, slot) if descriptor is not None],
        )
    mark_started(folder, ticket, device, process.pid, **more)
    return process


def wake_queue() -> bool:
    """Start the queue process if none runs and the store can be written; gives whether it started one.

    The starter takes the queue's own lock and hands it over, so that of twenty starters at once one starts one.
    """
    path = locks.jobs_folder() / "keeper.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = locks.take(path)
    except OSError:  # a store that is read-only for us has its queue process elsewhere
        return False
    if descriptor is None:
        return False
    try:
        with open(locks.jobs_folder() / "queue.log", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "gan.jobs", str(descriptor)],
                cwd=settings.ROOT,
                env=processes.job_environment(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[descriptor],
            )
    finally:
        os.close(descriptor)
    reap_in_background(process)
    return True


def watch_stop(folder: Path, ticket: int) -> None:
    """Have the queue process see to it that the start of that ticket ends, with all its processes."""
    pending = locks.jobs_folder() / "stops"
    pending.mkdir(parents=True, exist_ok=True)
    path = pending / f"{ticket}.json"
    if not path.exists():
        write_json(path, {"folder": str(folder.resolve()), "ticket": ticket})


def reap_in_background(process: "subprocess.Popen[bytes]") -> None:
    """Collect the exit of a process, whenever it comes, so that a server that lives for weeks keeps no zombie."""
    threading.Thread(target=process.wait, daemon=True).start()


@contextlib.contextmanager
def closing(*descriptors: int | None) -> Iterator[None]:
    """Close our copies of locks at the end of the block: what was started holds its own."""
    try:
        yield
    finally:
        for descriptor in descriptors:
            if descriptor is not None:
                os.close(descriptor)
