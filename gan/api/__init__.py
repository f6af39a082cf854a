"""The Python API, which `import gan` offers: every name below is also `gan.<name>`. docs/api.md has examples. No torch.

runs     find, configure, start, watch, stop and resume runs; their curves
images   the generator, images of a condition, downloads
sets     import and read image sets
scores   scores, membership test, study
"""

from gan.api.images import export_images, export_model, load_generator, sample_images, sample_tensors
from gan.api.runs import (
    RunProgress,
    list_runs,
    load_run,
    make_config,
    read_metrics,
    resume_run,
    start_run,
    stop_run,
    watch_run,
)
from gan.api.scores import (
    read_membership,
    read_scores,
    read_study,
    run_membership_test,
    run_study,
    score_run,
)
from gan.api.sets import import_images, load_image_set
from gan.config.run_config import RunConfig
from gan.errors import ConfigError, DataError, GanError, RunError, StoppedError, TrainingError, UserError
from gan.evaluation.budget import ClassifierBudget, EarlyStopping, EvaluationBudget, MembershipBudget
from gan.evaluation.study.study_options import StudyOptions, TrainingBudget
from gan.runs.run import Run

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
