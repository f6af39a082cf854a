"""Where one generated image comes from, and what follows from that: its file's name, and what its PNG says of itself.

An image is its run, snapshot, seed, index, condition and truncation: these make it again.
"""

import shlex
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from gan import __version__

MAX_FILE_NAME_BYTES = 92
"""Length of an image's file name, at most: below `images/` and a condition's folder the whole path is 200 bytes."""


@dataclass(frozen=True)
class Origin:
    """Where one image of a run comes from: equal origins are the same image.

    `snapshot` is by images seen, `index` the place in the seed's stream. `condition` is the text of one that leaves
    nothing open, as `Condition.text` writes it: origins are kept as JSON. The run itself is not in it: a run's folder
    can be copied and renamed with all that refers to its images.
    """

    snapshot: Annotated[int, Field(ge=0)]
    seed: Annotated[int, Field(ge=0)]
    index: Annotated[int, Field(ge=0)]
    condition: str
    truncation: float = 1.0


def file_name(run: str, snapshot: int, seed: int, index: int, truncation: float) -> str:
    """A PNG's name within the folder of its condition, at most `FILE_BYTES` long; all of the origin is in it.

    A run's name that is too long is cut.
    """
    typical = "" if truncation == 1 else f"_t{shortest_decimal(truncation)}"
    rest = f"_{snapshot}{typical}_s{seed}_{index:06d}.png"
    return run[: MAX_FILE_NAME_BYTES - len(rest)] + rest


def png_text(run: str, origin: Origin) -> dict[str, str]:
    """What a PNG says of itself: that it is synthetic, its condition, and the command that makes it again."""
    again = f"python -m gan sample {run} --snapshot {origin.snapshot} --condition {shlex.quote(origin.condition)}"
    again += (
        f" --seed {origin.seed} --start {origin.index} --count 1 --truncation {shortest_decimal(origin.truncation)}"
    )
    return {
        "Synthetic": f"yes: made by a conditional GAN (gan {__version__}), no photograph of anything",
        "Condition": origin.condition,
        "Make again": f"{again} --out one-image",
    }


def shortest_decimal(value: float) -> str:
    """A number as text from which exactly it is read again, and no longer than that takes."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)
