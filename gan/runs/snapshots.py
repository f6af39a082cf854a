"""What a whole snapshot says of itself."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.io.json_files import read_typed
from gan.io.untrusted_files import damaged_file


class Ready(TypedDict):
    """What a whole snapshot's ready.json holds: images seen, and the SHA-256 of its generator.safetensors."""

    seen: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


READY = TypeAdapter(Ready)


def read_ready(folder: Path) -> Ready:
    """What a snapshot says of itself; raises DamagedFileError where it is missing or damaged."""
    found = read_typed(folder / "ready.json", READY)
    if found is None:
        raise damaged_file(folder / "ready.json", "it is missing")
    return found
