"""Checks the product's answers about a store under soak against the process table and the raw files.

`Observer.check` runs again and again while clients work and kill. A process table cannot be read atomically, so a
wrong state counts as a violation only if it lasts.
"""

import csv
import hashlib
import io
import itertools
import json
import time
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from gan import jobs
from gan.errors import RunError
from gan.export import exports
from gan.io import fault_injection
from gan.io.json_files import read_json
from gan.jobs import processes, tickets
from gan.runs.metrics import TIMINGS
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run, all_runs

PATIENCE = 10.0  # seconds within which a state must become true, and a free device be taken
MIN_CHECKS = 5  # that must agree before a wrong state counts as lasting: the observer itself may be starved of CPU


@dataclass(frozen=True)
class Process:
    """One process of the store; `kind` is "queue", "train", "export" or "client"."""

    pid: int
    kind: str
    run: str
    at_work: bool
    """Whether it is a trainer that holds its device, not one that waits in the queue or has written its end."""
    node: str = ""
    """The machine that it plays, in a soak of several."""


def scan_processes(store: Path) -> list[Process]:
    """Every process of that store, by command line and environment.

    Forked children that have not yet called exec look like their parents and are left out.
    """
    processes_of_store: list[Process] = []
    parents = {}
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
            if command[1:2] != ["-m"] or process.environ().get("GAN_STORE") != str(store):
                continue
            environment = process.environ()
            of_queue, node = processes.JOB_VARIABLE in environment, environment.get(fault_injection.NODE_VARIABLE, "")
            parents[process.pid] = process.ppid()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        kinds = {"gan.jobs": "queue", "gan.bench.soak_client": "client", "gan": command[3] if len(command) > 3 else ""}
        kind = kinds.get(command[2], "")
        run = command[-1] if kind == "train" else command[4] if kind == "export" else ""
        at_work = kind == "train" and (of_queue or _works_in_terminal(store / run, process.pid))
        processes_of_store.append(Process(process.pid, kind, run, at_work, node))
    known = {(process.pid, process.kind, process.run) for process in processes_of_store}
    return [process for process in processes_of_store if (parents[process.pid], process.kind, process.run) not in known]


def _works_in_terminal(folder: Path, pid: int) -> bool:
    started, end = read_json(folder / "started.json") or {}, read_json(folder / "end.json") or {}
    return started.get("pid") == pid and tickets.valid_ticket(end.get("ticket")) < tickets.valid_ticket(
        started.get("ticket")
    )


