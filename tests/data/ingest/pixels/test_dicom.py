"""DICOM pixels: each step gives the values of the standard's formulas, and no message quotes a value of the file."""

import io
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Literal

import imagecodecs
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    EncapsulatedPDFStorage,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    RTDoseStorage,
    RTStructureSetStorage,
    SegmentationStorage,
)

from gan.config.settings import ROOT
from gan.data.ingest.pixels import dicom_elements
from gan.data.ingest.pixels.formats import HEAD, image_format
from gan.data.ingest.pixels.image_file import read_image_file
from gan.errors import ImageFault, ImageFileError
from tests.support.dicom_files import dicom_dataset, save_dicom, write_dicom

STORED = np.array([[0, 100, 200], [300, 400, 500]], dtype=np.uint16)
SECRET = "Doe^Jane"


def pixels(
    path: Path, pixel_array: NDArray[Any], window: Literal["file"] | None = None, **elements: Any
) -> NDArray[Any]:
    return read_image_file(write_dicom(path / "x.dcm", pixel_array, **elements), window=window).pixels


def sequence(**elements: Any) -> list[Dataset]:
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return [item]


def table(descriptor: list[int], data: list[int], signed: bool = False) -> list[Dataset]:
    (item,) = sequence(LUTData=data)
    item.add_new("LUTDescriptor", "SS" if signed else "US", descriptor)
    item["LUTData"].VR = "US"
    return [item]


def fault(path: Path, frame: int = 0) -> tuple[ImageFault, str]:
    with pytest.raises(ImageFileError) as caught:
        read_image_file(path, frame)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value.fault, str(caught.value)


def test_stored_values_are_kept_where_nothing_transforms_them(tmp_path: Path) -> None:
    image = read_image_file(write_dicom(tmp_path / "x", STORED, BitsStored=12))
    assert image.pixels.tolist() == STORED.tolist()
    assert image.pixels.dtype == np.int32
    assert not image.inverted
    eight = pixels(tmp_path, STORED.astype(np.uint8))
    assert eight.tolist() == STORED.astype(np.uint8).tolist()
    assert eight.dtype == np.uint8


def test_rescale(tmp_path: Path) -> None:
    whole = pixels(tmp_path, STORED, RescaleSlope=2, RescaleIntercept=-1000)
    assert whole.tolist() == [[-1000, -800, -600], [-400, -200, 0]]
    assert whole.dtype == np.int32
    half = pixels(tmp_path, STORED, RescaleSlope=0.5, RescaleIntercept=1)
    assert half.tolist() == [[1, 51, 101], [151, 201, 251]]
    assert half.dtype == np.float32
    assert pixels(tmp_path, STORED.astype(np.uint8), RescaleSlope=4).max() == 4 * 244
    assert pixels(tmp_path, STORED, RescaleIntercept=-5)[0].tolist() == [-5, 95, 195]


def test_modality_lut(tmp_path: Path) -> None:
    stored = np.array([[0, 1, 2], [3, 4, 500]], dtype=np.uint16)
    values = pixels(tmp_path, stored, ModalityLUTSequence=table([3, 1, 16], [7, 8, 40000]))
    assert values.tolist() == [[7, 7, 8], [40000, 40000, 40000]]
    values = pixels(tmp_path, stored.astype(np.int16) - 3, ModalityLUTSequence=table([3, -2, 8], [7, 8, 9], True))
    assert values.tolist() == [[7, 7, 8], [9, 9, 9]]


def test_window_linear(tmp_path: Path) -> None:
    """Centre 40, width 400: y = ((x - 39.5) / 399 + 0.5) * 255 from -160 to 239."""
    stored = np.array([[-161, -160, 39], [40, 139, 240]], dtype=np.int16)
    assert pixels(tmp_path, stored, "file", WindowCenter=40, WindowWidth=400).tolist() == [[0, 0, 127], [128, 191, 255]]
    shifted = (stored + 1024).astype(np.uint16)
    named = {"WindowCenter": 40, "WindowWidth": 400, "RescaleSlope": 1, "RescaleIntercept": -1024}
    assert pixels(tmp_path, shifted, "file", **named).tolist() == [[0, 0, 127], [128, 191, 255]]
    assert pixels(tmp_path, shifted, None, **named).tolist() == stored.tolist()
    narrow = pixels(tmp_path, STORED, "file", WindowCenter=200.5, WindowWidth=1)
    assert narrow.tolist() == [[0, 0, 0], [255, 255, 255]]


