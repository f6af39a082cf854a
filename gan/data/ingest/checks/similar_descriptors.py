"""Search a set of descriptors for those most similar to each query.

Letters: n descriptors, Q queries, D values of a descriptor, C candidates of a query.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan.data.decode import map_files
from gan.io.progress import Progress

CELL = 200
"""Descriptors of a cell, on average."""
PROBED = 6
"""Cells that are searched for the descriptors similar to one."""
BLOCK_BYTES = 2**26

Descriptors = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Two parts (n, D). The similarity of two is `first @ other_first + abs(second @ other_second)`."""
_Alike = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]
"""Queries (n,), and the positions (n, C) and similarities (n, C) of others."""


@dataclass(frozen=True)
class Cells:
    """Descriptors (n, D), divided into cells by the nearest of some of them (an inverted file, Jegou et al. 2011).

    Copies have almost equal descriptors, so they share a cell, or lie in neighbouring ones. `members` are positions
    sorted by cell; those of cell c go from `starts[c]` to `starts[c + 1]`.
    """

    descriptors: Descriptors
    centres: NDArray[np.float32]
    members: NDArray[np.int64]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, descriptors: Descriptors) -> "Cells":
        """Cells of CELL descriptors on average."""
        first = descriptors[0]
        centres = first[np.random.default_rng(0).permutation(len(first))[: 1 + len(first) // CELL]]
        members, starts = _by_cell(_nearest(first, centres, 1), len(centres))
        return cls(descriptors, centres, members, starts)

    def most_similar(
        self,
        queries: Descriptors,
        own: NDArray[np.int64],
        count: int,
        least: NDArray[np.float32],
        progress: Progress,
    ) -> NDArray[np.int64]:
        """Positions (Q, count) of those that are most similar to each query, -1 where there are no more.

        Only similarities above `least` (Q,) count. `own` (Q,) are positions that queries have themselves among the
        descriptors, or -1: they are not compared with these. A query is compared with the PROBED nearest cells.
        """
        nearest = _nearest(queries[0], self.centres, PROBED)
        rows, starts = _by_cell(nearest, len(self.centres))
        best = np.full((len(queries[0]), count), -1, dtype=np.int64)
        similarity = np.repeat(least[:, None], count, axis=1)

        def compare(cell: int) -> list[_Alike]:
            members = self.members[self.starts[cell] : self.starts[cell + 1]]
            asking = rows[starts[cell] : starts[cell + 1]]
            if not len(members) or not len(asking):
                return []
            others = (self.descriptors[0][members], self.descriptors[1][members])
            step = max(1, BLOCK_BYTES // (4 * len(members)))
            found = []
            for start in range(0, len(asking), step):
                some = asking[start : start + step]
                alike = _similarity((queries[0][some], queries[1][some]), others)
                position = np.searchsorted(members, own[some]).clip(max=len(members) - 1)
                itself = np.flatnonzero(members[position] == own[some])
                alike[itself, position[itself]] = -1
                found.append(_most_alike(some, members, alike, count, least[some]))
            return found

        for results in map_files(compare, range(len(self.centres)), "Comparing images", progress):
            for result in results:
                _keep_best(best, similarity, result)
        return best


def _similarity(queries: Descriptors, others: Descriptors) -> NDArray[np.float32]:
    """Similarities (Q, n)."""
    alike, signed = queries[0] @ others[0].T, queries[1] @ others[1].T
    alike += np.abs(signed, out=signed)
    return alike


def _by_cell(cells: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows of `cells` (n, C) sorted by each of their cells, and the start of each cell, (count + 1,)."""
    order = np.argsort(cells, axis=None, kind="stable")
    starts = np.searchsorted(cells.reshape(-1)[order], np.arange(count + 1))
    return order // cells.shape[1], starts


def _nearest(descriptors: NDArray[np.float32], centres: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """The `count` nearest centres of each descriptor, (n, count) or fewer if there are fewer."""
    count = min(count, len(centres))
    half_squares = (centres**2).sum(axis=1) / 2
    blocks = [
        np.argpartition(half_squares - descriptors[start : start + 4096] @ centres.T, count - 1, axis=1)[:, :count]
        for start in range(0, len(descriptors), 4096)
    ]
    return np.concatenate(blocks)


def _most_alike(
    rows: NDArray[np.int64],
    members: NDArray[np.int64],
    alike: NDArray[np.float32],
    count: int,
    least: NDArray[np.float32],
) -> _Alike:
    """Of `rows` (n,) that have a member (m,) above `least` (n,), by `alike` (n, m): the rows, their best members and
    values."""
    some = np.flatnonzero(alike.max(axis=1) > least)
    rows, alike = rows[some], alike[some]
    count = min(count, len(members))
    top = np.argpartition(alike, -count, axis=1)[:, -count:]
    return rows, members[top], np.take_along_axis(alike, top, axis=1)


def _keep_best(best: NDArray[np.int64], similarity: NDArray[np.float32], found: _Alike) -> None:
    """Put what was found into `best` and `similarity` (Q, C), where it is more similar."""
    rows, members, alike = found
    values = np.concatenate([similarity[rows], alike], axis=1)
    positions = np.concatenate([best[rows], members], axis=1)
    order = np.argpartition(values, -best.shape[1], axis=1)[:, -best.shape[1] :]
    similarity[rows] = np.take_along_axis(values, order, axis=1)
    best[rows] = np.take_along_axis(positions, order, axis=1)
