"""How much one person may have in the queue and in the task lane at a time: `GAN_LIMIT_JOBS` and `GAN_LIMIT_TASKS`.

They are checked where a job is submitted, so that the reason stands where the person has clicked.
"""

from gan.access import limits
from gan.access.identity import SYSTEM, current
from gan.io.json_files import read_json
from gan.io.untrusted_files import skipping_unreadable
from gan.jobs import kinds, names, states, waiting_jobs
from gan.jobs.device_list import TASKS


def check_submission(device: str, count: int = 1) -> None:
    """Raise AccessError where the current person may not have `count` more jobs that wait, or one more task.

    `device` is TASKS for a task.
    """
    who = current()
    if who is SYSTEM:
        return
    if limits.limit(limits.JOBS) is not None:
        limits.check_waiting_jobs(sum(job.owner == who.name for job in waiting_jobs.queued_jobs()), count)
    if device == TASKS and limits.limit(limits.TASKS) is not None:
        limits.check_tasks(tasks_of(who.name))


def check_task() -> None:
    """As `check_submission` of a task, before anything is written for it."""
    check_submission(TASKS)


def tasks_of(owner: str) -> int:
    """How many tasks of a person wait or run, on whatever machine."""
    own = {job.folder for job in waiting_jobs.queued_jobs() if job.owner == owner and job.requested_device == TASKS}
    for path in names.job_files("started.json"):
        kind = kinds.job_kind(path.parent)
        if path.parent in own or kind is None or kind.on_device:
            continue
        with skipping_unreadable(path):
            if (read_json(path) or {}).get("owner") == owner and states.state(path.parent).alive:
                own.add(path.parent)
    return len(own)
