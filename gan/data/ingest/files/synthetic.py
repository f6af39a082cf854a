"""Recognise this program's own exports, so that synthetic images are not taken for real ones.

An export has a manifest.json, each of its PNGs says in its text that it is synthetic, and its labels.csv has the seed
of each image.
"""

import re
from pathlib import PurePosixPath

import numpy as np

from gan.data.ingest.files.listing import Listing
from gan.errors import DamagedFileError
from gan.io.json_files import read_json
from gan.io.png import read_text
from gan.io.synthetic_mark import SYNTHETIC
from gan.io.untrusted_files import open_regular

MANIFEST, LABELS = "manifest.json", "labels.csv"
SEED_COLUMNS = {"snapshot", "seed", "index", "truncation"}
"""Columns of the labels.csv of an export of arrays."""
EXPORT_NAME = re.compile(r"_\d+(_t[\d.e-]+)?_s\d+_\d{6,}\.png", re.IGNORECASE)
"""The end of the names of exported images (`gan.sampling.provenance.file_name`)."""
SAMPLE = 32
"""PNGs whose text is read, evenly spaced; as many again of those named like exported images."""


def is_synthetic_export(listing: Listing) -> str:
    """Why the files are synthetic images of this program, in a sentence, or "" if none seems to be.

    Reads the manifests and tables of that name and the start of a few images.
    """
    for name in _named(listing, MANIFEST):
        if _is_our_manifest(read_json(listing.root / name)):
            return f"{name} says that this program generated these images."
    for name in _named(listing, LABELS):
        if _names_seeds(listing, name):
            return f"{name} has the snapshot and seed from which this program generated each image."
    pngs = [name for name in listing.images if name.lower().endswith(".png")]
    sample = dict.fromkeys([*_spaced([name for name in pngs if EXPORT_NAME.search(name)]), *_spaced(pngs)])
    synthetic = [name for name in sample if SYNTHETIC in read_text(listing.root / name)]
    if not synthetic:
        return ""
    return (
        f"{synthetic[0]} says in its PNG text that this program generated it, as do {len(synthetic):,} of "
        f"{len(sample):,} images looked at."
    )


def _named(listing: Listing, base: str) -> list[str]:
    return [name for name in listing.tables if PurePosixPath(name).name == base]


def _is_our_manifest(document: dict[str, object] | None) -> bool:
    return document is not None and document.get("synthetic") is True and "make_again" in document


def _names_seeds(listing: Listing, name: str) -> bool:
    try:
        with open_regular(listing.root / name) as file:
            header = file.readline(10_000)
    except (OSError, DamagedFileError):
        return False
    return set(header.decode(errors="replace").strip().split(",")) >= SEED_COLUMNS


def _spaced(names: list[str]) -> list[str]:
    """Up to SAMPLE names, evenly spaced."""
    if not names:
        return []
    return [names[int(row)] for row in np.unique(np.linspace(0, len(names) - 1, SAMPLE).round())]
