"""The devices of this machine, which jobs hold them, and the slots that jobs take. NVML and psutil, no torch.

A device has `settings.jobs_per_device()` slots; tasks have `settings.tasks_at_once()` slots of their own. A slot is a
lock file that the job's processes inherit: it stays taken until the last of them is gone.
"""

import contextlib
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import pynvml

from gan.config import settings
from gan.io.file_lock import is_locked, try_lock
from gan.io.untrusted_files import log_damaged
from gan.jobs import tickets

CACHED_SECONDS = 10.0  # for the list of CUDA devices: querying a sleeping driver is slow
ALLOWED_VARIABLE = "GAN_CUDA_ALLOWED"
TASKS = "tasks"
"""The name, beside those of devices, of the slots for tasks on the CPU, such as exports."""
_cuda_cache: tuple[float, tuple[str, ...], str] | None = None
"""Time of the query (monotonic), names of CUDA devices, and the reason if there are none."""


@dataclass(frozen=True)
class Device:
    """A device as pages show it; memory in bytes, load in percent, None where unknown."""

    name: str
    title: str
    memory_used: int | None
    memory_total: int | None
    load: float | None
    holders: tuple[str, ...]


def devices() -> list[Device]:
    """Every device that jobs can request, the fastest type first."""
    return [_describe(name) for name in device_names()]


def device_names() -> list[str]:
    """Names such as `["cuda:0", "cuda:1", "cpu"]`: the CUDA devices in `CUDA_VISIBLE_DEVICES`, MPS, always the CPU."""
    global _cuda_cache
    now = time.monotonic()
    if _cuda_cache is None or now - _cuda_cache[0] > CACHED_SECONDS:
        _cuda_cache = (now, *_cuda_names())
    mps = ["mps"] if sys.platform == "darwin" and platform.machine() == "arm64" else []
    return [*_cuda_cache[1], *mps, "cpu"]


def driver_problem() -> str:
    """NVML's reason why there is no CUDA device; "" if there are some."""
    device_names()
    return _cuda_cache[2] if _cuda_cache else ""


def matching_devices(requested: str) -> list[str]:
    """The devices that a value of `job.device` matches here; empty if the requested one does not exist."""
    names = device_names()
    cuda = [name for name in names if name.startswith("cuda")]
    if requested == "auto":
        return cuda or [name for name in names if name == "mps"] or ["cpu"]
    return cuda if requested == "cuda" else [name for name in names if name == requested]


def candidates(requested: str, gpus: int = 1) -> tuple[list[str], int]:
    """The devices that a job could use, and how many of them it takes; no devices if the machine has too few.

    Arguments are values of `job.device` and `job.gpus`. Several processes on the CPU share the one device "cpu".
    """
    names = matching_devices(requested)
    if gpus == 1 or requested == "cpu":
        return names, 1
    cuda = [name for name in names if name.startswith("cuda")]
    return (cuda if len(cuda) >= gpus else []), gpus


def no_such_device(requested: str, gpus: int = 1) -> str:
    """The message for a requested device that does not exist, or for too few GPUs."""
    if gpus > 1 and matching_devices(requested):
        cuda = [name for name in device_names() if name.startswith("cuda")]
        has = f"{len(cuda)} GPU{'s' * (len(cuda) > 1)} ({', '.join(cuda)})" if cuda else f"no GPU ({driver_problem()})"
        advice = f"Set job.gpus to {max(len(cuda), 1)}, or job.device to cpu for {gpus} processes on the CPU."
        return f"job.gpus is {gpus} and this machine has {has}. {advice}"
    why = f" ({driver_problem()})" if requested.startswith("cuda") and driver_problem() else ""
    existing = ", ".join(device_names())
    advice = "Set job.device to auto or to one of them."
    return f"There is no device {requested} on this machine{why}: it has {existing}. {advice}"


def holders(name: str) -> list[str]:
    """The names of the jobs that hold the device of this machine."""
    jobs = [path.read_text().strip() for path in sorted(_slots(name)) if is_taken(path)]
    return [job or "a run that is starting" for job in jobs]


def free_slots(name: str) -> int:
    """How many more jobs the device can take now."""
    return _slot_count(name) - sum(is_taken(path) for path in _slots(name))


def is_taken(slot: Path) -> bool:
    """Whether a job holds a slot; True, and logged, where the file system refuses to answer."""
    try:
        return is_locked(slot)
    except OSError as error:
        log_damaged(slot, error)
        return True


