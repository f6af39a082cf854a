"""The exceptions that reading a damaged image file can raise."""

import struct
import zipfile
import zlib

from PIL import Image

# Pillow documents no common base class: these are what its readers let through.
UNREADABLE = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, EOFError, MemoryError,
    NotImplementedError, struct.error, zlib.error, zipfile.BadZipFile, Image.DecompressionBombError, Warning,
)  # fmt: skip
