"""The origin of a generated image, from which it can be made again; its file name and its PNG's text.

Run, snapshot, seed, index, condition and truncation determine an image.
"""

import shlex
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from gan import __version__
from gan.config import settings
from gan.io.png import SYNTHETIC, XMP

TRAINED_ALGORITHMIC_MEDIA = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's code for media that a trained model generated; cataloguing programs and search engines read it."""
SYNTHETIC_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    f'Iptc4xmpExt:DigitalSourceType="{TRAINED_ALGORITHMIC_MEDIA}"/></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)
"""XMP (ISO 16684-1) with IPTC's DigitalSourceType, read-only: it is the same for every image."""
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


def file_name(run: str, snapshot: int, seed: int, index: int, truncation: float, suffix: str = ".png") -> str:
    """The name of an image's file in the folder of its condition, at most `MAX_FILE_NAME_BYTES` long.

    A long run name is cut.
    """
    truncated = "" if truncation == 1 else f"_t{shortest_decimal(truncation)}"
    rest = f"_{snapshot}{truncated}_s{seed}_{index:06d}{suffix}"
    return run[: MAX_FILE_NAME_BYTES - len(rest)] + rest


def png_text(run: str, origin: Origin) -> dict[str, str]:
    """The text chunks of a PNG: that it is synthetic, in words and as XMP, its condition, and the command that makes it
    again."""
    again = f"{settings.PROGRAM} sample {run} --snapshot {origin.snapshot} --condition {shlex.quote(origin.condition)}"
    again += (
        f" --seed {origin.seed} --start {origin.index} --count 1 --truncation {shortest_decimal(origin.truncation)}"
    )
    return {
        SYNTHETIC: f"yes: made by a conditional GAN (gan {__version__}), no photograph of anything",
        "Condition": origin.condition,
        "Make again": f"{again} --out one-image",
        XMP: SYNTHETIC_XMP,
    }


def shortest_decimal(value: float) -> str:
    """The shortest decimal text that is read back as exactly this number."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)
