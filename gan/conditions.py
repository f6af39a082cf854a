"""What to condition on, as people write it: a class by name or number, attributes as on, off or any. No torch.

    "3"  "malignant"             one class
    "Smiling=1,Male=0"           these attributes; the others are drawn from real training images that agree
    "any"                        drawn from all real training images

"Any" is never invented: what was not said is taken from real combinations, so that no attribute is asked for that was
never seen beside the others. Read next: `sample.py`.

Letters: n images, K conditions.
"""

import difflib
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan.errors import UserError
from gan.facts import DataFacts


@dataclass(frozen=True)
class Request:
    """Values that some of the K conditions must take, by position; the others are any."""

    label: str
    """As people write it, such as "malignant" or "Smiling=1,Male=0"; `parse` reads it back."""
    fixed: tuple[tuple[int, int], ...]

    @property
    def folder(self) -> str:
        """The label as the name of a folder on any system."""
        return re.sub(r"[^\w=,. +-]", "_", self.label).strip(". ") or "_"

    def agreeing(self, facts: DataFacts) -> int:
        """How many real training images have all of these values."""
        return int(self._agrees(facts).sum())

    def draw(self, facts: DataFacts, count: int, seed: int) -> NDArray[np.float32]:
        """Conditions (count, K): of random real images that agree; where none does, of any with these values set.

        The rows depend on the seed alone, and the first rows of a longer draw are those of a shorter one.
        """
        agreeing = np.flatnonzero(self._agrees(facts))
        pool = facts.conditions[agreeing] if len(agreeing) else facts.conditions
        picks = np.random.default_rng([seed, *(v for pair in self.fixed for v in pair)]).random(count)
        rows = pool[(picks * len(pool)).astype(np.int64)].astype(np.float32)
        if facts.kind == "class" and self.fixed:
            rows[:] = 0.0  # one-hot, also for a class without a training image
        for position, value in self.fixed:
            rows[:, position] = value
        return rows

    def _agrees(self, facts: DataFacts) -> NDArray[np.bool_]:
        agrees = np.ones(len(facts.conditions), dtype=bool)
        for position, value in self.fixed:
            agrees &= facts.conditions[:, position] == value
        return agrees


def parse(text: str, facts: DataFacts) -> Request:
    """The request in a text; raises UserError that names what is not known and what there is."""
    text = text.strip()
    if text.lower() == "any":
        return Request("any", ())
    if facts.kind == "class":
        return one_class(_position(text, facts), facts)
    fixed = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        if value.strip() not in ("0", "1"):
            raise UserError(
                f"The condition {part!r} is not understood: an attribute takes =1 or =0, as in Smiling=1,Male=0."
            )
        fixed[_position(name.strip(), facts)] = int(value)
    return attributes(fixed, facts)


def one_class(position: int, facts: DataFacts) -> Request:
    """The request for the class at that position of `facts.names`."""
    return Request(facts.names[position], ((position, 1),))


def attributes(fixed: dict[int, int], facts: DataFacts) -> Request:
    """The request for attribute values by position in `facts.names`, labelled in their order; none fixed is any."""
    label = ",".join(f"{facts.names[position]}={value}" for position, value in fixed.items())
    return Request(label or "any", tuple(sorted(fixed.items())))


def every(facts: DataFacts) -> list[Request]:
    """One request for each class; for attributes, each alone switched on."""
    if facts.kind == "class":
        return [one_class(position, facts) for position in range(len(facts.names))]
    return [attributes({position: 1}, facts) for position in range(len(facts.names))]


def telling(facts: DataFacts, most: int) -> tuple[NDArray[np.float32], list[str]]:
    """Up to `most` conditions (n, K) that show what the generator can do, with a label each.

    Classes: the first ones. Attributes: real combinations that differ much, the most usual one first.
    """
    if facts.kind == "class":
        shown = min(most, len(facts.names))
        return np.eye(len(facts.names), dtype=np.float32)[:shown], list(facts.names[:shown])
    rows = np.unique(facts.conditions[np.random.default_rng(0).permutation(len(facts.conditions))[:2000]], axis=0)
    chosen = [int(np.abs(rows - facts.conditions.mean(axis=0)).sum(axis=1).argmin())]
    while len(chosen) < min(most, len(rows)):
        distance = (rows[:, None] != rows[None, chosen]).sum(axis=2).min(axis=1)
        chosen.append(int(distance.argmax()))
    labels = [", ".join(n for n, on in zip(facts.names, rows[i], strict=True) if on) or "none" for i in chosen]
    return rows[chosen].astype(np.float32), labels


def _position(name: str, facts: DataFacts) -> int:
    if name in facts.names:
        return facts.names.index(name)
    if facts.kind == "class" and name.isdigit() and int(name) < len(facts.names):
        return int(name)  # a class may be given by its number
    near = difflib.get_close_matches(name, facts.names, n=1)
    raise UserError(
        f"There is no condition {name!r} in this run."
        + (f" Did you mean {near[0]}?" if near else f" It has {', '.join(facts.names)}.")
    )
