"""What a gallery shows: groups of generated images, each image with the origin by which it can be made again.

There are three views: the first images of each condition, the same noise under several conditions, and the same noise
at several snapshots. No torch: the sampler is an argument.

Letters: n images, C channels, H = W the side, K conditions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gan.data.info import DatasetInfo
from gan.sampling.conditions import ANY, Condition
from gan.sampling.provenance import Origin

if TYPE_CHECKING:
    from gan.sampling.sampler import Sampler


@dataclass(frozen=True)
class ImageGroup:
    """Images (n, C, H, H) uint8 under one label, and the origin of each."""

    label: str
    origins: tuple[Origin, ...]
    images: NDArray[np.uint8]


def image_group(
    sampler: "Sampler",
    label: str,
    conditions: NDArray[np.float32],
    seed: int,
    positions: Sequence[int],
    truncation: float,
    subclass: int | None = None,
) -> ImageGroup:
    """The images of conditions (n, K) at n positions of a seed, all of a `subclass` or each of that of its position."""
    origins = tuple(
        Origin(
            sampler.seen, seed, position, Condition.from_row(row, sampler.info, subclass).text(sampler.info), truncation
        )
        for position, row in zip(positions, conditions, strict=True)
    )
    return ImageGroup(label, origins, sampler.generate_at(conditions, seed, positions, truncation, subclass))


def first_groups(
    sampler: "Sampler", texts: Sequence[str], count: int, seed: int, skip: int = 0, truncation: float = 1.0
) -> list[ImageGroup]:
    """A group of `count` images for each condition, after the first `skip`; raises UserError as `Condition.from_text`.

    They begin at the condition's first position, as an export with `start` None does: they are the first images that it
    tries, whatever its counts and the other conditions are.
    """
    groups = []
    for text in texts:
        condition = Condition.from_text(text, sampler.info)
        rows = condition.sample(sampler.info, skip + count, seed)[skip:]
        first = condition.first_position(sampler.info) + skip
        positions = range(first, first + count)
        label = condition.text(sampler.info)
        groups.append(image_group(sampler, label, rows, seed, positions, truncation, condition.subclass))
    return groups


def same_noise_groups(
    sampler: "Sampler", conditions: Sequence[Condition], count: int, seed: int, truncation: float = 1.0
) -> list[ImageGroup]:
    """A group of `count` images for each condition; image i of every group has the noise at position i.

    Open attributes of image i are those of the same real image in every group, so that groups differ in the condition
    alone.
    """
    base = ANY.sample(sampler.info, count, seed)  # (count, K)
    return [
        image_group(
            sampler,
            condition.text(sampler.info),
            with_fixed_values(base, condition, sampler.info),
            seed,
            range(count),
            truncation,
            condition.subclass,
        )
        for condition in conditions
    ]


def with_fixed_values(base: NDArray[np.float32], condition: Condition, info: DatasetInfo) -> NDArray[np.float32]:
    """Rows `base` (n, K) with the values that a condition fixes; a class replaces another."""
    rows = np.zeros_like(base) if info.kind == "class" and condition.fixed else base.copy()
    for position, value in condition.fixed:
        rows[:, position] = value
    return rows


def alternating_conditions(
    conditions: Sequence[Condition], count: int, seed: int, info: DatasetInfo
) -> NDArray[np.float32]:
    """Rows (count, K) of the conditions in turn: the first, the second, ..., the first again."""
    sampled = [condition.sample(info, count, seed) for condition in conditions]
    return np.stack([sampled[i % len(sampled)][i // len(sampled)] for i in range(count)])


def regenerate(sampler: "Sampler", origin: Origin) -> NDArray[np.uint8]:
    """The image (C, H, H) of an origin; `sampler` is that of the origin's snapshot."""
    condition = Condition.from_text(origin.condition, sampler.info)
    row = condition.row(sampler.info)[None]
    image: NDArray[np.uint8] = sampler.generate(row, origin.seed, origin.index, origin.truncation, condition.subclass)[
        0
    ]
    return image