def test_window_linear_exact_and_sigmoid(tmp_path: Path) -> None:
    stored = np.array([[0, 50, 100], [150, 200, 201]], dtype=np.uint16)
    exact = pixels(tmp_path, stored, "file", WindowCenter=100, WindowWidth=200, VOILUTFunction="LINEAR_EXACT")
    assert exact.tolist() == [[0, 64, 128], [191, 255, 255]]
    stored = np.array([[0, 75, 100], [125, 150, 200]], dtype=np.uint16)
    sigmoid = pixels(tmp_path, stored, "file", WindowCenter=100, WindowWidth=100, VOILUTFunction="SIGMOID")
    assert sigmoid.tolist() == [[5, 69, 128], [186, 225, 250]]  # 255 / (1 + exp(-4 (x - 100) / 100))


def test_first_of_several_windows_is_used_and_unusable_ones_are_not(tmp_path: Path) -> None:
    two = pixels(tmp_path, STORED, "file", WindowCenter=[100.5, 300], WindowWidth=[201, 100])
    assert two.tolist() == [[0, 128, 255], [255, 255, 255]]
    none = pixels(tmp_path, STORED, "file", WindowCenter=100, WindowWidth=0)
    assert none.tolist() == STORED.tolist()


def test_voi_lut(tmp_path: Path) -> None:
    stored = np.array([[9, 10, 11], [12, 13, 99]], dtype=np.uint16)
    eight = pixels(tmp_path, stored, "file", VOILUTSequence=table([4, 10, 8], [0, 85, 170, 255]), WindowCenter=1)
    assert eight.tolist() == [[0, 0, 85], [170, 255, 255]]
    twelve = pixels(tmp_path, stored, "file", VOILUTSequence=table([3, 10, 12], [0, 2048, 4095]))
    assert twelve.tolist() == [[0, 0, 128], [255, 255, 255]]
    below = pixels(
        tmp_path, stored, "file", VOILUTSequence=table([3, 65526, 8], [10, 20, 30]), RescaleIntercept=-20
    )  # the table starts at -10, written as an unsigned number
    assert below.tolist() == [[10, 10, 20], [30, 30, 30]]


def test_monochrome1_is_inverted_last(tmp_path: Path) -> None:
    stored = np.array([[-161, -160, 39], [40, 139, 240]], dtype=np.int16)
    named = {"PhotometricInterpretation": "MONOCHROME1", "WindowCenter": 40, "WindowWidth": 400}
    assert pixels(tmp_path, stored, "file", **named).tolist() == [[255, 255, 128], [127, 64, 0]]
    image = read_image_file(tmp_path / "x.dcm")
    assert image.inverted
    assert image.pixels.tolist() == stored.tolist()
    assert image.to_uint8(1, (-160, 240)).tolist() == [[255, 255, 128], [128, 64, 0]]
    eight = pixels(tmp_path, np.array([[0, 255]], dtype=np.uint8), PhotometricInterpretation="MONOCHROME1")
    assert eight.tolist() == [[255, 0]]


def test_unused_bits_are_cleared(tmp_path: Path) -> None:
    assert pixels(tmp_path, STORED | 0xF000, BitsStored=12).tolist() == STORED.tolist()
    assert pixels(tmp_path, STORED << 4, BitsStored=12, HighBit=15).tolist() == STORED.tolist()
    signed = np.array([[0x7FFF, 0x0800, 0x07FF]], dtype=np.int16)
    assert pixels(tmp_path, signed, BitsStored=12).tolist() == [[-1, -2048, 2047]]


def test_signed_and_padding(tmp_path: Path) -> None:
    stored = np.array([[-2000, -1000, 0], [1, 2, 100]], dtype=np.int16)
    dataset = dicom_dataset(stored)
    dataset.add_new("PixelPaddingValue", "US", 63536)  # -2000, as some devices write it
    image = read_image_file(save_dicom(tmp_path / "x", dataset))
    assert image.pixels.tolist() == stored.tolist()
    assert image.padding is not None
    assert image.padding.tolist() == [[True, False, False], [False, False, False]]
    dataset.add_new("PixelPaddingRangeLimit", "SS", -1000)
    image = read_image_file(save_dicom(tmp_path / "x", dataset))
    assert image.padding is not None
    assert image.padding.sum() == 2
    low, high = image.levels()
    assert 0 <= low <= high <= 100


