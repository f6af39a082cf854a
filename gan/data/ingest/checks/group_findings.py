"""Groups, such as patients or slides: offered from names where none are named, and counted where some are missing.

And the subgroups that are kept, such as sex or scanner.
"""

from gan.data.ingest.checks.report import first_few
from gan.data.ingest.checks.state import CheckState
from gan.data.ingest.labels.name_parts import GroupCandidate, group_candidates
from gan.data.ingest.labels.reading import Role
from gan.data.ingest.labels.subgroups import count_values, counts_text

CONSEQUENCE = (
    "If several images show the same patient or slide, some of them are trained on and others tested on, and every "
    "score is too good."
)


def judge_groups(state: CheckState) -> None:
    """Offer groups that names of files give, or say how many images have none."""
    rows = state.kept_rows().tolist()
    without = [row for row in rows if not state.group[row]]
    if not without:
        return
    if len(without) < len(rows):
        text = f"Images without a group, while others have one ({len(without):,} of {len(rows):,}): "
        action = "Each counts as a group of its own."
        state.add("groups-partly-unknown", "warning", f"{text}{first_few(state.names_of(without))}.", action)
        return
    root = f"{state.reading.root}/" if state.reading.root else ""
    names = [state.files[row].removeprefix(root) for row in rows]
    offers = [
        (f"{offer.groups:,} groups such as {offer.example}", option)
        for offer in group_candidates(names, len(state.inventory.names))
        if (option := _option(state.reading.levels, offer))
    ]
    if offers:
        found, options = ("; ".join(column) for column in zip(*offers[:3], strict=True))
        text = f"No groups are named, but names of files or folders look like groups: {found}."
        action = f"{CONSEQUENCE} Choose groups if they are patients or slides."
        state.add("groups-offered", "warning", text, action, options)
    else:
        state.add("groups-unknown", "note", "No groups are named.", CONSEQUENCE)


def report_subgroups(state: CheckState) -> None:
    """Say which subgroups are kept with the set, and how many images each value has."""
    if not state.subgroups:
        return
    rows = state.kept_rows()
    counts = count_values({name: values[rows].tolist() for name, values in state.subgroups.items()})
    text = f"Kept for results by subgroup: {counts_text(counts)}."
    state.add("subgroups-kept", "note", text, "Their values are kept with the set.", "without them: --no-subgroups")


def _option(levels: tuple[Role, ...], offer: GroupCandidate) -> str:
    """The option that chooses groups, or "" if their folder level has a role already."""
    if offer.level is None:
        return f"--group-parts {offer.group_parts}"
    roles: list[str] = [*levels, *["ignore"] * (offer.level + 1 - len(levels))]
    if roles[offer.level] != "ignore":
        return ""
    roles[offer.level] = "group"
    return f"--levels {','.join(roles)}"
