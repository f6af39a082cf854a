"""Pixels of every kind of TIFF file, against levels worked out by hand; and what is not read."""

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from gan.data.ingest.pixels.image_file import inspect_image, read_image_file
from gan.errors import ImageFileError
from tests.data.ingest.pixels.image_writers import COLOUR, GREY, TURNED, icc_profile, saved, write

GREY_12 = GREY.astype(np.uint16) * 16  # 0 to 4000
COLOUR_12 = COLOUR.astype(np.uint16) * 16  # 0 to 4080
BLOCKS = np.kron(GREY_12, np.ones((16, 16), dtype=np.uint16))
OPAQUE = np.full((2, 3), 65535, dtype=np.uint16)
PLANES = np.ascontiguousarray(COLOUR.transpose(2, 0, 1))


def tiff(pixels: NDArray[Any], **options: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **{"photometric": "minisblack"} | options)
    return file.getvalue()


def stored(tmp_path: Path, pixels: NDArray[Any], **options: Any) -> Path:
    return write(tmp_path / "x.tif", tiff(pixels, **options))


def refused(path: Path, frame: int = 0) -> ImageFileError:
    with pytest.raises(ImageFileError) as caught:
        read_image_file(path, frame)
    return caught.value


@pytest.mark.parametrize(
    ("pixels", "options", "expected", "mode"),
    [
        (GREY_12, {}, GREY_12, "grey, 16-bit"),
        (GREY_12, {"byteorder": ">"}, GREY_12, "grey, 16-bit"),
        (GREY_12, {"bigtiff": True}, GREY_12, "grey, 16-bit"),
        (BLOCKS, {"tile": (16, 16)}, BLOCKS, "grey, 16-bit"),
        (65535 - GREY_12, {"photometric": "miniswhite"}, GREY_12, "grey, 16-bit"),
        (255 - GREY, {"photometric": "miniswhite"}, GREY, "grey, 8-bit"),
        (GREY_12.astype(np.int16) - 1024, {}, GREY_12.astype(int) - 1024, "grey, signed 16-bit"),
        (GREY.astype(np.int16).astype(np.int8), {}, [[0, 50, 100], [-106, -56, -6]], "grey, signed 8-bit"),
        (GREY_12.astype(np.uint32), {}, GREY_12, "grey, 32-bit"),
        (GREY.astype(np.uint32) * 100_000, {}, GREY.astype(int) * 100_000, "grey, 32-bit"),
        (GREY_12.astype(np.int64), {}, GREY_12, "grey, signed 64-bit"),
        (GREY_12, {"bitspersample": 12}, GREY_12, "grey, 12-bit"),
        (np.dstack([GREY_12, OPAQUE]), {"planarconfig": "contig", "extrasamples": ["unassalpha"]}, GREY_12, None),
        (COLOUR_12, {"photometric": "rgb"}, COLOUR_12, "colour, 16-bit"),
        (COLOUR_12, {"photometric": "rgb", "byteorder": ">"}, COLOUR_12, "colour, 16-bit"),
        (PLANES, {"photometric": "rgb", "planarconfig": "separate"}, COLOUR, "colour, 8-bit"),
        (PLANES * np.uint16(16), {"photometric": "rgb", "planarconfig": "separate"}, COLOUR_12, "colour, 16-bit"),
        (np.dstack([COLOUR_12, OPAQUE]), {"photometric": "rgb", "extrasamples": ["unassalpha"]}, COLOUR_12, None),
    ],
    ids=[
        "16", "big-endian", "bigtiff", "tiled", "miniswhite", "miniswhite-8", "int16", "int8", "uint32",
        "uint32-24-bits", "int64", "12-packed", "grey-alpha", "rgb", "rgb-big-endian", "planar-8", "planar-16", "rgba",
    ],
)  # fmt: skip
def test_levels_are_read_as_they_are(
    tmp_path: Path, pixels: NDArray[Any], options: dict[str, Any], expected: object, mode: str | None
) -> None:
    image = read_image_file(stored(tmp_path, pixels, **options))
    assert np.array_equal(image.pixels, np.array(expected))
    assert image.pixels.dtype == (np.uint8 if mode in ("grey, 8-bit", "colour, 8-bit") else np.int32)
    if mode is None:
        assert image.alpha
        assert image.mode.endswith("16-bit, alpha dropped")
    else:
        assert image.mode == mode


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "zstd", "packbits", "lzma"])
@pytest.mark.parametrize(("pixels", "photometric"), [
    (GREY, "minisblack"), (COLOUR, "rgb"), (GREY_12, "minisblack"), (COLOUR_12, "rgb"),
    (GREY.astype(np.float32), "minisblack"),
])  # fmt: skip
def test_compressed_pixels_are_read(
    tmp_path: Path, pixels: NDArray[Any], photometric: str, compression: str | None
) -> None:
    predictor = compression in ("lzw", "zlib", "zstd")
    path = stored(tmp_path, pixels, photometric=photometric, compression=compression, predictor=predictor or None)
    assert np.array_equal(read_image_file(path).pixels, pixels)


