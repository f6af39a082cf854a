"""What is really so in a store under soak, by the process table and the raw files, held against what the product says.

`Observer.look` is called again and again while others work and kill; what it finds wrong it notes in words. A process
table is not read in one moment, so that what may only have passed by is looked at again before it counts.
"""

import hashlib
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
from gan.io.json_files import read_json
from gan.jobs import processes, tickets
from gan.runs.metrics import TIMINGS
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run, all_runs

PATIENCE = 10.0  # seconds within which a state has to be true, and a free device taken
LOOKS = 5  # that must agree before something counts as lasting: an observer that was not let run saw nothing


@dataclass(frozen=True)
class Process:
    """One process of the store; `kind` is "queue", "train", "export" or "client"."""

    pid: int
    kind: str
    run: str
    at_work: bool
    """Whether it is a trainer that has its device, and not one that waits for its turn or has said its last word."""


def scan(store: Path) -> list[Process]:
    """Every process that works in that store now, told by its command line and environment.

    Without its forked children: until it becomes the program that was called, such a child looks like its parent.
    """
    found: list[Process] = []
    parents = {}
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
            if command[1:2] != ["-m"] or process.environ().get("GAN_STORE") != str(store):
                continue
            of_queue = processes.JOB_VARIABLE in process.environ()
            parents[process.pid] = process.ppid()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        kinds = {"gan.jobs": "queue", "gan.bench.soak_client": "client", "gan": command[3] if len(command) > 3 else ""}
        kind = kinds.get(command[2], "")
        run = command[-1] if kind == "train" else command[4] if kind == "export" else ""
        at_work = kind == "train" and (of_queue or _works_in_terminal(store / run, process.pid))
        found.append(Process(process.pid, kind, run, at_work))
    alike = {(process.pid, process.kind, process.run) for process in found}
    return [process for process in found if (parents[process.pid], process.kind, process.run) not in alike]


def _works_in_terminal(folder: Path, pid: int) -> bool:
    started, end = read_json(folder / "started.json") or {}, read_json(folder / "end.json") or {}
    return started.get("pid") == pid and tickets.valid_ticket(end.get("ticket")) < tickets.valid_ticket(
        started.get("ticket")
    )


