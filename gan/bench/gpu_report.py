"""`python -m gan bench --gpu-report FOLDER`: what this program does on a GPU, in about nine minutes.

Speed and memory of training, the textbook's loop beside ours, eager and compiled; whether a stopped run continues
exactly; what a run says when the memory runs out; and two runs with their scores, on MNIST (or the digits, where MNIST
is not there) and on own images at 128 px. Everything is written as it is measured: `report.json`, the runs in `store/`,
and their last samples as pictures. A part that fails is reported with its error, and the others are still measured.
"""

import gc
import json
import os
import platform
import shutil
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from gan import jobs
from gan.bench.roofline import measure_rate
from gan.bench.textbook_dcgan import Textbook, textbook_loop
from gan.bench.throughput import BATCH, noise_images
from gan.config import options, presets, settings
from gan.config.run_config import DataConfig, JobConfig, RunConfig
from gan.data import registry
from gan.data.image_set import ImageSet
from gan.data.ingest import accepted_sets, staging, upload_check
from gan.errors import DataError
from gan.evaluation.budget import EvaluationBudget
from gan.evaluation.scores.score_snapshot import evaluate_snapshot
from gan.io.atomic import write_json
from gan.jobs import device_list
from gan.runs import lifecycle
from gan.runs.run import Run
from gan.training.batches import batches
from gan.training.compilation import compiled_networks
from gan.training.recommend import recommend
from gan.training.train import initial_state, step

Show = Callable[[str], None]
POLL = 0.2  # seconds
DIGITS, LARGE = "digits", "large"  # the two runs


@dataclass(frozen=True)
class Budget:
    """How much is measured: image sizes in pixels, seconds of each speed, thousand images of the run that is
    stopped, sets of digits, the first that is there is used, seconds of training of the two runs, options that no GPU
    has the memory for, and how long classifiers train for the scores."""

    sizes: tuple[int, ...] = (64, 128, 256)
    speed_seconds: float = 6.0
    resumed_kimg: float = 20.0
    digits: tuple[str, ...] = ("mnist", "digits")
    run_seconds: tuple[float, float] = (150.0, 110.0)
    large_size: int = 128
    too_large: Mapping[str, Any] | None = None
    evaluation: EvaluationBudget = EvaluationBudget()


TOO_LARGE = {"data.image_size": 256, "model.width": 512, "train.batch": 4096}
"""Options that no GPU has the memory for."""


