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
from threadpoolctl import threadpool_limits

from gan.data.ingest.checks.similar_descriptors import Cells, Descriptors
from gan.data.ingest.pixels.thumbnail import THUMBNAIL
from gan.io.progress import Progress, silent

CANDIDATES = 8
"""Nearest neighbours that are compared with each image."""
MIN_SIMILARITY, PLAIN_SIMILARITY = 0.92, 0.985
"""Cosine of the descriptors of a pair from which it is compared, and on a plain background, where a shift does not
change them: copies of digits have more than 0.994."""
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
PAIRS_AT_ONCE = 1024


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
    spread = thumbnails.reshape(-1, THUMBNAIL**2).std(axis=1, dtype=np.float32)
    queries, others = queries[spread[queries] > 1], others[spread[others] > 1]
    if not len(queries) or not len(others):
        return np.zeros((0, 2), dtype=np.int64)
    plain = _border_spread(thumbnails) < FLAT_BORDER * spread
    with threadpool_limits(1, "blas"):  # threads that wait for each other's small products would take twice the time
        return _near_copies(thumbnails, plain, queries, others, progress)


def _near_copies(
    thumbnails: NDArray[np.uint8],
    plain: NDArray[np.bool_],
    queries: NDArray[np.int64],
    others: NDArray[np.int64],
    progress: Progress,
) -> NDArray[np.int64]:
    """`near_copies` of images that are not constant. `plain` (N,) are those with a plain background.

    Where most are, an image with a plain background can only be a copy of candidates above PLAIN_SIMILARITY. If one of
    these is possible, the others are compared, too: which is a copy depends on what is left of them.
    """
    most_plain = bool(plain[others].mean() > 0.5)
    window = _window(most_plain)
    cells = Cells.of(_descriptors(thumbnails[others], window))
    asking = cells.descriptors if np.array_equal(queries, others) else _descriptors(thumbnails[queries], window)
    count = CANDIDATES if asking is cells.descriptors else CANDIDATES + 1
    own = np.full(len(thumbnails), -1, dtype=np.int64)
    own[others] = np.arange(len(others))

    def compare(some: NDArray[np.int64], least: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        described = (asking[0][some], asking[1][some])
        found = cells.most_similar(described, own[queries[some]], count, least, progress)
        candidates = np.where(found >= 0, others[found], -1)
        return candidates, _left(thumbnails, queries[some], candidates)

    least = np.where(plain[queries] & most_plain, PLAIN_SIMILARITY, MIN_SIMILARITY).astype(np.float32)
    candidates, left = compare(np.arange(len(queries)), least)
    unsure = np.flatnonzero((left < POSSIBLE).any(axis=1) & (least > MIN_SIMILARITY))
    if len(unsure):
        candidates[unsure], left[unsure] = compare(unsure, np.full(len(unsure), MIN_SIMILARITY, dtype=np.float32))
    copies = (left < CERTAIN) | ((left < POSSIBLE) & (left < DISTINCT * np.median(left, axis=1, keepdims=True)))
    row, column = np.nonzero(copies)
    return np.stack([queries[row], candidates[row, column]], axis=1)


def _border_spread(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The spread (n,) of the pixels along the border of each image (n, THUMBNAIL, THUMBNAIL)."""
    border = np.concatenate([thumbnails[:, 0], thumbnails[:, -1], thumbnails[:, :, 0], thumbnails[:, :, -1]], axis=1)
    return np.asarray(border.std(axis=1, dtype=np.float32))


def _window(plain: bool) -> NDArray[np.float32]:
    """What thumbnails are multiplied by before the transform: a Hann window, but 1 on plain backgrounds.

    Without a window, edges that a shift brings in change the amplitudes; with one, the shift itself does.
    """
    hann = np.ones(THUMBNAIL) if plain else np.hanning(THUMBNAIL + 2)[1:-1]
    return np.outer(hann, hann).astype(np.float32)


def _descriptors(thumbnails: NDArray[np.uint8], window: NDArray[np.float32]) -> Descriptors:
    """Amplitudes of the low frequencies, weighted by frequency, of norm 1: two parts (n, D).

    The first part is the same for a mirror image, the second has the other sign: a @ b + c @ d compares images,
    a @ b - c @ d one with the mirror image of the other.
    """
    low = 5 if window.min() == 1 else 6
    rows, columns = np.r_[0:low, 1 - low : 0], np.arange(low)
    weight = np.hypot(rows[:, None], columns[None]).astype(np.float32)
    angles = 2 * np.pi / THUMBNAIL * np.arange(THUMBNAIL)
    right = np.concatenate([np.cos(np.outer(angles, columns)), np.sin(np.outer(angles, columns))], axis=1)
    down = np.concatenate([np.cos(np.outer(rows, angles)), np.sin(np.outer(rows, angles))])
    right, down = right.astype(np.float32), down.astype(np.float32)
    parts: list[Descriptors] = []
    for start in range(0, len(thumbnails), 1024):
        pixels = thumbnails[start : start + 1024].astype(np.float32)
        pixels = (pixels - pixels.mean(axis=(1, 2), keepdims=True)) * window
        waves = down @ (pixels.reshape(-1, THUMBNAIL) @ right).reshape(-1, THUMBNAIL, 2 * low)
        cosines, sines = waves[:, : len(rows)], waves[:, len(rows) :]
        amplitudes = weight * np.hypot(cosines[..., :low] - sines[..., low:], cosines[..., low:] + sines[..., :low])
        amplitudes /= np.maximum(np.sqrt((amplitudes**2).sum(axis=(1, 2), keepdims=True)), 1e-6)
        mirrored = amplitudes[:, -np.arange(len(rows))]
        halves = ((amplitudes + mirrored) / 2, (amplitudes - mirrored) / 2)
        parts.append((halves[0].reshape(len(pixels), -1), halves[1].reshape(len(pixels), -1)))
    return np.concatenate([part for part, _ in parts]), np.concatenate([part for _, part in parts])


def _left(
    thumbnails: NDArray[np.uint8], queries: NDArray[np.int64], candidates: NDArray[np.int64]
) -> NDArray[np.float32]:
    """What is left (Q, CANDIDATES + 1) of the variance of each query and its candidates (Q, CANDIDATES).

    It is UNLIKE in the last column, and where there is no candidate (-1).
    """
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
    left = np.full((len(queries), CANDIDATES + 1), UNLIKE, dtype=np.float32)
    left[position, column] = values[number]
    return left


def unexplained(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """The share (P,) of the variance of `first` (P, THUMBNAIL, THUMBNAIL) that an aligned `second` does not explain.

    0 for copies, 1 for images that have nothing in common. The edge of MARGIN pixels is not compared.
    """
    share = np.ones(len(first), dtype=np.float32)
    mirror, coarse, correlation = _coarsely_aligned(first, second)
    alike = np.flatnonzero(correlation > MIN_CORRELATION)
    if len(alike):
        first, second, coarse = first[alike], second[alike], coarse[alike]
        second = np.where(mirror[alike, None, None], second[:, :, ::-1], second)
        share[alike] = _fit(first, second, coarse + _fine_shift(first, second, coarse))
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


def _coarsely_aligned(
    first: NDArray[np.float32], second: NDArray[np.float32]
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.float32]]:
    """Whether the mirror image of `second` fits `first` better, and its best shift (P, 2) by 2 px down and right, with
    the correlation (P,) that they have at half the size."""
    half, other = _halved(first), _halved(second)
    direct, shift = _best_shift(half, other, MARGIN // 2)
    mirrored, mirrored_shift = _best_shift(half, other[:, :, ::-1], MARGIN // 2)
    mirror = mirrored > direct
    coarse = 2 * np.where(mirror[:, None], mirrored_shift, shift)
    middle = half[:, MARGIN // 2 : -MARGIN // 2, MARGIN // 2 : -MARGIN // 2].reshape(len(first), -1)
    spread = middle.std(axis=1) * np.sqrt(middle.shape[1])
    return mirror, coarse, np.maximum(direct, mirrored) / np.maximum(spread, 1e-3)


def _fine_shift(
    first: NDArray[np.float32], second: NDArray[np.float32], coarse: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The shift (P, 2) by up to 1 px that fits `first` best, beyond the coarse one of `second`."""
    side = THUMBNAIL - 2 * MARGIN + 2
    rows, top, left = np.arange(len(first)), MARGIN - 1 - coarse[:, 0], MARGIN - 1 - coarse[:, 1]
    around = sliding_window_view(second, (side, side), axis=(1, 2))[rows, top, left]
    inner = slice(MARGIN - 1, 1 - MARGIN)
    return _best_shift(first[:, inner, inner], around, 1)[1]


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