def test_frames(tmp_path: Path) -> None:
    stack = np.stack([STORED, STORED + 1, STORED + 2])
    path = write_dicom(tmp_path / "x", stack, NumberOfFrames=3)
    for frame in range(3):
        image = read_image_file(path, frame)
        assert image.pixels.tolist() == (STORED + frame).tolist()
        assert image.frames == 3
    assert fault(path, 3)[0] == "no-such-frame"
    shared = sequence(FrameVOILUTSequence=sequence(WindowCenter=100.5, WindowWidth=201))
    each = [
        sequence(PixelValueTransformationSequence=sequence(RescaleSlope=1, RescaleIntercept=-frame))[0]
        for frame in range(3)
    ]
    path = write_dicom(
        tmp_path / "x",
        stack,
        NumberOfFrames=3,
        SharedFunctionalGroupsSequence=shared,
        PerFrameFunctionalGroupsSequence=each,
    )
    for frame in range(3):
        assert read_image_file(path, frame).pixels.tolist() == STORED.tolist()
        assert read_image_file(path, frame, "file").pixels[0].tolist() == [0, 128, 255]


def test_colour(tmp_path: Path) -> None:
    rgb = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    assert pixels(tmp_path, rgb).tolist() == rgb.tolist()
    planar = dicom_dataset(rgb, PlanarConfiguration=1)
    planar.PixelData = rgb.transpose(2, 0, 1).tobytes()
    assert read_image_file(save_dicom(tmp_path / "x", planar)).pixels.tolist() == rgb.tolist()
    deep = rgb.astype(np.uint16) * 200
    assert pixels(tmp_path, deep, BitsStored=12).tolist() == deep.tolist()
    red = np.array([[[76, 85, 255], [255, 128, 128]]], dtype=np.uint8)
    assert pixels(tmp_path, red, PhotometricInterpretation="YBR_FULL").tolist() == [[[254, 0, 0], [255, 255, 255]]]
    half = dicom_dataset(red, PhotometricInterpretation="YBR_FULL_422")
    half.PixelData = bytes([76, 76, 85, 255])
    assert read_image_file(save_dicom(tmp_path / "x", half)).pixels.tolist() == [[[254, 0, 0], [254, 0, 0]]]


@pytest.mark.parametrize(("entries", "bits"), [([0, 0x8000, 0xFFFF], 16), ([0, 0x80, 0xFF], 16), ([0, 0x80, 0xFF], 8)])
def test_palette(tmp_path: Path, entries: list[int], bits: int) -> None:
    dataset = dicom_dataset(np.array([[0, 1, 2, 9]], dtype=np.uint8), PhotometricInterpretation="PALETTE COLOR")
    for colour, order in (("Red", [0, 1, 2]), ("Green", [1, 2, 0]), ("Blue", [2, 0, 1])):
        dataset.add_new(f"{colour}PaletteColorLookupTableDescriptor", "US", [3, 0, bits])
        table_of = np.array(entries, dtype="<u2")[order]
        dataset.add_new(f"{colour}PaletteColorLookupTableData", "OW", table_of.tobytes())
    image = read_image_file(save_dicom(tmp_path / "x", dataset))
    last = [255, 0, 128]
    assert image.pixels.tolist() == [[[0, 128, 255], [128, 255, 0], last, last]]
    assert image.pixels.dtype == np.uint8


def test_floating_point_pixels(tmp_path: Path) -> None:
    dataset = dicom_dataset(np.array([[0.5, 2.25]], dtype=np.float32))
    dataset.add_new("FloatPixelData", "OF", dataset.PixelData)
    del dataset.PixelData, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation
    assert read_image_file(save_dicom(tmp_path / "x", dataset)).pixels.tolist() == [[0.5, 2.25]]
    dataset.FloatPixelData = np.array([[0.5, np.nan]], dtype=np.float32).tobytes()
    assert fault(save_dicom(tmp_path / "x", dataset))[0] == "not-finite"


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian], ids=lambda uid: uid.name
)
def test_uncompressed_transfer_syntaxes(tmp_path: Path, syntax: pydicom.uid.UID) -> None:
    """Look-up tables included, whose elements have no type of their own in an implicit file."""
    dataset = dicom_dataset(STORED, VOILUTSequence=table([2, 100, 8], [5, 250]))
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = STORED.astype(">u2").tobytes()
    path = save_dicom(tmp_path / "x", dataset)
    assert read_image_file(path).pixels.tolist() == STORED.tolist()
    assert read_image_file(path, 0, "file").pixels.tolist() == [[5, 5, 250], [250, 250, 250]]


