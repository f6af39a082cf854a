"""`python -m gan bench`: images per second of training and export on this machine, against the textbook's loop.

Both loops train the same networks on the same images, ours as every run does. They alternate in one process, since
machines are shared and noisy: what counts is their ratio.
"""

import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gan.bench.roofline import Ceiling, count_work, measure_ceiling, measure_rate
from gan.bench.step_parts import measure_step_parts, step_parts_text
from gan.bench.textbook_dcgan import Textbook, textbook_loop
from gan.config import options
from gan.config.run_config import RunConfig
from gan.data.image_set import ImageSet
from gan.export.request import ExportRequest
from gan.export.writer import write_export
from gan.io.png import encode_png
from gan.jobs.device_list import matching_devices
from gan.runs.run import Run
from gan.sampling.sampler import Sampler, load_generator
from gan.training import checkpoint
from gan.training.batches import batches
from gan.training.precision import compute_dtype
from gan.training.train import initial_state, step

Show = Callable[[str], None]
BATCH = 64
SIZES_MEASURED = (32, 64, 128)
"""Image sizes in pixels that are measured where none is asked for."""
ROUNDS = 5
ROUND_SECONDS = 3.0
IMAGES = 4096
EXPORTED = 5_000


@dataclass(frozen=True)
class TrainingSpeed:
    """Images per second of both loops at one image size, median of the rounds; `ratio` is the median ratio of a round.

    `share_of_ceiling` is the least time of our step by the roofline over its measured time. `step_parts` are the shares
    of our step's time by part (`step_parts.py`), measured after the rounds.
    """

    device: str
    size: int
    textbook: float
    ours: float
    ratio: float
    share_of_ceiling: float
    step_parts: dict[str, float]


def measure_training(sizes: tuple[int, ...], show: Show) -> list[TrainingSpeed]:
    """Both training loops at each size in pixels, on the fastest device here and on the CPU."""
    kinds = dict.fromkeys([matching_devices("auto")[0].partition(":")[0], "cpu"])
    speeds = []
    for kind in kinds:
        device = torch.device(kind)
        ceiling = measure_ceiling(device, compute_dtype(options.build_config({}), device))
        for size in sizes:
            speeds.append(_measure_size(device, size, ceiling))
            show(table_row(speeds[-1]))
    return speeds


def _measure_size(device: torch.device, size: int, ceiling: Ceiling) -> TrainingSpeed:
    config = options.build_config({"data.image_size": size, "train.batch": BATCH})
    image_set = noise_images(size)
    ours = training_loop(image_set, config, device)
    state = initial_state(config, image_set.info(), torch.device("cpu"))
    real, condition = next(batches(image_set, config, torch.device("cpu"), 0, lambda: None))
    operations, moved = count_work(lambda: step(state, real, condition, config))
    least_seconds = ceiling.seconds(operations, moved) / len(real)  # per image
    textbook = Textbook.from_state(initial_state(config, image_set.info(), device), config)
    loops = (textbook_loop(textbook, image_set, config, device), ours)
    for loop in loops:  # the first steps choose algorithms and fill caches
        measure_rate(loop, device, ROUND_SECONDS / 2)
    rounds = [tuple(measure_rate(loop, device, ROUND_SECONDS) for loop in loops) for _ in range(ROUNDS)]
    textbook_rate, our_rate = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(ours / textbook for textbook, ours in rounds)
    parts = measure_step_parts(
        initial_state(config, image_set.info(), device), real.to(device), condition.to(device), config, ROUND_SECONDS
    )
    shares = {part: seconds / sum(parts.values()) for part, seconds in parts.items()}
    return TrainingSpeed(device.type, size, textbook_rate, our_rate, ratio, least_seconds * our_rate, shares)


