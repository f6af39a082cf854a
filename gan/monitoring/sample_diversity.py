"""Pixel diversity of the sample sheets, cheap enough to compute while a run trains. No torch.

It shows a generator that has collapsed to one image per class, which losses do not. Diversity is the standard deviation
of each pixel over the images of a condition, averaged over pixels and conditions: from 0 (identical images) to 0.5
(half black, half white). `gan/evaluation/scores` measures it on many more images.

Letters: n images, C channels, H = W the side.
"""

import functools
from pathlib import Path

import numpy as np

from gan.data.diversity import pixel_diversity
from gan.errors import DamagedFileError
from gan.io import contact_sheet
from gan.io.atomic import FileVersion, file_version
from gan.io.contact_sheet import GAP
from gan.io.untrusted_files import damaged_file, log_damaged
from gan.runs import sample_sheets
from gan.runs.run import Run


def sheet_diversity(picture: Path, columns: int, rows: int) -> float:
    """Pixel diversity within each column of a sample sheet, averaged over columns; a column shows one condition.

    Raises DamagedFileError where the sheet cannot be read, or has other rows and columns.
    """
    return _sheet_diversity(picture, file_version(picture), columns, rows)


@functools.lru_cache(maxsize=1000)  # a live page calls it every two seconds
def _sheet_diversity(picture: Path, version: FileVersion, columns: int, rows: int) -> float:
    pixels = np.asarray(contact_sheet.read_sheet(picture, columns))
    pixels = pixels.reshape(*pixels.shape[:2], -1)[GAP:, GAP:]  # (rows * (H + GAP), columns * (H + GAP), C)
    height, width, channels = pixels.shape
    if height % rows or width % columns or min(height // rows, width // columns) <= GAP:
        raise damaged_file(picture, f"it has not {rows} rows of {columns} images")
    tiles = pixels.reshape(rows, height // rows, columns, width // columns, channels)[:, :-GAP, :, :-GAP]
    return float(np.mean([pixel_diversity(tiles[:, :, column]) for column in range(columns)]))


def diversity_by_snapshot(run: Run) -> dict[int, float]:
    """Pixel diversity of a run's sample sheets by images seen, ascending; damaged sheets are left out."""
    layout = sample_sheets.read_layout(run)
    if not layout.labels or layout.rows < 2:
        return {}
    diversity = {}
    for seen, picture in run.samples().items():
        try:
            diversity[seen] = sheet_diversity(picture, len(layout.labels), layout.rows)
        except DamagedFileError as error:
            log_damaged(picture, error)
    return diversity
