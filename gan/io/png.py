"""PNG bytes of many small images at once (ISO/IEC 15948).

Python's zlib releases the GIL while it compresses. Pillow takes about three times as long for an image of 28 px and
holds the GIL for most of that, which is most of the time of an export of 50,000 images.

Letters: n images, C channels, H W.
"""

import base64
import io
import os
import struct
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from gan.errors import DamagedFileError
from gan.io.contact_sheet import Images
from gan.io.untrusted_files import open_regular


def encode_png(image: Images, text: Mapping[str, str]) -> bytes:
    """An image (C, H, W) as PNG bytes, with `text` as its metadata: `synthetic_mark.MARK` for a synthetic one."""
    return encode_pngs(image[None], [text])[0]


def encode_picture(picture: Image.Image, text: Mapping[str, str], *, optimize: bool = False) -> bytes:
    """A picture as PNG bytes, with `text` as in `encode_png`; `optimize` takes longer and makes it smaller."""
    chunks, content = PngInfo(), io.BytesIO()
    for key, value in text.items():
        chunks.add_itxt(key, value)
    picture.save(content, "PNG", pnginfo=chunks, optimize=optimize)
    return content.getvalue()


SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_TEXT = 1 << 16
GREY, COLOUR = 0, 2
"""The standard's colour types, for 8 bits a channel."""
LEVEL = 3
"""Of zlib. Higher levels hardly make small images smaller."""
SMOOTH = 48
"""Height in pixels from which the filter "Up" (type 2) makes files smaller, as neighbouring rows differ little."""


def encode_pngs(images: NDArray[np.uint8], texts: Iterable[Mapping[str, str]]) -> list[bytes]:
    """Images uint8 (n, C, H, W) of 1 or 3 channels as PNG bytes, each with its own metadata."""
    n, channels, height, width = images.shape
    shape = struct.pack(">IIBBBBB", width, height, 8, GREY if channels == 1 else COLOUR, 0, 0, 0)
    head, end = SIGNATURE + _chunk(b"IHDR", shape), _chunk(b"IEND", b"")
    rows = np.zeros((n, height, 1 + width * channels), np.uint8)  # each row begins with its filter type
    rows[:, :, 1:] = images.transpose(0, 2, 3, 1).reshape(n, height, width * channels)
    if height >= SMOOTH:
        rows[:, 1:, 1:] -= rows[:, :-1, 1:].copy()  # modulo 256, by the standard
        rows[:, 1:, 0] = 2
    return [
        b"".join([head, *(_text(key, value) for key, value in text.items()), _pixels(image), end])
        for image, text in zip(rows, texts, strict=True)
    ]


def read_text(path: Path) -> dict[str, str]:
    """The text of a PNG before its pixels, in iTXt and tEXt chunks, by keyword; {} for any other or damaged file.

    Reads no pixels, and at most MAX_TEXT bytes of a chunk.
    """
    text: dict[str, str] = {}
    try:
        with open_regular(path) as file:
            if file.read(len(SIGNATURE)) != SIGNATURE:
                return {}
            while len(head := file.read(8)) == 8 and head[4:] != b"IDAT":
                length = int.from_bytes(head[:4], "big")
                if head[4:] in (b"iTXt", b"tEXt") and length <= MAX_TEXT:
                    keyword, _, value = file.read(length).partition(b"\0")
                    value = value[2:].split(b"\0", 2)[-1] if head[4:] == b"iTXt" else value
                    text[keyword.decode("latin-1")] = value.decode(errors="replace")
                    file.seek(4, os.SEEK_CUR)
                else:
                    file.seek(length + 4, os.SEEK_CUR)
    except (OSError, DamagedFileError):
        return {}
    return text


def data_uri(content: bytes, subtype: str = "png") -> str:
    """A picture as the `src` of an `<img>` (RFC 2397), so that a document or page needs no second request for it.

    `subtype` is png, gif or svg+xml.
    """
    return f"data:image/{subtype};base64,{base64.b64encode(content).decode()}"


def _pixels(rows: NDArray[np.uint8]) -> bytes:
    return _chunk(b"IDAT", zlib.compress(rows.tobytes(), LEVEL))


def _text(key: str, value: str) -> bytes:
    """An iTXt chunk: the keyword, uncompressed, no language, no translated keyword, UTF-8 text."""
    return _chunk(b"iTXt", key.encode("latin-1") + bytes(5) + value.encode())


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
