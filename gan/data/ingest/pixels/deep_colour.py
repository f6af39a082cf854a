"""Files of more than 8 bits that Pillow cuts to 8: colour and alpha of 16 in PNG and PPM, and JPEG 2000."""

from typing import IO, Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan.data.ingest.pixels.colour_profile import is_srgb
from gan.data.ingest.pixels.decoded_image import DecodedImage
from gan.data.ingest.pixels.formats import PPM_HEADER
from gan.data.ingest.pixels.limits import MAX_DECODED, check_size
from gan.data.ingest.pixels.pillow_file import hides_colours
from gan.errors import ImageFileError


def read_deep_colour(file: IO[bytes], image_format: str, image: Image.Image) -> DecodedImage:
    """The pixels of a file, whose header Pillow has opened as `image`."""
    check_size(image.width, image.height, 2 * len(image.getbands()))
    file.seek(0)
    content = file.read(MAX_DECODED + 1)
    if len(content) > MAX_DECODED:
        raise ImageFileError("too-large", f"it has more than the {MAX_DECODED:,} bytes allowed; save it compressed")
    pixels = _decode(content, image_format)
    if pixels.shape[:2] != (image.height, image.width):
        raise ValueError(f"its header says {image.width} x {image.height} pixels")
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    if channels == 4 and image.mode != "RGBA":
        raise ImageFileError("channels", "it has 4 channels that are no colours with alpha; save it as RGB")
    pixels = upright(pixels, int(image.getexif().get(0x0112, 1))).astype(np.int32)
    return deep_image(pixels, "16-bit", None if image_format == "PPM" else image.info.get("icc_profile"))


def deep_image(pixels: NDArray[np.int32], depth: str, profile: bytes | None) -> DecodedImage:
    """Pixels (H, W), or (H, W, C) of grey or RGB with or without alpha, which is dropped. `depth` is such as "16-bit".

    A colour `profile` other than sRGB is not applied, and said.
    """
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    mode = f"{'colour' if channels >= 3 else 'grey'}, {depth}"
    if channels >= 3 and profile and not is_srgb(profile):
        mode += ", colour profile not applied"
    if channels in (1, 3):
        return DecodedImage(pixels, mode)
    colours, alpha = (pixels[:, :, :3] if channels == 4 else pixels[:, :, 0]), pixels[:, :, -1]
    return DecodedImage(
        np.ascontiguousarray(colours), f"{mode}, alpha dropped", alpha=True, alpha_hides=hides_colours(colours, alpha)
    )


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Pixels (H, W, ...) turned and mirrored as an EXIF or TIFF orientation from 1 to 8 says; others change nothing."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def _decode(content: bytes, image_format: str) -> NDArray[Any]:
    if image_format == "PNG":
        return np.asarray(imagecodecs.png_decode(content))
    if image_format == "JPEG2000":
        return np.asarray(imagecodecs.jpeg2k_decode(content))
    header = PPM_HEADER.match(content)
    assert header is not None, "is_deep_colour has matched it"
    variant, width, height, maximum = map(int, header.groups())
    if variant == 3:  # plain text
        pixels = np.array(content[header.end() :].split()[: 3 * width * height]).astype(np.uint16)
    else:
        pixels = np.frombuffer(content, ">u2", 3 * width * height, header.end())
    pixels = pixels.reshape(height, width, 3)
    return pixels if maximum == 65535 else np.minimum(pixels, maximum)
