"""The speed of training on this machine, measured by a second of steps and kept for estimates. No torch.

    GAN_STORE/.data/tasks/timing-<key>/      request.json: what to time; speed.json: the result

`key` stands for this machine and all options that decide the speed. A CPU is timed as a task, beside other work; a GPU
by a job that waits for it like training (`timing-gpu-<key>`).
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from gan import jobs
from gan.config import options, settings
from gan.config.run_config import RunConfig
from gan.data import registry
from gan.io.atomic import write_json
from gan.io.json_files import read_json, read_request, read_typed_or_none
from gan.jobs import device_list, processes
from gan.jobs.holders import read_holder
from gan.runs.run import Run

SPEED_OPTIONS = (
    "data.image_size",
    "model.family",
    "model.latent",
    "model.width",
    "model.upsampling",
    "model.subclasses",
    "loss.mismatched",
    "train.batch",
    "train.augment",
    "train.freeze_d",
    "job.device",
    "job.gpus",
    "job.precision",
    "job.threads",
)
"""The options that decide how many images a second a run trains on."""
_FIELDS = tuple(tuple(option.split(".")) for option in SPEED_OPTIONS)
FILE = "speed.json"


@dataclass(frozen=True)
class Timing:
    """What to time: the JSON text of a RunConfig, and the channels and conditions of its images."""

    config: str
    channels: Annotated[int, Field(ge=1, le=3)]
    names: Annotated[int, Field(ge=1, le=10_000)]


@dataclass(frozen=True)
class MeasuredSpeed:
    """Images of training per second. `shared`: another run used the device meanwhile, so alone it is faster."""

    images_per_second: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    shared: bool


TIMING, SPEED = TypeAdapter(Timing), TypeAdapter(MeasuredSpeed)


def speed_values(config: RunConfig) -> tuple[Any, ...]:
    """The values of `SPEED_OPTIONS`: configs of equal ones train at the same rate."""
    return tuple(getattr(getattr(config, section), field) for section, field in _FIELDS)


def rate_of_run(run: Run) -> float | None:
    """Images per second of a run where its engine, machine and kind of device are those on which a run with its config
    would train now; else None, such as of a run that was trained on another machine. Raises GanError or OSError for a
    damaged folder."""
    rate, started = run.status().get("images_per_second"), read_json(run.path / "started.json") or {}
    holder, job = read_holder(started), run.config.job
    if not rate or holder.engine != job.engine:
        return None
    if job.engine == "local":  # the nodes of a cluster are taken to be alike
        here = [device.partition(":")[0] for device in device_list.matching_devices(job.device)[:1]]
        if holder.host != processes.host() or str(started.get("device")).partition(":")[0] not in here:
            return None
    return float(rate)


def load_speed(config: RunConfig) -> MeasuredSpeed | None:
    """The measured speed of runs like this one; None before it was measured."""
    folder = timing_folder(config)
    return None if folder is None else read_typed_or_none(folder / FILE, SPEED)


def start_timing(config: RunConfig) -> None:
    """Have the speed of a config measured in the background; does nothing where `timing_folder` is None.

    A GPU is timed only when it is free: nobody's run waits for it.
    """
    folder, timing = timing_folder(config), _timing(config)
    if folder is None or timing is None or jobs.state(folder).alive:
        return
    names, _ = device_list.candidates(config.job.device)
    if names[0] == "cpu":
        jobs.start_task(folder, asdict(timing))
    elif any(device_list.free_slots(name) for name in names):
        folder.mkdir(parents=True, exist_ok=True)
        jobs.submit(folder, config.job.device, asdict(timing))


def is_outdated(config: RunConfig) -> bool:
    """Whether the speed was measured beside another run, and could now be measured alone."""
    speed = load_speed(config)
    return speed is not None and speed.shared and not device_list.holders("cpu")


def timing_folder(config: RunConfig) -> Path | None:
    """The folder of the job that measures this config's speed; None where this machine cannot measure it.

    It cannot before the images have been read, on several GPUs, for a cluster, or without the device.
    """
    timing, names = _timing(config), device_list.matching_devices(config.job.device)
    if timing is None or config.job.engine != "local" or config.job.gpus > 1 or not names:
        return None
    document: dict[str, Any] = dict(zip(SPEED_OPTIONS, speed_values(config), strict=True))
    document |= {"host": processes.host(), "channels": timing.channels, "names": timing.names, "device": names[0]}
    key = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]
    return settings.tasks() / (f"timing-{key}" if names[0] == "cpu" else f"timing-gpu-{key}")


def read_timing(folder: Path) -> Timing:
    """What the job in `folder` is to time; raises RunError or DamagedFileError."""
    return read_request(folder / "request.json", TIMING)


def write_timing(folder: Path, config: RunConfig) -> None:
    """Write the request of a timing in this process; the images have been read."""
    timing = _timing(config)
    assert timing is not None, "the folder exists for images that were read"
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "request.json", asdict(timing))


def save_speed(folder: Path, speed: MeasuredSpeed) -> None:
    """Keep a measured speed for `load_speed`."""
    write_json(folder / FILE, asdict(speed))


def _timing(config: RunConfig) -> Timing | None:
    known = registry.cached_at_any_size(config.data) if registry.problem(config.data) is None else None
    if known is None:
        return None
    return Timing(options.config_to_json(config), known.images.shape[1], len(known.names))
