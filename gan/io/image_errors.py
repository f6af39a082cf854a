"""What reading a damaged image file can raise."""

import struct
import zipfile
import zlib

from PIL import Image

# What Pillow raises for a damaged file is not one family: these are what its readers let through, NotImplementedError
# for a format's rarer kinds.
UNREADABLE = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, EOFError, MemoryError,
    NotImplementedError, struct.error, zlib.error, zipfile.BadZipFile, Image.DecompressionBombError, Warning,
)  # fmt: skip
