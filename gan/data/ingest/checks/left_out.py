"""How many images are left out in all, and why."""

from gan.data.ingest.checks.state import CheckState

WARNING_SHARE = 0.03
"""Share of images left out from which it is a warning."""


def count_left_out(state: CheckState, listed: int) -> None:
    """Report the images that are not used, of the `listed` ones in the folder, by what was the cause."""
    causes = {"not selected or without a label": listed - len(state.inventory.files)} | state.left_out
    causes = {cause: count for cause, count in causes.items() if count}
    total = sum(causes.values())
    if not total:
        return
    whole = total + int(state.kept.sum())
    listing = ", ".join(f"{cause} {count:,}" for cause, count in causes.items())
    text = f"Left out: {total:,} of {whole:,} images ({total / whole:.1%}): {listing}."
    state.add("left-out", "warning" if total >= WARNING_SHARE * whole else "note", text)
