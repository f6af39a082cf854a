"""What a check keeps of an image: window, thumbnail, digest, and whether grey is stored as colour."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan.data.ingest.pixels.image_file import inspect_image, read_image_file
from tests.data.ingest.pixels.image_writers import COLOUR, png_of, saved, write


def test_grey_stored_as_colour_is_the_grey_image(tmp_path: Path) -> None:
    grey = np.zeros((32, 32), dtype=np.uint8)
    grey[:16, 16:] = 200
    stored = inspect_image(write(tmp_path / "rgb.png", saved(Image.fromarray(grey).convert("RGB"), "png")))
    plain = inspect_image(write(tmp_path / "grey.bmp", saved(Image.fromarray(grey), "bmp")))
    assert (stored.colour, stored.grey_stored_as_colour, stored.mode) == (False, True, "grey stored as colour, 8-bit")
    assert (plain.colour, plain.grey_stored_as_colour, plain.mode) == (False, False, "grey, 8-bit")
    assert stored.digest == plain.digest
    assert np.array_equal(read_image_file(tmp_path / "rgb.png").to_uint8(1, None), grey)
    assert np.array_equal(read_image_file(tmp_path / "grey.bmp").to_uint8(3, None), np.dstack([grey] * 3))
    coloured = np.dstack([grey] * 3)
    coloured[31, 31, 2] = 1
    assert inspect_image(write(tmp_path / "colour.png", saved(Image.fromarray(coloured), "png"))).colour


def test_the_thumbnail_is_grey_and_in_the_images_own_window(tmp_path: Path) -> None:
    grey = np.kron([[0, 200], [0, 0]], np.ones((16, 16))).astype(np.uint8)
    info = inspect_image(write(tmp_path / "8.png", saved(Image.fromarray(grey), "png")))
    assert info.thumbnail.dtype == np.uint8
    assert np.array_equal(info.thumbnail, grey)
    info = inspect_image(write(tmp_path / "16.png", png_of(grey * np.int64(300) + 1000, 0)))  # 1000 and 61000
    assert info.levels == (1000, 61000)
    assert np.array_equal(info.thumbnail, np.where(grey, 255, 0))
    red = np.zeros((32, 32, 3), dtype=np.uint8)
    red[..., 0] = 255
    info = inspect_image(write(tmp_path / "red.png", saved(Image.fromarray(red), "png")))
    assert (info.thumbnail == 76).all()  # 0.299 * 255


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 0, 9)])
def test_an_image_of_one_colour_is_constant(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    pixels = np.full((20, 20, 3), colour, dtype=np.uint8)
    assert inspect_image(write(tmp_path / "8.png", saved(Image.fromarray(pixels), "png"))).constant
    assert inspect_image(write(tmp_path / "16.png", png_of(pixels, 2))).constant
    pixels[19, 19, 2] = 7
    assert not inspect_image(write(tmp_path / "x.png", saved(Image.fromarray(pixels), "png"))).constant


def test_the_window_is_not_stretched_by_one_hot_pixel(tmp_path: Path) -> None:
    levels = np.linspace(1000, 3000, 2500).round().astype(np.uint16).reshape(50, 50)
    levels[0, 0] = 65535
    info = inspect_image(write(tmp_path / "x.png", png_of(levels, 0)))
    assert info.levels is not None
    low, high = info.levels
    assert 1000 <= low <= 1003
    assert 2997 <= high <= 3000


def test_few_bright_pixels_on_black_have_their_own_range(tmp_path: Path) -> None:
    levels = np.zeros((100, 100), dtype=np.uint16)
    levels[4, 4] = 900
    info = inspect_image(write(tmp_path / "x.png", png_of(levels, 0)))
    assert (info.levels, info.constant) == ((0, 900), False)


@pytest.mark.parametrize(
    ("top", "high"), [(250, 255), (1000, 1023), (4080, 4095), (16000, 16383), (16384, 65535), (65535, 65535)]
)
def test_colour_gets_the_range_of_its_bits_in_all_channels(tmp_path: Path, top: int, high: int) -> None:
    path = write(tmp_path / "x.png", png_of(np.array([[[top, 0, 0], [top // 2, top // 4, 0]]] * 2), 2))
    assert inspect_image(path).levels == (0, high)
    red, brown = read_image_file(path).to_uint8(3, None)[0].astype(int)
    assert red.tolist() == [round(top * 255 / high), 0, 0]
    assert np.abs(brown - np.array([top / 2, top / 4, 0]) * 255 / high).max() <= 1


def test_a_window_maps_its_ends_to_black_and_white(tmp_path: Path) -> None:
    image = read_image_file(write(tmp_path / "x.png", png_of(np.array([[0, 1000, 1500], [2000, 3000, 60000]]), 0)))
    assert image.to_uint8(1, (1000, 3000)).tolist() == [[0, 0, 64], [128, 255, 255]]  # 63.75 and 127.5 of 255
    assert image.to_uint8(3, (1000, 3000))[0].tolist() == [[0] * 3, [0] * 3, [64] * 3]
    assert image.to_uint8(1, (7, 7)).tolist() == [[0] * 3] * 2


def test_equal_pixels_have_equal_digests_in_any_format(tmp_path: Path) -> None:
    digests = {
        inspect_image(write(tmp_path / suffix, saved(Image.fromarray(COLOUR), suffix))).digest
        for suffix in ("png", "bmp", "tiff", "ppm")
    }
    assert len(digests) == 1
    swapped = write(tmp_path / "x", saved(Image.fromarray(COLOUR[..., ::-1].copy()), "png"))
    assert inspect_image(swapped).digest not in digests