@pytest.mark.parametrize(
    ("image", "options", "expected", "mode"),
    [
        (Image.fromarray(GREY), {}, GREY, "grey, 8-bit"),
        (Image.fromarray(GREY), {"tiffinfo": {262: 0}}, GREY, "grey, 8-bit"),
        (Image.fromarray(COLOUR).quantize(6), {}, COLOUR, "colour, 8-bit"),
        (Image.fromarray(GREY > 100), {"compression": "group4"}, [[0] * 3, [255] * 3], "grey, 8-bit"),
        (Image.fromarray(GREY > 100), {}, [[0] * 3, [255] * 3], "grey, 8-bit"),
        (Image.fromarray(np.dstack([COLOUR, GREY + 5])), {}, COLOUR, "colour, 8-bit, alpha dropped"),
        (Image.fromarray(np.dstack([GREY, GREY + 5]), "LA"), {}, GREY, "grey, 8-bit, alpha dropped"),
    ],
    ids=["grey", "miniswhite", "palette", "group-4", "1-bit", "rgba", "la"],
)
@pytest.mark.filterwarnings("ignore:'mode' parameter")
def test_8_bits_are_read_as_they_are(
    tmp_path: Path, image: Image.Image, options: dict[str, Any], expected: object, mode: str
) -> None:
    read = read_image_file(write(tmp_path / "x.tif", saved(image, "tiff", **options)))
    assert (read.mode, read.pixels.dtype) == (mode, np.uint8)
    assert np.array_equal(read.pixels, np.array(expected))


@pytest.mark.parametrize("options", [{"compression": "jpeg"}, {}], ids=["ycbcr-jpeg", "cmyk"])
def test_colours_of_printing_and_jpeg_are_kept(tmp_path: Path, options: dict[str, Any]) -> None:
    blocks = Image.fromarray(np.kron(COLOUR, np.ones((16, 16, 1), dtype=np.uint8)))
    image = blocks if options else blocks.convert("CMYK")
    read = read_image_file(write(tmp_path / "x.tif", saved(image, "tiff", **options)))
    assert np.abs(read.pixels[8::16, 8::16].astype(int) - COLOUR).max() <= 12


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floating_point_is_windowed(tmp_path: Path, dtype: type) -> None:
    levels = np.array([[0, 0.25], [0.5, 1]], dtype=dtype)
    path = stored(tmp_path, levels)
    image = read_image_file(path)
    assert (image.mode, image.pixels.dtype) == ("grey, floating point", np.float32)
    assert image.pixels.tolist() == levels.tolist()
    assert image.to_uint8(1, (0, 1)).tolist() == [[0, 64], [128, 255]]
    low, high = inspect_image(path).levels or (9, 9)
    assert (low, high) == pytest.approx((0, 1), abs=0.01)


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("compression", [None, "lzw"])
def test_images_are_turned_upright(tmp_path: Path, dtype: type, compression: str | None, orientation: int) -> None:
    turned = np.array(TURNED[orientation], dtype=dtype)
    path = stored(tmp_path, turned, compression=compression, extratags=[(274, 3, 1, orientation, True)])
    assert read_image_file(path).pixels.tolist() == TURNED[1]


def test_what_alpha_hides_is_known_for_16_bits(tmp_path: Path) -> None:
    alpha = np.array([[0, 0, 9], [9, 9, 9]], dtype=np.uint16)
    options = {"photometric": "rgb", "extrasamples": ["unassalpha"]}
    assert read_image_file(stored(tmp_path, np.dstack([COLOUR_12, alpha]), **options)).alpha_hides
    assert not read_image_file(stored(tmp_path, np.dstack([COLOUR_12, OPAQUE]), **options)).alpha_hides


@pytest.mark.parametrize("pixels", [np.dstack([COLOUR, GREY]), np.dstack([COLOUR_12, GREY_12])])
def test_a_fourth_channel_that_is_no_alpha_is_named(tmp_path: Path, pixels: NDArray[Any]) -> None:
    image = read_image_file(stored(tmp_path, pixels, photometric="rgb", extrasamples=["unspecified"]))
    assert np.array_equal(image.pixels, pixels[..., :3])
    assert not image.alpha
    assert "channel" in image.mode


