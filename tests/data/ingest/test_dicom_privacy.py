"""No value of an uploaded DICOM file is kept but its pixels and what they need: not in sets, caches, runs or logs."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import JPEGBaseline8Bit

from gan.config import settings
from gan.config.run_config import DataConfig
from gan.data import registry
from gan.data.ingest import accepted_sets
from gan.data.ingest.identifiers import hash_identifier
from gan.data.ingest.pixels.image_file import read_image_file
from tests.conftest import trained
from tests.support.dicom_files import dicom_dataset, save_dicom
from tests.support.image_files import finding, zip_of
from tests.support.uploads import add_files, add_folder, add_zip

NEEDED = ("SOPClassUID", "PhotometricInterpretation", "PatientID")
"""Text elements that have another value here."""
VALUES = {
    "PN": "Zq{}^Jane", "LO": "Zq{} text", "SH": "Zq{}", "ST": "Zq{} text", "LT": "Zq{} text", "UT": "Zq{} text",
    "UC": "Zq{} text", "UR": "http://zq{}", "AE": "ZQ{}", "CS": "ZQ{}", "UI": "1.2.999.{}", "DA": "17{:06}",
    "DT": "17{:06}101112", "TM": "235959.{:06}",
}  # fmt: skip
"""A value of each kind of text, different for each element."""


def with_secrets(dataset: Dataset, number: int) -> list[bytes]:
    """Put a value of its own into every text element that DICOM has; returns the values."""
    secrets: list[bytes] = []
    for tag, (vr, *_rest, keyword) in DicomDictionary.items():
        if vr not in VALUES or tag < 0x80000 or keyword in NEEDED or not keyword:
            continue
        secrets.append(VALUES[vr].format((number + 1) * 100_000 + len(secrets)).encode())
        dataset.add_new(tag, vr, secrets[-1].decode())
    more = [
        f"Zq{number}-{name}".encode() for name in ("private", "overlay", "nested", "overlaydata", "preamble", "padding")
    ]
    dataset.private_block(0x0051, "Zqcreator", create=True).add_new(1, "LO", more[0].decode())
    dataset.add_new((0x6000, 0x4000), "LT", more[1].decode())
    dataset.add_new((0x6000, 0x0022), "LO", more[1].decode())
    dataset.add_new((0x6000, 0x3000), "OB", more[3] + b" " * (len(more[3]) % 2))
    item = Dataset()
    item.PatientName = more[2].decode()
    dataset.RequestAttributesSequence = Sequence([item])
    dataset.preamble = more[4].ljust(128, b"\0")
    dataset.add_new((0xFFFC, 0xFFFC), "OB", more[5] + b" " * (len(more[5]) % 2))
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.ImplementationVersionName = f"ZQ{number}IMPL"
    dataset.file_meta.SourceApplicationEntityTitle = f"ZQ{number}AE"
    return [*secrets, *more, b"Zqcreator", f"ZQ{number}IMPL".encode(), f"ZQ{number}AE".encode()]


def secret_files(folder: Path) -> tuple[dict[str, bytes], list[bytes]]:
    """44 files in two class folders, of 11 patients: grey with overlay bits, JPEG with a comment, and a report."""
    files, secrets, random = {}, [], np.random.default_rng(0)
    for number in range(44):
        grey = random.integers(0, 4096, (32, 32), dtype=np.uint16)
        dataset = dicom_dataset(grey | 0x8000, BitsStored=12, WindowCenter=2000, WindowWidth=3000)
        if number == 1:
            image, comment = io.BytesIO(), b"Zqcomment in the JPEG"
            Image.fromarray((grey >> 4).astype(np.uint8)).save(image, "jpeg", comment=comment)
            dataset = dicom_dataset((grey >> 4).astype(np.uint8))
            dataset.file_meta.TransferSyntaxUID, dataset.PixelData = JPEGBaseline8Bit, encapsulate([image.getvalue()])
            secrets.append(comment)
        if number < 3:
            secrets += with_secrets(dataset, number)
        if number == 2:
            del dataset.Rows, dataset.Columns, dataset.PixelData
        dataset.PatientID = f"Zqpatient{number // 4}"
        secrets.append(dataset.PatientID.encode())
        files[f"{'ab'[number % 2]}/IM{number:04}"] = save_dicom(folder / "x.dcm", dataset).read_bytes()
    return files, secrets


START = re.compile(rb"Z[qQ]|http://zq|1\.2\.999\.|17\d{6}|235959\.")
"""How all values start: thousands of them are searched only where one may be."""


def assert_none_of(secrets: list[bytes], *texts: bytes) -> None:
    assert all(START.match(secret) for secret in secrets)
    files = [path.read_bytes() for path in settings.store().rglob("*") if path.is_file()]
    found = b"\0".join(content[at.start() :][:40] for content in (*files, *texts) for at in START.finditer(content))
    assert [secret for secret in secrets if secret in found] == []


def test_no_value_of_an_upload_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    files, secrets = secret_files(tmp_path)
    assert len(secrets) > 3000
    joined = b"\0".join(files.values())
    assert [secret for secret in secrets if secret not in joined] == []  # they are really there
    report = add_zip("cells", zip_of({f"{name}.dcm": content for name, content in files.items()}, zipfile.ZIP_DEFLATED))
    assert_none_of(secrets)
    assert report.images == 43
    assert report.plan is not None
    assert report.plan.group is not None
    assert set(report.plan.group) == {hash_identifier(f"Zqpatient{number}") for number in range(11)}
    finding(report, "dicom-names-kept", "note")
    accepted_sets.accept(report)
    assert len(registry.load_image_set(DataConfig.model_validate({"name": "folder", "path": "cells"}))) == 43
    trained("run", data__name="folder", data__path="cells", data__image_size=32)
    accepted_sets.load_report("cells")
    captured = capfd.readouterr()
    assert_none_of(secrets, caplog.text.encode(), captured.out.encode(), captured.err.encode())


def test_loose_files_are_stripped_too_and_files_of_the_server_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, secrets = secret_files(tmp_path)
    (tmp_path / "x.dcm").unlink()
    add_files("loose", [(f"{name}.dcm", io.BytesIO(content)) for name, content in files.items()])
    assert_none_of(secrets)
    for name, content in files.items():
        path = tmp_path / "server" / f"{name}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    monkeypatch.setenv("GAN_PATHS", str(tmp_path / "server"))
    report = add_folder("server", tmp_path / "server")
    assert report.images == 43
    assert_none_of(secrets)
    assert (tmp_path / "server" / "a" / "IM0000.dcm").read_bytes() == files["a/IM0000"]
    assert read_image_file(tmp_path / "server" / "a" / "IM0000.dcm").pixels.max() < 4096
