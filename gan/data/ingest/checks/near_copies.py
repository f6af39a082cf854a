"""Find near copies by thumbnails: the same picture saved again, mirrored, shifted by up to 2 px, or made brighter.

An image's candidates are its nearest neighbours by the amplitudes of the thumbnail's Fourier transform, which neither
a shift nor, after symmetrisation, a mirror image changes. A pair is then aligned, and one thumbnail is fitted by the
other and its derivatives (brightness, contrast, a shift by parts of a pixel, some blur). What remains of the variance
tells copies from other images.

Letters: N images, Q queries, D values of a descriptor, P pairs.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

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
MARGIN = 4
"""Pixels of a thumbnail's edge that are not compared: shifts of up to 3 px, and 1 px for derivatives."""
QUERY_BYTES = 2**26
PAIRS_AT_ONCE = 1024


def near_copies(
    thumbnails: NDArray[np.uint8],
    queries: NDArray[np.int64],
    others: NDArray[np.int64],
    progress: Progress = silent,
) -> NDArray[np.int64]:
    """Pairs (P, 2) of a row of `queries` (Q,) and a row of `others` that show the same picture.

    `thumbnails` (N, THUMBNAIL, THUMBNAIL) hold all images. Constant images have no copies. An image has at most
    CANDIDATES pairs as a query. Where both are the same rows, a pair may come in one order only.
    """
    varied = thumbnails.std(axis=(1, 2)) > 1
    queries, others = queries[varied[queries]], others[varied[others]]
    if not len(queries) or not len(others):
        return np.zeros((0, 2), dtype=np.int64)
    window = _window(thumbnails[others])
    both = [np.concatenate(parts) for parts in zip(*_descriptors(thumbnails[others], window), strict=True)]
    found = [np.zeros((0, 2), dtype=np.int64)]
    step = max(1, QUERY_BYTES // (4 * len(others)))
    among_themselves = np.array_equal(queries, others)
    for start in range(0, len(queries), step):
        progress("Comparing images", start / len(queries))
        rows = queries[start : start + step]
        first = start if among_themselves else 0  # earlier pairs were compared before
        chosen = _candidates(thumbnails[rows], [part[first:] for part in both], window)
        chosen[chosen >= 0] += first
        candidates = np.where(chosen >= 0, others[chosen], -1)
        candidates[candidates == rows[:, None]] = -1
        found.append(_copies(thumbnails, rows, candidates))
    progress("Comparing images", 1.0)
    return np.concatenate(found)


def _window(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What thumbnails are multiplied by before the transform: a Hann window, but 1 on plain backgrounds.

    Without a window, edges that a shift brings in change the amplitudes; with one, the shift itself does.
    """
    some = thumbnails[:: max(1, len(thumbnails) // 1000)]
    border = np.concatenate([some[:, 0], some[:, -1], some[:, :, 0], some[:, :, -1]], axis=1)
    flat = np.median(border.std(axis=1) / some.reshape(len(some), -1).std(axis=1)) < FLAT_BORDER
    hann = np.ones(THUMBNAIL) if flat else np.hanning(THUMBNAIL + 2)[1:-1]
    return np.outer(hann, hann).astype(np.float32)


def _descriptors(
    thumbnails: NDArray[np.uint8], window: NDArray[np.float32]
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Amplitudes of the low frequencies, weighted by frequency, of norm 1: two parts (n, D) of each block of images.

    The first part is the same for a mirror image, the second has the other sign: a @ b + c @ d compares images,
    a @ b - c @ d one with the mirror image of the other.
    """
    low = 5 if window.min() == 1 else 6
    rows, columns = np.r_[0:low, 1 - low : 0], np.arange(low)
    weight = np.hypot(rows[:, None], columns[None]).astype(np.float32)
    for start in range(0, len(thumbnails), 4096):
        pixels = thumbnails[start : start + 4096].astype(np.float32)
        pixels = (pixels - pixels.mean(axis=(1, 2), keepdims=True)) * window
        amplitudes = np.abs(np.fft.rfft2(pixels)[:, rows][:, :, columns]).astype(np.float32) * weight
        amplitudes /= np.maximum(np.sqrt((amplitudes**2).sum(axis=(1, 2), keepdims=True)), 1e-6)
        mirrored = amplitudes[:, -np.arange(len(rows))]
        yield (
            ((amplitudes + mirrored) / 2).reshape(len(pixels), -1),
            ((amplitudes - mirrored) / 2).reshape(len(pixels), -1),
        )


def _candidates(
    queries: NDArray[np.uint8], both: list[NDArray[np.float32]], window: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Positions (Q, CANDIDATES + 1) of the most similar other images, -1 where there are no more."""
    mine = [np.concatenate(parts) for parts in zip(*_descriptors(queries, window), strict=True)]
    similarity = mine[0] @ both[0].T
    similarity += np.abs(mine[1] @ both[1].T)
    wanted = min(CANDIDATES + 1, similarity.shape[1])  # one may be the query itself
    block = 64
    if similarity.shape[1] <= block * wanted:
        best = np.argpartition(similarity, -wanted, axis=1)[:, -wanted:]
    else:  # the best ones are in the best blocks
        whole = similarity.shape[1] // block * block
        maxima = similarity[:, :whole].reshape(len(queries), -1, block).max(axis=2)
        blocks = np.argpartition(maxima, -wanted, axis=1)[:, -wanted:]
        inside = (blocks[:, :, None] * block + np.arange(block)).reshape(len(queries), -1)
        rest = np.broadcast_to(np.arange(whole, similarity.shape[1]), (len(queries), similarity.shape[1] - whole))
        inside = np.concatenate([inside, rest], axis=1)
        order = np.argpartition(np.take_along_axis(similarity, inside, axis=1), -wanted, axis=1)[:, -wanted:]
        best = np.take_along_axis(inside, order, axis=1)
    similar = np.take_along_axis(similarity, best, axis=1) >= MIN_SIMILARITY
    return np.where(similar, best, -1)


def _copies(
    thumbnails: NDArray[np.uint8], queries: NDArray[np.int64], candidates: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The pairs (P, 2) of a query and one of its candidates (Q, C), -1 for none, that are near copies."""
    position, column = np.nonzero(candidates >= 0)
    pairs = np.stack([queries[position], candidates[position, column]], axis=1)
    left = np.full(candidates.shape, UNLIKE, dtype=np.float32)
    for start in range(0, len(pairs), PAIRS_AT_ONCE):
        some = slice(start, start + PAIRS_AT_ONCE)
        first, second = (thumbnails[pairs[some, side]].astype(np.float32) for side in (0, 1))
        left[position[some], column[some]] = unexplained(first, second)
    copies = (left < CERTAIN) | ((left < POSSIBLE) & (left < DISTINCT * np.median(left, axis=1, keepdims=True)))
    return pairs[copies[position, column]]


def unexplained(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """The share (P,) of the variance of `first` (P, THUMBNAIL, THUMBNAIL) that an aligned `second` does not explain.

    0 for copies, 1 for images that have nothing in common. The edge of MARGIN pixels is not compared.
    """
    second, shift = _aligned(first, second)
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


def _aligned(first: NDArray[np.float32], second: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """`second` or its mirror images, and its shift (P, 2) down and right by up to 3 px, that fit `first` best."""
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
    return second, coarse + fine


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
