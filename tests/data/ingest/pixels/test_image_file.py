"""Pixels of every kind of file but TIFF, against levels worked out by hand."""

import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image

from gan.data.ingest.pixels.image_file import read_image_file
from tests.data.ingest.pixels.image_writers import (
    COLOUR,
    GREY,
    TURNED,
    exif_chunk,
    icc_profile,
    png_chunk,
    png_of,
    saved,
    write,
)

BLOCKS = np.kron(COLOUR, np.ones((16, 16, 1), dtype=np.uint8))
"""COLOUR in squares of 16 px, which lossy codecs keep within a few levels."""
PALETTE = png_chunk(b"PLTE", bytes([9, 9, 9, 255, 0, 0, 0, 255, 0, 0, 0, 255]))
INDICES = np.array([[1, 2, 3], [3, 2, 1]], dtype=np.uint8)
INDEXED = [[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[0, 0, 255], [0, 255, 0], [255, 0, 0]]]


@pytest.mark.parametrize(
    ("content", "expected", "mode"),
    [
        (saved(Image.fromarray(GREY), "png"), GREY, "grey, 8-bit"),
        (saved(Image.fromarray(COLOUR), "png"), COLOUR, "colour, 8-bit"),
        (saved(Image.fromarray(COLOUR), "png", interlace=1), COLOUR, "colour, 8-bit"),
        (saved(Image.fromarray(GREY > 100), "png"), [[0, 0, 0], [255, 255, 255]], "grey, 8-bit"),
        (png_of(INDICES, 3, 8, [PALETTE]), INDEXED, "colour, 8-bit"),
        (saved(Image.fromarray(GREY).convert("P"), "png"), GREY, "grey, 8-bit"),
        (saved(Image.fromarray(GREY), "bmp"), GREY, "grey, 8-bit"),
        (saved(Image.fromarray(COLOUR), "bmp"), COLOUR, "colour, 8-bit"),
        (saved(Image.fromarray(COLOUR).quantize(6), "gif"), COLOUR, "colour, 8-bit"),
        (saved(Image.fromarray(GREY), "gif"), GREY, "grey, 8-bit"),
        (saved(Image.fromarray(COLOUR), "webp", lossless=True), COLOUR, "colour, 8-bit"),
        (saved(Image.fromarray(GREY), "jpeg2000"), GREY, "grey, 8-bit"),
        (saved(Image.fromarray(COLOUR), "jpeg2000"), COLOUR, "colour, 8-bit"),
        (b"P2\n# levels\n3 2\n250\n0 50 100 150 200 250\n", [[0, 51, 102], [153, 204, 255]], "grey, 8-bit"),
        (b"P5 3 2 255\n" + GREY.tobytes(), GREY, "grey, 8-bit"),
        (b"P6 3 2 255\n" + COLOUR.tobytes(), COLOUR, "colour, 8-bit"),
        (b"P4 3 2\n\x40\xa0", [[255, 0, 255], [0, 255, 0]], "grey, 8-bit"),
        (imagecodecs.ljpeg_encode(GREY), GREY, "grey, 8-bit"),
    ],
    ids=[
        "png-grey", "png-rgb", "png-interlaced", "png-1-bit", "png-palette", "png-grey-palette", "bmp-grey", "bmp-rgb",
        "gif", "gif-grey", "webp", "jp2-grey", "jp2-rgb", "pgm-plain", "pgm", "ppm", "pbm", "jpeg-lossless",
    ],
)  # fmt: skip
def test_8_bits_are_read_as_they_are(tmp_path: Path, content: bytes, expected: object, mode: str) -> None:
    image = read_image_file(write(tmp_path / "image", content))
    assert (image.mode, image.pixels.dtype, image.frames) == (mode, np.uint8, 1)
    assert np.array_equal(image.pixels, np.array(expected))


def heic(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(file, quality=-1)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        saved(Image.fromarray(BLOCKS), "jpeg", quality=95, subsampling=0),
        saved(Image.fromarray(BLOCKS).convert("CMYK"), "jpeg", quality=95, subsampling=0),
        saved(Image.fromarray(BLOCKS), "avif", quality=95, subsampling="4:4:4"),
        saved(Image.fromarray(BLOCKS), "webp", quality=100),
        heic(BLOCKS),
    ],
    ids=["jpeg", "jpeg-cmyk", "avif", "webp", "heic"],
)
def test_lossy_files_keep_their_colours(tmp_path: Path, content: bytes) -> None:
    image = read_image_file(write(tmp_path / "image", content))
    assert image.mode == "colour, 8-bit"
    assert np.abs(image.pixels[8::16, 8::16].astype(int) - COLOUR).max() <= 12


GREY_12 = GREY.astype(np.uint16) * 16  # 0 to 4000
COLOUR_12 = COLOUR.astype(np.uint16) * 16  # 0 to 4080
COLOUR_16 = COLOUR.astype(np.uint16) * 257  # 0 to 65535
OPAQUE = np.full((2, 3), 65535, dtype=np.uint16)


