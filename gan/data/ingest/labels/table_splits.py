"""The plausible splits that tables name: by a column of words, numbers, folds or flags, or by their own names."""

from dataclasses import dataclass, field
from typing import Any

from gan.data.ingest.checks.report import first_few
from gan.data.ingest.labels.cell_values import attribute_value
from gan.data.ingest.labels.columns import Column, flag_of_split, names_splits
from gan.data.ingest.labels.image_columns import ImageColumn
from gan.data.ingest.labels.reading import SplitName
from gan.data.ingest.labels.split_words import fold_number, split_word
from gan.data.ingest.labels.table_rows import table_names


@dataclass(frozen=True)
class SplitWay:
    """A way to take splits: `fields` of a TableReading, meanings of values, and reasons to ask."""

    title: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    splits: dict[str, SplitName] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()


def split_ways(table: ImageColumn, columns: list[Column]) -> list[SplitWay]:
    """The plausible ways to take the splits: a column, the names of the tables, or none."""
    for column in columns:
        if names_splits(column):
            title = f", splits from column {column.name}"
            if all(split_word(value) for value in column.distinct):
                return [SplitWay(title, {"split": column.name})]
            numbered = _numbered(column)
            doubt = f"Column {column.name} holds {first_few(sorted(column.distinct))}: which is train, val and test?"
            if not numbered:
                return [SplitWay(title, {"split": column.name})]
            said = ", ".join(f"{value} {split}" for value, split in numbered.items())
            return [
                SplitWay(f"{title} ({said})", {"split": column.name}, numbered, (doubt,)),
                SplitWay(f", column {column.name} not used", doubts=(doubt,)),
            ]
        flagged = flag_of_split(column)
        if flagged:
            other: SplitName = "test" if flagged == "train" else "train"
            splits: dict[str, SplitName] = {
                value: flagged if attribute_value(value) == 1 else other for value in column.distinct
            }
            return [SplitWay(f", splits from column {column.name}", {"split": column.name}, splits)]
    tables = table_names(table.rows.files)
    words = [split_word(name) for name in tables]
    if len(tables) > 1 and all(words) and len(set(words)) > 1:
        return [SplitWay(", a split from each table", {"split_by_table": True})]
    return [SplitWay()]


def _numbered(column: Column) -> dict[str, SplitName]:
    """The usual meaning of split numbers: 0 train, 1 val, 2 test; of folds and of more, the last is the test split."""
    numbers = {value: int(value) if value.isdigit() else fold_number(value) for value in column.distinct}
    if None in numbers.values():
        return {}
    ordered = sorted(numbers, key=lambda value: numbers[value] or 0)
    usual: dict[int, tuple[SplitName, ...]] = {1: ("train",), 2: ("train", "test"), 3: ("train", "val", "test")}
    is_fold = any("fold" in word for word in column.words) or fold_number(ordered[0]) is not None
    if len(ordered) in usual and not is_fold:
        return dict(zip(ordered, usual[len(ordered)], strict=True))
    return {value: "test" if value == ordered[-1] else "train" for value in ordered}