def noise_images(size: int) -> ImageSet:
    """RGB images of noise, uint8 (N, 3, size, size), in ten classes: content does not change the speed.

    4,096 of them, fewer where they would take more than 256 MB.
    """
    count = min(IMAGES, 2**28 // (3 * size * size))
    generator = np.random.default_rng(0)
    return ImageSet(
        images=generator.integers(0, 256, (count, 3, size, size), dtype=np.uint8),
        conditions=np.eye(10, dtype=np.float32)[generator.integers(0, 10, count)],
        names=tuple("0123456789"),
        kind="class",
        split=np.full(count, "train"),
        group=None,
        native_size=size,
        title="Noise",
        source="",
        licence="",
    )


def training_loop(image_set: ImageSet, config: RunConfig, device: torch.device) -> Iterator[int]:
    """Train without end as a run does; yields the number of images of each step."""
    state = initial_state(config, image_set.info(), device)
    for real, condition in batches(image_set, config, device, 0, lambda: None):
        step(state, real, condition, config)
        yield len(real)


@dataclass(frozen=True)
class ExportSpeed:
    """Images per second of an export, and of generation and encoding alone.

    `share` is the export's rate over that of both in turn, 1 / (1 / generation + 1 / encoding). `memory_growth` is in
    bytes.
    """

    images: int
    export: float
    generation: float
    encoding: float
    share: float
    memory_growth: int


def measure_export(show: Show) -> ExportSpeed:
    """Export MNIST-sized images of an untrained generator."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("snapshots", "samples", "exports"):
            (Path(folder) / name).mkdir()
        run = Run(Path(folder))
        (run.path / "config.json").write_text(
            options.config_to_json(options.build_config({"data.name": "mnist", "model.width": 32}))
        )
        untrained_run(run)
        sampler = load_generator(run)
        request = ExportRequest((("3", EXPORTED),), with_near_copies=True)
        images = _generate(sampler, 512)  # fills caches too
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        whole = _timed(lambda: write_export(run, request, Path(folder) / "out.zip"))
        growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        generation = _timed(lambda: _generate(sampler, EXPORTED)) / EXPORTED
        encoding = _timed(lambda: [encode_png(image, {}) for image in images]) / len(images)
    in_turn = 1 / (generation + encoding)
    speed = ExportSpeed(
        EXPORTED, EXPORTED / whole, 1 / generation, 1 / encoding, EXPORTED / whole / in_turn, max(growth, 0)
    )
    show(
        f"export: {speed.export:,.0f} images/s; generation alone {speed.generation:,.0f}, encoding alone "
        f"{speed.encoding:,.0f}; {speed.share:.2f} of one after the other; {growth / 1e6:,.0f} MB more memory"
    )
    return speed


def untrained_run(run: Run) -> None:
    """Give a run a snapshot of initial weights and the info of a set of noise."""
    info = noise_images(32).info()
    info.save(run.path)
    checkpoint.save(run, initial_state(run.config, info, torch.device("cpu")))


def _generate(sampler: Sampler, count: int) -> Any:
    return sampler.generate(np.eye(10, dtype=np.float32)[[3] * count], seed=0)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


HEADER = f"{'device':<7} {'size':>5} {'textbook':>10} {'ours':>10} {'ratio':>6} {'of ceiling':>11}"


def table_row(row: TrainingSpeed) -> str:
    """One row below HEADER, and in a second line the parts of our step."""
    return (
        f"{row.device:<7} {row.size:>5} {row.textbook:>10,.0f} {row.ours:>10,.0f} {row.ratio:>6.2f} "
        f"{row.share_of_ceiling:>10.0%}\n        our step: {step_parts_text(row.step_parts)}"
    )


def json_document(trainings: list[TrainingSpeed], **further: Any) -> dict[str, Any]:
    """What `--json` prints: the training speeds, and further measurements by name, left out where None."""
    measured = {name: speed for name, speed in further.items() if speed is not None}
    rows = {name: speed if isinstance(speed, dict) else asdict(speed) for name, speed in measured.items()}
    return {"train": [asdict(row) for row in trainings]} | rows
