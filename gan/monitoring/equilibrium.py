"""The values of the metrics at the ideal balance of each loss. No torch.

With the binary cross-entropy, D(x) is a probability. Where generated and real images are indistinguishable, the optimal
discriminator gives 1/2 for both (Goodfellow et al. 2014, theorem 1): its loss is -2 log(1/2), the generator's
-log(1/2). With mismatched pairs, a share w of its negative examples are real images under a wrong condition. If it
recognises these, it gives 1 / (2 - w) for real and generated images. If conditions look alike it cannot recognise them
all, and the run of a perfect generator ends between these values and those of w = 0.
"""

import math
from collections.abc import Callable, Mapping

from gan.config.run_config import LossConfig
from gan.runs.metrics import D_G_Z1, D_G_Z2, D_X, LOSS_D, LOSS_G

EquilibriumValues = Mapping[str, tuple[float, str]]
"""By metric, a value and its label."""


def bce_equilibrium(loss: LossConfig) -> EquilibriumValues:
    """Equilibrium of the binary cross-entropy."""
    share = loss.mismatched
    answer = 1 / (2 - share)
    for_d, for_g = -math.log(answer) - (1 - share) * math.log(1 - answer), -math.log(answer)
    plain = share == 0
    labelled = (answer, "0.5" if plain else f"{answer:.3g}")
    return {
        LOSS_D: (for_d, "2 log 2 = 1.386" if plain else f"{for_d:.3f}"),
        LOSS_G: (for_g, "log 2 = 0.693" if plain else f"{for_g:.3f}"),
        D_X: labelled,
        D_G_Z1: labelled,
        D_G_Z2: labelled,
    }


EQUILIBRIA: dict[str, Callable[[LossConfig], EquilibriumValues]] = {"bce": bce_equilibrium}


def equilibrium_values(loss: LossConfig) -> EquilibriumValues:
    """Equilibrium values of a loss by metric; empty where they are unknown."""
    return EQUILIBRIA[loss.name](loss) if loss.name in EQUILIBRIA else {}
