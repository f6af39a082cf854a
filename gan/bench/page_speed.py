"""`gan bench --pages`: what the app's server takes for its pages over a store of 200 long runs.

The app is started as a user starts it, over a store made for the purpose: 200 runs of 100,000 points each, one of them
alive and growing, and one more with a generator for the gallery. A visitor without a browser
(`pages/ui/bench_client.py`) opens the pages, asks for what draws itself anew, and for other images.
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

from gan.bench.throughput import untrained_run
from gan.config import options, settings
from gan.io import contact_sheet
from gan.io.atomic import write_json
from gan.jobs.worker import Worker, working
from gan.runs import lifecycle
from gan.runs.metrics import IMAGES_PER_SECOND, SECONDS, STEP_METRICS, MetricsWriter
from gan.runs.run import Run, find_run

RUNS = 200
POINTS = 100_000
BATCH = 64
SNAPSHOTS = 20
GENERATOR = "generator"
"""The run whose images the gallery makes."""
STARTS_WITHIN = 60.0  # seconds
GROWS_EVERY = 0.25  # seconds between two points of the run that lives


def measure(show: Callable[[str], None], count: int = RUNS, points: int = POINTS) -> dict[str, Any]:
    """By page: seconds of a new visitor's first sight (`first_s`), of the next (`warm_s`) and of a live `refresh_s`.

    Of the gallery `changed_s`: until its 80 images for another seed are there, the generator being loaded. Also what a
    refresh sends to the browser and what the server reads for it, in bytes. Raises RuntimeError where the
    app does not start.
    """
    with tempfile.TemporaryDirectory() as folder, _as_store(folder):
        show(f"pages: making {count} runs of {points:,} points each ...")
        live = make_store(count, points)
        untrained_run(lifecycle.create_run(options.build_config({"data.name": "mnist", "model.width": 32}), GENERATOR))
        with working(live.path) as worker, _served(Path(folder)) as (port, server), _growing(live, worker, points):
            visits = [
                ["overview", {}],
                ["train", {}],
                ["progress", {"run": live.name}],
                ["gallery", {"run": GENERATOR}, "Seed"],
                ["compare", {"runs": ",".join(["run-000", "run-001", live.name])}],
            ]
            command = [sys.executable, "-m", "pages.ui.bench_client", str(port), str(server), json.dumps(visits)]
            told = subprocess.run(command, cwd=settings.ROOT, check=True, capture_output=True, text=True)
    found: dict[str, dict[str, float]] = json.loads(told.stdout)
    for page, figures in found.items():
        show(f"{page}: " + ", ".join(f"{name} {value:,.3g}" for name, value in figures.items()))
    return {"runs": count, "points": points, **found}


def make_store(count: int, points: int) -> Run:
    """Runs with curves, pictures and snapshots as trainers leave them, all but the newest over; gives the newest."""
    config = options.build_config({"data.name": "mnist", "train.kimg": 2 * points * BATCH / 1000, "train.batch": BATCH})
    first = lifecycle.create_run(config, "run-000")
    _fill(first, points)
    own = shutil.ignore_patterns("about.*", "config.json")
    for number in range(1, count):
        run = lifecycle.create_run(config, f"run-{number:03d}")
        shutil.copytree(first.path, run.path, copy_function=os.link, dirs_exist_ok=True, ignore=own)
    for number in range(count - 1):
        path = find_run(f"run-{number:03d}").path
        write_json(path / "started.json", {"ticket": number, "device": "cpu", "time": time.time()})
        write_json(path / "end.json", {"ticket": number, "state": "finished", "time": time.time()})
    live = find_run(f"run-{count - 1:03d}")
    whole = (live.path / "metrics.jsonl").read_bytes()  # its own: it grows
    (live.path / "metrics.jsonl").unlink()
    (live.path / "metrics.jsonl").write_bytes(whole)
    return live


def _fill(run: Run, points: int) -> None:
    """Curves, a picture and an empty snapshot at even distances."""
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
def _as_store(folder: str) -> Iterator[None]:
    """Work in a store of our own for the block, and so does what is started in it."""
    before = os.environ.get("GAN_STORE")
    os.environ["GAN_STORE"] = folder
    try:
        yield
    finally:
        del os.environ["GAN_STORE"]
        if before is not None:
            os.environ["GAN_STORE"] = before


@contextlib.contextmanager
def _served(folder: Path) -> Iterator[tuple[int, int]]:
    """The app, started as a user starts it: its port and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", f"--server.port={port}"]
    with open(folder / "server.log", "w") as log:
        process = subprocess.Popen(
            [*command, "--server.headless=true"], cwd=settings.ROOT, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait_until_it_answers(port, process, folder / "server.log")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _wait_until_it_answers(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5):
                return
        except OSError:  # it does not listen yet
            time.sleep(0.1)
    raise RuntimeError(f"The app did not start:\n{log.read_text()}")


@contextlib.contextmanager
def _growing(run: Run, worker: Worker, points: int) -> Iterator[None]:
    """A trainer that only reports: a point and a status every quarter of a second, for the block."""
    ended = threading.Event()

    def grow() -> None:
        number, total = points, run.total
        with contextlib.closing(MetricsWriter(run.path / "metrics.jsonl", total)) as writer:
            while not ended.wait(GROWS_EVERY):
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
