"""Tables that name DICOM images by SOP instance UID, of original files and of uploaded ones."""

from pathlib import Path

import numpy as np
import pytest

from gan.data.ingest.files.listing import list_folder
from gan.data.ingest.labels.table_labels import labels_from_table
from gan.data.ingest.labels.table_proposals import propose_tables
from gan.data.ingest.pixels.dicom_strip import strip_dicom_files
from gan.errors import DataError
from gan.io.progress import silent
from tests.support.dicom_files import write_dicom


@pytest.mark.parametrize("stripped", [False, True])
def test_a_table_names_images_by_sop_instance_uid(tmp_path: Path, stripped: bool) -> None:
    random, lines = np.random.default_rng(0), ["SOPInstanceUID,diagnosis"]
    order = random.permutation(24).tolist()
    for number in order:
        uid = f"1.2.826.0.1.{number + 1}"
        write_dicom(tmp_path / f"IM{number:04}", random.integers(0, 255, (8, 8), dtype=np.uint8), SOPInstanceUID=uid)
        lines.append(f"{uid},{'sick' if number % 3 else 'well'}")
    (tmp_path / "table.csv").write_text("\n".join(lines))
    if stripped:
        strip_dicom_files(tmp_path, 10**6, DataError("too large"), silent)
    listing = list_folder(tmp_path)
    assert len(listing.images) == 24
    (proposal,) = propose_tables(listing)
    assert proposal.reading.table is not None
    assert proposal.reading.table.image == "SOPInstanceUID"
    labels = labels_from_table(listing, listing.images, proposal.reading)
    assert labels.labelled.all()
    assert labels.names == ("sick", "well")
    assert labels.conditions[:, 0].tolist() == [int(number % 3 > 0) for number in range(24)]
