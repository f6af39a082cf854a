"""What the text of a table's cell means as a class, as a 0/1 attribute, or as the name of a group or split."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

NOTHING = frozenset(("", "nan", "na", "n/a", "<na>", "#n/a", "null", "?", "-", "--"))
"""Values, in lower case, that mean that there is none."""
ONES = frozenset(("1", "true", "yes", "y", "t"))
ZEROS = frozenset(("0", "false", "no", "n", "f"))
NO_FINDING = frozenset(("no finding", "no findings", "none", "nothing", "normal", "healthy", "negative", "[]"))
"""Values, in lower case, of a cell for several labels that mean that no label applies."""
WHOLE = re.compile(r"(-?\d+)\.0+")
MINUS_ONE = "-1"


def plain_value(value: str) -> str:
    """A cell's value: "" if it means that there is none, `1` for `1.0`."""
    if value.lower() in NOTHING:
        return ""
    whole = WHOLE.fullmatch(value)
    return whole[1] if whole else value


def plain_values(values: Iterable[str]) -> list[str]:
    """`plain_value` of each, which is computed once for equal values. `1.0` stays if there are fractions, as in 2.5."""
    listed = list(values)
    plain = {value: plain_value(value) for value in set(listed)}
    if any(re.fullmatch(r"-?\d*\.\d*[1-9]\d*", value) for value in plain):
        plain = {value: "" if not text else value for value, text in plain.items()}
    return [plain[value] for value in listed]


def attribute_value(value: str) -> int | None:
    """1 or 0 in any spelling, -1 for `-1`, None for anything else."""
    text = plain_value(value).lower()
    return 1 if text in ONES else 0 if text in ZEROS else -1 if text == MINUS_ONE else None


def divide_cell(value: str, separator: str) -> list[str]:
    """The labels in a cell that holds several, without the quotes of a list as Python writes it: `['a', 'b']`."""
    listed = is_list(value)
    if listed and not value[1:-1].strip():
        return ["[]"]
    parts = (part.strip() for part in (value[1:-1].split(",") if listed else value.split(separator)))
    return [part for part in (part.strip("'\"") if listed else part for part in parts) if part.lower() not in NOTHING]


def is_list(value: str) -> bool:
    """Whether a cell holds a list as Python or JSON writes it."""
    return value[:1] == "[" and value[-1:] == "]"


def sorted_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names of classes in order, numbers by size."""
    return tuple(sorted(set(names), key=lambda name: (0, int(name), "") if _is_whole(name) else (1, 0, name)))


def _is_whole(name: str) -> bool:
    return name.isascii() and name.removeprefix("-").isdigit()


def merge_spellings(names: Sequence[str]) -> dict[str, str]:
    """New names for those that differ from a more frequent one only in case, spaces or their `_` and `-`."""
    alike: dict[str, Counter[str]] = defaultdict(Counter)
    for name, count in Counter(names).items():
        alike[" ".join(re.split(r"[\s_-]+", name.casefold()))][name] = count
    return {
        name: spellings.most_common(1)[0][0]
        for spellings in alike.values()
        for name in spellings
        if name != spellings.most_common(1)[0][0]
    }
