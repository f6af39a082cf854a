"""The images of an export, gathered from the seed's stream: candidates in turn, without those that must not leave.

Left out are near copies of training images (`guard.py`), images that somebody marked reject (`marks.py`), and where a
keep rate is asked for, the worse part of each chunk (`evaluation/selection.py`). Each is replaced by the next of the
stream, so that what was asked for is delivered, and any image can still be made again from its position. A condition
that keeps making what must not leave is given up after ten times the effort: fewer images are delivered then, and the
download says so.

Letters: n candidates, C channels, H W, K conditions.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gan.io.contact_sheet import Images
from gan.sampling.conditions import Condition
from gan.sampling.provenance import Origin

if TYPE_CHECKING:
    from gan.evaluation.privacy.near_copies import NearCopyDetector
    from gan.evaluation.selector import Selector
    from gan.sampling.sampler import Sampler

CHUNK = 256
EFFORT = 10
"""Candidates looked at for each image asked for, over the keep rate, before a condition is given up."""
AT_LEAST = 512
"""Candidates looked at however few images are asked for."""


@dataclass
class Tally:
    """What became of one condition's candidates: `tried` of them gave `delivered` images of the `asked` number."""

    asked: int
    tried: int = 0
    delivered: int = 0
    near_copies: int = 0
    rejected: int = 0
    not_kept: int = 0

    @property
    def short(self) -> int:
        """Images that could not be delivered."""
        return self.asked - self.delivered


@dataclass(frozen=True)
class Gathered:
    """Images uint8 (n, C, H, W) for an export, their exact conditions (n, K), and where they come from."""

    item: int
    images: Images
    conditions: NDArray[np.float32]
    sampler: "Sampler"
    origins: list[Origin]


@dataclass(frozen=True)
class Sieve:
    """What keeps an image from leaving; None where that is not asked of it."""

    detector: "NearCopyDetector | None" = None
    selector: "Selector | None" = None
    keep_rate: float = 1.0
    rejected: frozenset[Origin] = frozenset()

    def passed(
        self, images: Images, rows: NDArray[np.float32], origins: list[Origin], tally: Tally, most: int
    ) -> list[int]:
        """Which of the candidates (n, C, H, W) of conditions (n, K) may leave, at most so many; `tally` counts."""
        good = [i for i, origin in enumerate(origins) if origin not in self.rejected]
        tally.rejected += len(images) - len(good)
        if self.detector is not None and good:
            copies = self.detector.nearest(images[good]).copy
            tally.near_copies += int(copies.sum())
            good = [i for i, copy in zip(good, copies, strict=True) if not copy]
        if self.selector is not None and good:
            kept = min(most, max(1, round(self.keep_rate * len(good))))
            best = self.selector.scores(images[good], rows[good]).order()[:kept]
            tally.not_kept += len(good) - len(best)
            good = [good[i] for i in sorted(best)]
        tally.tried += len(images)
        tally.delivered += len(good)
        return good


def from_stream(
    sampler: "Sampler",
    sieve: Sieve,
    asked: Condition,
    tally: Tally,
    item: int,
    seed: int,
    start: int,
    truncation: float,
) -> Iterator[Gathered]:
    """The images of one condition, a chunk at a time, from position `start` of the seed's stream on.

    A `tally` that has counted before goes on where it was.
    """
    info, drawn = sampler.info, np.zeros((0, 0), np.float32)
    most = EFFORT * math.ceil(tally.asked / sieve.keep_rate) + AT_LEAST
    while tally.short and tally.tried < most:
        wanted = min(CHUNK, math.ceil(tally.short / sieve.keep_rate), most - tally.tried)
        if tally.tried + wanted > len(drawn):
            drawn = asked.sample(info, min(max(2 * len(drawn), tally.tried + wanted, tally.asked), most), seed)
        rows, first = drawn[tally.tried : tally.tried + wanted], start + tally.tried
        images = sampler.generate(rows, seed, first, truncation)
        origins = [
            Origin(sampler.seen, seed, first + i, Condition.from_row(row, info).text(info), truncation)
            for i, row in enumerate(rows)
        ]
        good = sieve.passed(images, rows, origins, tally, tally.short)
        yield Gathered(item, images[good], rows[good], sampler, [origins[i] for i in good])


def from_basket(
    samplers: "dict[int, Sampler]",
    sieve: Sieve,
    basket: Iterable[Origin],
    items: dict[Condition, int],
    tallies: list[Tally],
) -> Iterator[Gathered]:
    """The images of a basket one by one, after as many as the tallies have counted before."""
    for origin in list(basket)[sum(tally.tried for tally in tallies) :]:
        sampler = samplers[origin.snapshot]
        asked = Condition.from_text(origin.condition, sampler.info)
        row = asked.row(sampler.info)[None]  # (1, K)
        images = sampler.generate(row, origin.seed, origin.index, origin.truncation)
        good = sieve.passed(images, row, [origin], tallies[items[asked]], 1)
        yield Gathered(items[asked], images[good], row[good], sampler, [origin] if good else [])
