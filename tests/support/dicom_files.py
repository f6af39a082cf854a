"""DICOM files for tests, as bytes or on disk."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid


def dicom_dataset(pixels: NDArray[Any], **elements: Any) -> Dataset:
    """A dataset of pixels (H, W), or (H, W, 3) for RGB. `elements` replace or add elements by keyword."""
    colour = pixels.ndim == 3 and pixels.shape[2] == 3 and "NumberOfFrames" not in elements
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    dataset.Rows, dataset.Columns = pixels.shape[:2] if colour else pixels.shape[-2:]
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = dataset.BitsStored = 8 * pixels.itemsize
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.HighBit = elements.get("HighBit", dataset.BitsStored - 1)
    dataset.PixelData = np.ascontiguousarray(pixels).tobytes()
    dataset["PixelData"].VR = "OB" if pixels.itemsize == 1 else "OW"
    return dataset


def save_dicom(path: Path, dataset: Dataset) -> Path:
    """Write a dataset as a DICOM file."""
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID") or generate_uid()
    dataset.save_as(path, enforce_file_format=True)
    return path


def write_dicom(path: Path, pixels: NDArray[Any], **elements: Any) -> Path:
    """`dicom_dataset`, written to `path`."""
    return save_dicom(path, dicom_dataset(pixels, **elements))
