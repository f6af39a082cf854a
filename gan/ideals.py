"""Where each loss's curves lie at the ideal balance, and what d_x and d_g_z mean under it. No torch: pages draw these.

For the binary cross-entropy D(x) is a probability. Where generated images cannot be told from real ones, the best
discriminator says 1/2 to both (Goodfellow et al. 2014, theorem 1): its loss is -2 log(1/2), the generator's -log(1/2).
"""

import math

IDEALS: dict[str, dict[str, tuple[float, str]]] = {
    "bce": {
        "loss_d": (2 * math.log(2), "2 log 2 = 1.386"),
        "loss_g": (math.log(2), "log 2 = 0.693"),
        "d_x": (0.5, "0.5"),
        "d_g_z1": (0.5, "0.5"),
        "d_g_z2": (0.5, "0.5"),
    }
}
