"""A smaller set from a kept one: fewer or merged classes, fewer training images; the splits stay. No torch.

It is a set of its own, so that runs on the first stay as they are. Its images are hard links where the file system has
them, and take no space.
"""

import os
import shutil
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan.access import ownership
from gan.access.permissions import Action, require
from gan.config import settings
from gan.config.run_config import DataConfig
from gan.data import set_notes
from gan.data.image_set import DROPPED, UNLABELLED
from gan.data.ingest import upload_images
from gan.data.ingest.import_plan import ImportPlan
from gan.data.ingest.upload_images import IMAGES
from gan.data.label_edits import edited_labels, load_edits
from gan.data.set_access import check_set_use
from gan.data.set_notes import added_folder, load_set_notes, save_set_notes
from gan.errors import DataError
from gan.io.atomic import write_json
from gan.io.json_files import read_json


@dataclass(frozen=True)
class Cut:
    """What to cut: classes to `drop`, classes to `rename` (those with one new name are merged), and the `most` training
    images of a class that stay, None for all. Validation and test images of the classes that stay are all kept."""

    drop: Collection[str] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    most: int | None = None

    def text(self) -> str:
        """What was cut, as a part of a sentence."""
        parts = [f"without {', '.join(sorted(self.drop))}"] if self.drop else []
        parts += [f"{old} as {new}" for old, new in self.rename.items()]
        parts += [] if self.most is None else [f"at most {self.most:,} training images of a class"]
        return "; ".join(parts)


def make_subset(name: str, title: str, cut: Cut) -> str:
    """Make a set called `title` from the added set `name`; returns its folder's name, for `data.path`.

    Decisions on the labels of `name` are applied. Raises DataError for a set of attributes, an unknown class, a title
    in use, nothing to cut, and where a class that stays has no training image; AccessError as `accepted_sets.accept`.
    """
    require(Action.ADD_SET, detail=f"{title}, from {name}")
    check_set_use(DataConfig.model_validate({"name": "folder", "path": name}))
    folder = added_folder(name)
    plan = _cut_plan(ImportPlan.load(folder), folder, cut)
    target = settings.added_sets() / set_notes.new_set_name(title)
    made = settings.store() / ".data" / "incoming" / f"subset-{uuid.uuid4().hex}"
    made.mkdir(parents=True)
    try:
        if plan.root.is_relative_to(folder):
            plan = replace(plan, root=_link_images(plan, made / IMAGES))
        plan.save(made)
        report = read_json(folder / upload_images.REPORT) or {}
        write_json(
            made / upload_images.REPORT,
            report | {"name": target.name, "images": len(plan.files), "counts": plan.counts()},
        )
        save_set_notes(made, replace(load_set_notes(folder), title=title))
        ownership.write_ownership(made, ownership.new_ownership())
        made.rename(target)
    except BaseException:
        shutil.rmtree(made)
        raise
    return target.name


def _cut_plan(plan: ImportPlan, folder: Path, cut: Cut) -> ImportPlan:
    """The plan of the images that stay, in their splits."""
    if plan.kind != "class":
        raise DataError(f"The set {folder.name} has attributes: only sets of classes can be cut down.")
    unknown = [old for old in (*cut.drop, *cut.rename) if old not in plan.names]
    if unknown:
        raise DataError(f"The set has no class {unknown[0]!r}. Its classes: {', '.join(plan.names[:20])}.")
    if cut.most is not None and cut.most < 1:
        raise DataError(f"At most {cut.most} training images of a class: it takes a number from 1.")
    if not cut.text():
        raise DataError("Nothing is cut: leave out or merge a class, or keep fewer images of each.")
    new_name = {old: cut.rename.get(old, old).strip() for old in plan.names if old not in cut.drop}
    names = tuple(dict.fromkeys(new_name.values()))
    conditions, split = edited_labels(plan, load_edits(folder))
    merged = np.zeros((len(plan.files), len(names)), np.uint8)
    for column, old in enumerate(plan.names):
        if old in new_name:
            merged[:, names.index(new_name[old])] |= conditions[:, column]
    kept = (merged.any(axis=1) | (split == UNLABELLED)) & (split != DROPPED)
    kept[_surplus(merged, split, cut.most)] = False
    _check_classes(names, merged[kept & (split == "train")])
    rows = np.flatnonzero(kept)
    notice = f"Made from the set {set_notes.set_title(folder)}: {cut.text()}."
    return replace(
        plan,
        files=tuple(plan.files[row] for row in rows),
        frames=plan.frames[rows],
        conditions=merged[rows],
        names=names,
        split=split[rows],
        group=None if plan.group is None else plan.group[rows],
        subgroups={key: values[rows] for key, values in plan.subgroups.items()},
        notices=(*plan.notices, notice),
    )


def _surplus(conditions: NDArray[np.uint8], split: NDArray[np.str_], most: int | None) -> NDArray[np.int64]:
    """The rows of training images beyond the `most` of their class, by a fixed random choice."""
    draw, surplus = np.random.default_rng(0), [np.zeros(0, np.int64)]
    for column in range(conditions.shape[1] if most is not None else 0):
        rows = np.flatnonzero((split == "train") & (conditions[:, column] == 1))
        surplus.append(draw.permutation(rows)[most:])
    return np.concatenate(surplus)


def _check_classes(names: tuple[str, ...], training: NDArray[np.uint8]) -> None:
    if not names or "" in names:
        raise DataError("No class is left." if not names else "A class has no name: give it one, or leave it out.")
    empty = [name for name, count in zip(names, training.sum(axis=0).tolist(), strict=True) if not count]
    if empty:
        raise DataError(f"No training image of {empty[0]} is left: leave that class out, too.")


def _link_images(plan: ImportPlan, folder: Path) -> Path:
    """Link the files of a plan into `folder`, or copy them where the file system has no hard links."""
    for file in dict.fromkeys(plan.files):
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(plan.path(file), path)
        except OSError:
            shutil.copyfile(plan.path(file), path)
    return folder
