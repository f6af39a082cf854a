"""DICOM downloads: valid for pydicom, dcmtk and dicom3tools, without a patient, and never taken for real images."""

import csv
import json
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.uid import SecondaryCaptureImageStorage

from gan.cli.main import main
from gan.config import settings
from gan.export.dicom import encode_dicoms
from gan.export.request import ExportRequest
from gan.export.writer import write_export
from gan.runs.run import Run
from gan.sampling.provenance import Origin
from tests.conftest import trained
from tests.support.celeba import write_celeba

KNOWN_ERROR = "(0x0008,0x001c)"
"""SyntheticData, which came into the standard in 2023: Debian's dicom3tools is older."""


def assert_valid(file: Path) -> None:
    checked = subprocess.run(
        ["dciodvfy", file], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert "SCImage" in checked.stdout
    errors = [line for line in checked.stdout.splitlines() if line.startswith("Error")]
    assert [line for line in errors if KNOWN_ERROR not in line] == []
    dump = ["dcmdump", "--quiet", "--print-all", file]
    shown = subprocess.run(dump, stdout=subprocess.PIPE, text=True, errors="replace", check=True).stdout
    assert "=SecondaryCaptureImageStorage" in shown
    assert "(0010,0010) PN (no value available)" in shown
    assert "(0018,9004) CS [RESEARCH]" in shown


def test_grey_images_are_the_same_pixels_as_the_pngs_and_say_what_they_are(tmp_path: Path) -> None:
    run = trained("digits")
    document = json.loads((run.path / "data.json").read_text())
    name = "grade 2 \\ mild – " + "é" * 70
    document["names"][3] = name
    (run.path / "data.json").write_text(json.dumps(document))
    run = Run(run.path)
    for format in ("dicom", "folder"):
        request = ExportRequest(((name, 2), ("7", 1)), format=format, with_near_copies=True)
        write_export(run, request, tmp_path / format)
    rows = list(csv.DictReader((tmp_path / "dicom" / "labels.csv").read_text().splitlines()))
    assert [row["class"] for row in rows] == [name, name, "7"]
    files = [tmp_path / "dicom" / row["file"] for row in rows]
    for file, row in zip(files, rows, strict=True):
        dataset = pydicom.dcmread(file)
        png = tmp_path / "folder" / row["file"].replace(".dcm", ".png")
        with Image.open(png) as image:
            assert np.array_equal(dataset.pixel_array, np.asarray(image))
        assert dataset.SOPClassUID == SecondaryCaptureImageStorage
        assert (dataset.SyntheticData, dataset.ContentQualification, dataset.ConversionType) == (
            "YES",
            "RESEARCH",
            "SYN",
        )
        assert dataset.ImageComments == row["class"]
        assert (dataset.PatientName, dataset.PatientID, dataset.PatientSex, dataset.StudyDate) == ("", "", "", "")
        assert_valid(file)
    read = [pydicom.dcmread(file) for file in files]
    assert len({dataset.SOPInstanceUID for dataset in read}) == 3
    assert len({dataset.SeriesInstanceUID for dataset in read}) == 2
    assert len({dataset.StudyInstanceUID for dataset in read}) == 1


def test_colour_images_of_any_side_are_rgb_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 7, 7), dtype=np.uint8)
    origins = [Origin(320, 0, index, "Smiling=1,Male=0") for index in range(2)]
    first = encode_dicoms(images, "faces", "ab" * 32, origins)
    assert first == encode_dicoms(images, "faces", "ab" * 32, origins)
    for image, content in zip(images, first, strict=True):
        (tmp_path / "colour.dcm").write_bytes(content)
        dataset = pydicom.dcmread(tmp_path / "colour.dcm")
        assert dataset.PhotometricInterpretation == "RGB"
        assert np.array_equal(dataset.pixel_array, image.transpose(1, 2, 0))
        assert dataset.SeriesDescription == "Smiling=1,Male=0"
        assert_valid(tmp_path / "colour.dcm")


def test_the_files_alone_are_refused_as_real_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    request = ExportRequest((("3", 30), ("7", 30)), format="dicom", with_near_copies=True)
    write_export(trained("digits"), request, tmp_path / "out")
    assert main(["data", "check", str(tmp_path / "out" / "images"), "--levels", "class", "--json"]) == 2
    assert "dicom-synthetic" in [finding["key"] for finding in json.loads(capsys.readouterr().out)["problems"]]


def test_attributes_are_in_the_comments_and_in_labels_csv(tmp_path: Path) -> None:
    write_celeba(settings.public_data(), 60)
    run = trained("faces", data__name="celeba", data__attributes="Smiling,Male,Young", data__image_size=32)
    request = ExportRequest((("Smiling=1,Male=0", 2),), format="dicom", with_near_copies=True)
    write_export(run, request, tmp_path / "faces.zip")
    with zipfile.ZipFile(tmp_path / "faces.zip") as archive:
        archive.extractall(tmp_path / "faces")
    for row in csv.DictReader((tmp_path / "faces" / "labels.csv").read_text().splitlines()):
        dataset = pydicom.dcmread(tmp_path / "faces" / row["file"])
        assert dataset.ImageComments == ",".join(f"{name}={row[name]}" for name in run.info().names)
        assert dataset.pixel_array.shape == (32, 32, 3)
