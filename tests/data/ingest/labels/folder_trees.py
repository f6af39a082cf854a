"""Trees of folders, of which there are only the names of the images, and their proposals."""

from collections.abc import Sequence
from pathlib import Path

from gan.data.ingest.files.listing import Listing
from gan.data.ingest.labels.folders import propose_folders
from gan.data.ingest.labels.reading import Proposal


def listing(*files: str) -> Listing:
    return Listing(Path("set"), tuple(sorted(files)), (), {}, ())


def tree(*folders: str, images: int = 20) -> list[str]:
    """The names of some images in each folder."""
    return [f"{folder}/{number}.png" for folder in folders for number in range(images)]


def propose(*files: str) -> list[Proposal]:
    return propose_folders(listing(*files))


def only(proposals: Sequence[Proposal]) -> Proposal:
    """The single proposal, which is sure and has no doubts."""
    assert [proposal.sure for proposal in proposals] == [True]
    assert proposals[0].doubts == ()
    return proposals[0]
