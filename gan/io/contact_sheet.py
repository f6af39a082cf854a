"""Contact sheets: many images in one picture. No torch.

Letters: n images, C channels, H W.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan.io.image_errors import UNREADABLE
from gan.io.untrusted_files import check_regular, damaged_file

Images = NDArray[np.uint8]
GAP = 2
"""Pixels of neutral grey around each image of a sheet."""
MAX_PIXELS = 2**26
"""Of a sheet: eight rows of forty images of 128 px have a twelfth of it."""


def to_pil(image: Images) -> Image.Image:
    """An image (C, H, W) of 1 or 3 channels as a grey or colour picture."""
    return Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))


def make_grid(images: Images, columns: int, scale: int = 1, gap: int = GAP) -> Image.Image:
    """Images (n, C, H, W) row by row on neutral grey, enlarged `scale` times without smoothing."""
    images = images.repeat(scale, axis=2).repeat(scale, axis=3)
    n, channels, height, width = images.shape
    rows = -(-n // columns)
    sheet = np.full((channels, rows * (height + gap) + gap, columns * (width + gap) + gap), 128, dtype=np.uint8)
    for i, image in enumerate(images):
        top, left = gap + i // columns * (height + gap), gap + i % columns * (width + gap)
        sheet[:, top : top + height, left : left + width] = image
    return to_pil(sheet)


def read_sheet(path: Path, columns: int | None = None) -> Image.Image:
    """A decoded sheet, with room for a row of `columns` images where that is given.

    Raises DamagedFileError where it is no PNG, is damaged, too large, or too small for its columns.
    """
    check_regular(path)
    try:
        with Image.open(path, formats=("PNG",)) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise damaged_file(path, f"{opened.width} x {opened.height} pixels are too many for a sheet")
            if opened.mode not in ("L", "RGB"):
                raise damaged_file(path, f"its pixels are {opened.mode}: a sheet is grey or RGB")
            opened.load()
            sheet = opened.copy()
    except UNREADABLE as error:
        raise damaged_file(path, error) from None
    if columns is None:
        return sheet
    across = (sheet.width - GAP) // columns
    if across <= GAP or sheet.height < across + GAP:
        raise damaged_file(path, f"{sheet.width} x {sheet.height} pixels are too few for {columns} columns")
    return sheet


def transpose(sheet: Image.Image, rows: int, columns: int) -> Image.Image:
    """A sheet with rows and columns exchanged; each image stays upright."""
    across, down = (sheet.width - GAP) // columns, (sheet.height - GAP) // rows
    result = Image.new(sheet.mode, (rows * across + GAP, columns * down + GAP))
    for row in range(rows):
        for column in range(columns):
            left, top = column * across, row * down
            tile = sheet.crop((left, top, left + across + GAP, top + down + GAP))
            result.paste(tile, (row * across, column * down))
    return result


def fold_sheet(sheet: Image.Image, columns: int, ratio: float) -> Image.Image:
    """The top of a sheet at about `ratio` (width by height): lower rows go beside the upper ones."""
    across, rows = _pitch(sheet, columns)
    beside = max(1, int((rows * columns * ratio) ** 0.5 / columns))
    high = rows // beside
    result = Image.new(sheet.mode, (beside * columns * across + GAP, high * across + GAP))
    for part in range(beside):
        top = part * high * across
        result.paste(
            sheet.crop((0, top, columns * across + GAP, top + high * across + GAP)), (part * columns * across, 0)
        )
    return result.crop((0, 0, result.width, min(result.height, round(result.width / ratio))))


def sheet_strips(sheet: Image.Image, columns: int) -> list[Image.Image]:
    """Each column of a sheet as a wide sheet of its own."""
    across, rows = _pitch(sheet, columns)
    in_line = next(n for n in range(1, rows + 1) if (rows % n == 0 and n * n >= rows * columns) or n == rows)
    result = []
    for column in range(columns):
        strip = Image.new(sheet.mode, (in_line * across + GAP, rows // in_line * across + GAP))
        for row in range(rows):
            left, top = column * across, row * across
            tile = sheet.crop((left, top, left + across + GAP, top + across + GAP))
            strip.paste(tile, (row % in_line * across, row // in_line * across))
        result.append(strip)
    return result


def _pitch(sheet: Image.Image, columns: int) -> tuple[int, int]:
    """The side of a square image with the gap at its left, in pixels, and the number of rows."""
    across = (sheet.width - GAP) // columns
    return across, (sheet.height - GAP) // across
