"""Fingerprint: which images a run was trained on, what each showed and in which split it was, without the images.

A run keeps one from its first start. Whatever compares its networks with its data asks `check` first: resumption,
evaluation, export and study. No torch.

Letters: N images, K conditions.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import SPLITS, ImageSet, pixel_digests
from gan.errors import DamagedFileError, RunError
from gan.io.atomic import replacing
from gan.io.untrusted_files import read_arrays

FILE = "fingerprint.npz"
DTYPES = {"digests": np.uint32, "conditions": np.uint8, "split": np.uint8}


@dataclass(frozen=True)
class Fingerprint:
    """The images of all splits in their order: `digests` uint32 (N,), `conditions` uint8 (N, K), `split` (N,).

    `names` are those of the K conditions; `reading` says in words how files became pixels.
    """

    names: tuple[str, ...]
    reading: str
    digests: NDArray[np.uint32]
    conditions: NDArray[np.uint8]
    split: NDArray[np.str_]

    @classmethod
    def of(cls, images: ImageSet) -> "Fingerprint":
        """The fingerprint of a set."""
        channels, side = images.images.shape[1:3]
        colour = {1: "grey", 3: "colour"}.get(channels, f"{channels} channels")
        known = pixel_digests(images.images) if images.digests is None else images.digests
        return cls(
            names=images.names,
            reading=f"{colour}, {side} px, shown at {images.native_size} px",
            digests=known,
            conditions=images.conditions.astype(np.uint8),
            split=images.split,
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
                split=np.array([SPLITS.index(name) for name in self.split.tolist()], dtype=np.uint8),
            )

    @classmethod
    def load(cls, folder: Path) -> "Fingerprint":
        """The fingerprint in a run folder; raises RunError where it is absent or damaged."""
        try:
            file = read_arrays(folder / FILE)
            if any(file[name].dtype != dtype for name, dtype in DTYPES.items()) or file["names"].dtype.kind != "U":
                raise ValueError("its parts have other types")
            names = tuple(file["names"].tolist())
            found = cls(
                names=names,
                reading=str(file["reading"]),
                digests=file["digests"],
                conditions=np.unpackbits(file["conditions"], axis=1, count=len(names)),
                split=np.array(SPLITS)[file["split"]],
            )
            if found.digests.ndim != 1 or not len(found.digests) == len(found.conditions) == len(found.split):
                raise ValueError("its parts have different lengths")
        except (OSError, DamagedFileError, ValueError, KeyError, IndexError, TypeError) as error:
            raise RunError(
                f"{FILE} of the run {folder.name} is missing or damaged ({error}), so that nobody can say whether its "
                "images are the same as when it was trained: clone the run to train on those that are there now."
            ) from None
        return found


def check_unchanged(folder: Path, images: ImageSet) -> None:
    """Raise RunError where these are not the images, labels and splits that the run in `folder` was trained on.

    The message counts what was added, removed, relabelled and moved between splits, and says what to do.
    """
    changed = difference(Fingerprint.load(folder), Fingerprint.of(images))
    if changed:
        raise RunError(
            f"{images.title} has changed since the run {folder.name} was trained: {changed}. Put the earlier images "
            "and labels back, or clone the run to train on those that are there now."
        )


def problem_with(folder: Path, images: ImageSet) -> str | None:
    """What `check` would raise, or None."""
    try:
        check_unchanged(folder, images)
    except RunError as error:
        return str(error)
    return None


def difference(then: Fingerprint, now: Fingerprint) -> str:
    """What changed between two fingerprints, in words and numbers; empty where nothing did.

    Copies of one image are told apart by their split and their conditions.
    """
    said = [f"it is read as {now.reading} (it was {then.reading})"] if now.reading != then.reading else []
    gone, new = sorted({*then.names} - {*now.names}), sorted({*now.names} - {*then.names})
    for what, names in (("new", new), ("gone", gone)):
        if names:
            said.append(f"{len(names):,} condition{'s' if len(names) > 1 else ''} {what} ({', '.join(names[:3])})")
    if len(then.digests) != len(now.digests) or not all(
        np.array_equal(getattr(then, part), getattr(now, part)) for part in ("names", "digests", "conditions", "split")
    ):
        said += _counts(then, now) or ["the same images are in another order, as if files were renamed"]
    return ", ".join(said)


def _counts(then: Fingerprint, now: Fingerprint) -> list[str]:
    """Images added, removed, relabelled and moved between splits, in words; those of which there are none left out."""
    import pandas as pd  # here: it takes half a second, and only changed data needs it

    names = sorted({*then.names, *now.names})

    def table(one: Fingerprint) -> pd.DataFrame:
        conditions = np.zeros((len(one.digests), len(names)), dtype=np.uint8)
        conditions[:, [names.index(name) for name in one.names]] = one.conditions
        shown = [row.tobytes() for row in np.packbits(conditions, axis=1)]
        rows = pd.DataFrame({"image": one.digests, "split": one.split, "shown": shown})
        rows = rows.sort_values(["image", "split", "shown"])
        return rows.assign(copy=rows.groupby("image").cumcount())

    both = table(then).merge(table(now), on=["image", "copy"], how="outer", suffixes=("", "_now"), indicator=True)
    kept = both[both["_merge"] == "both"]
    moves = kept.loc[kept["split"] != kept["split_now"], ["split", "split_now"]].value_counts()
    counts = {
        "added": int((both["_merge"] == "right_only").sum()),
        "removed": int((both["_merge"] == "left_only").sum()),
        "relabelled": int((kept["shown"] != kept["shown_now"]).sum()),
    }
    said = [f"{count:,} image{'s' if count > 1 else ''} {what}" for what, count in counts.items() if count]
    if len(moves):
        ways = ", ".join(f"{count:,} from {old} to {new}" for (old, new), count in moves.items())
        said.append(f"{int(moves.sum()):,} moved between splits ({ways})")
    return said
