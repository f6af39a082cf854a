"""Text files that list the images of each split, such as train.txt and test.txt beside class folders."""

from pathlib import PurePosixPath

from gan.data.ingest.files.listing import Listing
from gan.data.ingest.labels.split_words import split_word
from gan.data.ingest.labels.table_rows import image_names
from gan.data.ingest.labels.tables import read_table
from gan.errors import DataError

MOST_TABLES = 50
ENOUGH = 0.9
"""Share of the lines of a list that must name an image, and no other list's."""


def split_lists(listing: Listing) -> dict[str, str]:
    """The split of each list: `Reading.split_lists`. Empty if the lists name only one split, or share images."""
    if not any(split_word(PurePosixPath(file).stem) for file in listing.tables[:MOST_TABLES]):
        return {}
    names = image_names(listing.root, listing.images)
    found: dict[str, str] = {}
    images: dict[str, set[int]] = {}
    for file in listing.tables[:MOST_TABLES]:
        split = split_word(PurePosixPath(file).stem)
        if split is None:
            continue
        try:
            frame = read_table(listing.root / file, header=False).frame
        except DataError:
            continue  # the check of tables reports it
        if len(frame.columns) != 1 or not len(frame):
            continue
        matches = names.match([str(value) for value in frame.iloc[:, 0]])
        if matches.matched >= ENOUGH * len(frame):
            found[file] = split
            images.setdefault(split, set()).update(matches.pairs[:, 0].tolist())
    listed = sum(map(len, images.values()))
    return found if len(images) > 1 and len(set().union(*images.values())) >= ENOUGH * listed else {}
