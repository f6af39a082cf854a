"""What to export: conditions and counts, or a basket, and in which format. No torch."""

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

MAX_IMAGES = 200_000
"""Images in one export: about 30 minutes on two CPU cores."""
TRUNCATIONS = (0.05, 1.0)
"""Below the first, rejection sampling of the noise takes too long."""


@dataclass(frozen=True)
class ExportRequest:
    """`items` are conditions as text with a count each; those of a `basket` are counted from its origins.

    `snapshot` is in images seen, None for the newest. `start` is the position of the first image in the seed's stream,
    in which the items follow each other; with None each condition has its own part (`Condition.first_position`). By
    default near copies of training images and rejected images are left out and replaced; those of a basket are only
    left out. `keep_rate` is the share of the candidates that is kept. The images of a basket name their own snapshot,
    seed and truncation.
    """

    items: tuple[tuple[str, int], ...]
    snapshot: int | None = None
    seed: int = 0
    truncation: float = 1.0
    start: int | None = 0
    with_near_copies: bool = False
    with_rejected: bool = False
    keep_rate: float = 1.0
    format: str = "folder"
    basket: tuple[Origin, ...] = ()

    @classmethod
    def of_basket(cls, origins: Sequence[Origin], format: str = "folder") -> "ExportRequest":
        """A request of exactly these images, each once."""
        basket = tuple(dict.fromkeys(origins))
        counts = Counter(origin.condition for origin in basket)
        return cls(tuple(counts.items()), with_rejected=True, format=format, basket=basket)

    @property
    def count(self) -> int:
        return sum(count for _, count in self.items)

    def first_position(self, condition: Condition, info: DatasetInfo, tried_before: int) -> int:
        """Position of a condition's first candidate; `tried_before` are the candidates of all items before it."""
        return condition.first_position(info) if self.start is None else self.start + tried_before

    def check(self, info: DatasetInfo) -> list[tuple[Condition, int]]:
        """Parse the items, merging those of the same condition; raises UserError for the first invalid value."""
        for text, count in self.items:
            if count < 1:
                raise UserError(f"{count} images of {text}: it takes at least 1.")
        if not 1 <= self.count <= MAX_IMAGES:
            raise UserError(
                f"{self.count:,} images in one export: it takes 1 to {MAX_IMAGES:,}. Use several seeds for more."
            )
        for name, value in (("seed", self.seed), ("start", self.start)):
            if value is not None and not 0 <= value < 2**63:
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


def equal_subclasses(items: Sequence[tuple[str, int]], info: DatasetInfo) -> tuple[tuple[str, int], ...]:
    """Items with the images of each class dealt out equally among its subclasses; the first get what is left over.

    Raises UserError in a run without subclasses.
    """
    if not info.subclasses:
        raise UserError("This run has no subclasses to balance: train one with --model.subclasses.")
    dealt: list[tuple[str, int]] = []
    for text, count in items:
        condition = Condition.from_text(text, info)
        whole = condition.subclass is None and condition.fixed
        parts = conditions.subclass_conditions(condition, info) if whole else [condition]
        each, more = divmod(count, len(parts))
        dealt += [(part.text(info), each + (number < more)) for number, part in enumerate(parts)]
    return tuple((text, count) for text, count in dealt if count)


def items_per_condition(info: DatasetInfo, count: int, chosen: list[str] | None) -> tuple[tuple[str, int], ...]:
    """Items of `count` images of each chosen condition; None means each class, or each attribute switched on."""
    texts = chosen or [condition.text(info) for condition in conditions.single_conditions(info)]
    return tuple((text, count) for text in texts)
