"""ImageNet features: those of EfficientNet-Lite0, whose weights come with a package.

They do not depend on the data set, so scores can be compared between sets; of medical images they capture texture more
than findings. Scores in them are not the FID or KID of the literature, which use an Inception network. All images are
enlarged, or reduced, to the side of `pretrained.input_side`.

Letters: n images in a set, N in a batch, C channels, H = W the side, F features.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gan.evaluation.classifiers.pretrained import EFFICIENTNET_LITE0, PretrainedBody, load_pretrained_body
from gan.evaluation.classifiers.small_resnet import ImageSequence, PhaseProgress, autocast
from gan.models import efficientnet_weights
from gan.training.precision import normalise


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
                maps: Tensor = self.network(normalise(chunk))  # (N, F, h, w)
            features.append(maps.float().mean(dim=(2, 3)).cpu())
            progress(min(1.0, (first + batch) / len(images)))
        return torch.cat(features)


def load_imagenet_features(size: int, device: str = "cpu") -> ImageNetFeatures:
    """EfficientNet-Lite0's features (n, 1280) of images of `size` px, without a download.

    Raises UserError where its package is not installed, or its file is not the published one.
    """
    body, _ = load_pretrained_body(EFFICIENTNET_LITE0, size)
    return ImageNetFeatures(body.to(device).eval().requires_grad_(False), efficientnet_weights.SHA256)