@pytest.mark.parametrize(
    ("content", "expected", "mode"),
    [
        (png_of(GREY_12, 0), GREY_12, "grey, 16-bit"),
        (png_of(np.dstack([GREY_12, OPAQUE]), 4), GREY_12, "grey, 16-bit, alpha dropped"),
        (png_of(COLOUR_16, 2), COLOUR_16, "colour, 16-bit"),
        (png_of(COLOUR_12, 2), COLOUR_12, "colour, 16-bit"),
        (png_of(np.dstack([COLOUR_12, OPAQUE]), 6), COLOUR_12, "colour, 16-bit, alpha dropped"),
        (b"P5 3 2 65535\n" + GREY_12.astype(">u2").tobytes(), GREY_12, "grey, 16-bit"),
        (b"P6\n# by a camera\n3 2\n65535\n" + COLOUR_12.astype(">u2").tobytes(), COLOUR_12, "colour, 16-bit"),
        (b"P3 3 2 65535\n" + b" ".join(b"%d" % level for level in COLOUR_12.ravel()), COLOUR_12, "colour, 16-bit"),
        (imagecodecs.jpeg2k_encode(GREY_12, level=0), GREY_12, "grey, 16-bit"),
        (imagecodecs.jpeg2k_encode(COLOUR_12, level=0), COLOUR_12, "colour, 16-bit"),
    ],
    ids=["grey", "grey-alpha", "rgb", "rgb-of-12", "rgba", "pgm", "ppm", "ppm-plain", "jp2-grey", "jp2-rgb"],
)
def test_16_bits_are_kept(tmp_path: Path, content: bytes, expected: NDArray[Any], mode: str) -> None:
    image = read_image_file(write(tmp_path / "image", content))
    assert (image.mode, image.pixels.dtype) == (mode, np.int32)
    assert np.array_equal(image.pixels, expected)


def test_floating_point_pnm_is_read(tmp_path: Path) -> None:
    levels = np.array([[0.5, 0.25], [-1, 2]], dtype="<f4")
    image = read_image_file(write(tmp_path / "x.pfm", b"Pf\n2 2\n-1.0\n" + levels[::-1].tobytes()))
    assert image.pixels.tolist() == levels.tolist()
    assert image.to_uint8(1, (-1, 2)).tolist() == [[128, 106], [0, 255]]  # 1.5 / 3 and 1.25 / 3 of 255


