"""Read the splits and groups that folders name, for images whose labels are in a table."""

from collections.abc import Sequence

from gan.data.ingest.checks.report import first_few
from gan.data.ingest.labels.folder_names import is_unlabelled
from gan.data.ingest.labels.folder_roles import read_roles
from gan.data.ingest.labels.folder_tree import Tree, read_tree
from gan.data.ingest.labels.folders import changed
from gan.data.ingest.labels.reading import Proposal, Reading


def outer_levels(images: Sequence[str]) -> list[Proposal]:
    """Readings of the splits and groups that folders name, for labels from a table, best first.

    They leave out no image, unless folders beside those of splits are none. A single one without doubts if all is
    clear; titles go behind those of a table.
    """
    tree = read_tree(images)
    roles = read_roles(tree, None)
    if not roles.levels:
        return [Proposal(Reading(), "")]  # a root that counts no levels would only leave out images beside it
    splits, doubts = dict(roles.splits), list(roles.doubts)
    strangers = _beside_splits(tree, images)
    if strangers:
        splits |= dict.fromkeys(strangers, "leave-out")
        doubts.append(f"{first_few(strangers)} beside the folders of splits: which split is meant?")
    reading = Reading(root=tree.root, levels=roles.levels, splits=splits)
    title = f"; {first_few(strangers)} left out" if strangers else ""
    if not (strangers or roles.folds):
        return [Proposal(reading, title, doubts=tuple(doubts))]
    whole = changed(reading, levels=["ignore" if role == "split" else role for role in roles.levels], splits={})
    kept = f"; splits from folders{title}"
    return [
        Proposal(reading, kept, doubts=tuple(doubts)),
        Proposal(whole, "; folders are not used", doubts=tuple(doubts)),
    ]


def _beside_splits(tree: Tree, images: Sequence[str]) -> list[str]:
    """Folders beside those of splits that are none."""
    above = [part for part in tree.root.split("/") if part]
    depth = next((depth for depth, level in enumerate(tree.levels) if level.splits), None)
    if depth is None:
        return []
    folders = {tuple(image.split("/")[:-1]) for image in images}
    names = {folder[len(above) + depth] for folder in folders if len(folder) > len(above) + depth}
    return sorted(name for name in names if name not in tree.levels[depth].splits and not is_unlabelled(name))
