"""DatasetInfo: what a run keeps of its training data, so that its folder works on a machine without the images.

The trainer writes it; networks, gallery and export read it. No torch.

Letters: n training images, K conditions, S subclasses per class.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal, NotRequired

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.config.run_config import ImageSize
from gan.errors import DataError
from gan.io.atomic import replacing, write_json
from gan.io.json_files import read_typed
from gan.io.untrusted_files import damaged_file, read_arrays


@dataclass(frozen=True)
class PseudoLabelled:
    """The unlabelled images of a set that a run learned, with the class that a classifier of the labelled ones gave.

    Of `unlabelled` images in all, `counts` (K,) were learned as of each class. Of `validation` images the classifier
    was right on `correct`; it was sure of `sure` of them, and right on `right` of these. It took `seconds`.
    """

    unlabelled: Annotated[int, Field(ge=0)]
    counts: tuple[Annotated[int, Field(ge=0)], ...]
    validation: Annotated[int, Field(ge=0)]
    correct: Annotated[int, Field(ge=0)]
    sure: Annotated[int, Field(ge=0)]
    right: Annotated[int, Field(ge=0)]
    seconds: float

    @property
    def learned(self) -> int:
        """How many of the unlabelled images were learned."""
        return sum(self.counts)

    def by_class(self, names: Sequence[str]) -> str:
        """How many were learned as of each class, as a text."""
        return ", ".join(f"{name} {count:,}" for name, count in zip(names, self.counts, strict=True))

    def sentence(self) -> str:
        """How many were learned, and about how many of their classes are right."""
        if not self.learned:
            return f"None of {self.unlabelled:,} unlabelled images was learned: a classifier was sure of none."
        judged = (
            f"about {self.right / self.sure:.0%} right, judged by {self.sure:,} validation images"
            if self.sure
            else "no validation image tells how many are right"
        )
        return (
            f"{self.learned:,} of {self.unlabelled:,} unlabelled images were learned with a class inferred by a "
            f"classifier of the labelled ones ({judged})."
        )


Counts = tuple[Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1, max_length=64)], ...]
"""Images of each subclass of each class."""


class _DataJson(TypedDict):
    """The content of data.json."""

    names: Annotated[tuple[str, ...], Field(min_length=1, max_length=10_000)]
    kind: Literal["class", "attributes"]
    channels: Literal[1, 3]
    image_size: ImageSize
    native_size: Annotated[int, Field(ge=1)]
    title: str
    source: str
    licence: str
    subclasses: Counts
    subclass_separation: float
    labelled_subclasses: NotRequired[Counts]
    pseudo_labelled: NotRequired[PseudoLabelled | None]


DATA_JSON = TypeAdapter(_DataJson)


def check_names(names: Sequence[str], kind: str) -> None:
    """Raise DataError for a name that is not UTF-8 text, or an attribute name that would break `Smiling=1,Male=0`.

    A class may have any other name.
    """
    for name in names:
        if name.encode(errors="replace").decode() != name:  # a folder from a disk with another encoding
            raise DataError(f"The name {name!r} is not UTF-8 text. Rename its folder.")
        if kind != "class" and ("," in name or "=" in name or name.strip() != name or not name):
            raise DataError(
                f"The attribute name {name!r} is not allowed: no commas, no equals signs, no spaces at either end, and "
                "not empty. Rename its column in labels.csv."
            )


@dataclass(frozen=True)
class DatasetInfo:
    """Names, sizes and the conditions of the training split.

    `kind` is "class" or "attributes"; `conditions` uint8 (n, K) are one-hot or 0/1 rows. `image_size` is the side of
    training images in pixels, `native_size` that of generated images after the padding is cropped. For a run with
    subclasses, `subclasses` (K, S) counts the images that were learned of each, and `subclass_separation` is the
    measure of `Subclasses`. `pseudo_labelled` are unlabelled images that were learned too; `conditions` has none of
    them, and `labelled_subclasses` (K, S) counts without them: () where there are none.
    """

    names: tuple[str, ...]
    kind: str
    channels: int
    image_size: int
    native_size: int
    title: str
    source: str
    licence: str
    conditions: NDArray[np.uint8]
    subclasses: tuple[tuple[int, ...], ...] = ()
    subclass_separation: float = 0.0
    labelled_subclasses: tuple[tuple[int, ...], ...] = ()
    pseudo_labelled: PseudoLabelled | None = None

    @property
    def learned(self) -> int:
        """How many images the networks learned, unlabelled ones included."""
        return len(self.conditions) + (self.pseudo_labelled.learned if self.pseudo_labelled else 0)

    def training_counts(self) -> dict[str, int]:
        """The training images of each class or attribute, by its name."""
        return dict(zip(self.names, self.conditions.sum(axis=0, dtype=int).tolist(), strict=True))

    def save(self, folder: Path) -> None:
        """Write data.json and conditions.npz into a run folder."""
        with replacing(folder / "conditions.npz") as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, conditions=np.packbits(self.conditions, axis=1))
        texts = asdict(self)
        del texts["conditions"]
        write_json(folder / "data.json", texts)

    @classmethod
    def load(cls, folder: Path) -> "DatasetInfo | None":
        """The info in a run folder, or None before training has written it; raises DamagedFileError."""
        texts, path = read_typed(folder / "data.json", DATA_JSON), folder / "conditions.npz"
        if texts is None:
            return None
        names, subclasses = texts["names"], texts["subclasses"]
        if texts["native_size"] > texts["image_size"]:
            raise damaged_file(folder / "data.json", "native_size is larger than image_size")
        if subclasses and (len(subclasses) != len(names) or len({len(row) for row in subclasses}) != 1):
            raise damaged_file(folder / "data.json", "subclasses does not have one row of equal length per name")
        labelled = texts.get("labelled_subclasses", ())
        if labelled and tuple(map(len, labelled)) != tuple(map(len, subclasses)):
            raise damaged_file(folder / "data.json", "labelled_subclasses does not have one count per subclass")
        inferred = texts.get("pseudo_labelled")
        if inferred is not None and len(inferred.counts) != len(names):
            raise damaged_file(folder / "data.json", "pseudo_labelled does not have one count per name")
        try:
            packed = read_arrays(path).get("conditions")
        except (FileNotFoundError, NotADirectoryError):
            raise damaged_file(path, "it is missing") from None
        if packed is None or packed.dtype != np.uint8 or packed.ndim != 2 or packed.shape[1] != -(-len(names) // 8):
            raise damaged_file(path, f"it does not hold rows of {len(names)} conditions")
        return cls(conditions=np.unpackbits(packed, axis=1, count=len(names)), **texts)
