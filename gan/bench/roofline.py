"""What this machine could reach at most: a large matrix product and a large copy, against what a step does."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

COPIED = 2**28  # bytes: more than the caches hold


@dataclass(frozen=True)
class Ceiling:
    """Operations per second of a large bfloat16 matrix product, and bytes per second, read or written, of a copy."""

    operations: float
    bytes: float

    @classmethod
    def measured(cls, device: torch.device) -> "Ceiling":
        """What a device reaches now, the best of three rounds each."""
        side = 4096 if device.type == "cpu" else 8192
        a, b = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
        source, target = (torch.empty(COPIED, dtype=torch.uint8, device=device).fill_(n) for n in range(2))
        products = max(rate(_for_ever(lambda: torch.mm(a, b)), device, 1.0) for _ in range(3))
        copies = max(rate(_for_ever(lambda: target.copy_(source)), device, 0.5) for _ in range(3))
        return cls(2.0 * side**3 * products, 2.0 * COPIED * copies)

    def seconds(self, operations: float, moved: float) -> float:
        """The least time for so many operations and bytes, where one goes on beside the other."""
        return max(operations / self.operations, moved / self.bytes)


def _for_ever(work: Callable[[], object]) -> Iterator[int]:
    while True:
        work()
        yield 1


def rate(side: Iterator[int], device: torch.device, seconds: float) -> float:
    """What `side` yields (images, say) per second, over about so many seconds, the device's work included."""
    steps = 1 if device.type == "cpu" else 20  # between two looks at the clock, which wait for the device
    _wait(device)
    began, seen = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        seen += sum(next(side) for _ in range(steps))
        _wait(device)
    return seen / (time.perf_counter() - began)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
    elif device.type == "mps":
        torch.mps.synchronize()


def counted(work: Callable[[], object]) -> tuple[float, float]:
    """Operations and bytes of some work: torch's count of multiplications and additions, and what is read and written.

    Bytes are those of each operation's tensors, views left out; a compiler that joins operations needs fewer.
    """
    with FlopCounterMode(display=False) as operations, _Bytes() as moved:
        work()
    return float(operations.get_total_flops()), float(moved.total)


class _Bytes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the bytes of the tensors that operations read and write."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = operation(*args, **(kwargs or {}))
        if not operation.is_view:
            self.total += sum(tensor.nbytes for tensor in _tensors((args, *(kwargs or {}).values(), found)))
        return found


def _tensors(value: object) -> Iterator[Tensor]:
    """The tensors in the arguments or results of an operation, which may be lists of them."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _tensors(part)
