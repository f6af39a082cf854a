"""Processes: which one a pid meant, the environment a job gets, and ending a whole tree of them.

A pid alone proves nothing: it may be a stranger's by now. Its identity is the pid with the tick at which the process
was started, and nothing is signalled unless both agree and the job's lock is held.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from gan.config import settings

# What a job sees of the environment of whoever starts it: settings, and what Python and CUDA need. No secrets.
PASSED = {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}
PASSED |= {"PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "XDG_CACHE_HOME", "SSL_CERT_FILE", "CC", "CXX"}
PASSED |= {"http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}
LARGEST_PID = 2**31 - 1
PASSED_PREFIXES = (
    "GAN_",
    "CUDA_",
    "OMP_",
    "GOMP_",
    "MKL_",
    "OPENBLAS_",
    "TORCH",
    "PYTORCH_",
    "NVIDIA_",
    "TRITON_",
    "LC_",
)
JOB_VARIABLE = "GAN_JOB"  # tells the process that the queue started which locks it was given
MEMBER_VARIABLE = "GAN_JOB_MEMBER"  # stays in the environment of all processes of a job, and tells whose they are


def job_environment(own: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that a job gets, with this store and the data named absolutely: it runs elsewhere."""
    passed = {k: v for k, v in own.items() if k in PASSED or k.startswith(PASSED_PREFIXES)}
    for name in (JOB_VARIABLE, MEMBER_VARIABLE):
        passed.pop(name, None)
    places = {"GAN_STORE": str(settings.store()), "GAN_DATA": str(settings.public_data())}
    return passed | places | {"PYTHONUNBUFFERED": "1"}


def identity(pid: int) -> str:
    """When the process of that pid was started, in a clock that nobody can set; empty where there is none.

    A zombie counts as none: it has ended and only waits for its parent.
    """
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return "" if fields[0] in "ZX" else fields[19]  # state, and starttime in ticks since boot
    try:
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
    except psutil.NoSuchProcess:
        return ""


def boot() -> str:
    """A name of this start of the machine, so that a job can be seen to be of an earlier one; empty where not known."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""


def kills_for_memory() -> int:
    """How many processes the kernel has killed for want of memory since it started; 0 where it does not say."""
    path = Path("/proc/vmstat")
    lines = path.read_text().split("\n") if path.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def host() -> str:
    """A name of the place where pids mean something: this machine or container, and in it this space of pids."""
    space = Path("/proc/self/ns/pid")
    return f"{socket.gethostname()} {space.readlink()}" if space.exists() else socket.gethostname()


def valid_pid(started: Mapping[str, Any]) -> int | None:
    """The pid in a started.json; None where it has none, or what cannot be one: 0 and below mean whole groups."""
    pid = started.get("pid")
    return pid if isinstance(pid, int) and not isinstance(pid, bool) and 0 < pid <= LARGEST_PID else None


def is_alive(started: Mapping[str, Any]) -> bool:
    """Whether the very process that a started.json names still runs on this start of this machine."""
    pid = valid_pid(started)
    if pid is None or not is_local(started):
        return False
    return bool(identity(pid)) and identity(pid) == started.get("identity")


def member_value(name: str, ticket: int) -> str:
    """The value of MEMBER_VARIABLE in every process of one start of the job of that name."""
    return f"{ticket} {name}"


def is_local(started: Mapping[str, Any]) -> bool:
    """Whether pids of that start mean anything here: this machine or container, not restarted since."""
    return started.get("boot") == boot() and started.get("host") == host()


def terminate(started: Mapping[str, Any]) -> None:
    """Send SIGTERM to a job's main process alone: its loading workers are its own to end. Nothing for a stranger."""
    pid = valid_pid(started)
    if pid is not None and is_alive(started):
        send(pid, signal.SIGTERM)


def kill_tree(started: Mapping[str, Any], name: str) -> int:
    """SIGKILL the main process of the job `name`, all its descendants and the rest of its session; gives how many."""
    killed = 0
    for _ in range(50):  # a process may fork while it is being killed: until none is left
        members = _members(started, name)
        if not members:
            break
        for pid in members:
            send(pid, signal.SIGKILL)
        killed = max(killed, len(members))
        time.sleep(0.02)
    return killed


def _members(started: Mapping[str, Any], name: str) -> list[int]:
    """The living pids of a job: what descends from its main process, and what is left of its session without it.

    Once the main process is gone, its pid alone proves nothing about a session of that number: what is left must say
    in its own environment that it belongs to this start of this job.
    """
    pid = valid_pid(started)
    if pid is None or not is_local(started):
        return []
    found: set[int] = set()
    main_lives = is_alive(started)
    if main_lives:
        try:
            found = {pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))}
        except psutil.NoSuchProcess:
            found = set()
    if started.get("session") and (main_lives or not identity(pid)):
        member = member_value(name, started.get("ticket", 0))
        found |= {other for other in psutil.pids() if _session(other) == pid and (main_lives or _says(other, member))}
    return sorted(other for other in found if identity(other))


def _says(pid: int, member: str) -> bool:
    """Whether a process was started as part of that job, of this store."""
    try:
        environment = psutil.Process(pid).environ()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
    return (environment.get(MEMBER_VARIABLE), environment.get("GAN_STORE")) == (member, str(settings.store()))


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return -1


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended in the meantime."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
