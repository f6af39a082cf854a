"""Why a job ended, in words that a user can act on. Told from the error, or where there was none, from the exit code.

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
    """`kind` for programs (such as "gpu-memory", on which a page offers a smaller batch), `text` for people."""

    kind: str
    text: str
    advice: Mapping[str, Any] = field(default_factory=dict)
    """The options, by dotted path, that a clone of the run should change."""


def cause_from_error(error: BaseException) -> Cause:
    """The cause in words of an error that ended a job."""
    text = str(error).strip()
    first_line = text.partition("\n")[0]
    if isinstance(error, TrainingError):
        return Cause(error.kind, text, error.advice)
    if isinstance(error, GanError):
        return Cause("user", text)
    if type(error).__name__ == "OutOfMemoryError" or (isinstance(error, RuntimeError) and _any(GPU_MEMORY, text)):
        return Cause(
            "gpu-memory", f"The GPU's memory ran out: halve train.batch, or use smaller images. ({first_line})"
        )
    if isinstance(error, MemoryError):
        return Cause("memory", "The computer's memory ran out: use fewer loading workers, or smaller images.")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        place = f" where {error.filename} was to be written" if error.filename else ""
        return Cause("disk", f"The disk is full{place}: free some space, then resume the run.")
    if isinstance(error, FileNotFoundError):
        return Cause(
            "data", f"A file that is needed is gone: {error.filename or first_line}. Put it back, then resume."
        )
    if isinstance(error, PermissionError):
        return Cause(
            "data", f"A file cannot be opened: {error.filename or first_line}. Check its permissions, then resume."
        )
    if isinstance(error, ImportError):
        return Cause("import", f"A library cannot be loaded: {first_line}. Install requirements.txt again.")
    if isinstance(error, RuntimeError) and _any(DRIVER, text):
        return Cause("driver", f"The GPU or its driver reported an error: {first_line}. Does `nvidia-smi` work?")
    return Cause("bug", f"{type(error).__name__}: {first_line}" if first_line else type(error).__name__)


def cause_from_exit(code: int, memory_ran_out: bool, log: str) -> Cause:
    """The cause in words where a process ended with that code (negative: a signal) and no last word of its own.

    `log` is the end of what it printed.
    """
    last = next((line.strip() for line in reversed(log.split("\n")) if line.strip()), "nothing was printed")
    if code == -signal.SIGKILL and memory_ran_out:
        return Cause(
            "killed",
            "The system killed it because the computer's memory ran out. Resume goes on from its last snapshot.",
        )
    if code == -signal.SIGKILL:
        return Cause(
            "killed",
            "It was killed from outside (SIGKILL), by somebody or by a limit on memory or time. "
            "Resume goes on from its last snapshot.",
        )
    if code < 0:
        return Cause("killed", f"It was ended by the signal {_signal_name(-code)}. The last line of its log: {last}")
    if "ModuleNotFoundError" in last or "ImportError" in last:
        return Cause("import", f"A library cannot be loaded: {last}. Install requirements.txt again.")
    return Cause("exit", f"It ended with exit code {code} and no last word. The last line of its log: {last}")


def _signal_name(code: int) -> str:
    names = {item.value: item.name for item in signal.Signals}
    return names.get(code, str(code))


def _any(needles: tuple[str, ...], text: str) -> bool:
    return any(needle.lower() in text.lower() for needle in needles)