@dataclass
class Observer:
    """Checks a store; `references` is a second store with each config trained without interruption."""

    store: Path
    references: Path
    slots: int = 1
    violations: list[str] = field(default_factory=list)
    states_checked: int = 0
    compared: set[str] = field(default_factory=set)
    """The finished runs of this round that were compared with their references; names return in the next round."""
    compared_before: int = 0
    """Those of earlier rounds."""
    _lasting: dict[str, tuple[float, int]] = field(default_factory=dict)
    _reported: set[str] = field(default_factory=set)
    _readers: dict[str, MetricsReader] = field(default_factory=dict)
    _snapshots_checked: set[tuple[str, int]] = field(default_factory=set)
    _trainer_seen: dict[str, float] = field(default_factory=dict)

    def begin_round(self) -> None:
        """Forget the runs of the round before, which are deleted."""
        self.compared_before += len(self.compared)
        for known in (self.compared, self._readers, self._snapshots_checked, self._trainer_seen):
            known.clear()

    @property
    def count_compared(self) -> int:
        """Runs compared with their references, in all rounds."""
        return self.compared_before + len(self.compared)

    def check(self) -> None:
        """Check everything that must hold at any moment."""
        found = scan_processes(self.store)
        queues = [process.pid for process in found if process.kind == "queue"]
        self.must_not_last("queue processes", len(queues) > 1, 1.0, f"{len(queues)} queue processes: {queues}")
        self._check_holders([process for process in found if process.at_work])
        trainers = {process.run for process in found if process.kind == "train"}
        self._trainer_seen |= dict.fromkeys(trainers, time.monotonic())
        working = {process.run for process in found if process.at_work}
        for run in all_runs():
            self._check_run(run, run.name in working)
        self._check_exports({process.run for process in found if process.kind == "export"})
        self._check_order(trainers, len(working))

    def _check_holders(self, working: list[Process]) -> None:
        """No more trainers at work than the device has slots, and no two in one folder, in both of two scans."""
        doubled = [run for run, count in Counter(process.run for process in working).items() if count > 1]
        if len(working) <= self.slots and not doubled:
            return
        pids = {process.pid for process in working}
        still = [process for process in scan_processes(self.store) if process.at_work and process.pid in pids]
        if len(still) > self.slots:
            names = ", ".join(f"{process.run} ({process.pid})" for process in still)
            self.add_violation("holders", f"{len(still)} trainings hold the device, which has {self.slots}: {names}.")
        for run in doubled:
            both = [process.pid for process in still if process.run == run]
            if len(both) > 1:
                self.add_violation(f"two in {run}", f"{run} has two trainers: {both}.")

    def _check_run(self, run: Run, working: bool) -> None:
        state = jobs.state(run.path)
        self.states_checked += 1
        wrong = (state.name in ("running", "stopping")) != working
        which = "a" if working else "no"
        text = f"{run.name} is {state.name}, but {which} trainer is at work in it."
        self.must_not_last(f"state of {run.name}", wrong, PATIENCE, text)
        if state.name == "failed":
            self.add_violation(f"{run.name} failed", f"{run.name} failed: {state.cause}\n{jobs.log_tail(run.path)}")
        self.check_history(run)
        if state.name == "finished" and not working and run.name not in self.compared:
            self.compare(run)

    def check_history(self, run: Run) -> None:
        """Points are in order and reach the newest snapshot, and every snapshot is complete."""
        snapshots = run.snapshots()
        try:
            every = run.config.train.log_kimg * 1000
        except RunError:  # its client was killed before it wrote the config
            return
        reader = self._readers.setdefault(run.name, MetricsReader(run.path / "metrics.jsonl"))
        seen = [row["seen"] for row in reader.read()]
        wrong = []
        if any(after <= before for before, after in itertools.pairwise(seen)):
            wrong.append(f"its points are not in order: {seen}")
        if snapshots and (seen[-1] if seen else 0) < snapshots[-1] // every * every:
            wrong.append(f"its points end at {seen[-1:]}, though it has the snapshot {snapshots[-1]}")
        for number in snapshots:
            if (run.name, number) not in self._snapshots_checked and not _is_complete(run, number):
                wrong.append(f"its snapshot {number} is not complete")
            self._snapshots_checked.add((run.name, number))
        if wrong and run.path.exists():  # else it was deleted in the meantime
            self.add_violation(f"history of {run.name}", f"{run.name}: {'; '.join(wrong)}.")

    def compare(self, run: Run) -> None:
        """Compare a finished run with its reference bit for bit, once the reference is finished too."""
        reference = Run(self.references / run.name.partition("-")[0])
        if jobs.state(reference.path).name != "finished":
            return
        try:
            same_points = _points(run) == _points(reference)
            same_weights = _sha256(run) == _sha256(reference)
        except (FileNotFoundError, RunError) as error:
            if run.path.exists():
                self.add_violation(f"end of {run.name}", f"{run.name} finished without a result: {error}")
            return
        except ValueError as error:
            self.add_violation(f"end of {run.name}", f"{run.name} finished with a torn line in its metrics: {error}")
            return
        self.compared.add(run.name)
        if not same_points:
            self.add_violation(f"points of {run.name}", f"{run.name} finished with other points than its reference.")
        if not same_weights:
            self.add_violation(f"weights of {run.name}", f"{run.name} finished with other weights than its reference.")

    def _check_exports(self, working: set[str]) -> None:
        for run in all_runs():
            for export in exports.list_exports(run):
                wrong = export.state.name in ("running", "stopping") and run.name not in working
                self.states_checked += 1
                text = f"The export {export.id} of {run.name} is {export.state.name}, but no process works on it."
                self.must_not_last(f"export {export.folder}", wrong, PATIENCE, text)

    def _check_order(self, trainers: set[str], working: int) -> None:
        """First come, first served, and no run waits while the device is free."""
        started = {
            path.parent.name: tickets.valid_ticket((read_json(path) or {}).get("ticket"))
            for path in self._files("started")
        }
        waiting = {}
        for path in self._files("queued"):
            queued, run = read_json(path) or {}, path.parent.name
            ticket = tickets.valid_ticket(queued.get("ticket"))
            ended = tickets.valid_ticket((read_json(path.parent / "end.json") or {}).get("ticket"))
            if ticket > max(started.get(run, 0), ended) and (run in trainers or not queued.get("in_terminal")):
                waiting[run] = ticket
        self.must_not_last(
            "idle",
            bool(waiting) and working < self.slots,
            PATIENCE,
            f"{sorted(waiting)} wait though the device is free.",
        )
        latest = max(started.values(), default=0)
        for run, ticket in waiting.items():
            # While its own last process is still ending, runs behind it may start first.
            ending = time.monotonic() - self._trainer_seen.get(run, 0.0) < PATIENCE
            text = f"{run} waits with ticket {ticket}, though ticket {latest} was started."
            self.must_not_last(f"order {run} {ticket}", ticket < latest and not ending, 1.0, text)

    def check_end(self) -> None:
        """Check what must hold once nothing has been requested for a while."""
        for run in all_runs():
            for export in exports.list_exports(run):
                if export.file is not None and not is_complete_zip(export.file):
                    text = f"The export {export.id} of {run.name} is not complete: {export.file}"
                    self.add_violation(f"zip {export.folder}", text)
        deadline = time.monotonic() + PATIENCE
        while (left := scan_processes(self.store)) and time.monotonic() < deadline:
            time.sleep(0.1)
        if left:
            self.add_violation("left", f"Processes of ours are left: {left}")

    def add_violation(self, key: str, text: str) -> None:
        """Add a violation, once for each key."""
        if key not in self._reported:
            self._reported.add(key)
            self.violations.append(text)

    def must_not_last(self, key: str, wrong: bool, seconds: float, text: str) -> None:
        """Add a violation where something wrong lasts."""
        if not wrong:
            self._lasting.pop(key, None)
            return
        since, checks = self._lasting.get(key, (time.monotonic(), 0))
        self._lasting[key] = since, checks + 1
        if time.monotonic() - since >= seconds and checks + 1 >= MIN_CHECKS:
            self.add_violation(key, f"{text} For {time.monotonic() - since:.1f} s.")

    def _files(self, name: str) -> list[Path]:
        return list(self.store.glob(f"[a-z0-9]*/{name}.json"))


