"""How images and networks meet the hardware: uint8 to [-1, 1], and the number format of the convolutions.

Read next: `train.py`.

Letters: N images, C channels, H = W the side.
"""

import torch
from torch import Tensor

from gan.config import RunConfig


def scale(images: Tensor) -> Tensor:
    """uint8 images (N, C, H, H) as the networks see them, float32 in [-1, 1]."""
    return (images.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def precision(config: RunConfig, device: torch.device) -> torch.autocast:
    """Autocast to bfloat16 where the config asks for it or, for "auto", where the hardware multiplies it faster."""
    asked = config.job.precision
    return torch.autocast(
        device.type, torch.bfloat16, enabled=asked == "bfloat16" or (asked == "auto" and _pays(device))
    )


def _pays(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and bool(torch.cpu._is_amx_tile_supported())  # without AMX, bfloat16 is no faster
