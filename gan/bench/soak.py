"""`python -m gan soak`: clients submit, stop, kill, resume and read at random while an observer checks invariants.

In rounds: clients (`soak_client.py`) work on one store while an `Observer` checks it. Then every process is killed,
unfinished runs are resumed to their end, and each must equal a run that was never interrupted, bit for bit. `--fault`
breaks one part of the product on purpose (`gan/io/fault_injection.py`); the soak must find it.
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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter

from gan import jobs
from gan.bench.soak_client import CONFIGS, config_values, log_event, send_signal
from gan.bench.soak_observer import Observer, scan_processes
from gan.config import settings
from gan.errors import ConfigError
from gan.export import exports
from gan.io import fault_injection
from gan.io.json_files import read_json_lines
from gan.runs import lifecycle
from gan.runs.run import Run, all_runs

CLIENTS = 3
ROUND = 60.0  # seconds of the clients' work, before all runs are finished
CHECK_EVERY = 0.2  # seconds
ACCIDENT_EVERY = (3.0, 12.0)  # seconds
FINISH_TIMEOUT = 60.0  # seconds for finishing a round,
FINISH_TIMEOUT_PER_RUN = 20.0  # plus these for each run


@dataclass
class Figures:
    """Counts of what a soak did, and the violations it found."""

    seed: int
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    states_checked: int = 0
    compared: int = 0
    nodes: int = 1
    violations: list[str] = field(default_factory=list)

    def line(self) -> str:
        """The figures in one line."""
        counts = self.counts
        return (
            f"soak: {self.seconds / 60:.1f} minutes, {self.nodes} machine{'s' * (self.nodes > 1)}, "
            f"{counts['submit']} jobs, {counts['kill']} kills, "
            f"{counts['stop']} stops, {counts['resume'] + counts['terminal']} resumes, {counts['export']} exports, "
            f"{counts['restart']} restarts, {counts['release']} releases, "
            f"{self.states_checked:,} states checked ({counts['unknown']:,} unknown), {self.compared} runs compared, "
            f"{len(self.violations)} violations (seed {self.seed})"
        )


def run_soak(
    minutes: float, fault: str | None, show: Callable[[str], None], seed: int | None = None, folder: Path | None = None
) -> Figures:
    """Soak for about `minutes` in a store of its own; at the first violation it ends and keeps the store.

    `show` gets a line now and then, and each violation. `folder` (new or empty) is deleted at the end. Raises
    ConfigError for an unknown fault, and unless `minutes` is above 0.
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
    with ended_by_signals(), environment_for(store, fault), references_in(references, configs):
        try:
            for number in itertools.count():
                left = began + minutes * 60 - time.monotonic()
                if left <= 0 or observer.violations:
                    break
                dice = random.Random(f"{figures.seed} {number}")
                _round(observer, dice, configs, min(ROUND, left))
                show(f"soak: round {number + 1}, {observer.count_compared} runs compared")
        finally:
            _restart(store)
    figures.seconds = time.monotonic() - began
    conclude(figures, observer, root, show)
    return figures


