"""Background work: a queue of runs for the devices, tasks beside it, and states that are computed at every look.

No torch and no browser; pages, the command line and the workers use what is named here. Read in this order: `names.py`
(what a job is called), `kinds.py` (what it does), `locks.py` (who is alive), `states.py` (what is true), `turns.py`
(whose turn), `control.py` (submit, stop, resume), `launch.py`, `keeper.py` (the queue process), `worker.py` (the side
of the process that works).
"""

from gan.jobs.control import delete, disk_usage, follow, resume, start_task, stop, submit
from gan.jobs.device_list import Device, devices
from gan.jobs.launch import ensure_scheduler
from gan.jobs.logs import log_tail
from gan.jobs.names import in_words, name_of, run_of
from gan.jobs.states import QueueEntry, State, queue, state

__all__ = [
    "Device",
    "QueueEntry",
    "State",
    "delete",
    "devices",
    "disk_usage",
    "ensure_scheduler",
    "follow",
    "in_words",
    "log_tail",
    "name_of",
    "queue",
    "resume",
    "run_of",
    "start_task",
    "state",
    "stop",
    "submit",
]
