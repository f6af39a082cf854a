"""Read HEIC pictures, if the optional package for them is installed: 8 bits, or as many as the file has."""

from typing import IO, TYPE_CHECKING

import numpy as np
from PIL import Image

from gan.data.ingest.pixels import pillow_file
from gan.data.ingest.pixels.decoded_image import DecodedImage
from gan.data.ingest.pixels.deep_colour import deep_image
from gan.data.ingest.pixels.limits import check_size
from gan.errors import ImageFileError

if TYPE_CHECKING:
    import pillow_heif


def read_heif(file: IO[bytes]) -> DecodedImage:
    """The main picture of a file, upright. Its levels are scaled to 16 bits if it has 10 or 12.

    Raises ImageFileError without pillow-heif.
    """
    try:
        import pillow_heif
    except ImportError:
        text = "it is a HEIC picture: `pip install pillow-heif` lets them be read; or save it as JPEG or PNG"
        raise ImageFileError("missing-library", text) from None
    heif = pillow_heif.open_heif(file, convert_hdr_to_8bit=False)
    bits = int(heif.info.get("bit_depth", 8))
    if bits > 8:
        return _deep(heif, bits)
    check_size(*heif.size)
    image: Image.Image = heif.to_pillow()
    return pillow_file.decode(image, 1)


def _deep(heif: "pillow_heif.HeifFile", bits: int) -> DecodedImage:
    width, height = heif.size
    check_size(width, height, 2 * (1 if heif.mode.startswith("I") else len(heif.mode.partition(";")[0])))
    return deep_image(np.asarray(heif).astype(np.int32), f"{bits}-bit HEIC", heif.info.get("icc_profile"))
