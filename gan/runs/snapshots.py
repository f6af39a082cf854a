"""ready.json of a snapshot, written last: a snapshot without it is incomplete."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.io.json_files import read_typed
from gan.io.untrusted_files import damaged_file


class Ready(TypedDict):
    """Images seen, and the SHA-256 of generator.safetensors in hexadecimal."""

    seen: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


READY = TypeAdapter(Ready)


def read_ready(folder: Path) -> Ready:
    """The ready.json of a snapshot's folder; raises DamagedFileError if it is missing or damaged."""
    ready = read_typed(folder / "ready.json", READY)
    if ready is None:
        raise damaged_file(folder / "ready.json", "it is missing")
    return ready
