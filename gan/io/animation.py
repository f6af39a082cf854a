"""Animated GIFs of synthetic pictures, marked as such; of sample sheets, the same noise as training goes on."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from gan.io import contact_sheet
from gan.io.synthetic_mark import MARK, WORDS, XMP

FRAMES = 60
"""At most, evenly spaced over the run, always with the first and the newest."""
LONGEST_SIDE = 720
"""Pixels. Larger sheets are halved until they fit, so that 60 frames take about a second."""
HOLD_LAST = 4
"""How many times as long the newest frame is shown, before the animation repeats."""


def sheets_gif(
    samples: Mapping[int, Path], milliseconds: int = 250, transposed: tuple[int, int] | None = None
) -> bytes:
    """A GIF of the sample sheets by images seen (`Run.samples`, at least one), each shown for `milliseconds`.

    `transposed`, the sheets' (rows, columns), exchanges the two, for tall sheets. Raises DamagedFileError.
    """
    chosen = evenly_spaced([samples[seen] for seen in sorted(samples)], FRAMES)
    return encode_gif([read_frame(path, transposed) for path in chosen], milliseconds)


def evenly_spaced(paths: Sequence[Path], count: int) -> list[Path]:
    """At most `count` (at least 2) of the paths, evenly spaced, with the first and the last."""
    if len(paths) <= count:
        return list(paths)
    return [paths[round(index * (len(paths) - 1) / (count - 1))] for index in range(count)]


def read_frame(path: Path, transposed: tuple[int, int] | None) -> Image.Image:
    """A sheet, halved until no side is longer than LONGEST_SIDE; raises DamagedFileError."""
    picture = contact_sheet.read_sheet(path, None if transposed is None else transposed[1])
    if transposed is not None:
        picture = contact_sheet.transpose(picture, *transposed)
    while max(picture.size) > LONGEST_SIDE:
        picture = picture.reduce(2)
    if picture.mode == "L":
        return picture
    return picture.convert("RGB").quantize(256, method=Image.Quantize.FASTOCTREE)  # ten times as fast as the default


def encode_gif(pictures: Sequence[Image.Image], milliseconds: float, hold_last: int = HOLD_LAST) -> bytes:
    """An endless GIF with the mark of synthetic pictures: each frame for `milliseconds`, the last `hold_last` times as
    long.

    The format counts in hundredths of a second. A frame takes at least two: browsers slow down faster animations.
    """
    duration = max(20, round(milliseconds / 10) * 10)
    durations = [duration] * (len(pictures) - 1) + [duration * hold_last]
    content = io.BytesIO()
    pictures[0].save(
        content,
        "GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=durations,
        loop=0,
        optimize=False,
        comment=f"Synthetic: {WORDS}",
    )
    return _with_xmp(content.getvalue(), MARK[XMP])


def _with_xmp(gif: bytes, xmp: str) -> bytes:
    """The GIF with XMP in an application extension (ISO 16684-3), after the header and the global colours.

    The packet is not cut into blocks. A reader that expects blocks meets one of the 256 falling bytes at its end,
    whose value is the distance to the end.
    """
    flags = gif[10]
    start = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    end = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
    return gif[:start] + b"\x21\xff\x0bXMP DataXMP" + xmp.encode() + end + gif[start:]
