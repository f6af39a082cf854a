"""Seeded, stratified splits that keep groups whole, for sets that do not change.

Iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011) with groups as examples: conditions from rarest to
most frequent, each group to the split that lacks most of that condition. Adding an image can move others;
`stable_splits.py` is for folders that grow.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

SEED = 0


def stratified_split(
    conditions: NDArray[np.generic], group: NDArray[np.str_] | None, parts: Mapping[str, float]
) -> NDArray[np.str_]:
    """A split name for each image (N,); the same input gives the same split.

    `conditions` are rows (N, K) of 0 and 1, or class labels (N,). `parts` are shares of each condition, such as
    `{"val": 0.1, "test": 0.1}`; the rest is "train". All images of a group (N,) get one split, so that no patient is
    on both sides; without groups each image is its own. Every part gets at least one group of each condition that has
    enough groups for all parts and train.
    """
    if conditions.ndim == 1:
        conditions = np.eye(int(conditions.max(initial=0)) + 1, dtype=np.uint8)[conditions.astype(np.int64)]
    if group is None:
        unit_of, units = np.arange(len(conditions)), len(conditions)
    else:
        unit_of = np.unique(group, return_inverse=True)[1]
        units = int(unit_of.max(initial=-1)) + 1
    held = np.zeros((units, conditions.shape[1] + 1), dtype=np.int64)  # (units, K + 1): images of each condition
    np.add.at(held[:, :-1], unit_of, conditions.astype(np.int64))
    held[:, -1] = np.bincount(unit_of, minlength=units)  # every image counts here: attributes may all be 0
    return _assign(held, dict(parts))[unit_of]


def _assign(held: NDArray[np.int64], parts: dict[str, float]) -> NDArray[np.str_]:
    """A split for each unit, given its number of images of each condition (units, K)."""
    names = [*parts, "train"]
    enough = (held > 0).sum(axis=0) > len(parts)
    lacks = np.stack([np.where(enough, np.maximum(share * held.sum(axis=0), 1.0), 0.0) for share in parts.values()])
    lacks = np.vstack([lacks, held.sum(axis=0) - lacks.sum(axis=0)])  # (parts + 1, K): images still missing
    assigned = np.full(len(held), -1)
    order = np.random.default_rng(SEED).permutation(len(held))
    for condition in np.argsort(held.sum(axis=0), kind="stable"):
        waiting = order[(assigned[order] < 0) & (held[order, condition] > 0)]
        for unit in waiting[np.argsort(-held[waiting, condition], kind="stable")]:  # large groups first
            part = int(np.lexsort((-lacks[:, -1], -lacks[:, condition]))[0])
            assigned[unit] = part
            lacks[part] -= held[unit]
    split: NDArray[np.str_] = np.array(names, dtype="U5")[assigned]
    return split
