"""The background task that looks for wrong labels in an added set: its folder, and its expected time. No torch."""

from gan.config import settings
from gan.data.image_set import ImageSet
from gan.evaluation.budget import SuspectBudget
from gan.evaluation.records.suspects import measured_rate

PREFIX = "suspects-"
DEFAULT_RATE = 1_000_000
"""Work (`SuspectBudget.work`) per second on two CPU cores, for an estimate before the first search in this store."""


def task_name(name: str) -> str:
    """The name of the task for an added set."""
    return PREFIX + name


def set_name(task: str) -> str:
    """The added set of a task, by the task's name."""
    return task.removeprefix(PREFIX)


def estimated_seconds(image_set: ImageSet, budget: SuspectBudget = SuspectBudget()) -> float:
    """Expected seconds of a search, by the latest one in this store, or by `DEFAULT_RATE` before there is one."""
    others = len(image_set.rows("train")) * (budget.folds - 1) // budget.folds
    images_seen = budget.folds * budget.classifier.images_seen(min(others, budget.classifier.images))
    work = budget.work(images_seen, image_set.native_size)
    return work / (measured_rate(settings.added_sets()) or DEFAULT_RATE)
