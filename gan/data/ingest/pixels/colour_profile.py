"""Convert pixels from the ICC profile in a file to sRGB. Grey profiles are left as they are."""

import io
from functools import lru_cache

from PIL import Image, ImageCms

INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC


def to_srgb(image: Image.Image, profile: bytes) -> tuple[Image.Image, str]:
    """An "RGB" or "CMYK" image as "RGB" in sRGB, and what was done as a part of its mode; "" if it was sRGB before."""
    try:
        transform, name = _transform(profile, image.mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # a damaged profile, or one of another colour space
        return image.convert("RGB"), ", unusable colour profile ignored"
    if transform is None:
        return image.convert("RGB"), ""
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None, "only a conversion in place returns None"
    return converted, f", converted from {name} to sRGB"


def is_srgb(profile: bytes) -> bool:
    """Whether an RGB profile is sRGB. False for an unusable one."""
    try:
        return _transform(profile, "RGB")[0] is None
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return False


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> tuple[ImageCms.ImageCmsTransform | None, str]:
    """The transform from a profile, or None if it is sRGB, and the profile's name. One scanner's files share one."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    name = " ".join(str(source.profile.profile_description or "another profile").split())[:60]
    if "srgb" in name.lower().replace(" ", ""):
        return None, name
    target = ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(source, target, mode, "RGB", renderingIntent=INTENT), name
