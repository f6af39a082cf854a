"""The task that scores a run's snapshots fully, on few images: with the product's budget it takes minutes."""

from gan.evaluation import job, tasks
from gan.evaluation.budget import ClassifierBudget, EvaluationBudget
from gan.io.progress import silent
from gan.runs.run import Run

BUDGET = EvaluationBudget(ClassifierBudget(shortest=320, longest=320), compared=40, compared_imagenet=40, checked=10)


def score_fully(run: Run) -> None:
    """Score every snapshot that has no scores, also those that are saved meanwhile, as the task does."""
    from gan.evaluation.privacy import near_copies  # here: it imports torch

    near_copies.TRAINING_QUERIES, near_copies.COPIED = 16, 2
    tasks.score_kept_snapshots(run, job.load_request(run, job.BESIDE_TRAINING), silent, full=BUDGET)
