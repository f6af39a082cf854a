"""Files of every kind, written from known pixels; raw bytes where a library cannot write the kind."""

import io
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

GREY = np.array([[0, 50, 100], [150, 200, 250]], dtype=np.uint8)
"""2 rows of 3 levels, no two of them equal and no symmetry, so that every turn, mirror and inversion shows."""
COLOUR = np.array(
    [[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[10, 20, 30], [200, 150, 100], [255, 255, 0]]], dtype=np.uint8
)
"""2 rows of 3 colours, red first, so that swapped channels show."""
TURNED = {
    1: [[1, 2, 3], [4, 5, 6]], 2: [[3, 2, 1], [6, 5, 4]], 3: [[6, 5, 4], [3, 2, 1]], 4: [[4, 5, 6], [1, 2, 3]],
    5: [[1, 4], [2, 5], [3, 6]], 6: [[3, 6], [2, 5], [1, 4]], 7: [[6, 3], [5, 2], [4, 1]], 8: [[4, 1], [5, 2], [6, 3]],
}  # fmt: skip
"""[[1, 2, 3], [4, 5, 6]] as it is stored under each orientation."""


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">L", len(content)) + kind + content + struct.pack(">L", zlib.crc32(kind + content))


def png_of(pixels: NDArray[Any], colour_type: int, bits: int = 16, chunks: Sequence[bytes] = ()) -> bytes:
    """A PNG without filters. Colour types: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA."""
    rows = pixels.astype(">u2" if bits == 16 else np.uint8)
    header = struct.pack(">LLBBBBB", pixels.shape[1], pixels.shape[0], bits, colour_type, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    chunked = [png_chunk(b"IHDR", header), *chunks, png_chunk(b"IDAT", body), png_chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunked)


def exif_chunk(orientation: int) -> bytes:
    """A PNG's eXIf chunk that holds an orientation from 1 to 8."""
    return png_chunk(b"eXIf", b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHLHHL", 274, 3, 1, orientation, 0, 0))


def saved(image: Image.Image, image_format: str, **options: Any) -> bytes:
    """The bytes of a file that Pillow writes."""
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def icc_profile(gamma: float, name: str) -> bytes:
    """An RGB profile with sRGB's primaries and the tone curve x ** gamma, called `name` (ICC.1:2001-04)."""

    def fixed(value: float) -> bytes:
        return struct.pack(">l", round(value * 65536))

    def xyz(x: float, y: float, z: float) -> bytes:
        return b"XYZ \0\0\0\0" + fixed(x) + fixed(y) + fixed(z)

    text = name.encode() + b"\0"
    description = b"desc\0\0\0\0" + struct.pack(">L", len(text)) + text + b"\0" * 78
    curve = b"curv\0\0\0\0" + struct.pack(">LH", 1, round(gamma * 256)) + b"\0\0"
    tags = {
        b"desc": description, b"cprt": b"text\0\0\0\0none\0", b"wtpt": xyz(0.9642, 1, 0.8249),
        b"rXYZ": xyz(0.4361, 0.2225, 0.0139), b"gXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7141), b"rTRC": curve, b"gTRC": curve, b"bTRC": curve,
    }  # fmt: skip
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        padded = content + b"\0" * (-len(content) % 4)
        table += tag + struct.pack(">LL", start + len(body), len(content))
        body += padded
    header = struct.pack(">L4sL4s4s4s", start + len(body), b"\0" * 4, 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    header += b"\0" * 12 + b"acsp" + b"\0" * 28 + fixed(0.9642) + fixed(1) + fixed(0.8249)
    return header.ljust(128, b"\0") + struct.pack(">L", len(tags)) + table + body


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
