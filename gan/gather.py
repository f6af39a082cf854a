"""The images of an export, gathered from the seed's stream: candidates in turn, without those that must not leave.

Left out are near copies of training images (`guard.py`) and images that somebody marked reject (`marks.py`). Each is
replaced by the next of the stream, so that what was asked for is delivered, and any image can still be made again from
its position. A condition that keeps making what must not leave is given up after ten times the effort: fewer images are
delivered then, and the download says so. Read next: `export.py`, which writes them.

Letters: n candidates, C channels, H W, K conditions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gan import manifests
from gan.conditions import Request
from gan.images import Images
from gan.marks import Origin

if TYPE_CHECKING:
    from gan.evaluation.near_copies import Detector
    from gan.sample import Sampler

CHUNK = 256
EFFORT = 10
"""Candidates looked at for each image asked for, at most, before a condition is given up."""
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

    @property
    def short(self) -> int:
        """Images that could not be delivered."""
        return self.asked - self.delivered


@dataclass(frozen=True)
class Gathered:
    """One image uint8 (C, H, W) for an export: what it was asked for, its exact condition (K,) and its origin."""

    asked: Request
    image: Images
    condition: NDArray[np.float32]
    seed: int
    position: int


@dataclass(frozen=True)
class Stream:
    """The candidates of one seed, and what is left out of them."""

    sampler: "Sampler"
    seed: int
    truncation: float
    detector: "Detector | None" = None
    rejected: frozenset[Origin] = frozenset()

    def gather(self, asked: Request, tally: Tally, start: int) -> Iterator[list[Gathered]]:
        """The images of one condition, a chunk at a time, from position `start` of the stream on; `tally` counts."""
        facts, drawn = self.sampler.facts, np.zeros((0, 0), np.float32)
        most = EFFORT * tally.asked + AT_LEAST
        while tally.short and tally.tried < most:
            wanted = min(CHUNK, tally.short, most - tally.tried)
            if tally.tried + wanted > len(drawn):
                drawn = asked.draw(facts, max(2 * len(drawn), tally.tried + wanted, min(tally.asked, most)), self.seed)
            rows, first = drawn[tally.tried : tally.tried + wanted], start + tally.tried
            images = self.sampler.generate(rows, self.seed, first, self.truncation)
            good = self._may_leave(images, rows, first, tally)
            tally.tried += wanted
            tally.delivered += len(good)
            yield [Gathered(asked, images[i], rows[i], self.seed, first + i) for i in good]

    def _may_leave(self, images: Images, rows: NDArray[np.float32], first: int, tally: Tally) -> list[int]:
        """Which candidates (n, C, H, W) of conditions (n, K), at positions from `first` on, may be in a download."""
        good = list(range(len(images)))
        if self.rejected:
            fine = [i for i in good if self._origin(rows[i], first + i) not in self.rejected]
            tally.rejected += len(good) - len(fine)
            good = fine
        if self.detector is not None and good:
            copies = self.detector.nearest(images[good]).copy
            tally.near_copies += int(copies.sum())
            good = [i for i, copy in zip(good, copies, strict=True) if not copy]
        return good

    def _origin(self, row: NDArray[np.float32], position: int) -> Origin:
        facts = self.sampler.facts
        return Origin(self.sampler.seen, self.seed, position, manifests.exact(row, facts), self.truncation)
