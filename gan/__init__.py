"""Conditional GANs for small biomedical image sets: train, watch, sample, export.

Read `config.py` first: one typed object describes a run, and every other module takes it or a part of it.
"""

import os

# Read by OpenMP when torch is loaded: how long a thread that waits for its siblings spins before it sleeps. By default
# so long that a training on two cores came down from 2,226 to 164 images/s when another program took one of them. With
# this it is 2,202 and 429; sleeping at once would be 1,220 and 947.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")

__version__ = "0.1.0"
