"""Background work: folders, devices and a queue; it knows no run and no config. No torch and no browser.

names      what a job is called                      kinds      what a job does, by its folder's place
tickets    the order of the queue, the decision lock states     what is true, computed at every look
schedule   whose turn it is                          control    submit, stop, start a task
launch     start a process                           scheduler  the queue process
worker     the side of the process that works        status     its progress
device_list which there are, and their locks          processes  pids, and what identifies them
failures   causes of failure in words                logs       the log's end, and its lines as they come
"""

from gan.jobs.control import delete, disk_usage, follow, resume, start_task, stop, submit
from gan.jobs.device_list import Device, devices
from gan.jobs.launch import ensure_scheduler
from gan.jobs.logs import log_tail
from gan.jobs.names import describe_job, job_name, run_name
from gan.jobs.states import QueueEntry, State, queue, state

__all__ = [
    "Device",
    "QueueEntry",
    "State",
    "delete",
    "describe_job",
    "devices",
    "disk_usage",
    "ensure_scheduler",
    "follow",
    "job_name",
    "log_tail",
    "queue",
    "resume",
    "run_name",
    "start_task",
    "state",
    "stop",
    "submit",
]
