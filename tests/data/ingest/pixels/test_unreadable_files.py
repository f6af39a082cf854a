"""Files that cannot be read: each names its fault, and nothing else is raised."""

import random
import struct
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from gan.data.ingest.pixels import limits
from gan.data.ingest.pixels.image_file import inspect_image, read_image_file
from gan.errors import ImageFault, ImageFileError
from tests.data.ingest.pixels.image_writers import png_chunk, png_of, saved, write
from tests.data.ingest.pixels.test_image_file import heic
from tests.data.ingest.pixels.test_tiff_file import tiff

NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
DEEP = NOISE.astype(np.uint16) * 16
GREY_12 = np.ascontiguousarray(DEEP[..., 0])
WHOLE = {
    "png": saved(Image.fromarray(NOISE), "png"), "jpeg": saved(Image.fromarray(NOISE), "jpeg"),
    "bmp": saved(Image.fromarray(NOISE), "bmp"), "webp": saved(Image.fromarray(NOISE), "webp"),
    "gif": saved(Image.fromarray(NOISE), "gif"), "avif": saved(Image.fromarray(NOISE), "avif"),
    "jp2": saved(Image.fromarray(NOISE), "jpeg2000"), "ppm": saved(Image.fromarray(NOISE), "ppm"),
    "heic": heic(NOISE), "png-16": png_of(DEEP, 2), "jp2-16": imagecodecs.jpeg2k_encode(DEEP, level=0),
    "ppm-16": b"P6 64 64 65535\n" + DEEP.astype(">u2").tobytes(), "tiff": tiff(NOISE, photometric="rgb"),
    "tiff-16": tiff(DEEP, photometric="rgb", compression="zlib"),
}  # fmt: skip


def refused(path: Path) -> ImageFileError:
    with pytest.raises(ImageFileError) as caught:
        read_image_file(path)
    return caught.value


@pytest.mark.parametrize(
    ("content", "fault", "named"),
    [
        (b"", "empty", "0 bytes"),
        (b"<!DOCTYPE html><html>please log in</html>", "web-page", "web page"),
        (b"\xef\xbb\xbf\n <HTML><body>", "web-page", "web page"),
        (b"<?xml version='1.0'?><!DOCTYPE html><html>", "web-page", "web page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not-an-image", "SVG"),
        (b"%PDF-1.7", "not-an-image", "PDF"),
        (b"PK\3\4....", "not-an-image", "ZIP"),
        (b"version https://git-lfs.github.com/spec/v1\n", "not-an-image", "git lfs pull"),
        (b"403 Forbidden", "not-an-image", "text"),
        (bytes(1000), "damaged", "zeros"),
        (b"\x8b\x01\xfe\x99", "not-an-image", "no image format"),
        (imagecodecs.jpeg8_encode(GREY_12, bitspersample=12), "unsupported", "12 bits"),
        (imagecodecs.ljpeg_encode(GREY_12), "unsupported", "JPEG"),
    ],
)
def test_the_fault_is_named(tmp_path: Path, content: bytes, fault: ImageFault, named: str) -> None:
    error = refused(write(tmp_path / "x.jpg", content))
    assert error.fault == fault
    assert named in str(error)


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_cut_short_is_damaged(tmp_path: Path, kind: str) -> None:
    whole = WHOLE[kind]
    assert read_image_file(write(tmp_path / "whole", whole)).pixels.shape == (64, 64, 3)
    for kept in (0.3, 0.8):
        assert refused(write(tmp_path / "half", whole[: int(len(whole) * kept)])).fault == "damaged"


@pytest.mark.parametrize("kind", WHOLE)
def test_a_forged_file_is_read_or_refused(tmp_path: Path, kind: str) -> None:
    generator = random.Random(kind)
    for _ in range(40):
        content = bytearray(WHOLE[kind])
        for _ in range(generator.choice((1, 4, 30))):
            content[generator.randrange(min(len(content), generator.choice((40, 300, 10**6))))] = generator.randrange(
                256
            )
        try:
            info = inspect_image(write(tmp_path / "x", bytes(content)))
        except ImageFileError:
            continue
        assert info.width * info.height <= limits.MAX_PIXELS


@pytest.mark.parametrize("content", [
    saved(Image.new("1", (9000, 8000)), "png"),
    b"\x89PNG\r\n\x1a\n"
    + png_chunk(b"IHDR", struct.pack(">LLBBBBB", 2**16, 2**16, 16, 2, 0, 0, 0))
    + png_chunk(b"IDAT", b"x"),
    b"P6 9000 8000 65535\n", b"P5 99999 99999 255\n",
])  # fmt: skip
def test_too_many_pixels_are_refused_by_the_limit(tmp_path: Path, content: bytes) -> None:
    error = refused(write(tmp_path / "x.png", content))
    assert error.fault == "too-large"
    assert "64,000,000" in str(error)


def test_heic_names_the_package_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    error = refused(write(tmp_path / "x.heic", WHOLE["heic"]))
    assert error.fault == "missing-library"
    assert "pip install pillow-heif" in str(error)


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_a_frame_that_does_not_exist_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ImageFileError) as caught:
        read_image_file(write(tmp_path / "x", WHOLE[kind]), 1)
    assert caught.value.fault == "no-such-frame"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert refused(tmp_path).fault == "not-regular"
    with pytest.raises(FileNotFoundError):
        read_image_file(tmp_path / "absent.png")
