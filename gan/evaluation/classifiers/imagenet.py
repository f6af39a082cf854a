"""ImageNet features: torchvision's pretrained ResNet-18 (He et al. 2016), an alternative to our own classifier's.

They do not depend on the data set, so scores can be compared between sets; of medical images they capture texture more
than findings. Scores in them are not the FID or KID of the literature, which use an Inception network. The weights are
read from torch's cache, or downloaded and verified by checksum.

Letters: n images in a set, N in a batch, C channels, H = W the side.
"""

import hashlib
import urllib.error
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch import Tensor, nn

from gan.errors import UserError
from gan.evaluation.classifiers.small_resnet import ImageSequence, PhaseProgress, autocast

FILE = "resnet18-f37072fd.pth"
ADDRESS = f"https://download.pytorch.org/models/{FILE}"
SHA256 = "f37072fd"
"""First eight digits of the file's SHA-256, which torchvision publishes in its name."""
SIDE = 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Side in pixels and normalisation of the network's input."""


@dataclass(frozen=True)
class ImageNetFeatures:
    """The network without its last layer, and the SHA-256 of its weights file."""

    network: nn.Module
    sha256: str

    @torch.inference_mode()
    def extract(self, images: ImageSequence, progress: PhaseProgress, batch: int = 64) -> Tensor:
        """Features (n, 512) float32 on the CPU of uint8 images (n, C, H, H) with one or three channels."""
        device = next(self.network.parameters()).device
        mean, std = (torch.tensor(values, device=device)[:, None, None] for values in (MEAN, STD))
        features = []
        for first in range(0, len(images), batch):
            chunk = torch.from_numpy(np.ascontiguousarray(images[first : first + batch])).to(device).float() / 255
            large = nn.functional.interpolate(chunk, (SIDE, SIDE), mode="bilinear", antialias=True)
            rgb = large.expand(-1, 3, -1, -1).clamp(0, 1)  # (N, 3, 224, 224)
            with autocast(device.type):
                features.append(self.network((rgb - mean) / std).float().cpu())
            progress(min(1.0, (first + batch) / len(images)))
        return torch.cat(features)


def load_imagenet_features(device: str = "cpu") -> ImageNetFeatures:
    """The network with its published weights; raises UserError where they are neither cached nor downloadable."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / FILE
    if not path.exists():
        _download(path)
    with open(path, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if not sha256.startswith(SHA256):
        raise UserError(f"{path} has the wrong checksum. Delete it; the next evaluation downloads it again.")
    network = torchvision.models.resnet18()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    network.fc = nn.Identity()
    return ImageNetFeatures(network.to(device).eval().requires_grad_(False), sha256)


def _download(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(ADDRESS, str(path), SHA256, progress=False)
    except (OSError, RuntimeError, urllib.error.URLError) as error:  # no network, HTTP error, or wrong checksum
        raise UserError(
            f"ImageNet features need {FILE}, which could not be downloaded ({error}). Download it from {ADDRESS} into "
            f"{path.parent}, or use our own features (--features own)."
        ) from None