def smooth(dtype: str = "uint16") -> NDArray[Any]:
    y, x = np.mgrid[:48, :64]
    return (y * 40 + x * 7).astype(dtype)


@pytest.mark.parametrize(
    ("syntax", "needs"),
    [(RLELossless, "pydicom"), (JPEGLSLossless, "jpeg_ls"), (JPEG2000Lossless, "pylibjpeg")],
    ids=lambda value: getattr(value, "name", ""),
)
def test_lossless_compression(tmp_path: Path, syntax: pydicom.uid.UID, needs: str) -> None:
    pytest.importorskip(needs)
    stack = np.stack([smooth(), smooth() + 3])
    dataset = dicom_dataset(stack, NumberOfFrames=2, BitsStored=12)
    dataset.compress(syntax)
    path = save_dicom(tmp_path / "x", dataset)
    assert read_image_file(path, 1).pixels.tolist() == stack[1].tolist()
    signed = dicom_dataset(smooth("int16") - 1000, BitsStored=13)
    signed.compress(syntax)
    assert read_image_file(save_dicom(path, signed)).pixels.tolist() == (smooth("int32") - 1000).tolist()
    rgb = np.stack([smooth() // 10, smooth() // 16, smooth() // 11], axis=-1).astype(np.uint8)
    colour = dicom_dataset(rgb)
    colour.compress(syntax)
    assert read_image_file(save_dicom(path, colour)).pixels.tolist() == rgb.tolist()


def test_jpeg_lossless(tmp_path: Path) -> None:
    gdcm = pytest.importorskip("gdcm")
    path = write_dicom(tmp_path / "x", smooth("int16") - 1000, BitsStored=12)
    reader, writer, change = gdcm.ImageReader(), gdcm.ImageWriter(), gdcm.ImageChangeTransferSyntax()
    reader.SetFileName(str(path))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    assert pydicom.dcmread(path).file_meta.TransferSyntaxUID == JPEGLosslessSV1
    assert read_image_file(path).pixels.tolist() == (smooth("int32") - 1000).tolist()


def jpeg(image: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "jpeg", quality=95, subsampling=0)
    return file.getvalue()


def test_jpeg_baseline(tmp_path: Path) -> None:
    rgb = np.stack([smooth() // 10, smooth() // 16, smooth() // 11], axis=-1).astype(np.uint8)
    dataset = dicom_dataset(rgb, PhotometricInterpretation="YBR_FULL_422")
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.PixelData = encapsulate([jpeg(rgb)])
    read = read_image_file(save_dicom(tmp_path / "x", dataset)).pixels
    assert np.abs(read.astype(int) - rgb).max() <= 6
    assert np.corrcoef(read.ravel(), rgb.ravel())[0, 1] > 0.999


def test_jpeg_of_12_bits(tmp_path: Path) -> None:
    dataset = dicom_dataset(smooth(), BitsStored=12)
    dataset.file_meta.TransferSyntaxUID = JPEGExtended12Bit
    dataset.PixelData = encapsulate([imagecodecs.jpeg_encode(smooth(), level=98, bitspersample=12)])
    read = read_image_file(save_dicom(tmp_path / "x", dataset)).pixels
    assert np.abs(read.astype(int) - smooth()).max() <= 12
    assert np.corrcoef(read.ravel(), smooth().ravel())[0, 1] > 0.999


def test_compressed_frame_of_other_sides_is_not_decoded(tmp_path: Path) -> None:
    dataset = dicom_dataset(smooth("uint8"))
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.PixelData = encapsulate([jpeg(np.zeros((300, 400), np.uint8))])
    assert fault(save_dicom(tmp_path / "x", dataset))[0] == "damaged"


def test_missing_codec_is_named(tmp_path: Path) -> None:
    pytest.importorskip("jpeg_ls")
    dataset = dicom_dataset(smooth())
    dataset.compress(JPEGLSLossless)
    path = save_dicom(tmp_path / "x", dataset)
    code = (
        "import sys, pathlib; sys.modules['gdcm'] = sys.modules['jpeg_ls'] = sys.modules['pylibjpeg'] = None\n"
        "from gan.data.ingest.pixels.image_file import read_image_file\n"
        f"try: read_image_file(pathlib.Path({str(path)!r}))\n"
        "except Exception as error: print(error.fault, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("missing-library its pixels are stored as JPEG-LS Lossless")
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["dicom"]
    assert f"`pip install {' '.join(re.split('[<>=]', package)[0] for package in extra)}`" in done.stdout


@pytest.mark.parametrize("kind", [EncapsulatedPDFStorage, RTStructureSetStorage], ids=lambda uid: uid.name)
def test_files_without_pixels_are_named_by_their_class(tmp_path: Path, kind: pydicom.uid.UID) -> None:
    dataset = dicom_dataset(STORED, PatientName=SECRET, SOPClassUID=kind)
    del dataset.Rows, dataset.Columns, dataset.PixelData
    key, text = fault(save_dicom(tmp_path / "x", dataset))
    assert key == "unsupported"
    assert kind.name in text


@pytest.mark.parametrize("kind", [SegmentationStorage, RTDoseStorage], ids=lambda uid: uid.name)
def test_masks_and_dose_plans_are_no_pictures(tmp_path: Path, kind: pydicom.uid.UID) -> None:
    key, text = fault(write_dicom(tmp_path / "x", STORED, SOPClassUID=kind))
    assert key == "unsupported"
    assert kind.name in text


def test_colour_of_32_bits(tmp_path: Path) -> None:
    deep = np.array([[[0, 2**31, 2**32 - 256]]], dtype=np.uint32)
    assert pixels(tmp_path, deep).tolist() == [[[0, 2**31, 2**32 - 256]]]


def test_damaged_files(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "x", STORED, PatientName=SECRET, StudyDescription=SECRET)
    whole = path.read_bytes()
    for end in (132, 200, 400, len(whole) - 4):
        path.write_bytes(whole[:end])
        assert fault(path)[0] in ("damaged", "unsupported"), end
    broken = {
        "RescaleSlope": b"(\x00S\x10DS\x08\x00" + SECRET.encode(),
        "Rows": b"(\x00\x10\x00LO\x08\x00" + SECRET.encode(),
        "PhotometricInterpretation": b"(\x00\x04\x00CS\x08\x00" + SECRET.encode(),
    }
    for keyword, element in broken.items():
        dataset = dicom_dataset(STORED, RescaleSlope=1)
        content = save_dicom(path, dataset).read_bytes()
        tag = element[:4]
        start = content.index(tag + dataset[keyword].VR.encode())
        length = 8 + content[start + 6]
        path.write_bytes(content[:start] + element + content[start + length :])
        assert fault(path)[0] in ("damaged", "channels"), keyword
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert fault(fifo)[0] == "not-regular"


def test_size_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_dicom(tmp_path / "x", STORED, NumberOfFrames=1)
    content = path.read_bytes()
    rows = content.index(b"(\x00\x10\x00US")
    path.write_bytes(content[: rows + 8] + b"\xff\xff" + content[rows + 10 :].replace(b"US\2\0\3\0", b"US\2\0\xff\xff"))
    assert fault(path)[0] == "too-large"
    dataset = dicom_dataset(np.zeros((2000, 2000), np.uint8))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    save_dicom(path, dataset)
    assert read_image_file(path).pixels.shape == (2000, 2000)
    monkeypatch.setattr(dicom_elements, "MAX_INFLATED", 1_000_000)
    assert fault(path)[0] == "too-large"


def test_sloppy_files_are_read_without_a_word(tmp_path: Path, capfd: Any, caplog: Any) -> None:
    dataset = dicom_dataset(STORED, PatientName=SECRET, NumberOfFrames=0)
    dataset.add_new("PatientBirthDate", "DA", "1.1.19")
    dataset.add_new("StudyTime", "TM", SECRET)
    dataset.add_new("WindowCenter", "LO", SECRET)
    dataset.add_new("WindowWidth", "LO", SECRET)
    path = save_dicom(tmp_path / "x", dataset)
    assert read_image_file(path, 0, "file").pixels.tolist() == STORED.tolist()
    path.write_bytes(path.read_bytes()[132:])  # neither preamble nor magic word
    assert image_format(path.read_bytes()[:HEAD]) == "DICOM"
    assert read_image_file(path).pixels.tolist() == STORED.tolist()
    assert caplog.text == ""
    assert capfd.readouterr() == ("", "")


def test_format_is_told_by_first_bytes(tmp_path: Path) -> None:
    assert read_image_file(write_dicom(tmp_path / "IM000001", STORED)).pixels.tolist() == STORED.tolist()
    Image.fromarray(STORED.astype(np.uint8)).save(tmp_path / "x.dcm", "png")
    assert read_image_file(tmp_path / "x.dcm").mode == "grey, 8-bit"
