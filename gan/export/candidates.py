"""Generate candidates for an export, and filter out those that must not leave.

Filtered out are near copies of training images, images marked reject and, with a keep rate below 1, the worst of each
chunk. The next image of the seed's stream replaces each, so the requested count is delivered and every image can be
made again from its position. A condition whose candidates are nearly all filtered out is given up after `max_tries`:
the export then holds fewer images and says so.

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
TRIES_PER_IMAGE = 10
MIN_TRIES = 512


@dataclass
class Tally:
    """Counts of one condition's candidates: `tried` = `delivered` + `near_copies` + `rejected` + `not_kept`."""

    requested: int
    tried: int = 0
    delivered: int = 0
    near_copies: int = 0
    rejected: int = 0
    not_kept: int = 0

    @property
    def missing(self) -> int:
        """Images still to be delivered."""
        return self.requested - self.delivered


def max_tries(requested: int, keep_rate: float) -> int:
    """Candidates of one condition before it is given up."""
    return TRIES_PER_IMAGE * math.ceil(requested / keep_rate) + MIN_TRIES


@dataclass(frozen=True)
class Accepted:
    """Images uint8 (n, C, H, W) that passed the filter, their full conditions (n, K) and origins (n)."""

    item: int
    """Index of the request's item that they answer."""
    subclass: int | None
    """The subclass that it asks for."""
    images: Images
    conditions: NDArray[np.float32]
    sampler: "Sampler"
    origins: list[Origin]


@dataclass(frozen=True)
class ExportFilter:
    """Decides which images may leave; None switches a check off."""

    detector: "NearCopyDetector | None" = None
    selector: "Selector | None" = None
    keep_rate: float = 1.0
    rejected: frozenset[Origin] = frozenset()

    def accept(self, images: Images, rows: NDArray[np.float32], origins: list[Origin], tally: Tally) -> list[int]:
        """Indices of the candidates (n, C, H, W) with conditions (n, K) that may leave; adds to the tally.

        With a selector at most `tally.missing`.
        """
        good = [i for i, origin in enumerate(origins) if origin not in self.rejected]
        tally.rejected += len(images) - len(good)
        if self.detector is not None and good:
            copies = self.detector.nearest(images[good]).copy
            tally.near_copies += int(copies.sum())
            good = [i for i, copy in zip(good, copies, strict=True) if not copy]
        if self.selector is not None and good:
            kept = min(tally.missing, max(1, round(self.keep_rate * len(good))))
            best = self.selector.scores(images[good], rows[good]).order()[:kept]
            tally.not_kept += len(good) - len(best)
            good = [good[i] for i in sorted(best)]
        tally.tried += len(images)
        tally.delivered += len(good)
        return good


def accepted_from_stream(
    sampler: "Sampler",
    export_filter: ExportFilter,
    condition: Condition,
    tally: Tally,
    item: int,
    seed: int,
    start: int,
    truncation: float,
) -> Iterator[Accepted]:
    """Images of one condition in chunks, from position `start` of the seed's stream; resumes at `tally.tried`."""
    info, rows = sampler.info, np.zeros((0, 0), np.float32)
    most = max_tries(tally.requested, export_filter.keep_rate)
    while tally.missing and tally.tried < most:
        count = min(CHUNK, math.ceil(tally.missing / export_filter.keep_rate), most - tally.tried)
        if tally.tried + count > len(rows):
            rows = condition.sample(info, min(max(2 * len(rows), tally.tried + count, tally.requested), most), seed)
        chunk, first = rows[tally.tried : tally.tried + count], start + tally.tried
        images = sampler.generate(chunk, seed, first, truncation, condition.subclass)
        texts = [Condition.from_row(row, info, condition.subclass).text(info) for row in chunk]
        origins = [Origin(sampler.seen, seed, first + i, text, truncation) for i, text in enumerate(texts)]
        good = export_filter.accept(images, chunk, origins, tally)
        yield Accepted(item, condition.subclass, images[good], chunk[good], sampler, [origins[i] for i in good])


def accepted_from_basket(
    samplers: "dict[int, Sampler]",
    export_filter: ExportFilter,
    basket: Iterable[Origin],
    items: dict[Condition, int],
    tallies: list[Tally],
) -> Iterator[Accepted]:
    """The basket's images one by one; resumes after the candidates that the tallies have counted.

    `items` maps each condition to the index of its item, `samplers` each snapshot to its generator.
    """
    for origin in list(basket)[sum(tally.tried for tally in tallies) :]:
        sampler = samplers[origin.snapshot]
        condition = Condition.from_text(origin.condition, sampler.info)
        row = condition.row(sampler.info)[None]  # (1, K)
        images = sampler.generate(row, origin.seed, origin.index, origin.truncation, condition.subclass)
        good = export_filter.accept(images, row, [origin], tallies[items[condition]])
        accepted = [origin] if good else []
        yield Accepted(items[condition], condition.subclass, images[good], row[good], sampler, accepted)
