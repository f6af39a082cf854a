"""Why a job failed: the cause and what to do, from the exception or, without one, from the exit code.

Torch's errors are recognised by their names and texts, so that nothing here imports torch.
"""

import errno
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gan.errors import GanError, TrainingError

GPU_MEMORY = ("out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")
DRIVER = ("CUDA error", "CUDA driver", "no kernel image", "NVIDIA driver", "cuDNN error", "NCCL")


@dataclass(frozen=True)
class Cause:
    """The reason in a sentence (`text`) and as a key (`kind`, such as "gpu-memory")."""

    kind: str
    text: str
    advice: Mapping[str, Any] = field(default_factory=dict)
    """Options, by dotted path, that a clone of the run should change."""


def cause_from_error(error: BaseException) -> Cause:
    """The cause of an exception that ended a job."""
    text = str(error).strip()
    first_line = text.partition("\n")[0]
    if isinstance(error, TrainingError):
        return Cause(error.kind, text, error.advice)
    if isinstance(error, GanError):
        return Cause("user", text)
    is_runtime_error = isinstance(error, RuntimeError)
    if type(error).__name__ == "OutOfMemoryError" or (is_runtime_error and _contains_any(GPU_MEMORY, text)):
        return Cause(
            "gpu-memory", f"The GPU's memory ran out: halve train.batch, or use smaller images. ({first_line})"
        )
    if isinstance(error, MemoryError):
        return Cause("memory", "The computer's memory ran out: use fewer loading workers, or smaller images.")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f" ({error.filename} could not be written)" if error.filename else ""
        return Cause("disk", f"The disk is full{where}: free some space, then resume the run.")
    if isinstance(error, FileNotFoundError):
        return Cause("data", f"A required file is missing: {error.filename or first_line}. Put it back, then resume.")
    if isinstance(error, PermissionError):
        return Cause(
            "data", f"A file cannot be opened: {error.filename or first_line}. Check its permissions, then resume."
        )
    if isinstance(error, ImportError):
        return Cause("import", f"A library cannot be loaded: {first_line}. Install the program again.")
    if is_runtime_error and _contains_any(DRIVER, text):
        return Cause("driver", f"The GPU or its driver reported an error: {first_line}. Does `nvidia-smi` work?")
    return Cause("bug", f"{type(error).__name__}: {first_line}" if first_line else type(error).__name__)


def cause_from_exit(code: int, memory_ran_out: bool, log: str) -> Cause:
    """The cause of an exit code (negative for a signal) of a process that wrote no end.json.

    `log` is the end of its log.
    """
    last_line = next((line.strip() for line in reversed(log.split("\n")) if line.strip()), "nothing was printed")
    if code == -signal.SIGKILL and memory_ran_out:
        return Cause(
            "killed",
            "The system killed it because the computer's memory ran out. Resume goes on from its last snapshot.",
        )
    if code == -signal.SIGKILL:
        return Cause(
            "killed",
            "It was killed from outside (SIGKILL): by a user, or by a limit on memory or time. "
            "Resume goes on from its last snapshot.",
        )
    if code < 0:
        name = _signal_name(-code)
        return Cause("killed", f"It was ended by the signal {name}. The last line of its log: {last_line}")
    if "ModuleNotFoundError" in last_line or "ImportError" in last_line:
        return Cause("import", f"A library cannot be loaded: {last_line}. Install the program again.")
    return Cause("exit", f"It ended with exit code {code} and without a result. The last line of its log: {last_line}")


def _signal_name(code: int) -> str:
    names = {item.value: item.name for item in signal.Signals}
    return names.get(code, str(code))


def _contains_any(parts: tuple[str, ...], text: str) -> bool:
    return any(part.lower() in text.lower() for part in parts)
