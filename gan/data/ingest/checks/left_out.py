"""How many images are left out in all, and why."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from gan.data.ingest.checks.state import CheckState

WARNING_SHARE = 0.03
"""Share of images left out for other reasons than the reading's own patterns, from which it is a warning."""


def count_left_out(state: CheckState, listed: Sequence[str]) -> None:
    """Report the images that are not used, of the `listed` ones in the folder, by cause."""
    patterns = state.reading.leave_out
    by_pattern = sum(any(fnmatchcase(image, pattern) for pattern in patterns) for image in listed) if patterns else 0
    not_read = len(listed) - len(state.inventory.files) - by_pattern
    causes = {"by patterns": by_pattern, _cause(state): not_read} | state.left_out
    causes = {cause: count for cause, count in causes.items() if count}
    total = sum(causes.values())
    if not total:
        return
    whole = total + int(state.kept.sum())
    listing = ", ".join(f"{cause} {count:,}" for cause, count in causes.items())
    text = f"Left out: {total:,} of {whole:,} images ({total / whole:.1%}): {listing}."
    state.add("left-out", "warning" if total - by_pattern >= WARNING_SHARE * whole else "note", text)


def _cause(state: CheckState) -> str:
    """Why images that no pattern leaves out are not read."""
    return "of dropped classes or without a label" if state.reading.drop else "elsewhere or without a label"
