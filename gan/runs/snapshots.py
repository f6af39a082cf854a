"""ready.json of a snapshot, written last: a snapshot without it is incomplete."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.io.atomic import FileVersion, file_version
from gan.io.json_files import read_typed, read_typed_or_none
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


def is_overwritten(folder: Path, made_with: Mapping[str, Any]) -> bool:
    """Whether a snapshot's folder now has another generator than the one that a record was `made_with`.

    A run that is trained again under its name leaves the records of the generators before. Those of a snapshot that was
    deleted stay valid.
    """
    try:
        version = file_version(folder / "ready.json")
    except OSError:  # whoever opens the snapshot says why
        return False
    sha256 = None if version is None else _sha256(folder, version)
    return None not in (sha256, made_with.get("generator_sha256")) and made_with["generator_sha256"] != sha256


@lru_cache(maxsize=4000)
def _sha256(folder: Path, version: FileVersion) -> str | None:
    ready = read_typed_or_none(folder / "ready.json", READY)
    return None if ready is None else ready["sha256"]
