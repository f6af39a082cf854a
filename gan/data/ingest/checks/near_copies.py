"""Find near copies by thumbnails: the same picture saved again, mirrored, shifted by up to 2 px, or made brighter.

An image's candidates are its nearest neighbours by the amplitudes of the thumbnail's Fourier transform, which neither
a shift nor, after symmetrisation, a mirror image changes. A pair is then aligned, and one thumbnail is fitted by the
other and its derivatives (brightness, contrast, a shift by parts of a pixel, some blur). What remains of the variance
tells copies from other images.

Letters: N images, Q queries, D values of a descriptor, P pairs.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from gan.data.decode import map_files
from gan.data.ingest.pixels.image_file import THUMBNAIL
from gan.io.progress import Progress, silent

CANDIDATES = 8
"""Nearest neighbours that are compared with each image."""
MIN_SIMILARITY = 0.92
"""Cosine of the descriptors of a pair from which it is compared."""
CERTAIN, POSSIBLE, DISTINCT = 0.006, 0.025, 0.125
"""A pair is a near copy if the fit leaves less than CERTAIN of the variance; or less than POSSIBLE, and less than
DISTINCT times what it leaves for the median candidate. Some digits 1 leave 0.009 of each other, but their candidates
are all alike; JPEG of quality 50 leaves more of other small images, whose candidates differ. Measured on MNIST,
PneumoniaMNIST, BreastMNIST and blood cells."""
UNLIKE = 0.16
"""What counts as left for a candidate that is not similar enough to be compared."""
FLAT_BORDER = 0.05
"""Spread along the border, relative to that of the whole thumbnail, up to which images have a plain background."""
MIN_CORRELATION = 0.7
"""Correlation of a pair, aligned at half the size, from which its fit is computed."""
MARGIN = 4
"""Pixels of a thumbnail's edge that are not compared: shifts of up to 3 px, and 1 px for derivatives."""
QUERY_BYTES = 2**26
CELL = 200
"""Images of a cell, on average: see `_candidates`."""
PROBED = 4
"""Cells that are searched for the copies of an image."""
PAIRS_AT_ONCE = 1024

