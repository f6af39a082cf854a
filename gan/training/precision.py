"""How images and networks meet the hardware: uint8 to [-1, 1], and the number format of the convolutions.


Letters: N images, C channels, H = W the side.
"""

import torch
from torch import Tensor

from gan.config.run_config import RunConfig


def normalise(images: Tensor) -> Tensor:
    """uint8 images (N, C, H, H) as the networks see them, float32 in [-1, 1]."""
    return (images.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def compute_dtype(config: RunConfig, device: torch.device) -> torch.dtype:
    """bfloat16 where the config asks for it or, for "auto", where the hardware multiplies it faster; else float32."""
    asked = config.job.precision
    return torch.bfloat16 if asked == "bfloat16" or (asked == "auto" and _pays(device)) else torch.float32


def mixed_precision(config: RunConfig, device: torch.device) -> torch.autocast:
    """Autocast to the run's number format; it does nothing for float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=compute_dtype(config, device) == torch.bfloat16)


def _pays(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and torch.cpu.get_capabilities().get("amx_tile", False)  # else bfloat16 is no faster
