"""The exceptions that reading a damaged image or array file can raise."""

import struct
import tokenize
import zipfile
import zlib

from PIL import Image

from gan.errors import ImageFileError

# Pillow documents no common base class: these are what its readers raise. NumPy parses an array's header as Python.
UNREADABLE = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, EOFError, MemoryError,
    NotImplementedError, struct.error, zlib.error, zipfile.BadZipFile, tokenize.TokenError,
    Image.DecompressionBombError, Warning, ImageFileError,
)  # fmt: skip
