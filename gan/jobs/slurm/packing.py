"""Packs many small units of work into few jobs, as a scheduler wants them: of ten minutes or more, in job arrays.

A study trains hundreds of classifiers of seconds each. A unit waits for the units that it names, such as a classifier
for the generator of its images. Units that wait for the same ones stand in one array, whose jobs start once all of them
have succeeded. A unit that others wait for has a job of its own, so that nobody waits for its neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gan.errors import ConfigError

MOST_AT_ONCE = 10
"""Jobs of an array that run at once. As none is shorter than ten minutes, no more than as many start in a minute."""


@dataclass(frozen=True)
class Unit:
    """A piece of work with its estimated seconds, and the keys of the units that must have succeeded before."""

    key: str
    seconds: float
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pack:
    """The units of one job, in order."""

    units: tuple[Unit, ...]

    @property
    def seconds(self) -> float:
        return sum(unit.seconds for unit in self.units)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(unit.key for unit in self.units)


@dataclass(frozen=True)
class PackedArray:
    """Jobs that wait for the same units, `after`."""

    packs: tuple[Pack, ...]
    after: frozenset[str]


def pack_units(units: Sequence[Unit], shortest: float = 600.0) -> list[PackedArray]:
    """Arrays in an order in which each stands behind those that it waits for; every unit is in one pack.

    A pack takes `shortest` seconds or more, by estimate: shorter jobs would burden Slurm more than they work.

    Raises ConfigError for a key that occurs twice, an unknown one in `after`, and units that wait for each other.
    """
    by_key = {unit.key: unit for unit in units}
    if len(by_key) < len(units):
        raise ConfigError("Two units of work have the same name.")
    awaited = {key for unit in units for key in unit.after}
    if not awaited <= by_key.keys():
        raise ConfigError(f"A unit of work waits for an unknown one: {min(awaited - by_key.keys())}.")
    groups: dict[tuple[int, frozenset[str]], list[Unit]] = {}
    levels = _levels(by_key)
    for unit in units:
        groups.setdefault((levels[unit.key], frozenset(unit.after)), []).append(unit)
    arrays = []
    for (_, after), members in sorted(groups.items(), key=lambda group: group[0][0]):
        alone = [Pack((unit,)) for unit in members if unit.key in awaited]
        together = _filled([unit for unit in members if unit.key not in awaited], shortest)
        arrays.append(PackedArray((*alone, *together), after))
    return arrays


def _filled(units: list[Unit], shortest: float) -> list[Pack]:
    """Packs of at least `shortest` seconds, unless all units together are shorter."""
    packs: list[list[Unit]] = []
    for unit in units:
        if not packs or sum(other.seconds for other in packs[-1]) >= shortest:
            packs.append([])
        packs[-1].append(unit)
    if len(packs) > 1 and sum(unit.seconds for unit in packs[-1]) < shortest:
        last = packs.pop()
        packs[-1] += last
    return [Pack(tuple(pack)) for pack in packs]


def _levels(by_key: dict[str, Unit]) -> dict[str, int]:
    """How many units one after the other each waits for; raises ConfigError where units wait for each other."""
    levels: dict[str, int] = {}
    left = dict(by_key)
    while left:
        ready = [unit for unit in left.values() if all(key in levels for key in unit.after)]
        if not ready:
            raise ConfigError(f"Units of work wait for each other: {', '.join(sorted(left))}.")
        for unit in ready:
            levels[unit.key] = 1 + max((levels[key] for key in unit.after), default=-1)
            del left[unit.key]
    return levels
