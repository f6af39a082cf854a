"""Added sets of digits in class folders, some of whose training labels are wrong."""

import io
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from gan.data.ingest import accepted_sets
from gan.io.png import encode_png
from tests.support.uploads import add_files


@lru_cache(maxsize=1)
def _digits() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The digits that come with scikit-learn: uint8 (n, 8, 8), and their labels (n,)."""
    digits = load_digits()
    return (digits.images * 255 / 16).round().astype(np.uint8), digits.target


def add_digits(name: str, train: int, flipped: int = 0, held: int = 20) -> dict[str, str]:
    """An accepted set with `train` training and twice `held` other images; the true class of each flipped file.

    Files are train/CLASS/NUMBER.png, likewise in val and test; `flipped` training images lie in another class's folder.
    """
    images, labels = _digits()
    rng = np.random.default_rng(5)
    splits = ["train"] * train + ["val"] * held + ["test"] * held
    wrong = set(rng.choice(train, flipped, replace=False).tolist())
    true, files = {}, []
    for number, split in enumerate(splits):
        label = int(labels[number])
        given = (label + int(rng.integers(1, 10))) % 10 if number in wrong else label
        file = f"{split}/{given}/{number:04d}.png"
        if number in wrong:
            true[file] = str(label)
        files.append((file, io.BytesIO(encode_png(images[number][None], {}))))
    accepted_sets.accept(add_files(name, files))
    return true
