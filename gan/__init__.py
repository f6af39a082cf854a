"""Conditional GANs for small biomedical image sets: train, watch, sample, export.

Read `config.py` first: one typed object describes a run, and every other module takes it or a part of it.
"""

import os

# Read by OpenMP when torch is loaded. By default a thread that waits for its siblings spins: with another program on
# one of two cores, a training on both came down from 1,006 to 59 images/s, and to 800 where it sleeps instead.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
