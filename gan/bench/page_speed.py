"""`gan bench --pages`: how long the app takes for its pages over a store of 500 long runs.

The app starts as a user starts it, over a new store: 500 runs of 100,000 points each, one of them running, and one
more with a generator for the gallery. A client without a browser (`pages/ui/bench_client.py`) opens the pages, waits
for the fragments that refresh themselves, and asks for other images.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gan.access import accounts, sessions
from gan.access.identity import Role
from gan.access.sign_in_settings import SignIn
from gan.bench.throughput import untrained_run
from gan.config import options, settings
from gan.io import contact_sheet
from gan.io.atomic import write_json
from gan.jobs.worker import Worker, working
from gan.runs import lifecycle
from gan.runs.metrics import IMAGES_PER_SECOND, SECONDS, STEP_METRICS, MetricsWriter
from gan.runs.run import Run, find_run

RUNS = 500
POINTS = 100_000
BATCH = 64
SNAPSHOTS = 20
GENERATOR = "generator"
"""The run that the gallery shows."""
START_TIMEOUT = 180.0  # seconds, with what pages import
POINT_EVERY = 0.25  # seconds between two points of the running run


def measure_pages(
    show: Callable[[str], None], count: int = RUNS, points: int = POINTS, with_sign_in: bool = False
) -> dict[str, Any]:
    """By page, in seconds: a new visitor's first visit (`first_s`), the next (`warm_s`), a live refresh (`refresh_s`).

    Each also as seconds that the server computed, such as `first_computed_s`, which other work on the machine does not
    change. The gallery has `changed_s`: its 80 images for another seed, with the generator loaded. Also the bytes that
    a refresh sends to the browser and reads on the server. With sign-in the visitor is an administrator in a session
    of a password. Raises RuntimeError where the app does not start.
    """
    with tempfile.TemporaryDirectory() as folder, _set_environment(folder, "password" if with_sign_in else "none"):
        show(f"pages: making {count} runs of {points:,} points each ...")
        live = make_store(count, points)
        untrained_run(lifecycle.create_run(options.build_config({"data.name": "mnist", "model.width": 32}), GENERATOR))
        with working(live.path) as worker, _serve(Path(folder)) as (port, server), _grow(live, worker, points):
            visits = [
                ["overview", "overview", {}],
                ["run table", "overview", {"view": "table"}],
                ["data", "data", {}],
                ["train", "train", {}],
                ["progress", "progress", {"run": live.name}],
                ["gallery", "gallery", {"run": GENERATOR}, "Seed"],
                ["evaluate", "evaluate", {"run": GENERATOR}],
                ["compare", "compare", {"runs": ",".join(["run-000", "run-001", live.name])}],
            ]
            command = [sys.executable, "-m", "pages.ui.bench_client", str(port), str(server), json.dumps(visits)]
            command.append(_session_cookie() if with_sign_in else "")
            client = subprocess.run(command, cwd=settings.ROOT, check=True, capture_output=True, text=True)
    measured: dict[str, dict[str, float]] = json.loads(client.stdout)
    for page, figures in measured.items():
        show(f"{page}: " + ", ".join(f"{name} {value:,.3g}" for name, value in figures.items()))
    return {"runs": count, "points": points, **measured}


def make_store(count: int, points: int) -> Run:
    """Make runs with curves, sample sheets and snapshots, all but the last finished; returns the last."""
    config = options.build_config({"data.name": "mnist", "train.kimg": 2 * points * BATCH / 1000, "train.batch": BATCH})
    first = lifecycle.create_run(config, "run-000")
    _fill(first, points)
    own = shutil.ignore_patterns("about.*", "config.json")
    for number in range(1, count):
        run = lifecycle.create_run(config, f"run-{number:03d}")
        copy = shutil.copy2 if number == count - 1 else os.link  # a job works in the last, which has files of its own
        shutil.copytree(first.path, run.path, copy_function=copy, dirs_exist_ok=True, ignore=own)
    for number in range(count - 1):
        path = find_run(f"run-{number:03d}").path
        write_json(path / "started.json", {"ticket": number, "device": "cpu", "time": time.time()})
        write_json(path / "end.json", {"ticket": number, "state": "finished", "time": time.time()})
    return find_run(f"run-{count - 1:03d}")


def _fill(run: Run, points: int) -> None:
    """Write curves, and sample sheets and empty snapshots at equal intervals."""
    draw = np.random.default_rng(0)
    writer = MetricsWriter(run.path / "metrics.jsonl", 0)
    values = np.column_stack([draw.normal(1.2, 0.1, (points, 2)), draw.uniform(0.3, 0.7, (points, 3))])
    for number, row in enumerate(values.tolist(), 1):
        writer.append(_point(number, row))
    writer.close()
    sheet = contact_sheet.make_grid(draw.integers(0, 256, (80, 1, 32, 32), dtype=np.uint8), 10)
    write_json(run.path / "samples" / "columns.json", {"labels": [str(digit) for digit in range(10)], "rows": 8})
    for position in range(SNAPSHOTS + 1):
        seen = position * points * BATCH // SNAPSHOTS
        sheet.save(run.sample_sheet(seen))
        (run.snapshot_folder(seen)).mkdir()
        write_json(run.snapshot_folder(seen) / "ready.json", {"seen": seen, "sha256": ""})


def _point(number: int, values: list[float]) -> dict[str, Any]:
    timings = {"seen": number * BATCH, SECONDS: round(number / 3, 3), IMAGES_PER_SECOND: 192.0}
    return timings | dict(zip(STEP_METRICS, values, strict=True))


@contextlib.contextmanager
def _set_environment(store: str, way: SignIn) -> Iterator[None]:
    """Set GAN_STORE and GAN_SIGN_IN for the block and the processes started in it."""
    values = {"GAN_STORE": store, "GAN_SIGN_IN": way}
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _session_cookie() -> str:
    """The cookie of an administrator who has just signed in."""
    accounts.add("bench", Role.ADMIN.label)
    return f"gan_session={sessions.start('bench', (), accounts.find_account('bench').changed)}"


@contextlib.contextmanager
def _serve(folder: Path) -> Iterator[tuple[int, int]]:
    """Start the app as a user does; yields its port and process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gan", "app", "--no-browser", f"--port={port}"]
    with open(folder / "server.log", "w") as log:
        process = subprocess.Popen(
            command, cwd=settings.ROOT, stdout=log, stderr=log, start_new_session=True
        )  # fmt: skip
    try:
        _wait_until_healthy(port, process, folder / "server.log")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _wait_until_healthy(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5):
                return
        except OSError:  # not listening yet
            time.sleep(0.1)
    raise RuntimeError(f"The app did not start:\n{log.read_text()}")


@contextlib.contextmanager
def _grow(run: Run, worker: Worker, points: int) -> Iterator[None]:
    """For the block, write a point and a status every quarter of a second as a trainer does."""
    ended = threading.Event()

    def grow() -> None:
        number, total = points, run.total
        with contextlib.closing(MetricsWriter(run.path / "metrics.jsonl", total)) as writer:
            while not ended.wait(POINT_EVERY):
                number += 1
                writer.append(_point(number, [1.2, 1.1, 0.6, 0.4, 0.4]))
                worker.report("training", number * BATCH, total, images_per_second=192.0, seconds_left=60.0)

    growth = threading.Thread(target=grow)
    growth.start()
    try:
        yield
    finally:
        ended.set()
        growth.join()
