"""What is kept of a DICOM file: hashed identifiers and what its pixels need. An upload is replaced by just that."""

import multiprocessing
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EncapsulatedPDFStorage,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from gan.config import settings
from gan.data.ingest.checks.dicom import dicom_findings
from gan.data.ingest.identifiers import hash_identifier
from gan.data.ingest.pixels import dicom_strip
from gan.data.ingest.pixels.dicom_header import DicomHeader, dicom_groups, read_header
from gan.data.ingest.pixels.image_file import read_image_file
from gan.errors import DamagedFileError, DataError, ImageFileError
from gan.io.progress import silent
from tests.support.dicom_files import dicom_dataset, save_dicom, write_dicom

GREY = (np.arange(30, dtype=np.uint16) * 130).reshape(5, 6)
TOO_LARGE = DataError("too large")


def header(path: Path, **elements: Any) -> DicomHeader:
    return read_header(write_dicom(path / "x", GREY, SOPClassUID=CTImageStorage, **elements))


def test_identifiers_are_hashed_alike_in_one_store_and_otherwise_in_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = header(tmp_path, PatientID="P1", StudyInstanceUID="1.2", SeriesInstanceUID="1.3", SOPInstanceUID="1.4")
    hashes = [first.patient, first.study, first.series, first.instance]
    assert hashes == [hash_identifier(text) for text in ("P1", "1.2", "1.3", "1.4")]
    assert len(set(hashes)) == 4
    assert header(tmp_path, PatientID="P1 ").patient == first.group == first.patient
    assert header(tmp_path, PatientID="P2").patient != first.patient
    salt = settings.store() / ".data" / "identifier_salt"
    assert stat.S_IMODE(salt.stat().st_mode) == 0o600
    monkeypatch.setenv("GAN_STORE", str(tmp_path / "other"))
    assert header(tmp_path, PatientID="P1").patient != first.patient


def _hash(queue: Any) -> None:
    queue.put(hash_identifier("P1"))


def test_processes_that_start_at_once_agree_on_the_salt() -> None:
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    processes = [context.Process(target=_hash, args=(queue,)) for _ in range(4)]
    for process in processes:
        process.start()
    hashes = {queue.get(timeout=60) for _ in processes}
    for process in processes:
        process.join()
    assert hashes == {hash_identifier("P1")}


def test_a_damaged_salt_is_refused(store: Path) -> None:
    (store / ".data").mkdir(parents=True)
    (store / ".data" / "identifier_salt").write_bytes(b"short")
    with pytest.raises(DamagedFileError, match="identifier_salt"):
        hash_identifier("P1")


def test_a_store_that_can_keep_no_salt_is_no_fault_of_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("GAN_STORE", str(tmp_path / "file" / "store"))
    path = write_dicom(tmp_path / "x", GREY, PatientID="P1")
    with pytest.raises(OSError, match="file"):
        dicom_groups([path])


def test_without_a_patient_the_study_is_the_group(tmp_path: Path) -> None:
    assert header(tmp_path, PatientID="", StudyInstanceUID="1.2").group == hash_identifier("1.2")
    assert header(tmp_path).group == ""
    (tmp_path / "photo.png").write_bytes(b"")
    (tmp_path / "text").write_bytes(b"text")
    write_dicom(tmp_path / "y", GREY, PatientID="P1")
    paths = [tmp_path / name for name in ("y", "photo.png", "text", "absent")]
    assert dicom_groups(paths) == [hash_identifier("P1"), "", "", ""]
    with pytest.raises(ImageFileError):
        read_header(tmp_path / "text")


def test_windows_are_levels_for_a_set(tmp_path: Path) -> None:
    assert header(tmp_path, WindowCenter=[40, -600], WindowWidth=[400, 1500]).windows == ((-160, 239), (-1350, 149))
    assert header(tmp_path, WindowCenter=50, WindowWidth=100, VOILUTFunction="LINEAR_EXACT").windows == ((0, 100),)
    assert header(tmp_path).windows == ()


