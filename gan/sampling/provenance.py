"""The origin of a generated image, from which it can be made again; its file name and its PNG's text.

Run, snapshot, seed, index, condition and truncation determine an image.
"""

import shlex
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from gan.config import settings
from gan.io.synthetic_mark import MARK

MAX_FILE_NAME_BYTES = 92
"""Length of an image's file name, at most: with `images/` and the condition's folder the path has 200 bytes."""


@dataclass(frozen=True)
class Origin:
    """What determines an image of a run: equal origins are the same image.

    `snapshot` is in images seen, `index` is the position in the seed's stream, `condition` the `Condition.text` of one
    that leaves nothing open. The run is left out, so that a run folder can be copied or renamed.
    """

    snapshot: Annotated[int, Field(ge=0)]
    seed: Annotated[int, Field(ge=0)]
    index: Annotated[int, Field(ge=0)]
    condition: str
    truncation: float = 1.0


def file_name(
    run: str,
    snapshot: int,
    seed: int,
    index: int,
    truncation: float,
    suffix: str = ".png",
    *,
    subclass: int | None = None,
) -> str:
    """The name of an image's file in the folder of its condition, at most `MAX_FILE_NAME_BYTES` long.

    A long run name is cut. A subclass, from 0 on, is named where one was asked for: its folder is that of its class.
    """
    divided = "" if subclass is None else f"_subclass{subclass + 1}"
    truncated = "" if truncation == 1 else f"_t{shortest_decimal(truncation)}"
    rest = f"{divided}_{snapshot}{truncated}_s{seed}_{index:06d}{suffix}"
    return run[: MAX_FILE_NAME_BYTES - len(rest)] + rest


def png_text(run: str, origin: Origin) -> dict[str, str]:
    """The text chunks of a PNG: the mark of a synthetic picture, its condition, and the command that makes it again."""
    again = f"{settings.PROGRAM} sample {run} --snapshot {origin.snapshot} --condition {shlex.quote(origin.condition)}"
    again += (
        f" --seed {origin.seed} --start {origin.index} --count 1 --truncation {shortest_decimal(origin.truncation)}"
    )
    return {**MARK, "Condition": origin.condition, "Make again": f"{again} --out one-image"}


def shortest_decimal(value: float) -> str:
    """The shortest decimal text that is read back as exactly this number."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)
