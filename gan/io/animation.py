"""A run's sample pictures as a film: the same noise from the first picture to the newest, as a GIF. No torch."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from gan.io import contact_sheet

FRAMES = 60
"""Pictures in a film, at most: spread evenly over the run, the first and the newest among them."""
LONGEST_SIDE = 720
"""Pixels: a larger picture is halved until it fits, so that a film of 60 is made in about a second."""
STAND_STILL = 4
"""How many frames' time the newest picture stays before the film begins again."""


def sheets_gif(samples: Mapping[int, Path], milliseconds: int = 250, turned: tuple[int, int] | None = None) -> bytes:
    """A GIF of sample pictures by images seen (`Run.samples`), at least one, each shown for `milliseconds`.

    `turned`, a picture's rows and columns, makes each column of images a row: for pictures that stand tall.
    """
    chosen = evenly_spaced([samples[seen] for seen in sorted(samples)], FRAMES)
    return encode_gif([read_frame(path, turned) for path in chosen], milliseconds)


def evenly_spaced(paths: Sequence[Path], most: int) -> list[Path]:
    """At most so many (2 on) of them, evenly spread, with the first and the last."""
    if len(paths) <= most:
        return list(paths)
    return [paths[round(index * (len(paths) - 1) / (most - 1))] for index in range(most)]


def read_frame(path: Path, turned: tuple[int, int] | None) -> Image.Image:
    """A picture, halved until it is no larger than LONGEST_SIDE; raises DamagedFileError."""
    picture = contact_sheet.read_sheet(path, None if turned is None else turned[1])
    if turned is not None:
        picture = contact_sheet.transpose(picture, *turned)
    while max(picture.size) > LONGEST_SIDE:
        picture = picture.reduce(2)
    if picture.mode == "L":
        return picture
    return picture.convert("RGB").quantize(256, method=Image.Quantize.FASTOCTREE)  # ten times as fast as the default


def encode_gif(pictures: Sequence[Image.Image], milliseconds: float, stand_still: int = STAND_STILL) -> bytes:
    """A GIF that runs for ever, each picture for so long and the last `stand_still` times as long.

    The time is rounded to hundredths of a second, as the format counts, and is two of them at least: browsers slow down
    what claims to be faster.
    """
    each = max(20, round(milliseconds / 10) * 10)
    durations = [each] * (len(pictures) - 1) + [each * stand_still]
    content = io.BytesIO()
    pictures[0].save(
        content, "GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0, optimize=False
    )
    return content.getvalue()
