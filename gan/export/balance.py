"""The balance assistant: how many synthetic images bring every class to one number. No torch."""

from dataclasses import dataclass

from gan.data.info import DatasetInfo
from gan.errors import UserError
from gan.sampling import conditions


@dataclass(frozen=True)
class BalanceRow:
    """Real training images of one class, and the synthetic images to add."""

    condition: str
    real: int
    synthetic: int

    @property
    def total(self) -> int:
        return self.real + self.synthetic


def balance_table(info: DatasetInfo, target: int | None = None) -> list[BalanceRow]:
    """How many synthetic images bring every class of the training split to `target`, by default the largest class.

    A class that has as many gets none. Raises UserError for attributes, and for a target below 1.
    """
    if info.kind != "class":
        raise UserError("Only classes can be balanced; this run has attributes: name --condition instead.")
    counts = info.conditions.sum(axis=0, dtype=int)
    if target is not None and target < 1:
        raise UserError(f"Every class to {target} images: it takes at least 1.")
    goal = int(counts.max()) if target is None else target
    return [
        BalanceRow(condition.text(info), int(count), max(0, goal - int(count)))
        for condition, count in zip(conditions.single_conditions(info), counts, strict=True)
    ]


def balance_items(info: DatasetInfo, target: int | None = None) -> tuple[tuple[str, int], ...]:
    """The items of `balance_table`; also raises UserError where there is nothing to add."""
    missing = tuple((row.condition, row.synthetic) for row in balance_table(info, target) if row.synthetic)
    if missing:
        return missing
    if target is None:
        raise UserError("Every class has the same number of training images already: name --per-class instead.")
    raise UserError(f"Every class has {target:,} training images or more already: choose a higher number.")
