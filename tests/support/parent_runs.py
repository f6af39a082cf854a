"""Finished runs to start from, without training: folders with the files that a start reads."""

from collections.abc import Sequence

import numpy as np

from gan.data.fingerprint import Fingerprint
from gan.data.image_set import ImageSet
from gan.io.atomic import write_json
from gan.runs.run import Run
from tests.support.pages import ended, made

SEEN = 8000
"""Images seen at the snapshot."""


def random_set(
    count: int, names: Sequence[str] = ("a", "b"), size: int = 32, channels: int = 1, seed: int = 0, held_out: int = 4
) -> ImageSet:
    """`count` training images of these classes in turn, and as many validation as test images, all of random pixels."""
    total = count + 2 * held_out
    pixels = np.random.default_rng(seed).integers(0, 256, (total, channels, size, size), dtype=np.uint8)
    conditions = np.eye(len(names), dtype=np.float32)[np.arange(total) % len(names)]
    split = np.array(["train"] * count + ["val"] * held_out + ["test"] * held_out)
    return ImageSet(
        pixels, conditions, tuple(names), "class", split, None, size, f"Set {seed}", "made for a test", "CC BY 4.0"
    )


def finished_run(
    name: str, images: ImageSet, snapshots: Sequence[int] = (SEEN,), width: int = 32, **options: object
) -> Run:
    """A finished run of the projection family on these images, as of an added set of the run's name."""
    values = {"data.name": "folder", "data.path": name, "data.image_size": images.images.shape[2]}
    run = made(name, **(values | {"model.family": "projection", "model.width": width, "train.kimg": 12} | options))
    images.info().save(run.path)
    Fingerprint.of(images).save(run.path)
    for seen in snapshots:
        folder = run.snapshot_folder(seen)
        folder.mkdir(parents=True)
        for file in ("networks.safetensors", "generator.safetensors"):
            (folder / file).write_bytes(b"weights")
        write_json(folder / "ready.json", {"sha256": f"of {seen}"})
    return ended(run, state="finished")