@dataclass
class Observer:
    """Looks at a store; `references` is another, which holds each run's config trained without interruption."""

    store: Path
    references: Path
    slots: int = 1
    violations: list[str] = field(default_factory=list)
    states_checked: int = 0
    compared: set[str] = field(default_factory=set)
    _lasting: dict[str, tuple[float, int]] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _readers: dict[str, MetricsReader] = field(default_factory=dict)
    _snapshots_checked: set[tuple[str, int]] = field(default_factory=set)
    _trainer_seen: dict[str, float] = field(default_factory=dict)

    def look(self) -> None:
        """Check everything that has to be true at any moment."""
        found = scan(self.store)
        queues = [process.pid for process in found if process.kind == "queue"]
        self._must_not_last("queue processes", len(queues) > 1, 1.0, f"{len(queues)} queue processes: {queues}")
        self._check_holders([process for process in found if process.at_work])
        trainers = {process.run for process in found if process.kind == "train"}
        self._trainer_seen |= dict.fromkeys(trainers, time.monotonic())
        working = {process.run for process in found if process.at_work}
        for run in all_runs():
            self._check_run(run, run.name in working)
        self._check_exports({process.run for process in found if process.kind == "export"})
        self._check_order(trainers, len(working))

    def _check_holders(self, working: list[Process]) -> None:
        """No more trainers at work than the device has slots, no two in one folder: all seen in both of two scans."""
        doubled = [run for run, count in Counter(process.run for process in working).items() if count > 1]
        if len(working) <= self.slots and not doubled:
            return
        pids = {process.pid for process in working}
        still = [process for process in scan(self.store) if process.at_work and process.pid in pids]
        if len(still) > self.slots:
            names = ", ".join(f"{process.run} ({process.pid})" for process in still)
            self.tell("holders", f"{len(still)} trainings hold the device, which has {self.slots}: {names}.")
        for run in doubled:
            both = [process.pid for process in still if process.run == run]
            if len(both) > 1:
                self.tell(f"two in {run}", f"{run} has two trainers: {both}.")

    def _check_run(self, run: Run, working: bool) -> None:
        state = jobs.state(run.path)
        self.states_checked += 1
        wrong = (state.name in ("running", "stopping")) != working
        which = "a" if working else "no"
        text = f"{run.name} is said to be {state.name}, though {which} trainer is at work in it."
        self._must_not_last(f"state of {run.name}", wrong, PATIENCE, text)
        if state.name == "failed":
            self.tell(f"{run.name} failed", f"{run.name} failed: {state.cause}\n{jobs.log_tail(run.path)}")
        self._check_history(run)
        if state.name == "finished" and not working and run.name not in self.compared:
            self._compare(run)

    def _check_history(self, run: Run) -> None:
        """Points in order, none missing that a snapshot counts on, and no half snapshot taken for whole."""
        snapshots = run.snapshots()
        try:
            every = run.config.train.log_kimg * 1000
        except RunError:  # its maker was killed before it had written the config
            return
        reader = self._readers.setdefault(run.name, MetricsReader(run.path / "metrics.jsonl"))
        seen = [row["seen"] for row in reader.read()]
        wrong = []
        if any(after <= before for before, after in itertools.pairwise(seen)):
            wrong.append(f"its points are not in order: {seen}")
        if snapshots and (seen[-1] if seen else 0) < snapshots[-1] // every * every:
            wrong.append(f"its points end at {seen[-1:]}, though it has the snapshot {snapshots[-1]}")
        for number in snapshots:
            if (run.name, number) not in self._snapshots_checked and not _is_whole(run, number):
                wrong.append(f"its snapshot {number} is not whole")
            self._snapshots_checked.add((run.name, number))
        if wrong and run.path.exists():  # else it was deleted between the looks
            self.tell(f"history of {run.name}", f"{run.name}: {'; '.join(wrong)}.")

    def _compare(self, run: Run) -> None:
        """A finished run against its reference, bit for bit; waits while the reference is still being trained."""
        reference = Run(self.references / run.name.partition("-")[0])
        if jobs.state(reference.path).name != "finished":
            return
        try:
            same_points = _points(run) == _points(reference)
            same_weights = _sha256(run) == _sha256(reference)
        except (FileNotFoundError, RunError) as error:
            if run.path.exists():
                self.tell(f"end of {run.name}", f"{run.name} finished and has no result: {error}")
            return
        except ValueError as error:
            self.tell(f"end of {run.name}", f"{run.name} finished with a torn line in its metrics: {error}")
            return
        self.compared.add(run.name)
        if not same_points:
            self.tell(f"points of {run.name}", f"{run.name} finished with other points than its reference.")
        if not same_weights:
            self.tell(f"weights of {run.name}", f"{run.name} finished with other weights than its reference.")

    def _check_exports(self, working: set[str]) -> None:
        for run in all_runs():
            for made in exports.list_exports(run):
                wrong = made.state.name in ("running", "stopping") and run.name not in working
                self.states_checked += 1
                text = f"The export {made.id} of {run.name} is said to be {made.state.name}; no process works on it."
                self._must_not_last(f"export {made.folder}", wrong, PATIENCE, text)

    def _check_order(self, trainers: set[str], working: int) -> None:
        """First come, first served; and nobody waits while the device is free."""
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
        self._must_not_last(
            "idle",
            bool(waiting) and working < self.slots,
            PATIENCE,
            f"{sorted(waiting)} wait though the device is free.",
        )
        latest = max(started.values(), default=0)
        for run, ticket in waiting.items():
            # Its own last process may still be ending: then those behind it may go first.
            ending = time.monotonic() - self._trainer_seen.get(run, 0.0) < PATIENCE
            text = f"{run} waits with ticket {ticket}, though ticket {latest} was started."
            self._must_not_last(f"order {run} {ticket}", ticket < latest and not ending, 1.0, text)

    def check_end(self) -> None:
        """What has to be so when nobody has asked for anything for a while."""
        for run in all_runs():
            for made in exports.list_exports(run):
                if made.file is not None and not _is_whole_zip(made):
                    self.tell(f"zip {made.folder}", f"The export {made.id} of {run.name} is not whole: {made.file}")
        deadline = time.monotonic() + PATIENCE
        while (left := scan(self.store)) and time.monotonic() < deadline:
            time.sleep(0.1)
        if left:
            self.tell("left", f"Processes of ours are left: {left}")

    def tell(self, key: str, text: str) -> None:
        """Note a violation, once for each key."""
        if key not in self._told:
            self._told.add(key)
            self.violations.append(text)

    def _must_not_last(self, key: str, wrong: bool, seconds: float, text: str) -> None:
        if not wrong:
            self._lasting.pop(key, None)
            return
        since, looks = self._lasting.get(key, (time.monotonic(), 0))
        self._lasting[key] = since, looks + 1
        if time.monotonic() - since >= seconds and looks + 1 >= LOOKS:
            self.tell(key, f"{text} For {time.monotonic() - since:.1f} s.")

    def _files(self, name: str) -> list[Path]:
        return list(self.store.glob(f"[a-z0-9]*/{name}.json"))


def _points(run: Run) -> list[dict[str, Any]]:
    """The metrics without what the clock decides; raises ValueError on a line that is not whole."""
    with open(run.path / "metrics.jsonl", "rb") as lines:
        rows = [json.loads(line) for line in lines]
    return [{name: value for name, value in row.items() if name not in TIMINGS} for row in rows]


def _sha256(run: Run) -> str:
    """The hash of the newest snapshot's generator, as it lies on the disk."""
    return hashlib.sha256((run.snapshot() / "generator.safetensors").read_bytes()).hexdigest()


def _is_whole(run: Run, seen: int) -> bool:
    """Whether a snapshot is what its own ready.json says, and the newest has all that resumption needs."""
    folder = run.snapshot_folder(seen)
    try:
        weights = (folder / "generator.safetensors").read_bytes()
        resumable = all((folder / name).exists() for name in ("networks.safetensors", "training.pt"))
    except FileNotFoundError:
        return False
    if hashlib.sha256(weights).hexdigest() != (read_json(folder / "ready.json") or {}).get("sha256"):
        return False
    return resumable or run.snapshots()[-1] != seen


def _is_whole_zip(made: exports.Export) -> bool:
    if made.file is None:
        return False
    with zipfile.ZipFile(made.file) as archive:
        images = [name for name in archive.namelist() if name.endswith(".png")]
        return archive.testzip() is None and len(images) == made.request.count
