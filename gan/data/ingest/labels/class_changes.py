"""Classes and attributes that the user takes out, renames or merges."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import Kind
from gan.errors import DataError


def change_classes(
    conditions: NDArray[np.uint8],
    names: tuple[str, ...],
    kind: Kind,
    drop: Sequence[str] = (),
    rename: Mapping[str, str] | None = None,
) -> tuple[NDArray[np.uint8], tuple[str, ...], NDArray[np.bool_]]:
    """Conditions (N, K), names (K) and kept images (N,) after the changes, from conditions (N, J) of J `names`.

    `drop` takes out the images of classes, or the columns of attributes. `rename` maps old names to new ones; names
    with the same new name are merged: an image has a merged attribute if it has any of them. Names keep their order,
    sorted for classes. Raises DataError for a name that is not there, and if nothing is left.
    """
    rename = rename or {}
    unknown = [name for name in (*drop, *rename) if name not in names]
    if unknown:
        what = "class" if kind == "class" else "attribute"
        raise DataError(f"There is no {what} {', '.join(unknown)}. There are: {', '.join(names)}.")
    both = [name for name in drop if name in rename]
    if both:
        raise DataError(f"{', '.join(both)} cannot be dropped and renamed at once. Choose one.")
    new_of = {name: rename.get(name, name) for name in names if name not in drop}
    new_names = tuple(dict.fromkeys(new_of.values()))
    if kind == "class":
        new_names = tuple(sorted(new_names))
    if not new_names:
        raise DataError(f"Nothing is left without {', '.join(drop)}. Keep at least one.")
    changed = np.zeros((len(conditions), len(new_names)), dtype=np.uint8)
    for column, name in enumerate(names):
        if name in new_of:
            changed[:, new_names.index(new_of[name])] |= conditions[:, column]
    dropped = [column for column, name in enumerate(names) if name in drop]
    kept: NDArray[np.bool_] = np.ones(len(conditions), dtype=bool)
    if kind == "class" and dropped:
        kept = np.logical_not(conditions[:, dropped].any(axis=1))
    return changed, new_names, kept
