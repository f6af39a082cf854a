"""ImageNet features, an alternative to our own classifier's: of torchvision's pretrained ResNet-18 (He et al. 2016),
and of EfficientNet-Lite0, which needs no download.

They do not depend on the data set, so scores can be compared between sets; of medical images they capture texture more
than findings. Scores in them are not the FID or KID of the literature, which use an Inception network. ResNet-18's
weights are read from torch's cache, or downloaded and verified by checksum.

Letters: n images in a set, N in a batch, C channels, H = W the side, F features.
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
from gan.evaluation.classifiers.pretrained import EFFICIENTNET_LITE0, PretrainedBody, load_pretrained_body
from gan.evaluation.classifiers.small_resnet import ImageSequence, PhaseProgress, autocast
from gan.models import efficientnet_weights
from gan.training.precision import normalise

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

    network: PretrainedBody
    sha256: str

    @torch.inference_mode()
    def extract(self, images: ImageSequence, progress: PhaseProgress, batch: int = 64) -> Tensor:
        """Features (n, F) float32 on the CPU of uint8 images (n, C, H, H) with one or three channels."""
        device = next(self.network.parameters()).device
        features = []
        for first in range(0, len(images), batch):
            chunk = torch.from_numpy(np.ascontiguousarray(images[first : first + batch])).to(device)
            with autocast(device.type):
                found: Tensor = self.network(normalise(chunk))  # (N, F) or (N, F, h, w)
            features.append((found.float().mean(dim=(2, 3)) if found.ndim == 4 else found.float()).cpu())
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
    body = PretrainedBody(network, SIDE, MEAN, STD)
    return ImageNetFeatures(body.to(device).eval().requires_grad_(False), sha256)


def load_efficientnet_features(size: int, device: str = "cpu") -> ImageNetFeatures:
    """EfficientNet-Lite0's features (n, 1280) of images of `size` px, without a download.

    Raises UserError where its package is not installed, or its file is not the published one.
    """
    body, _ = load_pretrained_body(EFFICIENTNET_LITE0, size)
    return ImageNetFeatures(body.to(device).eval().requires_grad_(False), efficientnet_weights.SHA256)


def _download(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(ADDRESS, str(path), SHA256, progress=False)
    except (OSError, RuntimeError, urllib.error.URLError) as error:  # no network, HTTP error, or wrong checksum
        raise UserError(
            f"ImageNet features need {FILE}, which could not be downloaded ({error}). Download it from {ADDRESS} into "
            f"{path.parent}, or use our own features (--features own)."
        ) from None