@pytest.mark.parametrize("channels", [2, 3, 4, 5])
@pytest.mark.parametrize("planarconfig", ["contig", "separate"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_channels_of_stains_are_never_taken_for_colours(
    tmp_path: Path, channels: int, planarconfig: str, dtype: type
) -> None:
    stains = np.stack([GREY.astype(dtype)] * channels, axis=-1 if planarconfig == "contig" else 0)
    error = refused(stored(tmp_path, stains, planarconfig=planarconfig))
    assert error.fault == "channels"
    assert f"{channels} channels" in str(error)


def test_pages_are_frames_and_thumbnails_are_not(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "x.tif") as file:
        file.write(GREY_12, photometric="minisblack")
        file.write(GREY[:1, :2], photometric="minisblack", subfiletype=1)  # reduced
        file.write(GREY_12 + 1, photometric="minisblack")
        file.write(COLOUR, photometric="rgb")
    frames = [read_image_file(tmp_path / "x.tif", number) for number in range(3)]
    assert [image.frames for image in frames] == [3, 3, 3]
    for image, expected in zip(frames, (GREY_12, GREY_12 + 1, COLOUR), strict=True):
        assert np.array_equal(image.pixels, expected)
    assert refused(tmp_path / "x.tif", 3).fault == "no-such-frame"


def test_files_that_ome_xml_names_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "other.ome.tif")  # reading it would never end
    xml = """<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">
    <Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" SizeX="3" SizeY="2" SizeZ="2" SizeC="1" SizeT="1">
    <TiffData FirstZ="0"><UUID FileName="x.ome.tif">urn:uuid:a</UUID></TiffData>
    <TiffData FirstZ="1"><UUID FileName="other.ome.tif">urn:uuid:b</UUID></TiffData></Pixels></Image></OME>"""
    path = write(tmp_path / "x.ome.tif", tiff(GREY_12, description=xml, metadata=None))
    image = read_image_file(path)
    assert image.frames == 1
    assert np.array_equal(image.pixels, GREY_12)


def test_a_colour_profile_of_16_bits_is_named(tmp_path: Path) -> None:
    image = read_image_file(stored(tmp_path, COLOUR_12, photometric="rgb", iccprofile=icc_profile(1, "linear light")))
    assert image.mode == "colour, 16-bit, colour profile not applied"
    image = read_image_file(stored(tmp_path, COLOUR_12, photometric="rgb", iccprofile=icc_profile(2.2, "sRGB")))
    assert image.mode == "colour, 16-bit"


@pytest.mark.parametrize(
    ("pixels", "options", "named"),
    [
        (GREY.astype(np.complex64), {}, "complex"),
        (GREY_12.astype(np.uint32) * 2**20, {}, "4194304000"),
        (np.kron(COLOUR, np.ones((8, 8, 1), np.uint8)), {"photometric": "rgb", "compression": "jpeg2000"}, "JPEG2000"),
        (np.dstack([COLOUR_12, GREY_12]), {"photometric": "separated"}, "SEPARATED"),
        (GREY, {"photometric": "cfa"}, "CFA"),
    ],
    ids=["complex", "uint32", "jpeg-2000", "cmyk-16", "camera-raw"],
)
def test_what_is_not_read_is_named(tmp_path: Path, pixels: NDArray[Any], options: dict[str, Any], named: str) -> None:
    error = refused(stored(tmp_path, pixels, **options))
    assert error.fault == "unsupported"
    assert named in str(error)


def test_pixels_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    levels = np.array([[0, np.nan], [np.inf, 1]], dtype=np.float32)
    error = refused(stored(tmp_path, levels))
    assert error.fault == "not-finite"
    assert "2 of its pixels" in str(error)


@pytest.mark.parametrize(
    ("width", "height", "fault"), [(20_000, 20_000, "too-large"), (2**31, 2, "too-large"), (7_000, 8_000, "damaged")]
)
def test_sizes_are_checked_before_anything_is_decoded(tmp_path: Path, width: int, height: int, fault: str) -> None:
    content = tiff(np.zeros((2, 3), dtype=np.float64), rowsperstrip=2)
    small, large = [
        b"".join(
            tag + side.to_bytes(4, "little")
            for tag, side in zip((b"\0\1\4\0\1\0\0\0", b"\1\1\4\0\1\0\0\0"), sides, strict=True)
        )
        for sides in ((3, 2), (width, height))
    ]
    assert small in content
    error = refused(write(tmp_path / "x.tif", content.replace(small, large)))
    assert error.fault == fault


@pytest.mark.parametrize(("pixels", "options"), [
    (BLOCKS, {}), (BLOCKS, {"compression": "lzw"}), (BLOCKS.astype(np.uint8), {}),
    (BLOCKS.astype(np.uint8), {"compression": "zlib"}), (BLOCKS.astype(np.float32), {"tile": (16, 16)}),
])  # fmt: skip
def test_a_file_cut_short_is_damaged(tmp_path: Path, pixels: NDArray[Any], options: dict[str, Any]) -> None:
    content = tiff(pixels, **options)
    for kept in (0.1, 0.5, 0.97):
        error = refused(write(tmp_path / "x.tif", content[: int(len(content) * kept)]))
        assert error.fault == "damaged"
