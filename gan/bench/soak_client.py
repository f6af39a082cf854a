"""One client of a soak, a process that acts at random until it is killed.

    python -m gan.bench.soak_client SEED NUMBER CONFIGS PARENT

It does what users, scripts and accidents do. A GanError is a valid answer; any other error ends the client, which is a
violation. Every action is a line in events.jsonl.
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
from gan.bench.soak_observer import scan_processes
from gan.config import options, settings
from gan.errors import STORE_FAULTS, GanError, RunError
from gan.export import exports
from gan.export.request import ExportRequest
from gan.io import fault_injection, old_views
from gan.io.json_files import read_json
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
    """The options of a config by number; a run's name starts with `c` and that number."""
    return TINY | CONFIGS[number]


def log_event(what: str, detail: str = "") -> None:
    """Append a line to events.jsonl in one system call, so that lines of several clients never mix."""
    line = json.dumps({"time": time.time(), "pid": os.getpid(), "what": what, "detail": detail}) + "\n"
    descriptor = os.open(
        settings.store() / fault_injection.MARKER / "events.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT
    )
    os.write(descriptor, line.encode())
    os.close(descriptor)


def send_signal(pid: int, number: signal.Signals, whole_group: bool = False) -> None:
    """Send a signal to a process, or to the process group it leads; it may have ended already."""
    with contextlib.suppress(ProcessLookupError):
        if whole_group and os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
        log_event("kill", f"{pid} {number.name}")


class Client:
    """One user; all choices come from the client's own random generator."""

    def __init__(self, seed: str, number: int, configs: int):
        self._random = random.Random(f"{seed} {number}")
        self._number = number
        self._names = (f"c{self._random.randrange(configs)}-{number}-{i}" for i in itertools.count())
        self._readers: dict[Path, MetricsReader] = {}

    def act(self) -> None:
        """Take one random action."""
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
        if fault_injection.node():
            actions[self.release] = 3
        (action,) = self._random.choices(list(actions), list(actions.values()))
        action()

    def _pick(self, *states: str) -> Run | None:
        runs = [run for run in all_runs() if jobs.state(run.path).name in states]
        return self._random.choice(runs) if runs else None

    def submit(self) -> None:
        unfinished = [run for run in all_runs() if jobs.state(run.path).name not in ("finished", "failed")]
        for _ in range(self._random.choice((1, 1, 3))):
            if len(unfinished) >= MOST_UNFINISHED:
                return
            name = next(self._names)
            run = lifecycle.create_run(options.build_config(config_values(int(name[1]))), name)
            unfinished.append(run)
            lifecycle.submit_run(run)
            log_event("submit", name)

    def resume(self) -> None:
        run = self._pick("stopped", "lost", *self._random.choices(["running", "queued", "finished"], [1, 1, 1]))
        if run is not None and "in the queue again" in lifecycle.resume_run(run):
            log_event("resume", run.name)

    def stop(self) -> None:
        """Stop a run, sometimes twice; a queued one is cancelled."""
        run = self._pick("running", "queued", self._random.choice(("stopping", "finished", "stopped")))
        for _ in range(self._random.choice((1, 2))):
            if run is not None:
                log_event("stop", f"{run.name}: {jobs.stop(run.path)}")

    def kill_training(self) -> None:
        """Kill a training after its first snapshot, where most can be lost."""
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            for process in scan_processes(settings.store()):
                run = Run(settings.store() / process.run)
                if process.at_work and run.status().get("phase") == "training" and run.snapshots():
                    time.sleep(self._random.uniform(0, 0.3))
                    self._kill(process.pid)
                    return
            time.sleep(0.05)

    def kill_in_any_phase(self) -> None:
        processes = [process for process in scan_processes(settings.store()) if process.kind in ("train", "export")]
        if processes:
            self._kill(self._random.choice(processes).pid)

    def _kill(self, pid: int) -> None:
        number = self._random.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM))
        send_signal(pid, number, whole_group=self._random.random() < 0.5)

    def kill_queue(self) -> None:
        for process in scan_processes(settings.store()):
            if process.kind == "queue":
                send_signal(process.pid, self._random.choice((signal.SIGKILL, signal.SIGTERM)))

    def hang(self) -> None:
        """Suspend a training so that it hangs, then stop it."""
        for process in scan_processes(settings.store()):
            run = Run(settings.store() / process.run)
            if process.at_work and run.status().get("phase") == "training":
                send_signal(process.pid, signal.SIGSTOP)
                log_event("stop", f"{run.name}: {jobs.stop(run.path)}")
                return

    def train_in_terminal(self) -> None:
        """Train a stopped run in a terminal, or a running one, which must be refused."""
        run = self._pick("stopped", "lost", "running")
        if run is None:
            return
        with open(settings.store() / fault_injection.MARKER / "terminal.txt", "ab") as log:
            command = [sys.executable, "-m", "gan", "train", "--run", run.name]
            process = subprocess.Popen(command, cwd=settings.ROOT, stdout=log, stderr=log, start_new_session=True)
        reap_in_background(process)
        log_event("terminal", run.name)

    def export(self) -> None:
        runs = [run for run in all_runs() if run.snapshots()]
        if runs:
            run = self._random.choice(runs)
            exports.begin_export(run, ExportRequest((("3", 2), ("7", 1))))
            log_event("export", run.name)

    def delete(self) -> None:
        """Delete a run in any state; a queued or running one must be refused."""
        run = self._pick("finished", *self._random.choices(["stopped", "lost", "running"], [2, 2, 1]))
        if run is not None and jobs.state(run.path).kind != "never-started":  # another client is creating it
            lifecycle.delete_run(run)
            log_event("delete", run.name)

    def release(self) -> None:
        """Confirm, as a user does who has looked, that nothing works any more on a run of another machine."""
        run = self._pick("unknown")
        if run is None or any(process.run == run.name for process in scan_processes(settings.store())):
            return
        host = (read_json(run.path / "started.json") or {}).get("host", "")
        jobs.release(run.path, host)
        log_event("release", run.name)

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
    """Act until killed, or until the soak itself is gone: killed, it could not end its clients."""
    old_views.plant()
    client = Client(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    pauses, parent = random.Random(sys.argv[2]), int(sys.argv[4])
    action = client.submit
    while os.getppid() == parent:
        try:
            action()
        except (GanError, OSError) as error:
            if isinstance(error, OSError) and not (fault_injection.node() and error.errno in STORE_FAULTS):
                raise
            log_event("refused", str(error))
        time.sleep(pauses.uniform(0, 0.8))
        action = client.act


if __name__ == "__main__":
    main()
