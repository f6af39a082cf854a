"""One user of a store under soak, as a process: `python -m gan.bench.soak_client SEED NUMBER CONFIGS`, until it is
killed.

It does at random what users, scripts and accidents do. Refusals in words (GanError) are answers; any other error ends
it, and is a violation. What it did goes to a file, a line each.
"""

import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from gan import jobs
from gan.bench.soak_observer import scan
from gan.config import options, settings
from gan.errors import GanError, RunError
from gan.export import exports
from gan.export.request import ExportRequest
from gan.io import fault_injection
from gan.jobs.launch import reap_in_background
from gan.runs import lifecycle
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run, all_runs

MOST_UNFINISHED = 6
TINY = {"model.width": 8, "train.batch": 16, "job.threads": 1, "job.device": "cpu"}
CONFIGS = (
    {"train.kimg": 3.0, "train.snapshot_kimg": 0.48, "train.log_kimg": 0.112},
    {"train.kimg": 2.0, "train.snapshot_kimg": 0.32, "train.log_kimg": 0.08, "train.seed": 1, "data.balance": True},
    {"train.kimg": 2.5, "train.snapshot_kimg": 1.0, "train.log_kimg": 0.05, "train.batch": 20, "train.seed": 2},
)


def config_values(number: int) -> dict[str, object]:
    """The options of one of the few configs, which runs carry in their names."""
    return TINY | CONFIGS[number]


def note(what: str, detail: str = "") -> None:
    """Write down what was done, with one system call, so that lines of several clients never mix."""
    line = json.dumps({"time": time.time(), "pid": os.getpid(), "what": what, "detail": detail}) + "\n"
    descriptor = os.open(
        settings.store() / fault_injection.MARKER / "events.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT
    )
    os.write(descriptor, line.encode())
    os.close(descriptor)


def end(pid: int, number: signal.Signals, whole_group: bool = False) -> None:
    """Send a signal to a process of the store, or to the session that it leads; it may have ended by itself."""
    with contextlib.suppress(ProcessLookupError):
        if whole_group and os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
        note("kill", f"{pid} {number.name}")


class Client:
    """What one user does; every choice comes from its own random stream."""

    def __init__(self, seed: str, number: int, configs: int):
        self._random = random.Random(f"{seed} {number}")
        self._number = number
        self._names = (f"c{self._random.randrange(configs)}-{number}-{i}" for i in itertools.count())
        self._readers: dict[Path, MetricsReader] = {}

    def act(self) -> None:
        """Do one thing."""
        actions = {
            self.submit: 6,
            self.read: 6,
            self.resume: 6,
            self.stop: 2,
            self.kill_training: 2,
            self.kill_in_any_phase: 1,
            self.kill_queue: 0.7,
            self.hang: 0.5,
            self.train_in_terminal: 1,
            self.export: 1.3,
            self.delete: 1.5,
        }
        (action,) = self._random.choices(list(actions), list(actions.values()))
        action()

    def _pick(self, *states: str) -> Run | None:
        found = [run for run in all_runs() if jobs.state(run.path).name in states]
        return self._random.choice(found) if found else None

    def submit(self) -> None:
        unfinished = [run for run in all_runs() if jobs.state(run.path).name not in ("finished", "failed")]
        for _ in range(self._random.choice((1, 1, 3))):
            if len(unfinished) >= MOST_UNFINISHED:
                return
            name = next(self._names)
            run = lifecycle.create_run(options.build_config(config_values(int(name[1]))), name)
            unfinished.append(run)
            lifecycle.submit_run(run)
            note("submit", name)

    def resume(self) -> None:
        run = self._pick("stopped", "lost", *self._random.choices(["running", "queued", "finished"], [1, 1, 1]))
        if run is not None and "in the queue again" in lifecycle.resume_run(run):
            note("resume", run.name)

    def stop(self) -> None:
        """Twice at times; a waiting run is cancelled."""
        run = self._pick("running", "queued", self._random.choice(("stopping", "finished", "stopped")))
        for _ in range(self._random.choice((1, 2))):
            if run is not None:
                note("stop", f"{run.name}: {jobs.stop(run.path)}")

    def kill_training(self) -> None:
        """In the middle of training, past a snapshot, where there is most to lose."""
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            for process in scan(settings.store()):
                run = Run(settings.store() / process.run)
                if process.at_work and run.status().get("phase") == "training" and run.snapshots():
                    time.sleep(self._random.uniform(0, 0.3))
                    self._kill(process.pid)
                    return
            time.sleep(0.05)

    def kill_in_any_phase(self) -> None:
        found = [process for process in scan(settings.store()) if process.kind in ("train", "export")]
        if found:
            self._kill(self._random.choice(found).pid)

    def _kill(self, pid: int) -> None:
        number = self._random.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM))
        end(pid, number, whole_group=self._random.random() < 0.5)

    def kill_queue(self) -> None:
        for process in scan(settings.store()):
            if process.kind == "queue":
                end(process.pid, self._random.choice((signal.SIGKILL, signal.SIGTERM)))

    def hang(self) -> None:
        """A training that answers nothing any more, and somebody who stops it."""
        for process in scan(settings.store()):
            run = Run(settings.store() / process.run)
            if process.at_work and run.status().get("phase") == "training":
                end(process.pid, signal.SIGSTOP)
                note("stop", f"{run.name}: {jobs.stop(run.path)}")
                return

    def train_in_terminal(self) -> None:
        """Of a run that was stopped, or of one that is at work already, which has to be refused."""
        run = self._pick("stopped", "lost", "running")
        if run is None:
            return
        with open(settings.store() / fault_injection.MARKER / "terminal.txt", "ab") as log:
            command = [sys.executable, "-m", "gan", "train", "--run", run.name]
            process = subprocess.Popen(command, cwd=settings.ROOT, stdout=log, stderr=log, start_new_session=True)
        reap_in_background(process)
        note("terminal", run.name)

    def export(self) -> None:
        found = [run for run in all_runs() if run.snapshots()]
        if found:
            run = self._random.choice(found)
            exports.begin_export(run, ExportRequest((("3", 2), ("7", 1))))
            note("export", run.name)

    def delete(self) -> None:
        """Of whatever state: what waits or runs has to be refused."""
        run = self._pick("finished", *self._random.choices(["stopped", "lost", "running"], [2, 2, 1]))
        if run is not None and jobs.state(run.path).kind != "never-started":  # another client is making it just now
            lifecycle.delete_run(run)
            note("delete", run.name)

    def read(self) -> None:
        """What a page reads: every run's state, points, samples, log and dataset info, the queue and the devices."""
        jobs.ensure_scheduler()
        jobs.queue()
        jobs.devices()
        for run in all_runs():
            jobs.state(run.path)
            reader = self._readers.setdefault(run.path, MetricsReader(run.path / "metrics.jsonl"))
            reader.read()
            jobs.log_tail(run.path)
            run.samples()
            jobs.disk_usage(run.path)
            with contextlib.suppress(RunError):
                run.info()


def main() -> None:
    """Act until somebody kills this."""
    client = Client(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    pauses = random.Random(sys.argv[2])
    action = client.submit
    while True:
        try:
            action()
        except GanError as error:
            note("refused", str(error))
        time.sleep(pauses.uniform(0, 0.8))
        action = client.act


if __name__ == "__main__":
    main()
