"""`python -m gan soak --nodes 2`: machines that share one store, played by processes, each with a name, boots and locks
of its own that no other sees. Attributes are old, locks fail at random, machines restart.

Clients of each machine submit, stop, kill, resume and delete at random. The observer sees all processes, and asks for
each run's state as every machine would. None may call a run lost while its trainer works, and no run may ever have two
trainers. At the end each run equals one that was never interrupted, bit for bit.
"""

import contextlib
import functools
import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gan import jobs
from gan.bench.soak import Figures, conclude, ended_by_signals, environment_for, references_in
from gan.bench.soak_client import CONFIGS, log_event, send_signal
from gan.bench.soak_observer import PATIENCE, Observer, Process, scan_processes
from gan.config import settings
from gan.errors import STORE_FAULTS, ConfigError, GanError
from gan.io import fault_injection, old_views
from gan.io.json_files import read_json
from gan.runs import lifecycle
from gan.runs.run import Run, all_runs

MAX_NODES = 4
CLIENTS_PER_NODE = 2
ROUND = 60.0  # seconds of the clients' work, before all runs are finished
CHECK_EVERY = 0.2  # seconds
ACCIDENT_EVERY = (3.0, 12.0)  # seconds
FINISH_TIMEOUT = 90.0  # seconds for finishing a round,
FINISH_TIMEOUT_PER_RUN = 30.0  # plus these for each run
PACE = 0.05
"""A minute of old attributes takes 3 seconds, and a heartbeat falls silent after 6."""
FLOCK = "EIO 0.005"
"""The error of locks, and its probability."""


@dataclass
class Machines:
    """The names of the machines, and how often each was restarted."""

    names: tuple[str, ...]
    boots: Counter[str] = field(default_factory=Counter)

    @contextlib.contextmanager
    def playing(self, node: str) -> Iterator[None]:
        """Let this process, and those it starts in the block, play one of them."""
        values = {fault_injection.NODE_VARIABLE: node, fault_injection.BOOT_VARIABLE: str(self.boots[node])}
        os.environ.update(values)
        try:
            yield
        finally:
            for name in values:
                os.environ.pop(name, None)


@dataclass
class NodeObserver:
    """Checks what must hold on every machine; `observer` checks histories and results."""

    observer: Observer
    machines: Machines
    unknown: int = 0
    """States that a machine could not tell."""

    def check(self) -> None:
        """Check everything that must hold at any moment."""
        before = scan_processes(self.observer.store)
        self._check_doubles(before)
        for run in all_runs():
            for node in self.machines.names:
                with self.machines.playing(node):
                    self._check_state(run, node, before)
            self.observer.check_history(run)
            if self._is_finished(run):
                self.observer.compare(run)

    def _check_doubles(self, found: list[Process]) -> None:
        """No run has two trainers, in both of two scans."""
        counts = Counter(process.run for process in found if process.at_work)
        doubled = [run for run, count in counts.items() if count > 1]
        if not doubled:
            return
        pids = {process.pid for process in found}
        still = [process for process in scan_processes(self.observer.store) if process.at_work and process.pid in pids]
        for run in doubled:
            both = [(process.pid, process.node) for process in still if process.run == run]
            if len(both) > 1:
                self.observer.add_violation(f"two in {run}", f"{run} has two trainers: {both}.")

    def _check_state(self, run: Run, node: str, before: list[Process]) -> None:
        state = jobs.state(run.path)
        self.observer.states_checked += 1
        self.unknown += state.name == "unknown"
        working = {process.pid for process in before if process.at_work and process.run == run.name}
        text = f"{run.name} is {state.name} ({state.cause}) as {node} sees it"
        if state.name == "failed":
            self.observer.add_violation(f"{run.name} failed", f"{text}.\n{jobs.log_tail(run.path)}")
        if state.name == "lost" and working:
            still = {process.pid for process in scan_processes(self.observer.store) if process.at_work}
            if working & still and not self._has_ended(run):
                self.observer.add_violation(f"lost {run.name}", f"{text}, but {working & still} work in it.")
        # A machine may take a dead run for a working one until its heartbeat has been silent for long enough.
        wrong = state.name in ("running", "stopping") and not working
        self.observer.must_not_last(f"{node} {run.name}", wrong, 2 * PATIENCE, f"{text}, but no trainer works in it.")

    def _has_ended(self, run: Run) -> bool:
        started, end = read_json(run.path / "started.json") or {}, read_json(run.path / "end.json") or {}
        return started.get("ticket") == end.get("ticket")

    def _is_finished(self, run: Run) -> bool:
        """Whether a run is finished, and has to be compared with its reference."""
        if run.name in self.observer.compared:
            return False
        return self._has_ended(run) and (read_json(run.path / "end.json") or {}).get("state") == "finished"


