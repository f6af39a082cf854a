"""Processes: the identity behind a pid, the environment of a job, and killing a whole process tree.

A pid alone proves nothing, as it may have been reused. A process is identified by its pid and its start time, and is
signalled only if both match.
"""

import contextlib
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
from gan.io import fault_injection
from gan.io.file_lock import holds

# Variables that a job inherits: settings, and what Python and CUDA need. No secrets.
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
JOB_VARIABLE = "GAN_JOB"  # tells a process of the scheduler its ticket, device and lock descriptors
BATCH_VARIABLE = "GAN_BATCH_JOB"  # in a job of another engine: the value of `member_value` for its start
MEMBER_VARIABLE = "GAN_JOB_MEMBER"  # in all processes of a job: which start of which job they belong to


def job_environment(own: Mapping[str, str]) -> dict[str, str]:
    """The variables that a job inherits, with absolute paths of the store and the data."""
    passed = {k: v for k, v in own.items() if k in PASSED or k.startswith(PASSED_PREFIXES)}
    passed = {k: v for k, v in passed.items() if not k.startswith("TORCHELASTIC_")}  # of torchrun, for its own ranks
    for name in (JOB_VARIABLE, MEMBER_VARIABLE, BATCH_VARIABLE):
        passed.pop(name, None)
    places = {"GAN_STORE": str(settings.store()), "GAN_DATA": str(settings.public_data())}
    return passed | places | {"PYTHONUNBUFFERED": "1"}


def identity(pid: int) -> str:
    """The start time of a process, by a clock that nobody can set; "" if there is none, or it is a zombie."""
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


def usable_cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def lower_priority() -> None:
    """Give this process, and all that it starts, the lowest priority: others get the processor first."""
    os.nice(19)
    group = Path("/proc/self/autogroup")  # where Linux weighs sessions against each other, not processes
    with contextlib.suppress(OSError):  # absent, read-only in a container, or asked too often: priority alone must do
        group.write_text("19")


def boot() -> str:
    """An identifier of this boot of the machine; "" if unknown."""
    if fault_injection.node():
        return fault_injection.boot()
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""


def kills_for_memory() -> int:
    """How many processes the kernel has killed for lack of memory since boot; 0 if unknown."""
    path = Path("/proc/vmstat")
    lines = path.read_text().split("\n") if path.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def host() -> str:
    """The name of this machine or container."""
    return fault_injection.node() or socket.gethostname()


def pid_namespace() -> str:
    """An identifier of the pid namespace, as of a container: pids of another mean nothing here; "" if unknown."""
    namespace = Path("/proc/self/ns/pid")
    return str(namespace.readlink()) if namespace.exists() else ""


def valid_pid(started: Mapping[str, Any]) -> int | None:
    """The pid in a started.json; None if it is missing or invalid: 0 and below would signal whole process groups."""
    pid = started.get("pid")
    return pid if isinstance(pid, int) and not isinstance(pid, bool) and 0 < pid <= LARGEST_PID else None


def is_alive(started: Mapping[str, Any]) -> bool:
    """Whether the very process that a started.json names still runs."""
    pid = valid_pid(started)
    if pid is None or not is_local(started):
        return False
    return bool(identity(pid)) and identity(pid) == started.get("identity")


def member_value(name: str, ticket: int) -> str:
    """The value of MEMBER_VARIABLE for one start of the job of that name."""
    return f"{ticket} {name}"


def is_local(started: Mapping[str, Any]) -> bool:
    """Whether a started.json is of this machine or container and this boot, so that its pid means something."""
    here = {"host": host(), "boot": boot(), "pid_namespace": pid_namespace()}
    return all(started.get(key) == value for key, value in here.items())


def terminate(started: Mapping[str, Any], folder: Path) -> None:
    """Send SIGTERM to a job's main process, which ends its own loading workers.

    Does nothing for a reused pid, nor for a process that does not hold the lock of the job's folder.
    """
    pid = valid_pid(started)
    if pid is not None and is_alive(started) and holds(pid, folder / "alive.lock"):
        send(pid, signal.SIGTERM)


def kill_tree(started: Mapping[str, Any], folder: Path, name: str) -> int:
    """SIGKILL the main process of the job `name`, its descendants and the rest of its session; returns the number."""
    killed = 0
    for _ in range(50):  # repeated, as a process may fork while it is being killed
        members = _members(started, folder, name)
        if not members:
            break
        for pid in members:
            send(pid, signal.SIGKILL)
        killed = max(killed, len(members))
        time.sleep(0.02)
    return killed


def _members(started: Mapping[str, Any], folder: Path, name: str) -> list[int]:
    """The living pids of a job: its main process with all descendants, and the other processes of its session.

    A living process that does not hold the lock of the job's folder is a stranger's, whatever started.json says. Once
    the main process is gone, the session's number proves nothing: its processes must then carry MEMBER_VARIABLE of this
    start of this job.
    """
    pid = valid_pid(started)
    if pid is None or not is_local(started):
        return []
    pids: set[int] = set()
    main_alive = is_alive(started)
    if main_alive and not holds(pid, folder / "alive.lock"):
        return []
    if main_alive:
        try:
            pids = {pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))}
        except psutil.NoSuchProcess:
            pids = set()
    if started.get("session") and (main_alive or not identity(pid)):
        member = member_value(name, started.get("ticket", 0))
        session = [other for other in psutil.pids() if _session(other) == pid]
        pids |= {other for other in session if main_alive or _is_member(other, member)}
    return sorted(other for other in pids if identity(other))


def _is_member(pid: int, member: str) -> bool:
    """Whether a process carries that value of MEMBER_VARIABLE, and this store."""
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
    """Send a signal to a process; does nothing if it has ended in the meantime."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