def conclude(figures: Figures, observer: Observer, root: Path, show: Callable[[str], None]) -> None:
    """Complete the figures from what was observed, and show violations; without any, the soak's folder is removed."""
    figures.counts = count_events(observer.store)
    figures.states_checked, figures.compared = observer.states_checked, observer.count_compared
    figures.violations = observer.violations
    for violation in figures.violations:
        show(f"violation (seed {figures.seed}): {violation}")
    if figures.violations:
        show(f"soak: everything is kept in {root}")
    else:
        shutil.rmtree(root)


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """For the block, a request to end raises SystemExit, so that it ends its processes."""

    def end(number: int, _: object) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def environment_for(store: Path, fault: str | None, more: Mapping[str, str] = MappingProxyType({})) -> Iterator[None]:
    """Set the environment of this process and its children for the block."""
    environment = {"GAN_STORE": str(store), "GAN_STOP_GRACE": "4", "GAN_JOBS_PER_DEVICE": "1", "OMP_NUM_THREADS": "1"}
    environment |= {fault_injection.VARIABLE: fault or "", **more}
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextlib.contextmanager
def references_in(store: Path, configs: int) -> Iterator[None]:
    """Train each config without interruption in a second store while the block runs."""
    environment = os.environ | {"GAN_STORE": str(store), "GAN_JOBS_PER_DEVICE": "1"}
    processes = []
    for number in range(configs):
        arguments = [part for path, value in config_values(number).items() for part in (f"--{path}", str(value))]
        command = [sys.executable, "-m", "gan", "train", "--name", f"c{number}", *arguments]
        processes.append(subprocess.Popen(command, cwd=settings.ROOT, env=environment, stdout=subprocess.DEVNULL))
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _round(observer: Observer, dice: random.Random, configs: int, seconds: float) -> None:
    """Let the clients work for `seconds`, then finish all runs, check them and empty the store."""
    observer.begin_round()
    _set_slots(observer, dice.choice((1, 1, 2)))
    numbers = itertools.count()
    clients = [_client(dice, next(numbers), configs) for _ in range(CLIENTS)]
    end_at = time.monotonic() + seconds
    accident_at = time.monotonic() + dice.uniform(*ACCIDENT_EVERY)
    while time.monotonic() < end_at and not observer.violations:
        observer.check()
        if time.monotonic() > accident_at:
            _accident(observer.store, dice)
            accident_at = time.monotonic() + dice.uniform(*ACCIDENT_EVERY)
        for i, client in enumerate(clients):
            if client.poll() is not None:
                if client.returncode != -signal.SIGKILL:
                    observer.add_violation(
                        "client", f"A client ended with {client.returncode}:\n{_client_log(observer.store)}"
                    )
                clients[i] = _client(dice, next(numbers), configs)
        time.sleep(CHECK_EVERY)
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
    """Let the device run so many trainings at once; call only while no process runs."""
    observer.slots = slots
    os.environ["GAN_JOBS_PER_DEVICE"] = str(slots)


def _client(dice: random.Random, number: int, configs: int) -> "subprocess.Popen[bytes]":
    """Start a client with its own random choices."""
    arguments = [str(value) for value in (dice.randrange(10**6), number, configs, os.getpid())]
    command = [sys.executable, "-m", "gan.bench.soak_client", *arguments]
    with open(settings.store() / fault_injection.MARKER / "clients.txt", "ab") as log:
        return subprocess.Popen(command, cwd=settings.ROOT, stdout=log, stderr=log)


def _client_log(store: Path) -> str:
    return (store / fault_injection.MARKER / "clients.txt").read_text(errors="replace")[-3000:]


def _accident(store: Path, dice: random.Random) -> None:
    """Kill a client's process, or everything as a restart of the machine does."""
    if dice.random() < 0.3:
        _restart(store)
        return
    for process in [process for process in scan_processes(store) if process.kind == "client"][:1]:
        send_signal(process.pid, signal.SIGKILL)


def _restart(store: Path) -> None:
    """Kill every process of the store, as a restart of the machine does."""
    while processes := scan_processes(store):
        parents_first = sorted(processes, key=lambda process: process.kind in ("train", "export"))
        for process in parents_first:
            send_signal(process.pid, signal.SIGKILL)
        time.sleep(0.05)


def _finish(observer: Observer) -> None:
    """Resume unfinished runs until all are finished; a timeout is a violation."""
    deadline = time.monotonic() + FINISH_TIMEOUT + FINISH_TIMEOUT_PER_RUN * len(all_runs())
    while not observer.violations:
        jobs.ensure_scheduler()
        observer.check()
        unfinished = [run for run in all_runs() if not _is_done(run, observer)]
        # A training that a client started in a terminal may still be starting, and find nothing left to do.
        if not unfinished and not any(
            process.kind in ("train", "export") for process in scan_processes(observer.store)
        ):
            return
        if time.monotonic() > deadline:
            states = ", ".join(f"{run.name} is {jobs.state(run.path).name}" for run in unfinished)
            left = states or scan_processes(observer.store)
            observer.add_violation("end", f"Not finished within {FINISH_TIMEOUT_PER_RUN:g} s a run: {left}.")
        time.sleep(CHECK_EVERY)


def _is_done(run: Run, observer: Observer) -> bool:
    """Whether a run is finished and compared, and its exports have ended; resumes it otherwise."""
    state = jobs.state(run.path)
    if not (run.path / "config.json").exists():  # its client was killed before it wrote the config
        lifecycle.delete_run(run)
        return True
    if not state.alive and state.name != "finished":
        lifecycle.resume_run(run)
        log_event("resume", run.name)
    return run.name in observer.compared and not any(export.state.alive for export in exports.list_exports(run))


def count_events(store: Path) -> Counter[str]:
    """How often clients and accidents did each thing."""
    return Counter(
        row["what"]
        for row in read_json_lines(
            store / fault_injection.MARKER / "events.jsonl", TypeAdapter(dict[str, Any]), newest=10**9
        )
    )