def _points(run: Run) -> list[dict[str, Any]]:
    """The metrics without timings; raises ValueError on an incomplete line."""
    with open(run.path / "metrics.jsonl", "rb") as lines:
        rows = [json.loads(line) for line in lines]
    return [{name: value for name, value in row.items() if name not in TIMINGS} for row in rows]


def _sha256(run: Run) -> str:
    """SHA-256 of the newest snapshot's generator file."""
    return hashlib.sha256((run.snapshot() / "generator.safetensors").read_bytes()).hexdigest()


def _is_complete(run: Run, seen: int) -> bool:
    """Whether the generator has the hash in ready.json, and the newest snapshot all files that resuming needs."""
    folder = run.snapshot_folder(seen)
    try:
        weights = (folder / "generator.safetensors").read_bytes()
        resumable = all((folder / name).exists() for name in ("networks.safetensors", "training.pt"))
    except FileNotFoundError:
        return False
    if hashlib.sha256(weights).hexdigest() != (read_json(folder / "ready.json") or {}).get("sha256"):
        return False
    return resumable or run.snapshots()[-1] != seen


def is_complete_zip(file: Path) -> bool:
    """Whether a ZIP is intact, and has the images that its own manifest.json counts and its labels.csv lists."""
    with zipfile.ZipFile(file) as archive:
        if archive.testzip() is not None:
            return False
        images = [name for name in archive.namelist() if name.endswith(".png")]
        counts = [row["count"] for row in json.loads(archive.read("manifest.json"))["conditions"]]
        labels = list(csv.DictReader(io.StringIO(archive.read("labels.csv").decode())))
        return [row["file"] for row in labels] == images and sum(counts) == len(images)
