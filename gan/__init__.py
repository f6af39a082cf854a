"""Conditional GANs for small biomedical image sets: train, watch, evaluate, export.

The packages. Each imports only packages above it; docs/architecture.md says more.

errors       the exceptions
config       what users can ask for: RunConfig (START HERE), presets, settings
io           files that other processes read or outsiders wrote; PNG, GIF, contact sheets
access       who may see, do and take away what
jobs         background processes: queue, devices, states
data         image sets: sources, import, splits, order, subclasses
runs         a run is a folder: config, metrics, snapshots, notes
models       the networks
sampling     images from a trained generator: conditions, latents, marks
training     the training loop, checkpoints, recommendations and estimates
evaluation   what the images are worth: scores, privacy, study, report
monitoring   what the curves and samples of a run say; the verdict on its images
export       labelled downloads
api          what `import gan` offers in Python; docs/api.md
bench        speed measurements and the soak test
cli          the commands
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan.api import *  # noqa: F403


def _spins() -> str:
    """How often a waiting thread of OpenMP looks for work before it sleeps.

    The default is so often that a training on two cores fell from 2,226 to 164 images/s when another program took one
    of them. Where matrix units (AMX) make the parts between two waits short, sleeping early is slow on an idle machine.
    docs/results.md has the measurements.
    """
    try:
        with open("/proc/cpuinfo") as file:
            processor = file.read(8192)  # the first core's part
    except OSError:
        processor = ""
    return "20000" if "amx_tile" in processor else "1000"


if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", _spins())  # OpenMP reads it when torch is loaded

__version__ = "0.1.0"

__all__ = [
    "ClassifierBudget",
    "ConfigError",
    "DataError",
    "EarlyStopping",
    "EvaluationBudget",
    "GanError",
    "MembershipBudget",
    "Run",
    "RunConfig",
    "RunError",
    "RunProgress",
    "StoppedError",
    "StudyOptions",
    "TrainingBudget",
    "TrainingError",
    "UserError",
    "export_images",
    "export_model",
    "import_images",
    "list_runs",
    "load_generator",
    "load_image_set",
    "load_run",
    "make_config",
    "read_membership",
    "read_metrics",
    "read_scores",
    "read_study",
    "resume_run",
    "run_membership_test",
    "run_study",
    "sample_images",
    "sample_tensors",
    "score_run",
    "start_run",
    "stop_run",
    "watch_run",
]


def __getattr__(name: str) -> Any:
    """A name of the Python API, loaded when it is first used: most programs that import a part of this package use none
    of it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("gan.api"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
