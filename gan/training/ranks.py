"""What the processes of a run on several GPUs exchange in a step, so that together they compute what one would.

Each process, a rank, has copies of both networks and a contiguous part of every batch:

- Random numbers and conditions are those of the whole batch on every rank, from equal generators; it takes its part.
- Batch norm is synchronised: its statistics are those of the whole batch.
- D's logits are gathered, and each rank computes the loss of the whole batch. Its gradient reaches the weights through
  the rank's own logits only, so that the gradients of the ranks sum to that of one process, also for parts of different
  lengths and for losses that are no mean over images.
- Equal gradients on equal weights leave equal weights, averages and moments of Adam on all ranks.

What remains is rounding: sums are added in another order than in one process.

Not torch's DistributedDataParallel: it averages gradients over the ranks, which is right for parts of equal length
only, and takes one forward and backward pass of a network for a step. Here D sees two batches before its one backward
pass, and a third with its weights frozen, through which G learns.

Letters: N images of a batch, m of this rank's part, F channels, h = w the side of maps.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn


@dataclass(frozen=True)
class Part:
    """The `count` images from `first` on of a batch of `batch` images."""

    first: int
    count: int
    batch: int

    def of(self, values: Tensor, dim: int = 0) -> Tensor:
        """This part of a whole batch's values; the same tensor where the part is the whole."""
        return values if self.count == self.batch else values.narrow(dim, self.first, self.count)


@dataclass(frozen=True)
class Ranks:
    """The processes that train a run together: `count` of them, of which this one has number `rank`."""

    rank: int = 0
    count: int = 1

    def part(self, batch: int) -> Part:
        """This rank's part of a batch. The parts differ in length by at most one image."""
        length, longer = divmod(batch, self.count)
        return Part(self.rank * length + min(self.rank, longer), length + (self.rank < longer), batch)

    def gather(self, values: Tensor, part: Part) -> Tensor:
        """The values (..., N) of a batch from those (..., m) of its parts; this rank's own ones carry a gradient."""
        if self.count == 1:
            return values
        whole = values.new_zeros(*values.shape[:-1], part.batch)
        end = part.first + part.count
        whole[..., part.first : end] = values.detach()
        distributed.all_reduce(whole)  # a sum with zeros, as ranks may have parts of different lengths
        return torch.cat([whole[..., : part.first], values, whole[..., end:]], dim=-1)

    def sum_gradients(self, network: nn.Module) -> None:
        """Replace the gradients of a network's weights by their sums over the ranks."""
        if self.count == 1:
            return
        gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        for gradient, summed in zip(gradients, torch.split(flat, [g.numel() for g in gradients]), strict=True):
            gradient.copy_(summed.view_as(gradient))

    def agree(self, decision: bool) -> bool:
        """The decision of rank 0, on every rank. The processes exchange it; their GPUs need not wait."""
        if self.count == 1:
            return decision
        byte = torch.tensor([decision], dtype=torch.uint8)
        distributed.broadcast(byte, 0)
        return bool(byte)

    def from_first(self, value: Any) -> Any:
        """The value of rank 0, on every rank."""
        values = [value if self.rank == 0 else None]
        distributed.broadcast_object_list(values, 0, device=torch.device("cpu"))
        return values[0]


ALONE = Ranks()
"""The one process of a run on one GPU."""


def synchronise_batch_norm(network: nn.Module, device: torch.device) -> None:
    """Replace each batch norm of a network by one over all ranks, with the same weights, statistics and names."""
    if device.type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]  # fast, for GPUs only
        return
    for name, child in network.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(network, name, _SynchronisedBatchNorm2d(child))
        else:
            synchronise_batch_norm(child, device)


class _SynchronisedBatchNorm2d(nn.BatchNorm2d):
    """`nn.BatchNorm2d` whose statistics are those of the whole batch, on any device."""

    def __init__(self, local: nn.BatchNorm2d):
        super().__init__(local.num_features, local.eps, local.momentum)
        self.weight, self.bias = local.weight, local.bias
        self.running_mean, self.running_var = local.running_mean, local.running_var
        self.num_batches_tracked = local.num_batches_tracked

    def forward(self, maps: Tensor) -> Tensor:  # (m, F, h, h)
        if not self.training:
            return super().forward(maps)
        values = maps.float()
        pixels = values.new_tensor([values.numel() / self.num_features])
        totals = _SumOverRanks.apply(torch.cat([values.sum((0, 2, 3)), pixels]))  # (F + 1,)
        mean, count = totals[:-1] / totals[-1], totals[-1].detach()
        centred = values - mean[:, None, None]
        variance = _SumOverRanks.apply(centred.square().sum((0, 2, 3))) / count  # (F,)
        self._track(mean.detach(), variance.detach() * count / (count - 1))
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return torch.addcmul(self.bias[:, None, None], centred, scale[:, None, None]).to(maps.dtype)

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)


class _SumOverRanks(torch.autograd.Function):
    """The sum over the ranks. Each rank's own part of the loss depends on it, so that gradients are summed too."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        return _summed(values)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        return _summed(gradients[0])


def _summed(values: Tensor) -> Tensor:
    total = values.clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(total)
    return total
