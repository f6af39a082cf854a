"""Fingerprint: the digest, condition and split of every image that a run was trained on.

A run saves one at its first start. Resumption, evaluation, export and study call `check_unchanged` before they compare
the run's networks with images. No torch.

Letters: N images, K conditions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import DROPPED, SPLITS, UNLABELLED, ImageSet, pixel_digests
from gan.errors import DamagedFileError, RunError
from gan.io.atomic import replacing
from gan.io.untrusted_files import read_arrays

FILE = "fingerprint.npz"
STORED_SPLITS = (*SPLITS, UNLABELLED, DROPPED)
"""Splits by the number that stands for them in the file."""
HELD_OUT = ("val", "test")
DTYPES = {"digests": np.uint32, "conditions": np.uint8, "split": np.uint8}


@dataclass(frozen=True)
class Fingerprint:
    """All images in order: `digests` uint32 (N,), `conditions` uint8 (N, K) with K `names`, `split` (N,).

    `reading` describes how files became pixels, such as "grey, 32 px, shown at 28 px". `learned` bool (N,): what the
    networks learn, which are the training images and the unlabelled ones that got a class.
    """

    names: tuple[str, ...]
    reading: str
    digests: NDArray[np.uint32]
    conditions: NDArray[np.uint8]
    split: NDArray[np.str_]
    learned: NDArray[np.bool_]

    @classmethod
    def of(cls, images: ImageSet, learned: NDArray[np.bool_] | None = None) -> "Fingerprint":
        """The fingerprint of a set, of which by default the training images are learned; digests are computed unless
        the set has them."""
        channels, side = images.images.shape[1:3]
        colour = {1: "grey", 3: "colour"}.get(channels, f"{channels} channels")
        digests = pixel_digests(images.images) if images.digests is None else images.digests
        return cls(
            names=images.names,
            reading=f"{colour}, {side} px, shown at {images.native_size} px",
            digests=digests,
            conditions=images.conditions.astype(np.uint8),
            split=images.split,
            learned=images.split == "train" if learned is None else learned,
        )

    def save(self, folder: Path) -> None:
        """Write fingerprint.npz into a run folder."""
        with replacing(folder / FILE) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(
                file,
                names=np.array(self.names, dtype=np.str_),
                reading=np.array(self.reading),
                digests=self.digests,
                conditions=np.packbits(self.conditions, axis=1),
                split=np.array([STORED_SPLITS.index(name) for name in self.split.tolist()], dtype=np.uint8),
                learned=self.learned,
            )

    @classmethod
    def load(cls, folder: Path, name: str = FILE) -> "Fingerprint":
        """The fingerprint in a run folder; raises RunError if it is missing or damaged."""
        try:
            file = read_arrays(folder / name)
            if any(file[name].dtype != dtype for name, dtype in DTYPES.items()) or file["names"].dtype.kind != "U":
                raise ValueError("its arrays have the wrong types")
            names, split = tuple(file["names"].tolist()), np.array(STORED_SPLITS)[file["split"]]
            fingerprint = cls(
                names=names,
                reading=str(file["reading"]),
                digests=file["digests"],
                conditions=np.unpackbits(file["conditions"], axis=1, count=len(names)),
                split=split,
                learned=file.get("learned", split == "train"),  # a run that learned no other image may lack it
            )
            if fingerprint.learned.dtype != np.bool_:
                raise ValueError("its arrays have the wrong types")
            parts = (fingerprint.digests, fingerprint.conditions, fingerprint.split, fingerprint.learned)
            if fingerprint.digests.ndim != 1 or len({len(part) for part in parts}) != 1:
                raise ValueError("its arrays have different lengths")
        except (OSError, DamagedFileError, ValueError, KeyError, IndexError, TypeError) as error:
            raise RunError(
                f"{name} of the run {folder.name} is missing or damaged ({error}), so its images cannot be compared "
                "with those it was trained on. Clone the run to train on the present images."
            ) from None
        return fingerprint


def held_out_images_learned(theirs: Sequence[Fingerprint], ours: Fingerprint) -> int | None:
    """How many validation and test images of a set were learned by runs on other sets; None where none was as far as
    can be told, and the images of one of them were read in another way."""
    comparable = [fingerprint for fingerprint in theirs if fingerprint.reading == ours.reading]
    learned = [fingerprint.digests[fingerprint.learned] for fingerprint in comparable]
    held_out = ours.digests[np.isin(ours.split, HELD_OUT)]
    count = int(np.isin(held_out, np.concatenate(learned)).sum()) if learned else 0
    return None if not count and len(comparable) < len(theirs) else count


def check_unchanged(folder: Path, images: ImageSet) -> None:
    """Raise RunError unless these are the images, labels and splits that the run in `folder` was trained on.

    The message counts images added, removed, relabelled and moved between splits.
    """
    changed = difference(Fingerprint.load(folder), Fingerprint.of(images))
    if changed:
        raise RunError(
            f"{images.title} has changed since the run {folder.name} was trained: {changed}. Restore the earlier "
            "images and labels, or clone the run to train on the present ones."
        )


def check_learned(folder: Path, learned: NDArray[np.bool_]) -> None:
    """Raise RunError unless these are the images (N,) that the networks of the run in `folder` have learned so far."""
    if not np.array_equal(Fingerprint.load(folder).learned, learned):
        raise RunError(
            f"The run {folder.name} has learned other unlabelled images than its pseudo_labels.npz names: put back the "
            "file that was there, or clone the run."
        )


def problem_with(folder: Path, images: ImageSet) -> str | None:
    """The message of `check_unchanged`, or None if the data is unchanged."""
    try:
        check_unchanged(folder, images)
    except RunError as error:
        return str(error)
    return None


def difference(then: Fingerprint, now: Fingerprint) -> str:
    """The changes between two fingerprints as one comma-separated text, empty if there are none.

    Copies of one image are matched by split and conditions.
    """
    changes = [f"it is read as {now.reading} (it was {then.reading})"] if now.reading != then.reading else []
    gone, new = sorted({*then.names} - {*now.names}), sorted({*now.names} - {*then.names})
    for change, names in (("new", new), ("gone", gone)):
        if names:
            changes.append(f"{len(names):,} condition{'s' if len(names) > 1 else ''} {change} ({', '.join(names[:3])})")
    if len(then.digests) != len(now.digests) or not all(
        np.array_equal(getattr(then, part), getattr(now, part)) for part in ("names", "digests", "conditions", "split")
    ):
        changes += _image_changes(then, now) or ["the same images are in another order, as if files were renamed"]
    return ", ".join(changes)


def _image_changes(then: Fingerprint, now: Fingerprint) -> list[str]:
    """Counts of images added, removed, relabelled and moved between splits, as texts; zeros are left out."""
    import pandas as pd  # here: importing it takes half a second

    names = sorted({*then.names, *now.names})

    def table(fingerprint: Fingerprint) -> pd.DataFrame:
        conditions = np.zeros((len(fingerprint.digests), len(names)), dtype=np.uint8)
        conditions[:, [names.index(name) for name in fingerprint.names]] = fingerprint.conditions
        packed = [row.tobytes() for row in np.packbits(conditions, axis=1)]
        rows = pd.DataFrame({"image": fingerprint.digests, "split": fingerprint.split, "condition": packed})
        rows = rows.sort_values(["image", "split", "condition"])
        return rows.assign(copy=rows.groupby("image").cumcount())

    both = table(then).merge(table(now), on=["image", "copy"], how="outer", suffixes=("", "_now"), indicator=True)
    kept = both[both["_merge"] == "both"]
    moves = kept.loc[kept["split"] != kept["split_now"], ["split", "split_now"]].value_counts()
    counts = {
        "added": int((both["_merge"] == "right_only").sum()),
        "removed": int((both["_merge"] == "left_only").sum()),
        "relabelled": int((kept["condition"] != kept["condition_now"]).sum()),
    }
    texts = [f"{count:,} image{'s' if count > 1 else ''} {change}" for change, count in counts.items() if count]
    if len(moves):
        directions = ", ".join(f"{count:,} from {old} to {new}" for (old, new), count in moves.items())
        texts.append(f"{int(moves.sum()):,} moved between splits ({directions})")
    return texts
