"""Seeded, stratified splits that keep whole groups together."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

SEED = 0


def stratified(
    labels: NDArray[np.integer], group: NDArray[np.str_] | None, parts: Mapping[str, float]
) -> NDArray[np.str_]:
    """A split name for each image (N,): `parts` such as `{"val": 0.1, "test": 0.1}` of each label, the rest "train".

    Whole groups go to one split, so that no patient is on both sides; a group counts with its commonest label. Each
    part gets at least one unit of a label that has enough for every part and train. The same input gives the same split.
    """
    units = np.arange(len(labels)).astype(str) if group is None else group
    names, unit_of = np.unique(units, return_inverse=True)  # images to units
    counts = np.zeros((len(names), int(labels.max(initial=0)) + 1), dtype=np.int64)
    np.add.at(counts, (unit_of, labels), 1)
    label_of = counts.argmax(axis=1)
    chosen = np.full(len(names), "train", dtype="U5")
    generator = np.random.default_rng(SEED)
    for label in np.unique(label_of):
        members = generator.permutation(np.flatnonzero(label_of == label))
        start = 0
        for part, share in parts.items():
            enough = len(members) > len(parts)
            count = max(round(share * len(members)), 1) if enough else 0
            chosen[members[start : start + count]] = part
            start += count
    return chosen[unit_of]
