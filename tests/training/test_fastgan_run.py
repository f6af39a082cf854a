"""Runs of the family fastgan: exact resumption, what snapshots hold, starting from another, several ranks, export."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from gan.config import options
from gan.data import registry
from gan.data.info import DatasetInfo
from gan.errors import RunError
from gan.export.model_export import MODEL_FORMATS, export_model
from gan.models import efficientnet_weights
from gan.models.build import FROZEN_WEIGHTS
from gan.runs import lifecycle
from gan.sampling.sampler import load_generator
from gan.training import start_from
from gan.training.checkpoint import restore
from gan.training.estimate import estimate
from gan.training.losses import bce_discriminator, weights_of_logits
from gan.training.preflight import find_problems
from gan.training.train import initial_state, step
from tests.conftest import TINY, trained
from tests.support.exactness import final_weights, rows, same, train_until

FASTGAN = {"model__family": "fastgan", "data__image_size": 16, "loss__mismatched": 0.5, "train__augment": True}
CPU = torch.device("cpu")


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_stopped_run_resumes_exactly(precision: str) -> None:
    chosen = FASTGAN | {"job__precision": precision, "model__subclasses": 2, "train__log_kimg": 0.048}
    whole = trained("whole", **chosen)
    run = lifecycle.create_run(whole.config, "stopped")
    train_until(run, 80)
    assert 80 <= run.snapshots()[-1] < run.total
    train_until(run, None)
    assert rows(run) == rows(whole)
    assert same(final_weights(run), final_weights(whole))


def test_snapshots_hold_the_mixing_and_not_the_features() -> None:
    run = trained("run", **FASTGAN)
    first, last = (load_file(run.snapshot(seen) / "networks.safetensors") for seen in run.snapshots())
    mixing = [name for name in first if name.startswith("discriminator.mixing.")]
    assert len(mixing) == 3
    assert all(torch.equal(first[name], last[name]) for name in mixing)
    heads = [name for name in first if name.startswith("discriminator.heads.") and first[name].ndim == 4]
    assert not any(torch.equal(first[name], last[name]) for name in heads)
    assert sum(value.numel() for name, value in first.items() if name.startswith("discriminator.")) < 100_000
    training = torch.load(run.snapshot() / "training.pt", weights_only=True)
    assert training["features"] == efficientnet_weights.SHA256


def test_a_run_on_other_frozen_weights_is_refused_and_its_snapshots_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained("run", **FASTGAN)
    info = registry.load_image_set(run.config.data).info()
    monkeypatch.setitem(FROZEN_WEIGHTS, "fastgan", "0" * 64)
    with pytest.raises(RunError, match=r"Its discriminator builds on frozen weights .* clone the run"):
        restore(run, initial_state(run.config, info, CPU))
    assert run.snapshots() == [160, 320]


def test_the_loss_is_the_mean_of_those_of_the_heads() -> None:
    torch.manual_seed(0)
    real, fake, wrong = torch.randn(1, 3, 4), torch.randn(3, 4), torch.randn(1, 3, 4)
    weight = torch.tensor([[0.2, 0.0, 0.1, 0.2]])
    together = bce_discriminator(real, fake, wrong, weights_of_logits(weight, wrong))
    one_by_one = [
        bce_discriminator(real[:, head], fake[head], wrong[:, head], weights_of_logits(weight, wrong[:, head]))
        for head in range(3)
    ]
    torch.testing.assert_close(together, torch.stack(one_by_one).mean())


def test_features_stay_as_they_are_over_a_step() -> None:
    config = options.build_config({path.replace("__", "."): value for path, value in FASTGAN.items()} | TINY)
    state = initial_state(config, registry.load_image_set(config.data).info(), CPU)
    features = state.discriminator.get_submodule("features")
    before = {name: value.clone() for name, value in features.named_buffers()}
    optimised = {id(weight) for group in state.optimiser_d.param_groups for weight in group["params"]}
    step(state, torch.randint(0, 256, (16, 1, 16, 16), dtype=torch.uint8), torch.eye(10).repeat(2, 1)[:16], config)
    assert all(torch.equal(value, before[name]) for name, value in features.named_buffers())
    assert not optimised & {id(value) for value in features.buffers()}


def test_a_run_starts_from_another_with_its_mixing() -> None:
    parent = trained("parent", **FASTGAN)
    values = {path.replace("__", "."): value for path, value in FASTGAN.items()}
    run = lifecycle.create_run(
        options.build_config(TINY | values | {"train.start_from": "parent", "train.seed": 5}), "child"
    )
    info = registry.load_image_set(run.config.data).info()
    state = initial_state(run.config, info, CPU)
    text = start_from.load_parent(run, state, info)
    assert "100% of the generator's weights and 100% of the discriminator's" in text
    theirs = load_file(parent.snapshot() / "networks.safetensors")
    ours = state.discriminator.state_dict()
    assert all(torch.equal(ours[name], theirs[f"discriminator.{name}"]) for name in ours)


def test_of_a_run_of_another_size_the_finest_levels_fit() -> None:
    parent = trained("parent", **FASTGAN)
    values = {path.replace("__", "."): value for path, value in FASTGAN.items()} | {"data.image_size": 32}
    run = lifecycle.create_run(options.build_config(TINY | values | {"train.start_from": "parent"}), "child")
    info = registry.load_image_set(run.config.data).info()
    state = initial_state(run.config, info, CPU)
    start_from.load_parent(run, state, info)
    theirs, ours = load_file(parent.snapshot() / "generator.safetensors"), state.generator.state_dict()
    assert torch.equal(ours["convolutions.2.weight"], theirs["convolutions.1.weight"])
    assert torch.equal(ours["last.weight"], theirs["last.weight"])


@pytest.mark.parametrize("format", MODEL_FORMATS)
def test_the_generator_is_exported_alone_and_opens_without_the_features(
    format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained("run", **FASTGAN)
    monkeypatch.setattr(efficientnet_weights, "PACKAGE", "a_package_that_nobody_has")
    result = export_model(run, format, tmp_path / "out")
    assert result.difference <= 1e-5
    if format == "safetensors":
        assert "Discriminator" not in (tmp_path / "out" / "generator.py").read_text()
    sampler = load_generator(run)
    assert sampler.generate(torch.eye(10).numpy(), seed=0).shape == (10, 1, 16, 16)


def test_missing_weights_are_told_before_a_start(monkeypatch: pytest.MonkeyPatch) -> None:
    config = options.build_config({"model.family": "fastgan"})
    assert not [problem for problem in find_problems(config, estimate(config)) if problem.level == "error"]
    monkeypatch.setattr(efficientnet_weights, "PACKAGE", "a_package_that_nobody_has")
    (problem,) = [problem for problem in find_problems(config, estimate(config)) if problem.level == "error"]
    assert problem.key == "no-pretrained-weights"
    assert efficientnet_weights.INSTALL in problem.text


def test_it_learns_images_by_class() -> None:
    """Discs and rings at 32 px with noise: the mean image of each class comes to be that of the real ones."""
    chosen = {"model.family": "fastgan", "model.width": 16, "optim.lr": 5e-4, "train.augment": True}
    config = options.build_config(chosen | {"loss.mismatched": 0.5, "train.batch": 16})
    info = DatasetInfo(("disc", "ring"), "class", 1, 32, 32, "", "", "", np.eye(2, dtype=np.uint8))
    state, chance = initial_state(config, info, CPU), torch.Generator().manual_seed(0)
    radius = (torch.stack(torch.meshgrid(*[torch.arange(32.0) - 15.5] * 2, indexing="ij")).square().sum(0)).sqrt()
    shapes = torch.stack([radius < 8, (radius > 7) & (radius < 13)])[:, None] * 160.0 + 40  # (2, 1, 32, 32)
    conditions = torch.eye(2).repeat(8, 1)

    def likeness() -> float:
        """Correlation of the difference between the classes, of generated and of real images."""
        z = torch.randn(16, config.model.latent, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            images = state.average(z, conditions)
        both = torch.stack([images[0::2].mean(0) - images[1::2].mean(0), shapes[0] - shapes[1]]).flatten(1)
        return float(torch.corrcoef(both)[0, 1])

    before = likeness()
    for _ in range(60):
        noise = torch.randn(16, 1, 32, 32, generator=chance) * 20
        step(state, (shapes.repeat(8, 1, 1, 1) + noise).clamp(0, 255).byte(), conditions, config)
    assert before < 0.2
    assert likeness() > 0.5
