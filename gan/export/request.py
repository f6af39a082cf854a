"""What to make: which images, of which conditions, and in what form. No torch.

ExportRequest     a number of each condition, or the images of a basket
of_each           the items of the same number of each condition
balance           the balance assistant's table: what every class lacks
balanced          its items

"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gan.data.info import DatasetInfo
from gan.errors import ConfigError, UserError
from gan.evaluation.selection import check_keep_rate
from gan.export.formats import FORMATS
from gan.sampling import conditions
from gan.sampling.conditions import Condition
from gan.sampling.provenance import Origin

LARGEST = 200_000
"""Images in one export: about 30 minutes on two CPU cores; ask again with another seed for more."""
TRUNCATIONS = (0.05, 1.0)
"""Below the first, drawing noise again and again until it lies inside would take for ever."""


@dataclass(frozen=True)
class ExportRequest:
    """What to make: `items` of a condition as people write it and how many of it, or the images of a `basket`.

    `snapshot` is by images seen, None for the newest; `start` is the first image's position in the seed's stream. Near
    copies of training images, and images that somebody marked reject, are left out and replaced unless they are wanted;
    those of a basket are left out. Of more candidates the share `keep_rate` is kept, by `evaluation/selection.py`.
    `format` is one of `export_formats.FORMATS`. A basket's images name their own snapshot, seed and truncation.
    """

    items: tuple[tuple[str, int], ...]
    snapshot: int | None = None
    seed: int = 0
    truncation: float = 1.0
    start: int = 0
    with_near_copies: bool = False
    with_rejected: bool = False
    keep_rate: float = 1.0
    format: str = "folder"
    basket: tuple[Origin, ...] = ()

    @classmethod
    def of_basket(cls, origins: Sequence[Origin], format: str = "folder") -> "ExportRequest":
        """Exactly these images, such as `marks.basket(run)`."""
        basket, counts = tuple(dict.fromkeys(origins)), Counter(origin.condition for origin in dict.fromkeys(origins))
        return cls(tuple(counts.items()), with_rejected=True, format=format, basket=basket)

    @property
    def count(self) -> int:
        return sum(count for _, count in self.items)

    def check(self, info: DatasetInfo) -> list[tuple[Condition, int]]:
        """The parsed items; raises UserError that names the first one that cannot be made."""
        for text, count in self.items:
            if count < 1:
                raise UserError(f"{count} images of {text}: it takes at least 1.")
        if not 1 <= self.count <= LARGEST:
            raise UserError(
                f"{self.count:,} images in one export: it takes 1 to {LARGEST:,}. Use several seeds for more."
            )
        for name, value in (("seed", self.seed), ("start", self.start)):
            if not 0 <= value < 2**63:
                raise UserError(f"{name} is {value}: it takes a whole number from 0 on.")
        least, most = TRUNCATIONS
        if not least <= self.truncation <= most:
            raise ConfigError(f"truncation is {self.truncation}: it takes a number from {least} to {most:g}.")
        check_keep_rate(self.keep_rate)
        if self.format not in FORMATS:
            raise ConfigError(f"format is {self.format!r}: it takes {', '.join(FORMATS)}.")
        merged: dict[Condition, int] = {}
        for text, count in self.items:
            condition = Condition.from_text(text, info)
            merged[condition] = merged.get(condition, 0) + count
        return list(merged.items())


def of_each(info: DatasetInfo, count: int, chosen: list[str] | None) -> tuple[tuple[str, int], ...]:
    """Items of `count` images of each chosen condition, by default of each class, or with each attribute on."""
    texts = chosen or [condition.text(info) for condition in conditions.single_conditions(info)]
    return tuple((text, count) for text in texts)


@dataclass(frozen=True)
class Balance:
    """One class in the balance assistant's table: real training images, synthetic ones to add, and their sum."""

    condition: str
    real: int
    synthetic: int

    @property
    def result(self) -> int:
        return self.real + self.synthetic


def balance(info: DatasetInfo, target: int | None = None) -> list[Balance]:
    """What brings every class of the training split to `target` images, by default to the commonest one's count.

    A class that has as many already gets none. Raises UserError on attributes, and for a target of less than 1.
    """
    if info.kind != "class":
        raise UserError("Only classes are brought to equal counts; this run has attributes: name --condition instead.")
    counts = info.conditions.sum(axis=0, dtype=int)
    if target is not None and target < 1:
        raise UserError(f"Every class to {target} images: it takes at least 1.")
    aim = int(counts.max()) if target is None else target
    return [
        Balance(condition.text(info), int(count), max(0, aim - int(count)))
        for condition, count in zip(conditions.single_conditions(info), counts, strict=True)
    ]


def balanced(info: DatasetInfo, target: int | None = None) -> tuple[tuple[str, int], ...]:
    """The items of `balance`; raises UserError too where there is nothing to add."""
    missing = tuple((row.condition, row.synthetic) for row in balance(info, target) if row.synthetic)
    if missing:
        return missing
    if target is None:
        raise UserError("Every class has the same number of training images already: name --per-class instead.")
    raise UserError(f"Every class has {target:,} training images or more already: bring them to a higher number.")
