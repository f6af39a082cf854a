"""Roofline: the rates of a large matrix product and a large copy bound the speed of a training step."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

COPY_BYTES = 2**28
"""More than the caches hold."""


@dataclass(frozen=True)
class Ceiling:
    """Operations per second of a large matrix product, and bytes per second, read or written, of a large copy."""

    operations: float
    bytes: float

    def seconds(self, operations: float, moved: float) -> float:
        """The least time for so many operations and moved bytes, which overlap."""
        return max(operations / self.operations, moved / self.bytes)


def measure_ceiling(device: torch.device, dtype: torch.dtype, side: int | None = None, seconds: float = 1.0) -> Ceiling:
    """The best of three rounds of `seconds` each: the product in `dtype`, of matrices (side, side), and the copy.

    `dtype` is the number format of the training: a CPU emulates others, bfloat16 up to 100 times as slowly.
    """
    side = side or (4096 if device.type == "cpu" else 8192)
    a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    source, target = (torch.empty(COPY_BYTES, dtype=torch.uint8, device=device).fill_(n) for n in range(2))
    products = max(measure_rate(_repeat(lambda: torch.mm(a, b)), device, seconds) for _ in range(3))
    copies = max(measure_rate(_repeat(lambda: target.copy_(source)), device, seconds / 2) for _ in range(3))
    return Ceiling(2.0 * side**3 * products, 2.0 * COPY_BYTES * copies)


def _repeat(work: Callable[[], object]) -> Iterator[int]:
    while True:
        work()
        yield 1


def measure_rate(loop: Iterator[int], device: torch.device, seconds: float) -> float:
    """The sum of what `loop` yields, such as images, per second of wall time, measured for about `seconds`."""
    steps = 1 if device.type == "cpu" else 20  # between two synchronisations with the device
    wait_for_device(device)
    began, total = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        total += sum(next(loop) for _ in range(steps))
        wait_for_device(device)
    return total / (time.perf_counter() - began)


def wait_for_device(device: torch.device) -> None:
    """Wait until the device has finished the work that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    elif device.type == "mps":
        torch.mps.synchronize()


def count_work(work: Callable[[], object]) -> tuple[float, float]:
    """Operations (torch's count of multiplications and additions) and bytes read and written by some work.

    The bytes are those of each operation's tensors without views; a compiler that fuses operations needs fewer.
    """
    with FlopCounterMode(display=False) as operations, _Bytes() as moved:
        work()
    return float(operations.get_total_flops()), float(moved.total)


class _Bytes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sums the bytes of the tensors that operations read and write."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = operation(*args, **(kwargs or {}))
        if not operation.is_view:
            self.total += sum(tensor.nbytes for tensor in _tensors((args, *(kwargs or {}).values(), result)))
        return result


def _tensors(value: object) -> Iterator[Tensor]:
    """All tensors in the arguments or the result of an operation, also those in lists."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _tensors(part)
