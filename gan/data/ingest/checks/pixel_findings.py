"""Findings about single files: those that cannot be read, and those whose alpha is dropped."""

from collections import defaultdict
from collections.abc import Sequence

from gan.data.ingest.checks.report import Finding, first_few
from gan.data.ingest.pixels.image_file import ImageInfo

MAX_CAUSES = 3
"""Causes that a finding spells out; the report lists the cause of each file."""


def unreadable_files(causes: dict[str, str]) -> list[Finding]:
    """One finding about the files that cannot be read, by cause, the most frequent first."""
    if not causes:
        return []
    lines = causes_with_files(causes)
    more = f" There are {len(lines) - MAX_CAUSES:,} more causes." if len(lines) > MAX_CAUSES else ""
    text = f"Unreadable files ({len(causes):,}). {' '.join(lines[:MAX_CAUSES])}{more}"
    return [Finding("unreadable-files", "warning", text, "Left out.")]


def causes_with_files(causes: dict[str, str]) -> list[str]:
    """A sentence for each cause and the files that have it, the most frequent first."""
    files_of: dict[str, list[str]] = defaultdict(list)
    for file, cause in causes.items():
        files_of[cause].append(file)
    ordered = sorted(files_of.items(), key=lambda item: -len(item[1]))
    return [f"{first_few(files)}: {cause}." for cause, files in ordered]


def alpha_findings(files: Sequence[str], infos: Sequence[ImageInfo | None]) -> list[Finding]:
    """Findings about images whose alpha is dropped: a warning where that makes hidden colours visible."""
    dropped = [file for file, info in zip(files, infos, strict=True) if info is not None and info.alpha]
    hiding = [file for file, info in zip(files, infos, strict=True) if info is not None and info.alpha_hides]
    findings = []
    if len(dropped) > len(hiding):
        text = f"Images with transparency ({len(dropped):,}): {first_few(dropped)}."
        findings.append(Finding("alpha-dropped", "note", text, "It is dropped, and the colours are read."))
    if hiding:
        text = f"Images whose transparent parts hide other colours ({len(hiding):,}): {first_few(hiding)}."
        action = (
            "Transparency is dropped, so that a background that was cut away is back. "
            "If it should not be, save the images without transparency, on one colour."
        )
        findings.append(Finding("alpha-hides-colours", "warning", text, action))
    return findings