def test_burned_in_text_and_synthetic_data(tmp_path: Path) -> None:
    assert header(tmp_path, BurnedInAnnotation="YES", Modality="CT").burned_in == "yes"
    assert header(tmp_path, BurnedInAnnotation="NO", Modality="US").burned_in == "no"
    assert header(tmp_path, Modality="US").burned_in == "unknown"
    assert header(tmp_path, Modality="CT").burned_in == "no"
    assert read_header(write_dicom(tmp_path / "x", GREY)).burned_in == "unknown"  # secondary capture
    assert header(tmp_path, SyntheticData="YES").synthetic
    assert not header(tmp_path, SyntheticData="NO").synthetic
    assert header(tmp_path, Modality="JANE DOE").modality == ""


def test_findings(tmp_path: Path) -> None:
    whole = {"PatientID": "P1", "Modality": "CT"}
    assert [finding.key for finding in dicom_findings([header(tmp_path, **whole)])] == ["dicom-names-kept"]
    assert dicom_findings([]) == []
    bad = header(tmp_path, SyntheticData="YES", BurnedInAnnotation="YES")
    assert {finding.key: finding.level for finding in dicom_findings([bad])} == {
        "dicom-synthetic": "error",
        "dicom-burned-in": "warning",
        "dicom-without-patient": "warning",
        "dicom-names-kept": "note",
    }


def lut(descriptor: list[int], data: list[int], vr: str = "US") -> Sequence:
    item = Dataset()
    item.add_new("LUTDescriptor", vr, descriptor)
    item.add_new("LUTData", "US", data)
    return Sequence([item])


def enhanced() -> Dataset:
    shared, voi, each = Dataset(), Dataset(), []
    voi.WindowCenter, voi.WindowWidth = 100, 500
    shared.FrameVOILUTSequence = Sequence([voi])
    for frame in range(3):
        transform, group = Dataset(), Dataset()
        transform.RescaleSlope, transform.RescaleIntercept = 1 + frame, -frame
        group.PixelValueTransformationSequence = Sequence([transform])
        each.append(group)
    dataset = dicom_dataset(np.stack([GREY, GREY + 1, GREY + 2]), NumberOfFrames=3)
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(each)
    return dataset


def palette() -> Dataset:
    dataset = dicom_dataset(np.array([[0, 1, 2]], dtype=np.uint8), PhotometricInterpretation="PALETTE COLOR")
    for colour, values in (("Red", [0, 9, 255]), ("Green", [7, 0, 1]), ("Blue", [5, 6, 7])):
        dataset.add_new(f"{colour}PaletteColorLookupTableDescriptor", "US", [3, 0, 8])
        dataset.add_new(f"{colour}PaletteColorLookupTableData", "OW", np.array(values, dtype="<u2").tobytes())
    return dataset


def floating() -> Dataset:
    dataset = dicom_dataset(np.array([[0.5, 2.25]], dtype=np.float32))
    dataset.add_new("FloatPixelData", "OF", dataset.PixelData)
    del dataset.PixelData, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation
    return dataset


def bits() -> Dataset:
    dataset = dicom_dataset(np.zeros((2, 8), dtype=np.uint8), BitsAllocated=1, BitsStored=1)
    dataset.PixelData = bytes([0b10110010, 0b00001111])
    return dataset


def stored_as(syntax: pydicom.uid.UID, pixels: NDArray[Any], **elements: Any) -> Dataset:
    dataset = dicom_dataset(pixels, **elements)
    if syntax.is_compressed and syntax != DeflatedExplicitVRLittleEndian:
        dataset.compress(syntax)
    elif syntax == ExplicitVRBigEndian:
        dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


