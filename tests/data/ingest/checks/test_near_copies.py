"""Near copies are found whichever way they were made, and different images are none."""

import io
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gan.data.ingest.checks.near_copies import near_copies, unexplained
from gan.data.ingest.pixels.image_file import inspect_image

Pixels = NDArray[np.uint8]


def texture(seed: int, side: int = 60) -> Pixels:
    """Smooth noise, different for each seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))


def jpeg(pixels: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def thumbnails(folder: Path, images: list[Pixels]) -> Pixels:
    for number, pixels in enumerate(images):
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return np.stack([inspect_image(folder / f"{number}.png").thumbnail for number in range(len(images))])


@pytest.mark.parametrize(
    "copy",
    [
        lambda pixels: jpeg(pixels, 85),
        lambda pixels: jpeg(pixels, 50),
        lambda pixels: pixels[:, ::-1],
        lambda pixels: jpeg(pixels[:, ::-1], 75),
        lambda pixels: np.pad(pixels, ((2, 0), (0, 2), (0, 0)), mode="edge")[:-2, 2:],
        lambda pixels: (pixels * 0.9 + 12).astype(np.uint8),
        lambda pixels: np.asarray(Image.fromarray(pixels).resize((40, 40))),
    ],
    ids=["jpeg 85", "jpeg 50", "mirrored", "mirrored and jpeg 75", "shifted by 2 px", "brighter", "smaller"],
)
def test_each_copy_is_found_and_nothing_else(tmp_path: Path, copy: Callable[[Pixels], Pixels]) -> None:
    images = [texture(seed) for seed in range(40)]
    copies = [np.ascontiguousarray(copy(texture(seed))) for seed in range(0, 40, 4)]
    found = near_copies(thumbnails(tmp_path, [*images, *copies]), np.arange(40, 50), np.arange(40))
    assert sorted(map(tuple, found.tolist())) == [(40 + number, 4 * number) for number in range(10)]


def test_an_image_is_no_copy_of_itself(tmp_path: Path) -> None:
    images = thumbnails(tmp_path, [texture(seed) for seed in range(20)])
    assert near_copies(images, np.arange(20), np.arange(20)).shape == (0, 2)


def test_more_images_than_fit_one_block_are_compared(tmp_path: Path) -> None:
    some = np.stack([thumbnails(tmp_path, [texture(seed)])[0] for seed in range(3)])
    noise = np.random.default_rng(0).integers(0, 256, (1500, 32, 32), dtype=np.uint8)
    found = near_copies(np.concatenate([some, noise, some]), np.arange(1503, 1506), np.arange(1503))
    assert sorted(map(tuple, found.tolist())) == [(1503, 0), (1504, 1), (1505, 2)]


def test_constant_images_and_empty_sets_have_no_copies() -> None:
    flat = np.full((4, 32, 32), 7, dtype=np.uint8)
    assert near_copies(flat, np.arange(2), np.arange(2, 4)).shape == (0, 2)
    assert near_copies(flat[:0], np.arange(0), np.arange(0)).shape == (0, 2)


def test_a_copy_is_explained_and_an_inverted_image_is_not(tmp_path: Path) -> None:
    image = thumbnails(tmp_path, [texture(0)]).astype(np.float32)
    assert unexplained(image, image * 0.5 + 20)[0] < 1e-4
    assert unexplained(image, 255 - image)[0] > 0.2


@pytest.mark.parametrize("move", [(0, 0), (1, 0), (2, -2)], ids=["mirrored", "shifted by 1 px", "shifted by 2 px"])
def test_copies_on_a_plain_background_are_found_among_many_that_are_alike(move: tuple[int, int]) -> None:
    """Strokes on black, as of digits, most of them alike."""
    rng = np.random.default_rng(0)
    ends = rng.uniform(9, 23, (600, 3, 2))
    ends[:300] = ends[0] + rng.normal(0, 0.6, (300, 3, 2))
    rows, columns = np.mgrid[:32, :32]

    def stroke(points: NDArray[np.float64]) -> Pixels:
        on = [p + t * (q - p) for p, q in pairwise(points) for t in np.linspace(0, 1, 12)]
        distance = np.min([np.hypot(rows - y, columns - x) for y, x in on], axis=0)
        return (255 * np.exp(-((distance / 1.3) ** 2))).astype(np.uint8)

    images = [stroke(points) for points in ends]
    of = range(0, 600, 12)
    copies = [np.roll(images[row], move, axis=(0, 1)) if any(move) else images[row][:, ::-1] for row in of]
    found = near_copies(np.stack([*images, *copies]), np.arange(600, 650), np.arange(600))
    best = {(600 + number, row) for number, row in enumerate(of)}
    assert best <= set(map(tuple, found.tolist()))
    assert len(found) < 1.1 * len(best)