def run_node_soak(
    minutes: float,
    nodes: int,
    fault: str | None,
    show: Callable[[str], None],
    seed: int | None = None,
    folder: Path | None = None,
    clients: int = CLIENTS_PER_NODE,
) -> Figures:
    """Soak for about `minutes` with so many machines; at the first violation it ends and keeps the store.

    Arguments as of `run_soak`, and `clients` of each machine. Raises ConfigError unless there are 2 to MAX_NODES
    machines, `minutes` is above 0, and the fault is one of NODE_FAULTS.
    """
    if fault is not None and fault not in fault_injection.NODE_FAULTS:
        faults = ", ".join(fault_injection.NODE_FAULTS)
        raise ConfigError(f"There is no fault {fault!r} of several machines to plant: it takes one of {faults}.")
    if not minutes > 0:
        raise ConfigError(f"A soak of {minutes} minutes shows nothing: it takes a number above 0, such as 10.")
    if not 2 <= nodes <= MAX_NODES:
        raise ConfigError(f"--nodes is {nodes}: it takes 1, or 2 to {MAX_NODES} machines that share a store.")
    figures = Figures(seed if seed is not None else time.time_ns() % 1_000_000)
    root = (folder or Path(tempfile.mkdtemp(prefix="gan-soak-"))).resolve()
    store, references = root / "store", root / "references"
    (store / fault_injection.MARKER).mkdir(parents=True)
    configs = min(len(CONFIGS), 1 + int(minutes))
    machines = Machines(tuple("abcd"[:nodes]))
    show(f"soak: seed {figures.seed}, {nodes} machines, {configs} configs, in {store}")
    began = time.monotonic()
    observer = NodeObserver(Observer(store, references), machines)
    more = {fault_injection.PACE_VARIABLE: str(PACE), fault_injection.FLOCK_VARIABLE: FLOCK}
    with (
        ended_by_signals(),
        environment_for(store, fault, more),
        references_in(references, configs),
        old_views.planted(),
    ):
        try:
            for number in itertools.count():
                left = began + minutes * 60 - time.monotonic()
                if left <= 0 or observer.observer.violations:
                    break
                dice = random.Random(f"{figures.seed} {number}")
                _round(observer, dice, configs, min(ROUND, left), clients)
                show(f"soak: round {number + 1}, {observer.observer.count_compared} runs compared")
        finally:
            _kill_all(store)
    figures.seconds = time.monotonic() - began
    figures.nodes = nodes
    conclude(figures, observer.observer, root, show)
    figures.counts["unknown"] = observer.unknown
    return figures


def _round(observer: NodeObserver, dice: random.Random, configs: int, seconds: float, per_node: int) -> None:
    """Let the clients of all machines work for `seconds`, then finish all runs, check them and empty the store."""
    machines, checks = observer.machines, observer.observer
    checks.begin_round()
    numbers = itertools.count()
    nodes = [node for node in machines.names for _ in range(per_node)]
    clients = [_client(machines, node, dice, next(numbers), configs) for node in nodes]
    end_at = time.monotonic() + seconds
    accident_at = time.monotonic() + dice.uniform(*ACCIDENT_EVERY)
    # At least until there is a run: a busy machine starts its clients late.
    while (time.monotonic() < end_at or not all_runs()) and not checks.violations:
        observer.check()
        if time.monotonic() > accident_at:
            _accident(machines, checks.store, dice)
            accident_at = time.monotonic() + dice.uniform(*ACCIDENT_EVERY)
        for i, client in enumerate(clients):
            if client.poll() is not None:
                if client.returncode != -signal.SIGKILL:
                    log = (checks.store / fault_injection.MARKER / "clients.txt").read_text(errors="replace")
                    checks.add_violation("client", f"A client ended with {client.returncode}:\n{log[-3000:]}")
                clients[i] = _client(machines, nodes[i], dice, next(numbers), configs)
        time.sleep(CHECK_EVERY)
    for client in clients:
        client.kill()
        client.wait()
    _finish(observer)
    if not checks.violations:
        checks.check_end()
    for run in all_runs() if not checks.violations else ():
        with machines.playing(machines.names[0]):
            _patiently(functools.partial(lifecycle.delete_run, run))


