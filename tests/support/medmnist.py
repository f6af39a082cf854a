"""Small files in MedMNIST's layout."""

from pathlib import Path

import numpy as np

from gan.config import settings
from gan.data.image_set import SPLITS


def write_medmnist(flag: str, side: int = 28, colour: bool = False, labels: int = 1, classes: int = 2) -> Path:
    """A small npz in MedMNIST's layout."""
    folder = settings.public_data() / "medmnist"
    folder.mkdir(parents=True, exist_ok=True)
    generator, arrays = np.random.default_rng(0), {}
    for split, count in zip(SPLITS, (30, 10, 12), strict=True):
        shape = (count, side, side, 3) if colour else (count, side, side)
        arrays[f"{split}_images"] = generator.integers(0, 256, shape, dtype=np.uint8)
        arrays[f"{split}_labels"] = generator.integers(0, classes, (count, labels)).astype(np.uint8)
    path = folder / (f"{flag}.npz" if side == 28 else f"{flag}_{side}.npz")
    np.savez_compressed(path, **arrays)
    return path
