"""Schema of a score's JSON document: the parts that pages and reports read. No torch."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.jobs.status import Count, Timestamp

Whole = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Interval = tuple[Share, Share]


class Counts(TypedDict):
    """Numbers of images behind the scores."""

    scores: Whole
    floor: Whole
    training: Whole
    obedience: Whole


class Distances(TypedDict):
    """The scores that compare two sets of images."""

    precision: float
    recall: float
    density: float
    coverage: float
    kid: float
    frechet: float


class InOwnFeatures(Distances):
    """The scores in own features, with their floor."""

    floor: Distances
    like_floor: Distances
    intervals: dict[str, tuple[float, float]]


class Diversity(TypedDict):
    """Diversity within a condition relative to real images; None where undefined."""

    ratio: Count | None


class Pair(TypedDict):
    """A synthetic image and its closest training image."""

    image: Whole
    condition: str
    training_image: Whole
    closeness: float
    distance: float
    copy: bool


class HeldOut(TypedDict):
    """Near copies among held-out real images."""

    count: Whole
    checked: Annotated[int, Field(ge=1)]
    rate: Share


class NearCopies(TypedDict):
    """Near copies among synthetic images."""

    count: Whole
    checked: Whole
    interval: Interval
    threshold: float
    held_out: HeldOut
    pairs: list[Pair]


class WithoutCopies(Distances):
    """The scores without the real images that are near copies."""

    n: Whole
    cas_balanced: Share
    real_accuracy_balanced: Share


class SplitCopies(TypedDict):
    """Near copies of training images among the compared real images."""

    count: Whole
    checked: Annotated[int, Field(ge=1)]
    without: WithoutCopies | None


class RowIntervals(TypedDict):
    """95% intervals of a condition's shares."""

    shown: Interval | None


class Row(TypedDict):
    """The scores of one condition."""

    condition: str
    synthetic: Whole
    real: Whole
    checked: Whole
    near_copies: Whole
    shown: Share | None
    shown_in_real: Share | None
    cas: Share | None
    real_accuracy: Share | None
    precision: float | None
    coverage: float | None
    diversity: float | None
    intervals: RowIntervals


class Combination(TypedDict):
    """A pair of attribute values that no training image has."""

    condition: str
    real: Whole
    synthetic: Whole
    obedience: Share | None
    interval: Interval | None


class Positions(TypedDict):
    """Positions in the seed's stream."""

    combinations: Whole


class MadeWith(TypedDict):
    """Everything needed to compute the result again."""

    time: Timestamp
    seed: Whole
    data_sha256: dict[str, str]
    features_sha256: str
    generator_sha256: str
    neighbours: Whole
    positions: Positions
    seconds: NotRequired[Count]


class Intervals(TypedDict):
    """95% intervals of the main scores."""

    obedience: Interval
    cas: Interval
    real_accuracy: Interval


class Parts(TypedDict):
    """The nested parts of a result."""

    snapshot: Whole
    split: Literal["val", "test"]
    features: Literal["imagenet", "own"]
    n: Counts
    floor: Distances
    like_floor: Distances
    own: InOwnFeatures | None
    diversity: Diversity
    near_copies: NearCopies
    split_copies: SplitCopies | None
    per_condition: Annotated[list[Row], Field(min_length=1)]
    combinations: list[Combination]
    intervals: Intervals
    made_with: MadeWith


PARTS = TypeAdapter(Parts)
