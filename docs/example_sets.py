"""Made-up sets in the layouts of real ones, for screenshots and tests: HAM10000 in a ZIP, and DICOM files."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

LESIONS = {"bkl": ((150, 110, 80), 0.6), "mel": ((70, 45, 40), 0.9), "nv": ((120, 75, 55), 0.35)}
"""Colour and irregular outline (0 to 1) of the lesions of each class."""


def write_ham10000_zip(path: Path, each: int = 60) -> Path:
    """Drawn skin lesions, `each` of every class, two of each lesion, in two folders, with HAM10000_metadata.csv."""
    rows = [["lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization"]]
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(each * len(LESIONS)):
            name = list(LESIONS)[number // 2 % len(LESIONS)]
            image = f"ISIC_{24306 + number:07d}"
            rows.append([f"HAM_{number // 2:07d}", image, name, "histo", str(40 + number % 40), "female", "back"])
            content = io.BytesIO()
            draw_lesion(name, np.random.default_rng(number)).save(content, "jpeg", quality=90)
            part = 1 + number * 2 // (each * len(LESIONS))
            archive.writestr(f"HAM10000_images_part_{part}/{image}.jpg", content.getvalue())
        table = io.StringIO()
        csv.writer(table).writerows(rows)
        archive.writestr("HAM10000_metadata.csv", table.getvalue())
    return path


def draw_lesion(name: str, generator: np.random.Generator) -> Image.Image:
    """A lesion of a class on skin, 120 x 90 px."""
    colour, irregular = LESIONS[name]
    skin = np.array((224, 172, 150)) + generator.normal(0, 8, 3)
    image = Image.new("RGB", (120, 90), tuple(skin.astype(int).tolist()))
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    radii = generator.uniform(14, 26) * (1 + irregular * generator.uniform(-0.45, 0.45, 24))
    centre = np.array((60, 45)) + generator.normal(0, 7, 2)
    outline = [(centre[0] + r * np.cos(a), centre[1] + r * np.sin(a)) for r, a in zip(radii, angles, strict=True)]
    shade = np.clip(np.array(colour) + generator.normal(0, 10, 3), 0, 255).astype(int)
    ImageDraw.Draw(image).polygon(outline, fill=tuple(shade.tolist()))
    blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(2)), dtype=float)
    return Image.fromarray(np.clip(blurred + generator.normal(0, 5, blurred.shape), 0, 255).astype(np.uint8))


def write_dicom_folder(folder: Path, each: int = 36) -> Path:
    """Drawn chest films, `each` of two classes, as DICOM: two of a patient, every second one MONOCHROME1 with a window
    of its own.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

    for number in range(2 * each):
        name = ("effusion", "normal")[number % 2]
        inverted = number // 2 % 2 == 1
        pixels = draw_chest(name == "effusion", np.random.default_rng(number))  # (96, 80), 0 to 4095
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[str(number)])
        dataset.PatientID = f"example-{number // 4}-{name}"
        dataset.Rows, dataset.Columns = pixels.shape
        dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
        dataset.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
        dataset.WindowCenter, dataset.WindowWidth = (2600, 2400) if inverted else (1500, 2400)
        dataset.PixelData = (4095 - pixels if inverted else pixels).astype("<u2").tobytes()
        dataset["PixelData"].VR = "OW"
        path = folder / name / f"{number:03d}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(path, enforce_file_format=True)
    return folder


def draw_chest(effusion: bool, generator: np.random.Generator) -> NDArray[np.int64]:
    """A chest film (96, 80) of 12 bits: dark lungs, of which an effusion fills the lower part of one."""
    image = Image.new("L", (80, 96), 150)
    draw = ImageDraw.Draw(image)
    shift, top, bottom, width = generator.integers((-8, 8, 66, 18), (9, 28, 86, 30)).tolist()
    for left in (8, 42):
        draw.ellipse((left + shift, top, left + width + shift, bottom), fill=60)
    heart = int(generator.integers(-10, 11))
    draw.ellipse((34 + shift + heart // 2, 44 + heart, 58 + shift, 74 + heart // 2), fill=190)
    if effusion:
        draw.rectangle((4 + shift, generator.integers(44, bottom - 8), 36 + shift, bottom), fill=185)
    light = generator.uniform(-80, 80) * np.linspace(-0.5, 0.5, 80)
    light = light + generator.uniform(-80, 80) * np.linspace(-0.5, 0.5, 96)[:, None] + generator.uniform(-20, 20)
    blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(2)), dtype=float)
    noisy = (blurred + light) * 12 + generator.normal(0, 60, blurred.shape)
    pixels: NDArray[np.int64] = np.clip(noisy, 0, 4095).astype(np.int64)
    return pixels
