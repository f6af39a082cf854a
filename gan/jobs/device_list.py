"""The devices of this machine, who holds them, and the slots by which a job takes one. NVML and psutil; never torch.

A device has as many slots as `settings.jobs_per_device()` says, and `settings.tasks_at_once()` tasks run beside them. A
slot is a lock file that the job's processes inherit: it stays taken until the last of them is gone.

"""

import os
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pynvml

from gan.config import settings
from gan.io.file_lock import is_locked, try_lock
from gan.jobs import tickets

CHECKED_EVERY = 10.0  # seconds for which the list of CUDA devices is believed: asking a sleeping driver is slow
ALLOWED_VARIABLE = "GAN_CUDA_ALLOWED"
TASKS = "tasks"
"""Stands among the devices for what tasks on the CPU, such as an export, hold a slot of."""
_found: tuple[float, tuple[str, ...], str] | None = None


@dataclass(frozen=True)
class Device:
    """One device as a page shows it; memory in bytes and load in percent, None where nobody knows."""

    name: str
    title: str
    memory_used: int | None
    memory_total: int | None
    load: float | None
    holders: tuple[str, ...]


def devices() -> list[Device]:
    """Every device that jobs can ask for, the fastest kind first, as it is now."""
    return [_describe(name) for name in device_names()]


def device_names() -> list[str]:
    """Such as `["cuda:0", "cuda:1", "cpu"]`: CUDA devices that `CUDA_VISIBLE_DEVICES` allows, MPS, always the CPU."""
    global _found
    now = time.monotonic()
    if _found is None or now - _found[0] > CHECKED_EVERY:
        _found = (now, *_cuda_names())
    mps = ["mps"] if sys.platform == "darwin" and platform.machine() == "arm64" else []
    return [*_found[1], *mps, "cpu"]


def driver_problem() -> str:
    """Why no CUDA device is seen, in the words of NVIDIA's library; empty where there are some."""
    device_names()
    return _found[2] if _found else ""


def matching_devices(asked: str) -> list[str]:
    """The devices that a config's `job.device` can mean here; empty where the one asked for does not exist."""
    names = device_names()
    cuda = [name for name in names if name.startswith("cuda")]
    if asked == "auto":
        return cuda or [name for name in names if name == "mps"] or ["cpu"]
    return cuda if asked == "cuda" else [name for name in names if name == asked]


def no_such_device(asked: str) -> str:
    """What to tell the user whose config asks for a device that is not there."""
    why = f" ({driver_problem()})" if asked.startswith("cuda") and driver_problem() else ""
    there = ", ".join(device_names())
    return f"There is no device {asked} on this machine{why}: it has {there}. Set job.device to auto or to one of them."


def holders(name: str) -> list[str]:
    """The names of the jobs that hold the device."""
    found = [path.read_text().strip() for path in sorted(_slots(name)) if is_locked(path)]
    return [text or "a run that is starting" for text in found]


def free_slots(name: str) -> int:
    """How many more jobs the device takes now."""
    return _most(name) - sum(is_locked(path) for path in _slots(name))


def take_slot(name: str, holder: str) -> int | None:
    """Take a slot of the device for the job of that name; gives the lock's descriptor, or None where all are taken.

    To be called while `tickets.decision_lock()`, so that the count and the taking are one.
    """
    folder = tickets.jobs_folder() / "devices"
    folder.mkdir(parents=True, exist_ok=True)
    if free_slots(name) < 1:
        return None
    for number in range(1, _most(name) + 1):
        descriptor = try_lock(folder / f"{name.replace(':', '-')}.{number}.lock")
        if descriptor is not None:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, holder.encode(), 0)
            return descriptor
    return None


def _most(name: str) -> int:
    """How many jobs may hold it at once."""
    return settings.tasks_at_once() if name == TASKS else settings.jobs_per_device()


def visible_to_cuda(name: str) -> dict[str, str]:
    """The environment under which "cuda" is this device, and under which a CPU job opens no CUDA context."""
    number = name.removeprefix("cuda:") if name.startswith("cuda:") else ""
    # NVML counts by bus, CUDA by speed unless told. What the administrator allowed is kept for what the job submits.
    allowed = _allowed_cuda()
    kept = {ALLOWED_VARIABLE: "all" if allowed is None else allowed}
    return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": number, **kept}


def _allowed_cuda() -> str | None:
    """CUDA_VISIBLE_DEVICES as it was outside of any job; None where it restricts nothing."""
    kept = os.environ.get(ALLOWED_VARIABLE)
    if kept is None:
        return os.environ.get("CUDA_VISIBLE_DEVICES")
    return None if kept == "all" else kept


def _slots(name: str) -> list[Path]:
    return list((tickets.jobs_folder() / "devices").glob(f"{name.replace(':', '-')}.*.lock"))


def _cuda_names() -> tuple[tuple[str, ...], str]:
    """The CUDA devices by NVML's numbers, and the reason where there are none."""
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
    except pynvml.NVMLError as error:  # the device fell off the bus, or the driver was replaced under us
        return Device(name, f"cannot be asked: {error}", None, None, None, held_by)
    try:
        load = float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    except pynvml.NVMLError:  # a part of a shared device does not say
        load = None
    return Device(name, str(title), int(memory.used), int(memory.total), load, held_by)


def _processor() -> str:
    """The processor's name, which Python's `platform` does not know on Linux."""
    table = Path("/proc/cpuinfo")
    lines = table.read_text().split("\n") if table.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
