"""Plain PNG files are read as Pillow reads them, and all others are left to it."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from gan.data.ingest.pixels.image_file import inspect_image, read_image_file
from gan.data.ingest.pixels.plain_png import read_plain_png
from gan.errors import ImageFileError

GREY = np.random.default_rng(0).integers(0, 256, (20, 31), dtype=np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (20, 31, 3), dtype=np.uint8)


def png(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


def with_chunk(content: bytes, kind: bytes, data: bytes, checksum: int | None = None) -> bytes:
    """A PNG with one more chunk after the first."""
    checksum = zlib.crc32(kind + data) if checksum is None else checksum
    return content[:33] + struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum) + content[33:]


def text(key: str) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text(key, "a scanner")
    return info


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


@pytest.mark.parametrize(
    "content",
    [
        png(Image.fromarray(GREY)),
        png(Image.fromarray(COLOUR)),
        png(Image.fromarray(COLOUR), dpi=(300, 300), pnginfo=text("Software")),
        with_chunk(png(Image.fromarray(GREY)), b"gAMA", struct.pack(">I", 45455)),
    ],
    ids=["grey", "colour", "with resolution and text", "with a gamma"],
)
def test_a_plain_png_has_the_pixels_that_pillow_reads(content: bytes) -> None:
    pixels = read_plain_png(content)
    assert pixels is not None
    np.testing.assert_array_equal(pixels, np.asarray(Image.open(io.BytesIO(content))))


@pytest.mark.parametrize(
    "content",
    [
        png(Image.fromarray(GREY).convert("P")),
        png(Image.fromarray(GREY).convert("1")),
        png(Image.fromarray(COLOUR).convert("RGBA")),
        png(Image.fromarray(GREY.astype(np.uint16))),
        png(Image.fromarray(GREY), transparency=7),
        png(Image.fromarray(COLOUR), icc_profile=b"profile"),
        png(Image.fromarray(COLOUR), exif=turned()),
        png(Image.fromarray(COLOUR), pnginfo=text("Raw profile type exif")),
        png(Image.fromarray(COLOUR), save_all=True, append_images=[Image.fromarray(COLOUR[::-1])]),
        with_chunk(png(Image.fromarray(GREY)), b"gAMA", b"\0\0\0\0", checksum=1),
        with_chunk(png(Image.fromarray(GREY)), b"gAMA", b"\0"),
        png(Image.fromarray(GREY))[:-20],
        png(Image.fromarray(GREY)) + b"more",
        b"",
    ],
    ids=[
        "palette", "1 bit", "alpha", "16 bits", "transparent grey", "colour profile", "EXIF", "EXIF in a text",
        "animation", "wrong checksum", "short chunk", "cut short", "bytes after the end", "empty",
    ],
)  # fmt: skip
def test_others_are_left_to_pillow(content: bytes) -> None:
    assert read_plain_png(content) is None


def test_a_damaged_png_is_refused_with_the_reason(tmp_path: Path) -> None:
    content = bytearray(png(Image.fromarray(GREY)))
    content[60:80] = bytes(20)
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(ImageFileError, match="damaged"):
        read_image_file(tmp_path / "a.png")


@pytest.mark.parametrize("pixels", [GREY, COLOUR], ids=["grey", "colour"])
def test_what_a_check_keeps_of_a_plain_png_equals_that_of_another_format(tmp_path: Path, pixels: Any) -> None:
    Image.fromarray(pixels).save(tmp_path / "a.png")
    Image.fromarray(pixels).save(tmp_path / "a.bmp")
    plain, other = inspect_image(tmp_path / "a.png"), inspect_image(tmp_path / "a.bmp")
    assert plain == other
    np.testing.assert_array_equal(plain.thumbnail, other.thumbnail)
