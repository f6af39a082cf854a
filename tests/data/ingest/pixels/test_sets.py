"""Whole sets of deep, floating-point and grey-in-colour files, from the check to the arrays that are trained on."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from gan.data.ingest.checks.check import check_images
from gan.data.ingest.import_plan import ImportPlan
from gan.data.ingest.pixels.image_file import read_image_file
from tests.data.ingest.pixels.image_writers import png_of, saved, write
from tests.support.image_files import read_folder


def noise(seed: int, *shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (32, 32, *shape), dtype=np.uint8)


def write_set(root: Path, write_image: Callable[[Path, int], object]) -> list[int]:
    """22 images in each of two classes; the seeds in the order of the set's files."""
    for name in ("a", "b"):
        (root / name).mkdir(parents=True)
        for number in range(22):
            write_image(root / name / f"{number:02d}", number + (100 if name == "b" else 0))
    return [*range(22), *range(100, 122)]


def test_grey_stored_as_colour_is_trained_with_one_channel(tmp_path: Path) -> None:
    seeds = write_set(
        tmp_path, lambda path, seed: Image.fromarray(np.dstack([noise(seed)] * 3)).save(path.with_suffix(".png"))
    )
    report = check_images(tmp_path)
    assert report.modes == {"grey stored as colour, 8-bit": 44}
    images = read_folder(tmp_path, 32).images
    assert images.shape == (44, 1, 32, 32)
    assert all(np.array_equal(image[0], noise(seed)) for image, seed in zip(images, seeds, strict=True))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_colour_of_12_bits_in_16_is_trained_at_its_own_brightness(tmp_path: Path, suffix: str) -> None:
    def write_image(path: Path, seed: int) -> None:
        pixels = noise(seed, 3).astype(np.uint16) * 16
        if suffix == ".png":
            write(path.with_suffix(suffix), png_of(pixels, 2))
        else:
            tifffile.imwrite(path.with_suffix(suffix), pixels, photometric="rgb")

    seeds = write_set(tmp_path, write_image)
    assert check_images(tmp_path).window == (0, 4095)
    images = read_folder(tmp_path, 32).images
    for image, seed in zip(images, seeds, strict=True):
        expected = np.rint(noise(seed, 3).transpose(2, 0, 1) * (16 * 255 / 4095))
        assert np.array_equal(image, expected)


def test_floating_point_sets_keep_their_window(tmp_path: Path) -> None:
    seeds = write_set(
        tmp_path / "set", lambda path, seed: tifffile.imwrite(path.with_suffix(".tif"), noise(seed) / np.float32(255))
    )
    report = check_images(tmp_path / "set")
    assert report.plan is not None
    assert report.window == pytest.approx((0, 1), abs=0.01)
    report.plan.save(tmp_path / "set")
    assert ImportPlan.load(tmp_path / "set").window == report.window
    (tmp_path / "set" / "plan.json").unlink()
    images = read_folder(tmp_path / "set", 32).images
    for image, seed in zip(images, seeds, strict=True):
        assert np.abs(image[0].astype(int) - noise(seed)).max() <= 2


def test_inverted_and_plain_files_of_a_set_look_alike(tmp_path: Path) -> None:
    """MINISWHITE beside MINISBLACK, with the same picture in both."""

    def write_image(path: Path, seed: int) -> None:
        levels = noise(seed).astype(np.uint16) * 16
        inverted = seed % 2 == 0
        tifffile.imwrite(
            path.with_suffix(".tif"),
            65535 - levels if inverted else levels,
            photometric="miniswhite" if inverted else "minisblack",
        )

    seeds = write_set(tmp_path, write_image)
    images = read_folder(tmp_path, 32).images
    for image, seed in zip(images, seeds, strict=True):
        assert np.abs(image[0].astype(int) - noise(seed)).max() <= 2


def test_the_same_picture_in_16_and_8_bits_of_colour_is_the_same(tmp_path: Path) -> None:
    pixels = noise(1, 3)
    deep = write(tmp_path / "16.png", png_of(pixels.astype(np.uint16) * 257, 2))
    plain = write(tmp_path / "8.png", saved(Image.fromarray(pixels), "png"))
    assert np.array_equal(read_image_file(deep).to_uint8(3, None), read_image_file(plain).pixels)