LARGE = np.add.outer(np.arange(48) * 40, np.arange(64) * 7)
RGB = np.arange(90, dtype=np.uint8).reshape(5, 6, 3)
DATASETS: dict[str, Callable[[], Dataset]] = {
    "overlay bits": lambda: dicom_dataset(GREY | 0xF000, BitsStored=12),
    "high bit": lambda: dicom_dataset(GREY << 4, BitsStored=12, HighBit=15),
    "signed": lambda: dicom_dataset(GREY.astype(np.int16) - 900, RescaleSlope=0.1, RescaleIntercept=-3),
    "padding": lambda: dicom_dataset(GREY.astype(np.int16) - 900, PixelPaddingValue=-900),
    "8 bits": lambda: dicom_dataset(GREY.astype(np.uint8), PhotometricInterpretation="MONOCHROME1"),
    "MONOCHROME1": lambda: dicom_dataset(
        GREY, PhotometricInterpretation="MONOCHROME1", WindowCenter=[900, 1], WindowWidth=[700, 2]
    ),
    "sigmoid": lambda: dicom_dataset(GREY, WindowCenter=900, WindowWidth=700, VOILUTFunction="SIGMOID"),
    "modality LUT": lambda: dicom_dataset(GREY, ModalityLUTSequence=lut([3, 200, 16], [5, 50000, 600])),
    "VOI LUT": lambda: dicom_dataset(GREY, VOILUTSequence=lut([3, 260, 8], [5, 50, 200])),
    "VOI LUT below 0": lambda: dicom_dataset(
        GREY.astype(np.int16), VOILUTSequence=lut([3, -2, 8], [5, 50, 200], "SS"), RescaleIntercept=-2
    ),
    "enhanced": enhanced,
    "palette": palette,
    "floating point": floating,
    "1 bit": bits,
    "RGB": lambda: dicom_dataset(RGB),
    "YBR": lambda: dicom_dataset(RGB, PhotometricInterpretation="YBR_FULL"),
    "RGB of 16 bits": lambda: dicom_dataset(RGB.astype(np.uint16) * 40, BitsStored=12),
    "implicit": lambda: stored_as(ImplicitVRLittleEndian, GREY, VOILUTSequence=lut([3, 260, 8], [5, 50, 200])),
    "big endian": lambda: stored_as(ExplicitVRBigEndian, GREY),
    "deflated": lambda: stored_as(DeflatedExplicitVRLittleEndian, GREY),
    "RLE": lambda: stored_as(RLELossless, np.stack([GREY, GREY + 1]), NumberOfFrames=2),
    "JPEG-LS": lambda: stored_as(JPEGLSLossless, LARGE.astype(np.int16) - 900),
    "JPEG 2000": lambda: stored_as(JPEG2000Lossless, LARGE.astype(np.uint16)),
}


@pytest.mark.parametrize("name", DATASETS)
def test_a_stripped_file_has_the_same_pixels_and_header(tmp_path: Path, name: str) -> None:
    for needed in ("jpeg_ls", "pylibjpeg") if name.startswith("JPEG") else ():
        pytest.importorskip(needed)
    dataset = DATASETS[name]()
    dataset.PatientID, dataset.StudyInstanceUID, dataset.Modality = "Doe^Jane", "1.2.3", "MR"
    path = save_dicom(tmp_path / "x", dataset)
    before = read_header(path)
    frames = [(read_image_file(path, f), read_image_file(path, f, "file")) for f in range(before.frames)]
    assert dicom_strip.strip_dicom_files(tmp_path, 10**6, TOO_LARGE, silent) == 1
    assert b"Doe^Jane" not in path.read_bytes()
    after = read_header(path)
    photometric = before.photometric if len(frames[0][0].pixels.shape) == 2 else "RGB"
    assert after == DicomHeader(**{**vars(before), "photometric": photometric})
    for frame, images in enumerate(frames):
        for image, window in zip(images, (None, "file"), strict=True):
            again = read_image_file(path, frame, window)  # type: ignore[arg-type]
            assert again.pixels.dtype == image.pixels.dtype
            assert again.pixels.tolist() == image.pixels.tolist()
            assert (again.frames, again.inverted) == (image.frames, image.inverted)
            assert np.array_equal(again.padding, image.padding) if image.padding is not None else again.padding is None
    first = path.read_bytes()
    assert dicom_strip.strip_dicom_files(tmp_path, 10**6, TOO_LARGE, silent) == 1
    assert path.read_bytes() == first


