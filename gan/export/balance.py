"""The balance assistant: how many synthetic images bring classes to one number. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass

from gan.data.info import DatasetInfo
from gan.errors import UserError
from gan.sampling import conditions
from gan.sampling.conditions import Condition


@dataclass(frozen=True)
class BalanceRow:
    """Real training images of one class, or subclass, and the synthetic images to add."""

    condition: str
    real: int
    synthetic: int

    @property
    def total(self) -> int:
        return self.real + self.synthetic


def balance_table(
    info: DatasetInfo, target: int | None = None, chosen: Sequence[str] | None = None
) -> list[BalanceRow]:
    """How many synthetic images bring each class of the training split to `target`, by default the largest class.

    `chosen` are classes or subclasses as the text of conditions, by default all classes. One that has as many gets
    none. Raises UserError for attributes, for a class that does not exist, and for a target below 1.
    """
    if info.kind != "class":
        raise UserError("Only classes can be balanced; this run has attributes: name --condition instead.")
    if target is not None and target < 1:
        raise UserError(f"Classes brought to {target} images: it takes at least 1.")
    classes = conditions.single_conditions(info)
    requested = classes if chosen is None else [Condition.from_text(text, info) for text in chosen]
    if conditions.ANY in requested:
        raise UserError("any is not a class: only classes can be brought to a number.")
    goal = max(condition.matching_images(info) for condition in classes) if target is None else target
    return [
        BalanceRow(condition.text(info), real, max(0, goal - real))
        for condition in sorted(dict.fromkeys(requested), key=lambda condition: condition.first_position(info))
        for real in [condition.matching_images(info)]
    ]


def balance_items(
    info: DatasetInfo, target: int | None = None, chosen: Sequence[str] | None = None
) -> tuple[tuple[str, int], ...]:
    """The items of `balance_table`; also raises UserError where there is nothing to add."""
    missing = tuple((row.condition, row.synthetic) for row in balance_table(info, target, chosen) if row.synthetic)
    if missing:
        return missing
    if chosen is None and target is None:
        raise UserError("Every class has the same number of training images already: name --per-class instead.")
    each = "Every class" if chosen is None else " and ".join(chosen)
    if target is None:
        raise UserError(f"{each} has as many training images as the largest class already: name --per-class instead.")
    raise UserError(f"{each} has {target:,} training images or more already: choose a higher number.")
