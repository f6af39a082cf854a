"""UnpackRecord: what an archive held beside the files that were unpacked. A hidden file in the folder keeps it."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from gan.data.ingest.files.member_names import NamesEncoding
from gan.io.atomic import write_json
from gan.io.json_files import read_typed_or_none

FILE = ".unpacked.json"


@dataclass(frozen=True)
class UnpackRecord:
    """`left_out`: names of members that were not unpacked, by kind. `names`: how names were decoded, or None."""

    left_out: dict[str, tuple[str, ...]] = field(default_factory=dict)
    names: NamesEncoding | None = None

    def save(self, folder: Path) -> None:
        """Write the record into the folder that the archive was unpacked to."""
        write_json(folder / FILE, asdict(self))


RECORD = TypeAdapter(UnpackRecord)


def load_record(folder: Path) -> UnpackRecord:
    """The record of a folder; an empty one for a folder that was not unpacked from an archive."""
    return read_typed_or_none(folder / FILE, RECORD) or UnpackRecord()