def test_files_that_cannot_be_read_lose_their_elements_and_say_why(tmp_path: Path) -> None:
    paths = {name: tmp_path / name for name in ("pdf", "video", "channels", "cut", "header", "text")}
    pdf = dicom_dataset(GREY, PatientName="Doe^Jane", SOPClassUID=EncapsulatedPDFStorage)
    del pdf.Rows, pdf.Columns, pdf.PixelData
    save_dicom(paths["pdf"], pdf)
    video = dicom_dataset(GREY, PatientName="Doe^Jane")
    video.file_meta.TransferSyntaxUID = pydicom.uid.MPEG2MPML
    video.PixelData = pydicom.encaps.encapsulate([b"Doe^Jane"])
    save_dicom(paths["video"], video)
    write_dicom(paths["channels"], GREY, PatientName="Doe^Jane", PhotometricInterpretation="DOE JANE")
    whole = write_dicom(paths["cut"], GREY, PatientName="Doe^Jane").read_bytes()
    paths["cut"].write_bytes(whole[:-20])
    paths["header"].write_bytes(whole[: whole.index(b"Doe^Jane") + 8])
    paths["text"].write_bytes(b"Doe^Jane")
    faults = {}
    for stripped in (False, True):
        if stripped:
            assert dicom_strip.strip_dicom_files(tmp_path, 10**6, TOO_LARGE, silent) == 5
        for name, path in paths.items():
            with pytest.raises(ImageFileError) as caught:
                read_image_file(path)
            assert faults.setdefault(name, caught.value.fault) == caught.value.fault, name
            assert not stripped or name == "text" or b"Jane" not in path.read_bytes()


def test_a_file_that_only_its_name_calls_dicom_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "x.dcm").write_bytes(b"Doe^Jane" * 100)
    assert dicom_strip.strip_dicom_files(tmp_path, 10**6, TOO_LARGE, silent) == 1
    assert b"Jane" not in (tmp_path / "x.dcm").read_bytes()


@given(st.data())
@settings_of_hypothesis(max_examples=60)
def test_damaged_headers_reveal_nothing_and_stop_nothing(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    dataset = DATASETS[
        data.draw(st.sampled_from(["overlay bits", "VOI LUT", "enhanced", "palette", "RLE", "implicit"]))
    ]()
    dataset.PatientName, dataset.PatientID, dataset.Modality = "Zq^Jane", "ZqJane", "MR"
    content = bytearray(save_dicom(folder / "x.dcm", dataset).read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        at = min(data.draw(st.integers(132, 1200)), len(content))  # new UIDs change the length of the file
        content[at : at + data.draw(st.integers(0, 8))] = data.draw(
            st.sampled_from([b"", b"\0", b"\xff\xff", b"Zq", b"\1\0"])
        )
    (folder / "x.dcm").write_bytes(content)
    texts: list[str] = []
    for read in (read_image_file, read_header, lambda path: read_image_file(path, 0, "file")):
        try:
            read(folder / "x.dcm")
        except ImageFileError as error:
            texts.append(str(error))
    assert "Jane" not in "".join(texts)
    assert dicom_strip.strip_dicom_files(folder, 10**6, TOO_LARGE, silent) == 1
    assert b"Jane" not in (folder / "x.dcm").read_bytes()


def test_pixels_over_the_limit_are_refused(tmp_path: Path) -> None:
    for name in "ab":
        write_dicom(tmp_path / name, GREY)
    assert dicom_strip.strip_dicom_files(tmp_path, 2 * GREY.nbytes, TOO_LARGE, silent) == 2
    with pytest.raises(DataError, match="too large"):
        dicom_strip.strip_dicom_files(tmp_path, 2 * GREY.nbytes - 1, TOO_LARGE, silent)
