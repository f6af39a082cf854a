"""The generator of a run, images of a condition, and downloads.

Letters: n images, C channels, H = W the side, K conditions.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gan.errors import UserError
from gan.evaluation.records.best_snapshot import default_snapshot
from gan.export import model_export, writer
from gan.export.model_export import ModelExport
from gan.export.request import TRUNCATIONS, ExportRequest
from gan.export.writer import ExportResult
from gan.io.progress import Progress, silent
from gan.runs.run import Run
from gan.sampling.conditions import Condition

if TYPE_CHECKING:
    import torch

    from gan.sampling.sampler import Sampler


def load_generator(run: Run, snapshot: int | None = None, device: str = "cpu") -> "Sampler":
    """The averaged generator of a snapshot, by images seen, by default of the best by scores, else of the newest.

    Raises RunError where there is none or it is damaged.
    """
    from gan.sampling import sampler  # here: it imports torch

    return sampler.load_generator(run, default_snapshot(run, snapshot), device)


def sample_images(
    generator: "Sampler",
    condition: str = "any",
    count: int = 16,
    *,
    seed: int = 0,
    start: int | None = None,
    truncation: float = 1.0,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Images uint8 (n, C, H, W) of a condition, and the conditions (n, K) of each, in the order of
    `generator.info.names`.

    `condition` is a class, a subclass as in `7, subclass 3`, attributes as in `Smiling=1,Male=0` with the others
    sampled from real images, or "any". An image depends on the snapshot, the condition, the seed and its position
    alone; `start` is the position of the first, by default that of the gallery. Nothing is withheld: near copies of
    training images are among them. Raises UserError for an unknown condition or a value out of range.
    """
    least, most = TRUNCATIONS
    if count < 0 or seed < 0 or (start or 0) < 0 or not least <= truncation <= most:
        raise UserError(
            f"count, seed and start take whole numbers from 0 on, truncation a number from {least} to {most:g}: they "
            f"are {count}, {seed}, {start} and {truncation}."
        )
    parsed = Condition.from_text(condition, generator.info)
    rows = parsed.sample(generator.info, count, seed)
    first = parsed.first_position(generator.info) if start is None else start
    return generator.generate(rows, seed, first, truncation, parsed.subclass), rows


def sample_tensors(
    generator: "Sampler",
    condition: str = "any",
    count: int = 16,
    *,
    seed: int = 0,
    start: int | None = None,
    truncation: float = 1.0,
) -> "tuple[torch.Tensor, torch.Tensor]":
    """As `sample_images`, as float32 tensors on the CPU: images (n, C, H, W) in [0, 1], as torchvision's `ToTensor`
    gives them, and conditions (n, K)."""
    import torch  # here: importing it takes seconds

    images, rows = sample_images(generator, condition, count, seed=seed, start=start, truncation=truncation)
    return torch.from_numpy(images).float() / 255, torch.from_numpy(rows)


def export_images(
    run: Run,
    out: str | Path,
    counts: Mapping[str, int],
    *,
    snapshot: int | None = None,
    seed: int = 0,
    keep_rate: float = 1.0,
    format: str = "folder",
    with_near_copies: bool = False,
    progress: Progress = silent,
) -> ExportResult:
    """Write a documented download: `counts` images by condition, as a ZIP where `out` ends in .zip, else into a new or
    empty folder.

    Near copies of training images are left out and replaced, which needs these images on this machine, unless
    `with_near_copies`. `keep_rate` below 1 keeps that share of the candidates, the best. `format` is "folder", "flat",
    "npz" or "dicom". The snapshot is by default the best by scores, else the newest. Raises UserError, or RunError
    where the training images are missing.
    """
    request = ExportRequest(
        tuple(counts.items()),
        default_snapshot(run, snapshot),
        seed,
        start=None,
        with_near_copies=with_near_copies,
        keep_rate=keep_rate,
        format=format,
    )
    return writer.write_export(run, request, Path(out), progress)


def export_model(
    run: Run, out: str | Path, format: str = "torch", *, snapshot: int | None = None, progress: Progress = silent
) -> ModelExport:
    """Write the generator of a snapshot, by default of the best by scores, else of the newest, for other programs;
    never its discriminator. `format` is "torch", "onnx" or "safetensors", and `out` a new or empty folder, or a ZIP
    where it ends in .zip.

    Raises UserError for an `out` that is not empty or a missing package, RunError for a missing snapshot.
    """
    return model_export.export_model(run, format, Path(out), default_snapshot(run, snapshot), progress)
