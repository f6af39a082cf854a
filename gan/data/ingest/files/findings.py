"""Findings about files: what is not read, and why, with counts and the first names of each kind."""

from collections.abc import Mapping

from gan.data.ingest.checks.report import Finding, first_few
from gan.data.ingest.files.file_kinds import UNREAD_KINDS
from gan.data.ingest.files.listing import Listing
from gan.data.ingest.files.member_names import ENCODINGS, NamesEncoding
from gan.errors import DataError

FORMATS = "PNG, JPEG, TIFF, BMP, GIF, WEBP, HEIC, JPEG 2000, PGM or DICOM"


def file_findings(listing: Listing) -> list[Finding]:
    """A finding for each kind of files that are not read, for empty folders, and for decoded names.

    A kind that holds images, or may name their labels, is a warning; others are notes.
    """
    findings = [_left_out(kind, names) for kind, names in listing.others.items()]
    if listing.empty_folders:
        text = f"Empty folders ({len(listing.empty_folders):,}): {first_few(list(listing.empty_folders))}."
        findings.append(Finding("empty-folders", "warning", text, "If they are classes, add their images."))
    return [*findings, *([_decoded(listing.names)] if listing.names else [])]


def no_images(listing: Listing, shown_as: str) -> DataError:
    """The error for a folder or archive without images that are read: it names what is there and what to do."""
    others = others_with_images(listing.others)
    if not others:
        names = [*listing.tables, *(name for names in listing.others.values() for name in names)]
        rest = f"It holds other files ({len(names):,}): {first_few(names)}." if names else "It is empty."
        return DataError(f"{shown_as} holds no images ({FORMATS}). {rest}")
    found = [f"{_unread(kind, names)} {UNREAD_KINDS[kind].action}" for kind, names in others.items()]
    return DataError(f"{shown_as} holds no images ({FORMATS}). {' '.join(found)}")


def others_with_images(others: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The files that may hold images, by kind, the most frequent first."""
    kinds = [kind for kind in others if UNREAD_KINDS[kind].images or kind == "unknown"]
    return {kind: others[kind] for kind in sorted(kinds, key=lambda kind: -len(others[kind]))}


def _left_out(kind: str, names: tuple[str, ...]) -> Finding:
    unread = UNREAD_KINDS[kind]
    text = _unread(kind, names)
    action = f"Left out. {unread.action}".strip()
    if unread.images:
        return Finding("unread-images", "warning", text, action)
    if unread.labels:
        return Finding("unreadable-table", "warning", text, action)
    return Finding("other-files", "note", text, action)


def _unread(kind: str, names: tuple[str, ...]) -> str:
    """A sentence that a kind is not read, with the number and the first names of its files."""
    name = UNREAD_KINDS[kind].name
    return f"{name[0].upper()}{name[1:]} are not read ({len(names):,}): {first_few(list(names))}."


def _decoded(names: NamesEncoding) -> Finding:
    text = "The archive does not record the encoding of names. "
    text += f"They were read as {ENCODINGS[names.encoding]}: {', '.join(names.examples)}."
    if names.sure:
        return Finding("names-decoded", "note", text)
    action, option = (
        "If they look wrong, choose their encoding.",
        f"--names-encoding with one of {', '.join(ENCODINGS)}",
    )
    return Finding("names-decoded", "warning", text, action, option)
