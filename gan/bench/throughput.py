"""`python -m gan bench`: how fast this machine trains and exports, against the textbook's way, in one run.

Machines are shared and noisy, so nothing here is a test: the two sides alternate in one process, and what counts is
their ratio. Both train the same networks on the same images: the textbook's loop is in `bench_textbook.py`, ours is
that of every run.
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

from gan.bench.roofline import Ceiling, counted, rate
from gan.bench.textbook_dcgan import Textbook
from gan.bench.textbook_dcgan import loop as textbook_loop
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
from gan.training.train import initial_state, step

Show = Callable[[str], None]
BATCH = 64
ROUNDS = 5
ROUND_SECONDS = 3.0
IMAGES = 4096
EXPORTED = 5_000


@dataclass(frozen=True)
class Training:
    """Images per second of both loops at one size, the median of the rounds; `ratio` is of the same rounds.

    `share_of_ceiling`: the time that our step's operations and bytes would take at the rates of a large matrix product
    and a large copy on this device, of the time that it takes (`bench_ceiling.py`).
    """

    device: str
    size: int
    textbook: float
    ours: float
    ratio: float
    share_of_ceiling: float


def training(sizes: tuple[int, ...], show: Show) -> list[Training]:
    """Both training loops at each size, on the fastest device here and, where that is a GPU, on the CPU too."""
    kinds = dict.fromkeys([matching_devices("auto")[0].partition(":")[0], "cpu"])
    found = []
    for kind in kinds:
        device = torch.device(kind)
        ceiling = Ceiling.measured(device)
        for size in sizes:
            found.append(_one_size(device, size, ceiling))
            show(table_row(found[-1]))
    return found


def _one_size(device: torch.device, size: int, ceiling: Ceiling) -> Training:
    config = options.build_config({"data.image_size": size, "train.batch": BATCH})
    image_set = noise_images(size)
    ours = our_loop(image_set, config, device)
    state = initial_state(config, image_set.info(), torch.device("cpu"))
    real, condition = next(batches(image_set, config, torch.device("cpu"), 0, lambda: None))
    operations, moved = counted(lambda: step(state, real, condition, config))
    floor = ceiling.seconds(operations, moved) / len(real)  # of an image
    begun = Textbook.like(initial_state(config, image_set.info(), device), config)
    sides = (textbook_loop(begun, image_set, config, device), ours)
    for side in sides:  # the first steps choose algorithms and fill caches
        rate(side, device, ROUND_SECONDS / 2)
    rounds = [tuple(rate(side, device, ROUND_SECONDS) for side in sides) for _ in range(ROUNDS)]
    textbook, fast = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(ours / textbook for textbook, ours in rounds)
    return Training(device.type, size, textbook, fast, ratio, floor * fast)


def noise_images(size: int) -> ImageSet:
    """An image set of noise: the loops take the same time whatever is on the images."""
    generator = np.random.default_rng(0)
    return ImageSet(
        images=generator.integers(0, 256, (IMAGES, 3, size, size), dtype=np.uint8),
        conditions=np.eye(10, dtype=np.float32)[generator.integers(0, 10, IMAGES)],
        names=tuple("0123456789"),
        kind="class",
        split=np.full(IMAGES, "train"),
        group=None,
        native_size=size,
        title="Noise",
        source="",
        licence="",
    )


def our_loop(image_set: ImageSet, config: RunConfig, device: torch.device) -> Iterator[int]:
    """Train for ever as a run does; gives the images of each step."""
    state = initial_state(config, image_set.info(), device)
    for real, condition in batches(image_set, config, device, 0, lambda: None):
        step(state, real, condition, config)
        yield len(real)


@dataclass(frozen=True)
class Exporting:
    """Images per second of an export, of its two parts alone, and of the slowest that the two together must be.

    `share` is of what one after the other would reach, 1 / (1 / generation + 1 / encoding); `memory_growth` in bytes.
    """

    images: int
    export: float
    generation: float
    encoding: float
    share: float
    memory_growth: int


def exporting(show: Show) -> Exporting:
    """Export MNIST-sized images of an untrained generator, and its two parts alone."""
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
        made = _generate(sampler, 512)  # warm
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        whole = _timed(lambda: write_export(run, request, Path(folder) / "out.zip"))
        growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        generation = _timed(lambda: _generate(sampler, EXPORTED)) / EXPORTED
        encoding = _timed(lambda: [encode_png(image) for image in made]) / len(made)
    reach = 1 / (generation + encoding)
    found = Exporting(
        EXPORTED, EXPORTED / whole, 1 / generation, 1 / encoding, EXPORTED / whole / reach, max(growth, 0)
    )
    show(
        f"export: {found.export:,.0f} images/s; generation alone {found.generation:,.0f}, encoding alone "
        f"{found.encoding:,.0f}; {found.share:.2f} of one after the other; {growth / 1e6:,.0f} MB more memory"
    )
    return found


def untrained_run(run: Run) -> None:
    """Give a run a snapshot of first weights, and the info of a set of noise."""
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


def table_row(row: Training) -> str:
    """One row below HEADER."""
    return (
        f"{row.device:<7} {row.size:>5} {row.textbook:>10,.0f} {row.ours:>10,.0f} {row.ratio:>6.2f} "
        f"{row.share_of_ceiling:>10.0%}"
    )


def document(trainings: list[Training], **asked: Any) -> dict[str, Any]:
    """What `--json` prints: the trainings, and of what was `asked` for besides, by name, what was measured."""
    told = {name: found for name, found in asked.items() if found is not None}
    more = {name: found if isinstance(found, dict) else asdict(found) for name, found in told.items()}
    return {"train": [asdict(row) for row in trainings]} | more
