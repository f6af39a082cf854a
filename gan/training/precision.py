"""Images as the networks take them, and the number format in which they compute.

Letters: N images, C channels, H = W the side.
"""

import torch
from torch import Tensor

from gan.config.run_config import RunConfig


def normalise(images: Tensor) -> Tensor:
    """uint8 images (N, C, H, H) as float32 in [-1, 1], channels last in memory."""
    return (images.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def compute_dtype(config: RunConfig, device: torch.device) -> torch.dtype:
    """bfloat16 where `job.precision` is "bfloat16", or "auto" on hardware where bfloat16 is faster; else float32."""
    requested = config.job.precision
    fast = requested == "bfloat16" or (requested == "auto" and _bfloat16_is_faster(device))
    return torch.bfloat16 if fast else torch.float32


def mixed_precision(config: RunConfig, device: torch.device) -> torch.autocast:
    """Autocast to `compute_dtype`; without effect for float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=compute_dtype(config, device) == torch.bfloat16)


def _bfloat16_is_faster(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and torch.cpu.get_capabilities().get("amx_tile", False)
