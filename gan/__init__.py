"""Conditional GANs for small biomedical image sets: train, watch, evaluate, export.

The packages. Each imports only packages above it; docs/architecture.md says more.

errors       the exceptions
config       what users can ask for: RunConfig (START HERE), presets, settings
io           files that other processes read or outsiders wrote; PNG, GIF, contact sheets
jobs         background processes: queue, devices, states
data         image sets: sources, import, splits, order, subclasses
runs         a run is a folder: config, metrics, snapshots, notes
models       the networks
sampling     images from a trained generator: conditions, latents, marks
training     the training loop, checkpoints, recommendations and estimates
evaluation   what the images are worth: scores, privacy, study, report
monitoring   what the curves and samples of a run say
export       labelled downloads
bench        speed measurements and the soak test
cli          the commands
"""

import os

# OpenMP reads this when torch is loaded: how long a waiting thread spins before it sleeps. The default is so long that
# a training on two cores fell from 2,226 to 164 images/s when another program took one of them. This value gave 2,202
# and 429; sleeping at once gave 1,220 and 947.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")

__version__ = "0.1.0"
