"""Columns that divide patients or images into subgroups, such as sex, age band, scanner or hospital.

A study gives its results for each value. The values are kept with the set, so that they must be few, and ages become
bands.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from gan.data.ingest.labels.cell_values import merge_spellings, plain_values
from gan.data.ingest.labels.columns import Column
from gan.errors import DataError

MAX_VALUES = 20
"""Different values of a subgroup column: more are no categories, and may name persons."""
MAX_LENGTH = 60
"""Characters of a value: longer ones are free text."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SEX = _words("sex gender geschlecht sexe sexo genero género")
PLACES = _words("""site hospital hospitals institution institute centre center clinic klinik krankenhaus zentrum hôpital
    hopital clinique hospitalname source_hospital""")
DEVICES = _words("scanner device manufacturer vendor")
VIEWS = _words("view projection")
AGES = _words("age alter âge edad idade")
SUBGROUPS = SEX | PLACES | DEVICES | VIEWS | AGES
"""Words in names of columns that describe patients or how images were taken."""
BESIDE = _words("""patient patients subject person id code name type model position at of the s years year exam study
    approx imaging acquisition""")
"""Words that may stand beside them. `anatom_site` is no site: it is where on the body a lesion is."""
AGE = re.compile(r"0*(\d{1,3})(?:\.\d+)?\s?[Yy]?")
"""An age in years as tables write it: `63`, `63.0`, `063Y`."""
BANDS = ((40, "under 40"), (60, "40 to 59"), (80, "60 to 79"), (1000, "80 and over"))
"""Upper ends in years and names of age bands."""


def subgroup_columns(columns: Sequence[Column], taken: Collection[str] = ()) -> dict[str, str]:
    """Columns named and filled like subgroups, by the name of the subgroup, but those `taken` for something else."""
    found = [column for column in columns if column.name not in taken and names_subgroup(column)]
    return {subgroup_name(column.name): column.name for column in found}


def subgroup_name(column: str) -> str:
    """The name of the subgroup of a column: its own, without equals signs, which separate the two in options."""
    return " ".join(column.replace("=", " ").split())


def names_subgroup(column: Column) -> bool:
    """Whether a column is named like a subgroup, and holds 2 to MAX_VALUES short values, each in several rows."""
    words = set(column.words)
    if (
        not words & SUBGROUPS
        or not words <= SUBGROUPS | BESIDE
        or max(map(len, column.distinct), default=0) > MAX_LENGTH
    ):
        return False
    distinct = len(set(_values(column.name, column.values)) - {""})
    return 2 <= distinct <= min(MAX_VALUES, max(2, column.filled // 2))


def subgroup_values(name: str, column: str, cells: Sequence[str]) -> list[str]:
    """The value of each row of a column, "" where it is missing; spellings are merged, and ages are bands.

    Raises DataError for a column without values, with more than MAX_VALUES, and with free text.
    """
    values = _values(column, cells)
    distinct = set(values) - {""}
    if not distinct:
        raise DataError(f"Column {column} for the subgroup {name} is empty. Choose another column.")
    if len(distinct) > MAX_VALUES:
        raise DataError(
            f"Column {column} holds {len(distinct):,} different values: a subgroup takes up to {MAX_VALUES}, such as "
            "scanners or hospitals. Choose another column."
        )
    longest = max(distinct, key=len)
    if len(longest) > MAX_LENGTH:
        raise DataError(
            f"Column {column} holds text of {len(longest):,} characters: values of a subgroup take up to {MAX_LENGTH}. "
            "Choose another column."
        )
    return values


def _values(column: str, cells: Sequence[str]) -> list[str]:
    """The values of cells; ages as bands where the column is one of ages."""
    if set(Column(column, ()).words) & AGES and all(AGE.fullmatch(cell) for cell in plain_values(cells) if cell):
        return [_band(cell) for cell in cells]
    values = plain_values(cells)
    merged = merge_spellings([value for value in values if value])
    return [merged.get(value, value) for value in values]


def _band(cell: str) -> str:
    age = AGE.fullmatch(cell)
    return next((band for end, band in BANDS if int(age[1]) < end), "") if age else ""


def count_values(subgroups: Mapping[str, Iterable[str]]) -> dict[str, dict[str, int]]:
    """Images of each value of each subgroup, the most frequent first; those without a value last, as ""."""
    counts = {}
    for name, values in subgroups.items():
        counted = Counter(map(str, values))
        ordered = sorted(counted.items(), key=lambda item: (item[0] == "", -item[1], item[0]))
        counts[name] = dict(ordered)
    return counts


def counts_text(counts: Mapping[str, Mapping[str, int]]) -> str:
    """The counts as text: `sex (F 210, M 190, missing 3), scanner (A 300, B 103)`."""
    parts = {
        name: ", ".join(f"{value or 'missing'} {count:,}" for value, count in counted.items())
        for name, counted in counts.items()
    }
    return ", ".join(f"{name} ({part})" for name, part in parts.items())
