"""What a gallery shows: generated images, each with the origin by which it can be marked and made again.

Four looks: what a request asks for, the same noise under several conditions, the same noise at several snapshots, and
the kinds within a class.
No torch of its own: it is handed the sampler.

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
from gan.sampling.subclass_sampling import sample_subclasses

if TYPE_CHECKING:
    from gan.sampling.sampler import Sampler


SEARCHED_POSITIONS = 4000
"""Positions among which images of each kind are looked for: of one in a thousand there are four."""


@dataclass(frozen=True)
class ImageGroup:
    """Images (n, C, H, H) uint8 that belong together, with an origin each."""

    label: str
    origins: tuple[Origin, ...]
    images: NDArray[np.uint8]


def requested_groups(
    sampler: "Sampler", items: Sequence[tuple[str, int]], seed: int, start: int = 0, truncation: float = 1.0
) -> list[ImageGroup]:
    """A group for each item, a condition as people write it and how many of it; raises UserError as
    `Condition.from_text` does.

    Positions go on over the items, as in an export: what is seen is what the ZIP of the same items holds.
    """
    groups = []
    for text, count in items:
        asked = Condition.from_text(text, sampler.info)
        drawn = asked.sample(sampler.info, count, seed)
        groups.append(group(sampler, asked.text(sampler.info), drawn, seed, start, truncation))
        start += count
    return groups


def same_noise_groups(
    sampler: "Sampler", asked: Sequence[Condition], count: int, seed: int, truncation: float = 1.0
) -> list[ImageGroup]:
    """A group of `count` images for each condition; image i of every group has the noise at position i.

    Attributes that a condition leaves open are those of one and the same real image in every group, so that nothing
    differs from group to group but what was asked for.
    """
    base = ANY.sample(sampler.info, count, seed)
    return [
        group(
            sampler,
            regenerate.text(sampler.info),
            with_fixed_values(base, regenerate, sampler.info),
            seed,
            0,
            truncation,
        )
        for regenerate in asked
    ]


def with_fixed_values(base: NDArray[np.float32], asked: Condition, info: DatasetInfo) -> NDArray[np.float32]:
    """Conditions (n, K) that are `base` but for what a condition fixes; a class takes the place of another."""
    changed = np.zeros_like(base) if info.kind == "class" and asked.fixed else base.copy()
    for position, value in asked.fixed:
        changed[:, position] = value
    return changed


def alternating_conditions(asked: Sequence[Condition], count: int, seed: int, info: DatasetInfo) -> NDArray[np.float32]:
    """Conditions (count, K), one condition after the other and from the first again."""
    each = [one.sample(info, count, seed) for one in asked]
    return np.stack([each[i % len(each)][i // len(each)] for i in range(count)])


def subclass_groups(
    sampler: "Sampler", asked: Condition, count: int, seed: int, truncation: float = 1.0
) -> list[ImageGroup]:
    """A group for each subclass of a class: the first images of a seed that come out as it, up to `count`."""
    drawn = asked.sample(sampler.info, SEARCHED_POSITIONS, seed)
    found = sample_subclasses(sampler.info, drawn, seed, range(SEARCHED_POSITIONS))  # (LOOKED_AT,)
    groups = []
    for subclass in range(len(sampler.info.subclasses[0])):
        positions = np.flatnonzero(found == subclass)[:count].tolist()
        label = f"{asked.text(sampler.info)}, subclass {subclass + 1}"
        groups.append(at(sampler, label, drawn[positions], seed, positions, truncation))
    return groups


def group(
    sampler: "Sampler", label: str, drawn: NDArray[np.float32], seed: int, start: int, truncation: float
) -> ImageGroup:
    """The images of conditions (n, K) at positions start to start + n of a seed."""
    return at(sampler, label, drawn, seed, range(start, start + len(drawn)), truncation)


def at(
    sampler: "Sampler", label: str, drawn: NDArray[np.float32], seed: int, positions: Sequence[int], truncation: float
) -> ImageGroup:
    """The images of conditions (n, K) at n positions of a seed."""
    origins = tuple(
        Origin(sampler.seen, seed, position, Condition.from_row(row, sampler.info).text(sampler.info), truncation)
        for position, row in zip(positions, drawn, strict=True)
    )
    return ImageGroup(label, origins, sampler.generate_at(drawn, seed, positions, truncation))


def regenerate(sampler: "Sampler", origin: Origin) -> NDArray[np.uint8]:
    """The image (C, H, H) of an origin, made again; `sampler` is that of the origin's snapshot."""
    row = Condition.from_text(origin.condition, sampler.info).row(sampler.info)[None]
    image: NDArray[np.uint8] = sampler.generate(row, origin.seed, origin.index, origin.truncation)[0]
    return image
