"""Features of ImageNet's ResNet-18 (He et al. 2016, weights of torchvision), as an option beside our own classifier's.

They know nothing of the data set, so that scores in them can be compared between data sets; of medical images they see
textures more than findings. Neither these scores are the FID or KID of the literature, which take an Inception network.
The weights are used where they lie in torch's cache, or are downloaded, their checksum enforced.

Letters: n images in a set, N in a batch, C channels, H = W the side, F features.
"""

import hashlib
import urllib.error
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch import Tensor, nn

from gan.errors import UserError
from gan.evaluation.classifiers.small_resnet import ImageSequence, autocast

FILE = "resnet18-f37072fd.pth"
ADDRESS = f"https://download.pytorch.org/models/{FILE}"
SHA256 = "f37072fd"
"""How the SHA-256 of the file begins: torchvision publishes these eight digits, in its name."""
SIDE = 224
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Side and normalisation that the network was trained with."""


@dataclass(frozen=True)
class ImageNetFeatures:
    """The network without its last layer, and the SHA-256 of its weights."""

    network: nn.Module
    sha256: str

    @torch.inference_mode()
    def look(self, images: ImageSequence, progress: Callable[[float], None], batch: int = 64) -> Tensor:
        """Features (n, 512) float32 on the CPU of uint8 images (n, C, H, H) of one or three channels."""
        device = next(self.network.parameters()).device
        mean, spread = (torch.tensor(values, device=device)[:, None, None] for values in (MEAN, SPREAD))
        parts = []
        for first in range(0, len(images), batch):
            chunk = torch.from_numpy(np.ascontiguousarray(images[first : first + batch])).to(device).float() / 255
            large = nn.functional.interpolate(chunk, (SIDE, SIDE), mode="bilinear", antialias=True)
            colour = large.expand(-1, 3, -1, -1).clamp(0, 1)  # (N, 3, 224, 224)
            with autocast(device.type):
                parts.append(self.network((colour - mean) / spread).float().cpu())
            progress(min(1.0, (first + batch) / len(images)))
        return torch.cat(parts)


def load_imagenet_features(device: str = "cpu") -> ImageNetFeatures:
    """The network with its published weights; raises UserError where they are neither here nor to be had."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / FILE
    if not path.exists():
        _download(path)
    with open(path, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if not sha256.startswith(SHA256):
        raise UserError(f"{path} is not the published file: its checksum differs. Remove it, and it is fetched again.")
    network = torchvision.models.resnet18()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    network.fc = nn.Identity()
    return ImageNetFeatures(network.to(device).eval().requires_grad_(False), sha256)


def _download(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(ADDRESS, str(path), SHA256, progress=False)
    except (OSError, RuntimeError, urllib.error.URLError) as error:  # no network, a refusal, or a wrong checksum
        raise UserError(
            f"ImageNet features take {FILE}, which could not be downloaded ({error}): get it from {ADDRESS} and put it "
            f"into {path.parent}, or use our own features (--features own)."
        ) from None
