"""Background jobs: a folder per job, a queue per device. Knows no run and no config; imports no torch.

control      submit, stop, delete, start a task     states       the state of a job, computed from its files
kinds        what a job does, by its folder's path  names        the name of a job
job_access   who may start, stop and see it   person_limits how much one person may have waiting and running
waiting_jobs the queue and who may start            tickets      the order of the queue, the decision lock
scheduler    the queue process                      launch       start the scheduler or a job's process
worker       the working side of a job              end_file     its last word
status       its progress
device_list  devices, who holds them, their slots   processes    pids that cannot be mistaken, killing a tree
failures     why a job ended                        logs         the end of a log, and following it
several_gpus jobs of several processes
holders      which machine holds a job              engine       what an engine is, such as Slurm
engines      the engines that can be asked          slurm/       the engine Slurm
heartbeat    the sign of life of a job              claims       who may work in a folder that machines share
doctor       what this installation can do
notifications who hears of a job's end: open pages, a webhook, e-mail
"""

from gan.jobs.control import delete, disk_usage, find_holding_host, follow, release, resume, start_task, stop, submit
from gan.jobs.device_list import Device, devices
from gan.jobs.engine import ENGINE_TITLES
from gan.jobs.job_access import job_stop_target, job_target, may_see_job
from gan.jobs.launch import ensure_scheduler
from gan.jobs.logs import log_tail
from gan.jobs.names import describe_job, job_name, run_name
from gan.jobs.person_limits import check_submission, check_task
from gan.jobs.states import QueueEntry, State, describe_wait, queue, state

__all__ = [
    "ENGINE_TITLES",
    "Device",
    "QueueEntry",
    "State",
    "check_submission",
    "check_task",
    "delete",
    "describe_job",
    "describe_wait",
    "devices",
    "disk_usage",
    "ensure_scheduler",
    "find_holding_host",
    "follow",
    "job_name",
    "job_stop_target",
    "job_target",
    "log_tail",
    "may_see_job",
    "queue",
    "release",
    "resume",
    "run_name",
    "start_task",
    "state",
    "stop",
    "submit",
]
