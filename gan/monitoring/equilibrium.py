"""Where each loss's curves lie at the ideal balance, and what d_x and d_g_z mean under it. No torch: pages draw these.

For the binary cross-entropy D(x) is a probability. Where generated images cannot be told from real ones, the best
discriminator says 1/2 to both (Goodfellow et al. 2014, theorem 1): its loss is -2 log(1/2), the generator's -log(1/2).
Where a share w of its false examples are real images under a wrong condition, and it can tell these, only 1 - w are
left to be mistaken: it says 1 / (2 - w) to both. Where conditions look alike it cannot, and a perfect generator's run
ends between these values and those of w = 0.
"""

import math
from collections.abc import Callable, Mapping

from gan.config.run_config import LossConfig
from gan.runs.metrics import D_G_Z1, D_G_Z2, D_X, LOSS_D, LOSS_G

EquilibriumValues = Mapping[str, tuple[float, str]]
"""By metric a value, and how it is written."""


def bce_equilibrium(loss: LossConfig) -> EquilibriumValues:
    """Of the binary cross-entropy."""
    share = loss.mismatched
    answer = 1 / (2 - share)
    for_d, for_g = -math.log(answer) - (1 - share) * math.log(1 - answer), -math.log(answer)
    plain = share == 0
    said = (answer, "0.5" if plain else f"{answer:.3g}")
    return {
        LOSS_D: (for_d, "2 log 2 = 1.386" if plain else f"{for_d:.3f}"),
        LOSS_G: (for_g, "log 2 = 0.693" if plain else f"{for_g:.3f}"),
        D_X: said,
        D_G_Z1: said,
        D_G_Z2: said,
    }


EQUILIBRIA: dict[str, Callable[[LossConfig], EquilibriumValues]] = {"bce": bce_equilibrium}


def equilibrium_values(loss: LossConfig) -> EquilibriumValues:
    """The ideal lines of a loss by metric; none where it has none."""
    return EQUILIBRIA[loss.name](loss) if loss.name in EQUILIBRIA else {}