_Descriptors = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Two parts (n, D) of n images each, see `_descriptors`."""
_Alike = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]
"""Queries (n,), and the positions (n, C) and similarities (n, C) of others."""


def near_copies(
    thumbnails: NDArray[np.uint8],
    queries: NDArray[np.int64],
    others: NDArray[np.int64],
    progress: Progress = silent,
) -> NDArray[np.int64]:
    """Pairs (P, 2) of a row of `queries` (Q,) and a row of `others` that show the same picture.

    `thumbnails` (N, THUMBNAIL, THUMBNAIL) hold all images. Constant images have no copies. An image has at most
    CANDIDATES pairs as a query. Where both are the same rows, a pair may come in one order or both.
    """
    varied = thumbnails.reshape(-1, THUMBNAIL**2).std(axis=1, dtype=np.float32) > 1
    queries, others = queries[varied[queries]], others[varied[others]]
    if not len(queries) or not len(others):
        return np.zeros((0, 2), dtype=np.int64)
    window = _window(thumbnails[others])
    described = _descriptors(thumbnails[others], window)
    asking = described if np.array_equal(queries, others) else _descriptors(thumbnails[queries], window)
    candidates = _candidates(asking, described, progress)
    candidates = np.where(candidates >= 0, others[candidates], -1)
    candidates[candidates == queries[:, None]] = -1
    return _copies(thumbnails, queries, candidates)


def _window(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What thumbnails are multiplied by before the transform: a Hann window, but 1 on plain backgrounds.

    Without a window, edges that a shift brings in change the amplitudes; with one, the shift itself does.
    """
    some = thumbnails[:: max(1, len(thumbnails) // 1000)]
    border = np.concatenate([some[:, 0], some[:, -1], some[:, :, 0], some[:, :, -1]], axis=1)
    flat = np.median(border.std(axis=1) / some.reshape(len(some), -1).std(axis=1)) < FLAT_BORDER
    hann = np.ones(THUMBNAIL) if flat else np.hanning(THUMBNAIL + 2)[1:-1]
    return np.outer(hann, hann).astype(np.float32)


def _descriptors(thumbnails: NDArray[np.uint8], window: NDArray[np.float32]) -> _Descriptors:
    """Amplitudes of the low frequencies, weighted by frequency, of norm 1: two parts (n, D).

    The first part is the same for a mirror image, the second has the other sign: a @ b + c @ d compares images,
    a @ b - c @ d one with the mirror image of the other.
    """
    low = 5 if window.min() == 1 else 6
    rows, columns = np.r_[0:low, 1 - low : 0], np.arange(low)
    weight = np.hypot(rows[:, None], columns[None]).astype(np.float32)
    parts: list[_Descriptors] = []
    for start in range(0, len(thumbnails), 4096):
        pixels = thumbnails[start : start + 4096].astype(np.float32)
        pixels = (pixels - pixels.mean(axis=(1, 2), keepdims=True)) * window
        amplitudes = np.abs(np.fft.rfft2(pixels)[:, rows][:, :, columns]).astype(np.float32) * weight
        amplitudes /= np.maximum(np.sqrt((amplitudes**2).sum(axis=(1, 2), keepdims=True)), 1e-6)
        mirrored = amplitudes[:, -np.arange(len(rows))]
        halves = ((amplitudes + mirrored) / 2, (amplitudes - mirrored) / 2)
        parts.append((halves[0].reshape(len(pixels), -1), halves[1].reshape(len(pixels), -1)))
    return np.concatenate([part for part, _ in parts]), np.concatenate([part for _, part in parts])


def _candidates(queries: _Descriptors, others: _Descriptors, progress: Progress) -> NDArray[np.int64]:
    """Positions (Q, CANDIDATES + 1) among the others that are most similar to each query, -1 where there are no more.

    Others are divided into cells by the nearest of some of them, and a query is compared with those of the PROBED
    nearest cells (an inverted file, Jegou et al. 2011): copies have almost equal descriptors, so they share a cell.
    """
    cells = 1 + len(others[0]) // CELL
    centres = others[0][np.random.default_rng(0).permutation(len(others[0]))[:cells]]
    cell_of = _nearest(others[0], centres, 1)[:, 0]
    probed = _nearest(queries[0], centres, PROBED)
    best = np.full((len(queries[0]), CANDIDATES + 1), -1, dtype=np.int64)  # one may be the query itself
    similarity = np.full(best.shape, MIN_SIMILARITY, dtype=np.float32)

    def compare(cell: int) -> list[_Alike]:
        members, asking = np.flatnonzero(cell_of == cell), np.flatnonzero((probed == cell).any(axis=1))
        step = max(1, QUERY_BYTES // (4 * max(1, len(members))))
        found = []
        for start in range(0, len(asking) if len(members) else 0, step):
            rows = asking[start : start + step]
            alike = queries[0][rows] @ others[0][members].T
            alike += np.abs(queries[1][rows] @ others[1][members].T)
            found.append(_most_alike(rows, members, alike))
        return found

    for results in map_files(compare, range(cells), "Comparing images", progress):
        for result in results:
            _keep_best(best, similarity, result)
    return best


def _nearest(descriptors: NDArray[np.float32], centres: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """The `count` most similar centres of each descriptor, (n, count) or fewer if there are fewer."""
    count = min(count, len(centres))
    blocks = [
        np.argpartition(descriptors[start : start + 4096] @ centres.T, -count, axis=1)[:, -count:]
        for start in range(0, len(descriptors), 4096)
    ]
    return np.concatenate(blocks)


def _most_alike(rows: NDArray[np.int64], members: NDArray[np.int64], alike: NDArray[np.float32]) -> _Alike:
    """Of `rows` (n,) that have a similar member (m,), by `alike` (n, m): the rows, their best members and values."""
    some = np.flatnonzero(alike.max(axis=1) > MIN_SIMILARITY)
    rows, alike = rows[some], alike[some]
    count = min(CANDIDATES + 1, len(members))
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


def _copies(
    thumbnails: NDArray[np.uint8], queries: NDArray[np.int64], candidates: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The pairs (P, 2) of a query and one of its candidates (Q, C), -1 for none, that are near copies."""
    position, column = np.nonzero(candidates >= 0)
    pairs = np.stack([queries[position], candidates[position, column]], axis=1)
    low, high = pairs.min(axis=1), pairs.max(axis=1)
    keys, number = np.unique(low * len(thumbnails) + high, return_inverse=True)  # each pair is compared once
    distinct = np.stack([keys // len(thumbnails), keys % len(thumbnails)], axis=1)
    values = np.zeros(len(distinct), dtype=np.float32)

    def fit(start: int) -> None:
        some = slice(start, start + PAIRS_AT_ONCE)
        first, second = (thumbnails[distinct[some, side]].astype(np.float32) for side in (0, 1))
        values[some] = unexplained(first, second)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fit, range(0, len(distinct), PAIRS_AT_ONCE)))
    left = np.full(candidates.shape, UNLIKE, dtype=np.float32)
    left[position, column] = values[number]
    copies = (left < CERTAIN) | ((left < POSSIBLE) & (left < DISTINCT * np.median(left, axis=1, keepdims=True)))
    return pairs[copies[position, column]]


def unexplained(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """The share (P,) of the variance of `first` (P, THUMBNAIL, THUMBNAIL) that an aligned `second` does not explain.

    0 for copies, 1 for images that have nothing in common. The edge of MARGIN pixels is not compared.
    """
    share = np.ones(len(first), dtype=np.float32)
    second, shift, correlation = _aligned(first, second)
    alike = np.flatnonzero(correlation > MIN_CORRELATION)
    if len(alike):
        share[alike] = _fit(first[alike], second[alike], shift[alike])
    return share


def _fit(first: NDArray[np.float32], second: NDArray[np.float32], shift: NDArray[np.int64]) -> NDArray[np.float32]:
    """The share (P,) of the variance of `first` that the shifted `second` and its derivatives do not explain."""
    inner = slice(MARGIN, -MARGIN)
    target = first[:, inner, inner].reshape(len(first), -1)
    target = target - target.mean(axis=1, keepdims=True)
    side = THUMBNAIL - 2 * MARGIN
    rows, top, left = np.arange(len(first)), MARGIN - 1 - shift[:, 0], MARGIN - 1 - shift[:, 1]
    around = sliding_window_view(second, (side + 2, side + 2), axis=(1, 2))[rows, top, left]

    moved: dict[tuple[int, int], NDArray[np.float32]] = {
        (y, x): around[:, 1 + y : 1 + y + side, 1 + x : 1 + x + side] for y in (-1, 0, 1) for x in (-1, 0, 1)
    }
    terms: list[NDArray[np.floating]] = [
        moved[0, 0],
        (moved[0, 1] - moved[0, -1]) / 2,
        (moved[1, 0] - moved[-1, 0]) / 2,
        moved[0, 1] + moved[0, -1] - 2 * moved[0, 0],
        moved[1, 0] + moved[-1, 0] - 2 * moved[0, 0],
        (moved[1, 1] + moved[-1, -1] - moved[1, -1] - moved[-1, 1]) / 4,
    ]
    factors = np.stack(terms, axis=1).reshape(len(first), len(terms), -1)
    factors -= factors.mean(axis=2, keepdims=True)
    squares = factors @ factors.transpose(0, 2, 1)
    ridge = 1e-6 * np.trace(squares, axis1=1, axis2=2) + 1e-3
    squares += ridge[:, None, None] * np.eye(len(terms), dtype=np.float32)
    fit = np.linalg.solve(squares, factors @ target[:, :, None])
    error = target - (fit.transpose(0, 2, 1) @ factors)[:, 0]
    share = (error**2).sum(axis=1) / np.maximum((target**2).sum(axis=1), 1e-3)
    return np.where(fit[:, 0, 0] > 0, share, 1).astype(np.float32)


def _aligned(
    first: NDArray[np.float32], second: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
    """`second` or its mirror images, its shift (P, 2) down and right by up to 3 px, and the correlation (P,), that fit
    `first` best. The correlation is that of thumbnails of half the size."""
    half, other = _halved(first), _halved(second)
    direct, shift = _best_shift(half, other, MARGIN // 2)
    mirrored, mirrored_shift = _best_shift(half, other[:, :, ::-1], MARGIN // 2)
    mirror = mirrored > direct
    second = np.where(mirror[:, None, None], second[:, :, ::-1], second)
    coarse = 2 * np.where(mirror[:, None], mirrored_shift, shift)
    side = THUMBNAIL - 2 * MARGIN + 2
    rows, top, left = np.arange(len(first)), MARGIN - 1 - coarse[:, 0], MARGIN - 1 - coarse[:, 1]
    around = sliding_window_view(second, (side, side), axis=(1, 2))[rows, top, left]
    inner = slice(MARGIN - 1, 1 - MARGIN)
    _, fine = _best_shift(first[:, inner, inner], around, 1)
    middle = half[:, MARGIN // 2 : -MARGIN // 2, MARGIN // 2 : -MARGIN // 2].reshape(len(first), -1)
    spread = middle.std(axis=1) * np.sqrt(middle.shape[1])
    return second, coarse + fine, np.maximum(direct, mirrored) / np.maximum(spread, 1e-3)


def _halved(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    rows = pixels[:, ::2] + pixels[:, 1::2]
    return np.asarray((rows[:, :, ::2] + rows[:, :, 1::2]) / 4)


def _best_shift(
    first: NDArray[np.float32], second: NDArray[np.float32], margin: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Score (P,) and move (P, 2) of `second`, by up to 1 px down and right, that fit the middle of `first` best.

    Scores, which are the correlation times the spread of `first`, compare moves and mirror images of a pair.
    """
    side = first.shape[1] - 2 * margin
    one = first[:, margin : margin + side, margin : margin + side].reshape(len(first), -1)
    one = one - one.mean(axis=1, keepdims=True)
    second = second - second.mean(axis=(1, 2), keepdims=True)  # so that squares stay small
    best = np.full(len(first), -2, dtype=np.float32)
    move = np.zeros((len(first), 2), dtype=np.int64)
    for down, right in product((-1, 0, 1), repeat=2):
        top, left = margin - down, margin - right
        other = second[:, top : top + side, left : left + side].reshape(len(first), -1)
        spread = np.einsum("pk,pk->p", other, other) - other.sum(axis=1) ** 2 / side**2
        score = np.einsum("pk,pk->p", one, other) / np.sqrt(np.maximum(spread, 1e-3))
        better = score > best
        best[better], move[better] = score[better], (down, right)
    return best, move