def measure_gpu(folder: Path, show: Show, images: Path | None = None, budget: Budget | None = None) -> dict[str, Any]:
    """Measure all parts on the fastest device here and write them into `folder`; gives the report.

    `images` is a folder or archive of own images for the run at 128 px; the digits without. The report's `failed` names
    the parts that could not be measured.
    """
    budget = budget or Budget(too_large=TOO_LARGE)
    device = torch.device(device_list.matching_devices("auto")[0])
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["GAN_STORE"] = str((folder / "store").resolve())
    settings.store().mkdir(exist_ok=True)
    report: dict[str, Any] = {"failed": []}
    parts: dict[str, Callable[[], Any]] = {
        "machine": lambda: describe_machine(device),
        "speed": lambda: [measure_speed(device, size, budget.speed_seconds, show) for size in budget.sizes],
        "resume": lambda: measure_resume(device, budget.resumed_kimg),
        "memory": lambda: measure_memory_error(device, budget.too_large),
        DIGITS: lambda: measure_run(folder, DIGITS, digits_config(budget.digits), device, budget),
        LARGE: lambda: measure_run(folder, LARGE, large_config(images, budget.large_size), device, budget),
    }
    for name, measure in parts.items():
        began = time.monotonic()
        try:
            report[name] = measure()
        except Exception as error:  # noqa: BLE001  whatever a GPU does wrong belongs into the report
            report[name] = {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
            report["failed"].append(name)
        report["seconds"] = report.get("seconds", {}) | {name: round(time.monotonic() - began, 1)}
        write_json(folder / "report.json", report)
        show(f"{name}: {json.dumps(report[name])[:300]}")
    return report


def describe_machine(device: torch.device) -> dict[str, Any]:
    """The device with its memory and load, and the versions."""
    found = next(one for one in device_list.devices() if one.name == str(device))
    return {
        "device": asdict(found),
        "processor": platform.processor() or platform.machine(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "capability": torch.cuda.get_device_capability(device) if device.type == "cuda" else None,
    }


def measure_speed(device: torch.device, size: int, seconds: float, show: Show) -> dict[str, Any]:
    """Images per second and peak bytes of GPU memory at one size: the textbook's loop, ours eager, ours compiled."""
    config = options.build_config({"data.image_size": size, "train.batch": BATCH})
    image_set = noise_images(size)
    row: dict[str, Any] = {"size": size, "batch": BATCH}
    for name in ("textbook", "eager", "compiled"):
        if name == "compiled" and device.type != "cuda":
            continue  # is not used there
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(device)
        loop = _training_loop(name, image_set, config, device)
        measure_rate(loop, device, seconds / 3)  # the first steps choose algorithms, compile and fill caches
        row[name] = measure_rate(loop, device, seconds)
        row[f"{name}_bytes"] = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
    row["ratio"] = max(row[name] for name in ("eager", "compiled") if name in row) / row["textbook"]
    show(f"{size} px: {row['ratio']:.2f} times the textbook's loop")
    return row


def _training_loop(name: str, image_set: ImageSet, config: RunConfig, device: torch.device) -> Iterator[int]:
    state = initial_state(config, image_set.info(), device)
    if name == "textbook":
        yield from textbook_loop(Textbook.from_state(state, config), image_set, config, device)
    if name == "compiled":
        state.compiled = compiled_networks(state, device)
    for real, condition in batches(image_set, config, device, 0, lambda: None):
        step(state, real, condition, config)
        yield len(real)


def measure_resume(device: torch.device, kimg: float) -> dict[str, Any]:
    """Train a run in one go, and the same one stopped in its middle and resumed; whether all weights are equal."""
    values = {"train.kimg": kimg, "train.snapshot_kimg": kimg, "job.device": str(device)}
    config = options.replace_options(presets.find_preset("digits-quick").config, values)
    straight = lifecycle.start_run(config, "resume-straight")
    _wait(straight)
    stopped = lifecycle.start_run(config, "resume-stopped")
    _wait_until(stopped, lambda: stopped.seen > 0.3 * stopped.total)
    jobs.stop(stopped.path)
    _wait(stopped)
    at = stopped.seen
    lifecycle.resume_run(stopped)
    _wait(stopped)
    weights = [load_file(run.snapshot() / "networks.safetensors") for run in (straight, stopped)]
    differences = [
        float((one.double() - weights[1][name].double()).abs().max()) for name, one in weights[0].items() if one.numel()
    ]
    equal = all(torch.equal(one, weights[1][name]) for name, one in weights[0].items())
    return {"stopped_at": at, "total": stopped.total, "equal": equal, "largest_difference": max(differences)}


def measure_memory_error(device: torch.device, values: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a run that is too large for the GPU ends with; nothing on a CPU, whose memory others need."""
    if values is None or device.type != "cuda":
        return {"skipped": f"not tried on {device.type}"}
    config = options.build_config({"data.name": "digits", "job.device": str(device), **values})
    run = lifecycle.start_run(config, "oom")
    _wait(run)
    state = jobs.state(run.path)
    return {"state": state.name, "cause": state.cause}


def measure_run(folder: Path, name: str, config: RunConfig, device: torch.device, budget: Budget) -> dict[str, Any]:
    """Train for some seconds, stop, score the last snapshot; its samples become `NAME.png`."""
    seconds = budget.run_seconds[name == LARGE]
    values = {"train.kimg": 100_000.0, "job.device": str(device)}
    run = lifecycle.start_run(options.replace_options(config, values), name)
    _wait_until(run, lambda: run.seen > 0)
    began, first = time.monotonic(), run.seen
    devices = []
    while time.monotonic() - began < seconds and jobs.state(run.path).alive:
        time.sleep(min(seconds, 5.0))
        devices += [asdict(one) for one in device_list.devices() if one.name == str(device)][:1]
    rate = (run.seen - first) / (time.monotonic() - began)
    jobs.stop(run.path)
    _wait(run)
    result = evaluate_snapshot(run, device=str(device), budget=budget.evaluation)
    shutil.copy(run.sample_sheet(max(run.samples())), folder / f"{name}.png")
    return {
        "seen": run.seen,
        "images_per_second": rate,
        "loads": [one["load"] for one in devices],
        "used_bytes": max((one["memory_used"] or 0 for one in devices), default=0),
        "data": run.info().title,
        "scores": {key: getattr(result, key) for key in ("obedience", "cas", "kid", "coverage")},
        "floor": result.like_floor,
        "near_copies": result.near_copies["count"],
    }


def digits_config(names: Sequence[str]) -> RunConfig:
    """The recommended config for the first of these sets that is there or can be downloaded."""
    *first, last = (DataConfig.model_validate({"name": name, "image_size": 32}) for name in names)
    for data in first:
        try:
            return recommended_config(data)
        except DataError:
            continue
    return recommended_config(last)


def large_config(images: Path | None, size: int) -> RunConfig:
    """The recommended config for own images, else the digits, at this size in pixels."""
    if images is None:
        return recommended_config(DataConfig.model_validate({"name": "digits", "image_size": size}))
    report = upload_check.check_upload(staging.stage_path(LARGE, images))
    return recommended_config(
        DataConfig.model_validate({"name": "folder", "path": accepted_sets.accept(report), "image_size": size})
    )


def recommended_config(data: DataConfig) -> RunConfig:
    """As `--preset auto` chooses it; reads the images."""
    return recommend(data, registry.load_image_set(data), JobConfig()).config


def _wait(run: Run) -> None:
    """Return once the run has ended."""
    while jobs.state(run.path).alive:
        time.sleep(POLL)


def _wait_until(run: Run, reached: Callable[[], bool]) -> None:
    """Return once this is reached, or the run has ended."""
    while not reached() and jobs.state(run.path).alive:
        time.sleep(POLL)