def jpeg_turned(stored: NDArray[Any], orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    blocks = np.kron(stored, np.ones((8, 8))).astype(np.uint8)
    return saved(Image.fromarray(blocks), "jpeg", exif=exif, quality=100)


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize(
    "write_turned",
    [
        lambda stored, orientation: png_of(stored, 0, 8, [exif_chunk(orientation)]),
        lambda stored, orientation: png_of(stored, 0, 16, [exif_chunk(orientation)]),
        lambda stored, orientation: png_of(np.dstack([stored] * 3), 2, 16, [exif_chunk(orientation)]),
        jpeg_turned,
    ],
    ids=["png-8", "png-16", "png-16-rgb", "jpeg"],
)
def test_images_are_turned_upright(
    tmp_path: Path, write_turned: Callable[[NDArray[Any], int], bytes], orientation: int
) -> None:
    upright = np.array(TURNED[1]) * 40
    image = read_image_file(write(tmp_path / "image", write_turned(np.array(TURNED[orientation]) * 40, orientation)))
    pixels = image.pixels[:, :, 0] if image.pixels.ndim == 3 else image.pixels
    scale = pixels.shape[0] // 2
    assert pixels.shape == (2 * scale, 3 * scale)
    assert np.abs(pixels[::scale, ::scale] - upright).max() <= (0 if scale == 1 else 2)


@pytest.mark.parametrize(
    ("content", "expected", "hides"),
    [
        (png_of(np.dstack([GREY, [[255] * 3] * 2]), 4, 8), GREY, False),
        (png_of(np.dstack([GREY, [[0, 0, 255]] * 2]), 4, 8), GREY, True),
        (png_of(np.dstack([COLOUR, [[255] * 3] * 2]), 6, 8), COLOUR, False),
        (png_of(np.dstack([COLOUR, [[0, 255, 255], [255] * 3]]), 6, 8), COLOUR, False),
        (png_of(np.dstack([COLOUR, [[0, 0, 255], [255] * 3]]), 6, 8), COLOUR, True),
        (png_of(np.dstack([COLOUR_12, [[0, 0, 255], [255] * 3]]), 6), COLOUR_12, True),
        (png_of(COLOUR, 2, 8, [png_chunk(b"tRNS", bytes([0, 255, 0, 0, 0, 0]))]), COLOUR, False),
        (png_of(INDICES, 3, 8, [PALETTE, png_chunk(b"tRNS", bytes([255, 0]))]), INDEXED, False),
        (saved(Image.fromarray(np.dstack([COLOUR, GREY + 5])), "webp", lossless=True, exact=True), COLOUR, False),
    ],
    ids=["la", "la-hides", "rgba", "rgba-one-hidden", "rgba-hides", "rgba-16-hides", "colour-key", "palette", "webp"],
)
def test_alpha_is_dropped_and_what_it_hides_is_known(
    tmp_path: Path, content: bytes, expected: object, hides: bool
) -> None:
    image = read_image_file(write(tmp_path / "image", content))
    assert np.array_equal(image.pixels, np.array(expected))
    assert (image.alpha, image.alpha_hides) == (True, hides)
    assert image.mode.endswith(", alpha dropped")


@pytest.mark.parametrize("image_format", ["gif", "webp", "png", "avif"])
def test_frames_are_counted_and_read_by_number(tmp_path: Path, image_format: str) -> None:
    shifted = [Image.fromarray(np.roll(BLOCKS, 16 * number, axis=1)) for number in range(3)]
    path = write(tmp_path / "x", saved(shifted[0], image_format, save_all=True, append_images=shifted[1:]))
    for number in range(3):
        image = read_image_file(path, number)
        assert image.frames == 3
        centres = image.pixels[8::16, 8::16].astype(int)
        assert np.abs(centres - np.roll(COLOUR, number, axis=1)).max() <= 60  # lossy


def test_the_second_picture_of_a_phone_is_no_frame(tmp_path: Path) -> None:
    second = Image.fromarray(BLOCKS).resize((24, 16))
    path = write(tmp_path / "x.jpg", saved(Image.fromarray(BLOCKS), "mpo", save_all=True, append_images=[second]))
    image = read_image_file(path)
    assert (image.frames, image.pixels.shape) == (1, (32, 48, 3))


@pytest.mark.parametrize("image_format", ["png", "jpeg", "tiff", "webp"])
def test_colours_are_converted_to_srgb(tmp_path: Path, image_format: str) -> None:
    colours = Image.new("RGB", (16, 16), (128, 0, 255))
    linear = saved(colours, image_format, icc_profile=icc_profile(1, "linear light"))
    image = read_image_file(write(tmp_path / "linear", linear))
    # 128/255 of the light is 1.055 * 0.502 ** (1 / 2.4) - 0.055 = 0.7366 in sRGB: 188.
    assert np.abs(image.pixels[8, 8].astype(int) - (188, 0, 255)).max() <= 4
    assert "converted from linear light to sRGB" in image.mode
    srgb = saved(colours, image_format, icc_profile=icc_profile(2.2, "sRGB v2"))
    image = read_image_file(write(tmp_path / "srgb", srgb))
    assert np.abs(image.pixels[8, 8].astype(int) - (128, 0, 255)).max() <= 4
    assert image.mode == "colour, 8-bit"


def test_an_unusable_colour_profile_is_ignored_and_named(tmp_path: Path) -> None:
    image = read_image_file(write(tmp_path / "x", saved(Image.fromarray(COLOUR), "png", icc_profile=b"no profile")))
    assert np.array_equal(image.pixels, COLOUR)
    assert "unusable colour profile" in image.mode


def test_a_colour_profile_of_16_bits_is_named(tmp_path: Path) -> None:
    profile = png_chunk(b"iCCP", b"x\0\0" + zlib.compress(icc_profile(1, "linear light")))
    image = read_image_file(write(tmp_path / "x", png_of(COLOUR_16, 2, 16, [profile])))
    assert np.array_equal(image.pixels, COLOUR_16)
    assert image.mode == "colour, 16-bit, colour profile not applied"


@pytest.mark.parametrize("name", ["x.jpg", "X.JPEG", "x.jfif", "x"])
def test_the_suffix_does_not_matter(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, saved(Image.fromarray(COLOUR), "png"))
    assert np.array_equal(read_image_file(path).pixels, COLOUR)


@pytest.mark.parametrize("channels", [1, 3, 4], ids=["grey", "colour", "alpha"])
def test_a_heic_picture_of_10_bits_keeps_levels_that_8_bits_do_not_tell_apart(tmp_path: Path, channels: int) -> None:
    levels = np.repeat(np.arange(0, 1024, 16, dtype=np.uint16)[None] << 6, 48, axis=0)
    pixels = levels if channels == 1 else np.repeat(levels[:, :, None], channels, axis=2)
    mode = {1: "I;16", 3: "RGB;16", 4: "RGBA;16"}[channels]
    heif = pillow_heif.from_bytes(mode=mode, size=(64, 48), data=pixels.tobytes())
    with open(tmp_path / "a.heic", "wb") as file:
        heif.save(file, quality=-1)
    image = read_image_file(tmp_path / "a.heic")
    assert image.mode.startswith(f"{'grey' if channels == 1 else 'colour'}, 10-bit HEIC")
    assert image.alpha == (channels == 4)
    assert np.abs(image.pixels.reshape(48, 64, -1) - levels[:, :, None].astype(int)).max() <= 2 << 6
    assert np.abs(image.to_uint8(1, (0, 65535)).astype(int) - (levels >> 8)).max() <= 2
