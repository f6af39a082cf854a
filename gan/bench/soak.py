"""`python -m gan soak`: several users submit, stop, kill, resume and read at random, and everything has to stay true.

In rounds: clients (`soak_client.py`) work on one store while `soak_truth.Observer` looks; then everything is killed,
what is unfinished is resumed to its end, and every run has to equal one that was never interrupted, bit for bit. With
`--fault` one part of the product is broken on purpose (`faults.py`), which has to be found.
"""

import contextlib
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from gan import jobs
from gan.bench.soak_client import CONFIGS, config_values, end, note
from gan.bench.soak_observer import Observer, scan
from gan.config import settings
from gan.errors import ConfigError
from gan.export import exports
from gan.io import fault_injection
from gan.io.json_files import read_json_lines
from gan.runs import lifecycle
from gan.runs.run import Run, all_runs

CLIENTS = 3
ROUND = 60.0  # seconds in which the clients work before everything has to come to its end
LOOK_EVERY = 0.2
ACCIDENT_EVERY = (3.0, 12.0)  # seconds
LONGEST_END = 60.0  # seconds for the last runs of a round, and
LONGEST_RUN = 20.0  # for each of them besides


@dataclass
class Figures:
    """What a soak did and found."""

    seed: int
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    states_checked: int = 0
    compared: int = 0
    violations: list[str] = field(default_factory=list)

    def line(self) -> str:
        """All in one line."""
        counts = self.counts
        return (
            f"soak: {self.seconds / 60:.1f} minutes, {counts['submit']} jobs, {counts['kill']} kills, "
            f"{counts['stop']} stops, {counts['resume'] + counts['terminal']} resumes, {counts['export']} exports, "
            f"{self.states_checked:,} states checked, {self.compared} runs compared, "
            f"{len(self.violations)} violations (seed {self.seed})"
        )


def soak(
    minutes: float, fault: str | None, show: Callable[[str], None], seed: int | None = None, folder: Path | None = None
) -> Figures:
    """Soak for about so many minutes in a store of its own; ends early, and keeps the store, where something is wrong.

    `show` is given a line now and then, and each violation. `folder` (new or empty) is removed at the end. Raises
    ConfigError for a fault that does not exist, and for no time at all.
    """
    if not minutes > 0:
        raise ConfigError(f"A soak of {minutes} minutes shows nothing: it takes a number above 0, such as 10.")
    if fault is not None and fault not in fault_injection.FAULTS:
        raise ConfigError(f"There is no fault {fault!r} to plant: it takes one of {', '.join(fault_injection.FAULTS)}.")
    figures = Figures(seed if seed is not None else time.time_ns() % 1_000_000)
    root = folder or Path(tempfile.mkdtemp(prefix="gan-soak-"))
    store, references = root.resolve() / "store", root.resolve() / "references"
    (store / fault_injection.MARKER).mkdir(parents=True)
    configs = min(len(CONFIGS), 1 + int(minutes))
    show(f"soak: seed {figures.seed}, {configs} configs, in {store}")
    began = time.monotonic()
    observer = Observer(store, references)
    with _environment(store, fault), _references(references, configs):
        try:
            for number in itertools.count():
                left = began + minutes * 60 - time.monotonic()
                if left <= 0 or observer.violations:
                    break
                dice = random.Random(f"{figures.seed} {number}")
                _round(observer, dice, configs, min(ROUND, left))
                show(f"soak: round {number + 1}, {len(observer.compared)} runs compared")
        finally:
            _restart(store)
    figures.seconds = time.monotonic() - began
    figures.counts = _count_events(store)
    figures.states_checked, figures.compared = observer.states_checked, len(observer.compared)
    figures.violations = observer.violations
    for violation in observer.violations:
        show(f"violation (seed {figures.seed}): {violation}")
    if figures.violations:
        show(f"soak: everything is kept in {root}")
    else:
        shutil.rmtree(root)
    return figures


