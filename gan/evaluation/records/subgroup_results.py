"""A study's results by subgroup, such as sex or scanner, as they are stored with each regime. No torch."""

from dataclasses import dataclass

from gan.evaluation.number_format import points, points_interval
from gan.evaluation.records.intervals import MeanInterval, score_with_interval


@dataclass(frozen=True)
class SubgroupGain:
    """The primary metric on the test images with one `value` of a `subgroup`, such as `F` of `sex`.

    Of the `chosen` arm, of the `strongest` control, and the difference `gain`, each with a 95% interval that is
    corrected for nothing: no subgroup result is a verdict. `attributes` counts those that it is the mean over; 0 for
    classes.
    """

    subgroup: str
    value: str
    images: int
    groups: int
    chosen: MeanInterval
    strongest: MeanInterval
    gain: MeanInterval
    attributes: int = 0

    @property
    def words(self) -> str:
        """Its name: `sex: F`, and of attributes the number that have enough images there: `sex: F (3 attributes)`."""
        counted = f" ({self.attributes} attribute{'' if self.attributes == 1 else 's'})" if self.attributes else ""
        return f"{self.subgroup}: {self.value}{counted}"


@dataclass(frozen=True)
class Subgroups:
    """The values that were `compared`, and those `left_out` with the reason; both empty without subgroups.

    `words` is a sentence about the subgroup that is worst off; "" where none is.
    """

    compared: list[SubgroupGain]
    left_out: list[str]
    words: str


NO_SUBGROUPS = Subgroups([], [], "")


def subgroup_lines(found: Subgroups, metric: str) -> list[str]:
    """The results by subgroup for a terminal; none without subgroups."""
    if not (found.compared or found.left_out):
        return []
    lines = ["    By subgroup of the test images (exploratory): chosen, strongest control, and the gain, not corrected"]
    for one in found.compared:
        name = f"{one.subgroup} {one.value} ({one.images:,} images)"
        scores = [f"{score_with_interval(score, metric):>24}" for score in (one.chosen, one.strongest)]
        gain = f"{points(one.gain.mean)} ({points_interval(one.gain.low, one.gain.high)})"
        lines.append(f"    {name:<38} {scores[0]} {scores[1]}   {gain}")
    return [*lines, *(f"    {text}" for text in (left_out_sentence(found), found.words) if text)]


def left_out_sentence(found: Subgroups) -> str:
    """Which values were left out and why; "" where none was."""
    return f"Left out, without a value or with too few groups: {', '.join(found.left_out)}." if found.left_out else ""
