"""What Pillow reads right: 8 bits of all formats, and grey of 16."""

from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from gan.data.ingest.pixels.colour_profile import to_srgb
from gan.data.ingest.pixels.decoded_image import DecodedImage
from gan.data.ingest.pixels.limits import check_finite, check_size, too_many_pixels
from gan.errors import ImageFileError

GREY_16 = ("I", "I;16", "I;16B", "I;16L", "I;16N")

COLOUR = ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr")


def open_image(file: IO[bytes], image_format: str) -> Image.Image:
    """The image of a file of one of Pillow's formats, not decoded yet. Raises ImageFileError if it is too large."""
    try:
        image = Image.open(file, formats=(image_format,))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise too_many_pixels("its pixels") from None
    check_size(image.width, image.height)
    return image


def select_frame(image: Image.Image, frame: int) -> int:
    """Move to a frame, and return how many there are. The further pictures of a phone's JPEG (MPO) are no frames."""
    frames = 1 if image.format == "MPO" else int(getattr(image, "n_frames", 1))
    if not 0 <= frame < frames:
        raise ImageFileError("no-such-frame", f"it has {frames:,} frames; there is no frame {frame + 1:,}")
    if frames > 1:
        image.seek(frame)
    return frames


def decode(image: Image.Image, frames: int) -> DecodedImage:
    """The pixels of an open image, turned upright as its EXIF says. Deeper colour than 8 bits must not come here."""
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode in GREY_16:
        return DecodedImage(np.asarray(image).astype(np.int32), "grey, 16-bit", frames)
    if image.mode == "F":
        return DecodedImage(check_finite(np.asarray(image, dtype=np.float32)), "grey, floating point", frames)
    pixels, alpha, note = _pixels_and_alpha(image)
    if pixels.ndim == 3 and image.mode in ("P", "PA") and _is_grey(pixels):
        pixels = np.ascontiguousarray(pixels[:, :, 0])  # as many programs save grey images
    mode = "colour, 8-bit" if pixels.ndim == 3 else "grey, 8-bit"
    if alpha is None:
        return DecodedImage(pixels, mode + note, frames)
    return DecodedImage(
        pixels, mode + note + ", alpha dropped", frames, alpha=True, alpha_hides=hides_colours(pixels, alpha)
    )


def hides_colours(pixels: NDArray[np.generic], alpha: NDArray[np.generic]) -> bool:
    """Whether the fully transparent pixels hold more than one colour."""
    hidden = pixels[alpha == 0]
    return bool(len(hidden) and (hidden != hidden[0]).any())


def _pixels_and_alpha(image: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None, str]:
    """8-bit pixels (H, W) or (H, W, 3), alpha (H, W) if there is any, and what a colour profile did."""
    alpha, grey = None, image.mode in ("1", "L", "LA", "La")
    if not grey and image.mode not in COLOUR:
        raise ImageFileError("unsupported", f"its colour space, {image.mode}, is not read; save it as RGB")
    if image.has_transparency_data:
        straight = image.convert("LA" if grey else "RGBA")
        alpha, image = np.asarray(straight.getchannel("A")), _without_alpha(straight)
    if grey:
        return np.asarray(image.convert("L")), alpha, ""
    note = ""
    if profile := image.info.get("icc_profile"):
        image, note = to_srgb(image if image.mode == "CMYK" else image.convert("RGB"), profile)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB")), alpha, note


def _without_alpha(image: Image.Image) -> Image.Image:
    """The colours of an "LA" or "RGBA" image, those of transparent pixels included, with its colour profile."""
    bands = image.split()[:-1]
    colours = bands[0] if len(bands) == 1 else Image.merge("RGB", bands)
    colours.info = {name: value for name, value in image.info.items() if name == "icc_profile"}
    return colours


def _is_grey(pixels: NDArray[np.uint8]) -> bool:
    return bool((pixels[:, :, :1] == pixels[:, :, 1:]).all())