@contextlib.contextmanager
def _environment(store: Path, fault: str | None) -> Iterator[None]:
    """What this process and all that it starts are told, for the block."""
    told = {"GAN_STORE": str(store), "GAN_STOP_GRACE": "4", "GAN_JOBS_PER_DEVICE": "1", "OMP_NUM_THREADS": "1"}
    told[fault_injection.VARIABLE] = fault or ""
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextlib.contextmanager
def _references(store: Path, configs: int) -> Iterator[None]:
    """Each config trained without interruption in a store beside, while the block goes on."""
    environment = os.environ | {"GAN_STORE": str(store), "GAN_JOBS_PER_DEVICE": "1"}
    processes = []
    for number in range(configs):
        given = [word for path, value in config_values(number).items() for word in (f"--{path}", str(value))]
        command = [sys.executable, "-m", "gan", "train", "--name", f"c{number}", *given]
        processes.append(subprocess.Popen(command, cwd=settings.ROOT, env=environment, stdout=subprocess.DEVNULL))
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _round(observer: Observer, dice: random.Random, configs: int, seconds: float) -> None:
    """Let the clients work for so long, then bring everything to its end and empty the store."""
    _set_slots(observer, dice.choice((1, 1, 2)))
    numbers = itertools.count()
    clients = [_client(dice, next(numbers), configs) for _ in range(CLIENTS)]
    end_at = time.monotonic() + seconds
    accident_at = time.monotonic() + dice.uniform(*ACCIDENT_EVERY)
    while time.monotonic() < end_at and not observer.violations:
        observer.look()
        if time.monotonic() > accident_at:
            _accident(observer.store, dice)
            accident_at = time.monotonic() + dice.uniform(*ACCIDENT_EVERY)
        for i, client in enumerate(clients):
            if client.poll() is not None:
                if client.returncode != -signal.SIGKILL:
                    observer.tell("client", f"A client ended with {client.returncode}:\n{_client_log(observer.store)}")
                clients[i] = _client(dice, next(numbers), configs)
        time.sleep(LOOK_EVERY)
    _restart(observer.store)
    for client in clients:
        client.wait()
    _set_slots(observer, 2)
    _finish(observer)
    if not observer.violations:
        observer.check_end()
    if not observer.violations:
        for run in all_runs():
            lifecycle.delete_run(run)


def _set_slots(observer: Observer, slots: int) -> None:
    """Let the device take so many trainings; to be called while nothing of ours runs."""
    observer.slots = slots
    os.environ["GAN_JOBS_PER_DEVICE"] = str(slots)


def _client(dice: random.Random, number: int, configs: int) -> "subprocess.Popen[bytes]":
    """A new client with choices of its own."""
    command = [sys.executable, "-m", "gan.bench.soak_client", str(dice.randrange(10**6)), str(number), str(configs)]
    with open(settings.store() / fault_injection.MARKER / "clients.txt", "ab") as log:
        return subprocess.Popen(command, cwd=settings.ROOT, stdout=log, stderr=log)


def _client_log(store: Path) -> str:
    return (store / fault_injection.MARKER / "clients.txt").read_text(errors="replace")[-3000:]


def _accident(store: Path, dice: random.Random) -> None:
    """A user's process dies in whatever it does, or the machine is restarted."""
    if dice.random() < 0.3:
        _restart(store)
        return
    for process in [process for process in scan(store) if process.kind == "client"][:1]:
        end(process.pid, signal.SIGKILL)


def _restart(store: Path) -> None:
    """Everything of ours is gone at once, as when the machine is restarted."""
    while found := scan(store):
        for process in sorted(
            found, key=lambda process: process.kind in ("train", "export")
        ):  # who starts others first
            end(process.pid, signal.SIGKILL)
        time.sleep(0.05)


def _finish(observer: Observer) -> None:
    """Resume what did not finish, until everything has; notes a violation where that takes for ever."""
    deadline = time.monotonic() + LONGEST_END + LONGEST_RUN * len(all_runs())
    while not observer.violations:
        jobs.ensure_scheduler()
        observer.look()
        unfinished = [run for run in all_runs() if not _is_done(run, observer)]
        # A client's last trainings in a terminal may just be starting, to find that there is nothing left to do.
        if not unfinished and not any(process.kind in ("train", "export") for process in scan(observer.store)):
            return
        if time.monotonic() > deadline:
            told = ", ".join(f"{run.name} is {jobs.state(run.path).name}" for run in unfinished) or scan(observer.store)
            observer.tell("end", f"It came to no end in {LONGEST_RUN:g} s a run: {told}.")
        time.sleep(LOOK_EVERY)


def _is_done(run: Run, observer: Observer) -> bool:
    """Whether a run is at its very end; resumes it where it can be."""
    state = jobs.state(run.path)
    if not (run.path / "config.json").exists():  # whoever made it was killed before that was written
        lifecycle.delete_run(run)
        return True
    if not state.alive and state.name != "finished":
        lifecycle.resume_run(run)
        note("resume", run.name)
    return run.name in observer.compared and not any(made.state.alive for made in exports.list_exports(run))


def _count_events(store: Path) -> Counter[str]:
    return Counter(
        row["what"]
        for row in read_json_lines(
            store / fault_injection.MARKER / "events.jsonl", TypeAdapter(dict[str, Any]), newest=10**9
        )
    )
