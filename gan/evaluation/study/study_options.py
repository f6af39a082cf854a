"""What can be chosen about an augmentation study; no torch."""

from dataclasses import dataclass

from gan.errors import ConfigError
from gan.evaluation.study.arms import KEEP_RATES, RATIOS

SHARES = (1.0, 0.25, 0.1)
"""Of the real training images: all of them, and the low-data regimes."""


@dataclass(frozen=True)
class StudyOptions:
    """How a study is made. Raises ConfigError for a number of seeds that cannot be.

    `shares` of the real training images are those of SHARES that are run, `ratios` synthetic images for each real one,
    and `keep_rates` the shares of them, the better ones, that are tried; one of each at least. `classifier` is one of
    `architectures.NAMES`.
    """

    seeds: int = 5
    shares: tuple[float, ...] = SHARES
    ratios: tuple[float, ...] = RATIOS
    keep_rates: tuple[float, ...] = KEEP_RATES
    classifier: str = "small"
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.seeds < 2:
            raise ConfigError(f"seeds is {self.seeds}: a study takes at least 2, and 5 for an interval of any use.")


DEFAULT = StudyOptions()