def _client(machines: Machines, node: str, dice: random.Random, number: int, configs: int) -> "subprocess.Popen[bytes]":
    arguments = [str(value) for value in (dice.randrange(10**6), number, configs, os.getpid())]
    command = [sys.executable, "-m", "gan.bench.soak_client", *arguments]
    with (
        machines.playing(node),
        open(settings.store() / fault_injection.MARKER / "clients.txt", "ab") as log,
    ):
        return subprocess.Popen(command, cwd=settings.ROOT, stdout=log, stderr=log)


def _accident(machines: Machines, store: Path, dice: random.Random) -> None:
    """Restart a machine: all its processes die at once, and it has another boot. Or kill its scheduler."""
    node = dice.choice(machines.names)
    if dice.random() < 0.4:
        machines.boots[node] += 1
        _kill_all(store, node)
        log_event("restart", node)
        return
    for process in scan_processes(store):
        if process.node == node and process.kind == "queue":
            send_signal(process.pid, signal.SIGKILL)


def _kill_all(store: Path, node: str = "") -> None:
    """Kill every process of the store, or of one of its machines."""
    while processes := [process for process in scan_processes(store) if node in ("", process.node)]:
        for process in sorted(processes, key=lambda process: process.kind in ("train", "export")):
            send_signal(process.pid, signal.SIGKILL)
        time.sleep(0.05)


def _finish(observer: NodeObserver) -> None:
    """Resume unfinished runs, each on the machine that held it, until all are finished; a timeout is a violation."""
    checks, machines = observer.observer, observer.machines
    deadline = time.monotonic() + FINISH_TIMEOUT + FINISH_TIMEOUT_PER_RUN * len(all_runs())
    while not checks.violations:
        for node in machines.names:
            with machines.playing(node):
                _patiently(jobs.ensure_scheduler)
        observer.check()
        unfinished = [run for run in all_runs() if not _is_done(run, observer)]
        if not unfinished and not any(process.kind in ("train", "export") for process in scan_processes(checks.store)):
            return
        if time.monotonic() > deadline:
            with machines.playing(machines.names[0]):
                states = ", ".join(f"{run.name} is {jobs.state(run.path)}" for run in unfinished)
            checks.add_violation("end", f"Not finished within {FINISH_TIMEOUT_PER_RUN:g} s a run: {states}.")
        time.sleep(CHECK_EVERY)


def _is_done(run: Run, observer: NodeObserver) -> bool:
    """Whether a run is finished and compared; resumes it otherwise, on the machine that can tell its state."""
    machines = observer.machines
    host = str((read_json(run.path / "started.json") or {}).get("host") or machines.names[0])
    with machines.playing(host if host in machines.names else machines.names[0]):
        if not (run.path / "config.json").exists():  # its client was killed before it wrote the config
            return _patiently(functools.partial(lifecycle.delete_run, run))
        state = jobs.state(run.path)
        if state.name in ("lost", "stopped"):
            if _patiently(functools.partial(lifecycle.resume_run, run)):
                log_event("resume", run.name)
            return False
    return run.name in observer.observer.compared


def _patiently(action: Callable[[], object]) -> bool:
    """Whether an action was done; a refusal, or a lock that fails, is tried again by the caller."""
    try:
        action()
    except GanError:
        return False
    except OSError as error:
        if error.errno not in STORE_FAULTS:
            raise
        return False
    return True