def take_slot(name: str, holder: str) -> int | None:
    """Take a slot of the device for the job named `holder`; returns the lock's descriptor, None if all are taken.

    Hold `tickets.decision_lock()`, so that counting and taking are one step.
    """
    folder = tickets.host_folder() / "devices"
    folder.mkdir(parents=True, exist_ok=True)
    if free_slots(name) < 1:
        return None
    for number in range(1, _slot_count(name) + 1):
        slot = folder / f"{name.replace(':', '-')}.{number}.lock"
        descriptor = try_lock(slot)
        if descriptor is not None:
            slot.write_text(holder)
            return descriptor
    return None


def take_slots(names: Sequence[str], holder: str) -> list[int] | None:
    """Take a slot of each device or none at all; returns the locks' descriptors, None if a device has no free slot.

    Hold `tickets.decision_lock()`.
    """
    taken: list[int] = []
    with contextlib.ExitStack() as unless_all:
        for name in names:
            slot = take_slot(name, holder)
            if slot is None:
                return None
            unless_all.callback(os.close, slot)
            taken.append(slot)
        unless_all.pop_all()
    return taken


def _slot_count(name: str) -> int:
    """How many jobs may hold the device at once."""
    return settings.tasks_at_once() if name == TASKS else settings.jobs_per_device()


def visible_to_cuda(device: str) -> dict[str, str]:
    """Environment variables by which CUDA sees a job's devices only, such as "cuda:0,cuda:2", and none for "cpu"."""
    number = ",".join(name.removeprefix("cuda:") for name in device.split(",") if name.startswith("cuda:"))
    # NVML numbers devices by bus, CUDA by speed unless told otherwise. The administrator's restriction is kept for jobs
    # that this job submits.
    allowed = _allowed_cuda()
    kept = {ALLOWED_VARIABLE: "all" if allowed is None else allowed}
    return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": number, **kept}


def _allowed_cuda() -> str | None:
    """CUDA_VISIBLE_DEVICES as it was outside of any job; None if it is not set."""
    kept = os.environ.get(ALLOWED_VARIABLE)
    if kept is None:
        return os.environ.get("CUDA_VISIBLE_DEVICES")
    return None if kept == "all" else kept


def _slots(name: str) -> list[Path]:
    return list((tickets.host_folder() / "devices").glob(f"{name.replace(':', '-')}.*.lock"))


def _cuda_names() -> tuple[tuple[str, ...], str]:
    """The CUDA devices by NVML's numbers, and the reason if there are none."""
    allowed = _allowed_cuda()
    try:
        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
        numbers = (
            list(range(count))
            if allowed is None
            else [_number(part.strip()) for part in allowed.split(",") if part.strip()]
        )
    except pynvml.NVMLError as error:
        return (), str(error)
    names = tuple(f"cuda:{number}" for number in numbers if 0 <= number < count)
    return names, "" if names else f"CUDA_VISIBLE_DEVICES is {allowed!r}"


def _number(entry: str) -> int:
    """NVML's number of an entry of CUDA_VISIBLE_DEVICES, which may be a number or an identifier such as GPU-1234."""
    if entry.lstrip("-").isdigit():
        return int(entry)
    number: int = pynvml.nvmlDeviceGetIndex(pynvml.nvmlDeviceGetHandleByUUID(entry))
    return number


def _describe(name: str) -> Device:
    held_by = tuple(holders(name))
    if name.startswith("cuda:"):
        return _describe_cuda(name, held_by)
    memory = psutil.virtual_memory()
    load = min(100.0, 100 * psutil.getloadavg()[0] / (psutil.cpu_count() or 1)) if name == "cpu" else None
    title = f"{_processor()}, {psutil.cpu_count()} cores" if name == "cpu" else "Apple GPU"
    return Device(name, title, memory.total - memory.available, memory.total, load, held_by)


def _describe_cuda(name: str, held_by: tuple[str, ...]) -> Device:
    try:
        handle = pynvml.nvmlDeviceGetHandleByIndex(int(name.removeprefix("cuda:")))
        title = pynvml.nvmlDeviceGetName(handle)
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    except pynvml.NVMLError as error:  # the device fell off the bus, or the driver was replaced
        return Device(name, f"not available: {error}", None, None, None, held_by)
    try:
        load = float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    except pynvml.NVMLError:  # not reported for a MIG slice
        load = None
    return Device(name, str(title), int(memory.used), int(memory.total), load, held_by)


def _processor() -> str:
    """The processor's model name, which `platform` does not know on Linux."""
    table = Path("/proc/cpuinfo")
    lines = table.read_text().split("\n") if table.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
