"""Runs that start from another: what fits is loaded, what was learned before stays known, the parent is not needed."""

import json
import shutil
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from gan.cli.main import main
from gan.config.options import build_config
from gan.data import registry
from gan.errors import ConfigError, DataError, RunError
from gan.runs import lifecycle, parents
from gan.runs.run import Run
from gan.training import start_from
from gan.training.checkpoint import State
from gan.training.train import initial_state
from tests.conftest import TINY, trained
from tests.support.exactness import final_weights, rows, same, train_until
from tests.support.pages import page
from tests.support.parent_runs import finished_run, random_set

CPU = torch.device("cpu")


def child(name: str, **options: object) -> Run:
    values = TINY | {"train.start_from": "parent"} | {path.replace("__", "."): v for path, v in options.items()}
    return lifecycle.create_run(build_config(values), name)


def loaded(run: Run, **info: object) -> tuple[State, str]:
    """A new state of a run on the digits, with some of the set's facts changed, and what was said of the loading."""
    changed = replace(registry.load_image_set(run.config.data).info(), **info)  # type: ignore[arg-type]
    state = initial_state(run.config, changed, CPU)
    return state, start_from.load_parent(run, state, changed)


@pytest.mark.parametrize("family", ["dcgan", "projection"])
def test_of_an_equal_config_everything_fits(family: str) -> None:
    parent = trained("parent", model__family=family)
    state, text = loaded(child("child", model__family=family, train__seed=5))
    average = load_file(parent.snapshot() / "generator.safetensors")
    networks = load_file(parent.snapshot() / "networks.safetensors")
    assert same(state.generator.state_dict(), average)
    assert same(state.average.state_dict(), average)
    assert same(
        {f"discriminator.{name}": value for name, value in state.discriminator.state_dict().items()},
        {name: value for name, value in networks.items() if name.startswith("discriminator.")},
    )
    assert "100% of the generator's weights and 100% of the discriminator's" in text
    assert "10 of 10 conditions have the same name" in text


def test_conditions_are_matched_by_name() -> None:
    parent = trained("parent", model__family="projection")
    run = child("child", model__family="projection")
    state, text = loaded(run, names=("new", "7", "2"), conditions=np.eye(3, dtype=np.uint8))
    assert "2 of 3 conditions have the same name" in text
    theirs = load_file(parent.snapshot() / "networks.safetensors")["discriminator.vectors.weight"]  # (F, 10)
    ours = state.discriminator.state_dict()["vectors.weight"]  # (F, 3)
    assert torch.equal(ours[:, 1:], theirs[:, [7, 2]])
    assert not torch.isin(ours[:, 0], theirs).any()
    average = load_file(parent.snapshot() / "generator.safetensors")
    first, latent = state.generator.state_dict()["first.weight"], run.config.model.latent  # (Z + 3, F, 4, 4)
    assert torch.equal(first[:latent], average["first.weight"][:latent])
    assert torch.equal(first[latent + 1 :], average["first.weight"][[latent + 7, latent + 2]])


LEVELS = {  # of generators for 16 px and 32 px, the same tensors from the finest on
    "dcgan": {"layers.6.weight": "layers.9.weight", "layers.3.weight": "layers.6.weight"},
    "projection": {"doublings.1.weight": "doublings.2.weight", "norms.1.norm.weight": "norms.2.norm.weight"},
}


@pytest.mark.parametrize("family", LEVELS)
def test_of_another_size_the_finest_levels_fit(family: str) -> None:
    parent = trained("parent", model__family=family, data__image_size=16)
    state, text = loaded(child("child", model__family=family, data__image_size=32))
    average = load_file(parent.snapshot() / "generator.safetensors")
    for theirs, ours in LEVELS[family].items():
        assert torch.equal(average[theirs], state.generator.state_dict()[ours])
    networks = load_file(parent.snapshot() / "networks.safetensors")
    finest = {"dcgan": "first.weight", "projection": "layers.0.weight"}[family]
    assert torch.equal(networks[f"discriminator.{finest}"], state.discriminator.state_dict()[finest])
    assert "100%" not in text


def test_the_child_trains_and_resumes_without_its_parent(capsys: pytest.CaptureFixture[str]) -> None:
    parent = trained("parent")
    runs = [child(name) for name in ("whole", "stopped")]
    lifecycle.delete_run(parent)
    train_until(runs[0], None)
    assert "Starts from the weights of another run after 320 images" in capsys.readouterr().out
    train_until(runs[1], 160)
    train_until(runs[1], None)
    assert same(final_weights(runs[0]), final_weights(runs[1]))
    assert rows(runs[0]) == rows(runs[1])
    assert [ancestor.run for ancestor in parents.lineage(runs[0])] == ["parent"]


def test_frozen_levels_stay_as_the_parents() -> None:
    parent = trained("parent")
    run = child("child", train__freeze_d=2, train__seed=1)
    train_until(run, None)
    before, after = (load_file(one.snapshot() / "networks.safetensors") for one in (parent, run))
    convolutions = [name for name, v in before.items() if name.startswith("discriminator.") and v.ndim == 4]
    assert [torch.equal(before[name], after[name]) for name in convolutions] == [True, True, False, False]


def test_a_parent_of_which_nothing_fits_is_refused_before_anything_is_made() -> None:
    parent = trained("parent", model__width=8)
    for other, message in (
        ({"model__width": 16}, "model.width is 16 and that of parent, from which the run is to start, is 8"),
        ({"model__family": "projection", "train__freeze_d": 2}, "model.family is projection and that of parent"),
    ):
        with pytest.raises(RunError, match=message):
            child("child", **other)
        assert not (parent.path.parent / "child").exists()
    config = build_config(TINY | {"train.start_from": "parent", "train.freeze_d": 1})
    assert parents.problem_with_parent(config, 1) == ""
    assert "the images have 3 channels, those of parent 1" in parents.problem_with_parent(config, 3)
    with pytest.raises(RunError, match=r"first\.weight does not fit: it would be frozen untrained"):
        loaded(child("child", train__freeze_d=1), channels=3)
    assert "fit" in loaded(child("other"), channels=3)[1]


def test_a_parent_that_knows_the_test_images_is_refused() -> None:
    trained("parent")
    run = child("child")
    images = registry.load_image_set(run.config.data)
    split = images.split.copy()
    moved = np.flatnonzero(split == "train")[:3]
    split[moved] = "test"
    with pytest.raises(DataError, match="trained on 3 validation or test images of Digits"):
        start_from.check_unseen(run, replace(images, split=split))
    assert start_from.check_unseen(run, images) == ""


def test_a_grandparent_that_knows_the_test_images_is_refused() -> None:
    images = registry.load_image_set(trained("parent").config.data)
    eldest = finished_run("eldest", images, **{"data.image_size": 32})
    middle = finished_run("middle", random_set(40, images.names, seed=1))
    parents.keep_parent(middle.path, eldest.name)
    run = child("child", train__start_from="middle", model__family="projection", model__width=middle.config.model.width)
    split = images.split.copy()
    split[np.flatnonzero(split == "train")[:3]] = "test"
    moved = replace(images, split=split)
    assert len(parents.ancestor_fingerprints(run)) == 2
    with pytest.raises(DataError, match="descends from, was trained on 3 validation or test images of Digits"):
        start_from.check_unseen(run, moved)


def test_images_of_another_size_cannot_be_compared_and_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    trained("parent", data__image_size=16)
    train_until(child("child", data__image_size=32), None)
    assert "cannot be told: its images were read as grey, 16 px" in capsys.readouterr().out


def test_what_the_parent_was_trained_on_goes_with_the_images(tmp_path_factory: pytest.TempPathFactory) -> None:
    trained("parent")
    run = child("child")
    train_until(run, None)
    grandchild = child("grandchild", train__start_from="child@160")
    assert [(one.run, one.seen) for one in parents.lineage(grandchild)] == [("child", 160), ("parent", 320)]
    archive = tmp_path_factory.mktemp("export") / "images.zip"
    assert main(["export", "child", "--per-class", "1", "--out", str(archive)]) == 0
    with zipfile.ZipFile(archive) as file:
        manifest = json.loads(file.read("manifest.json"))
        card = file.read("README.md").decode()
    assert [origin["run"] for origin in manifest["starts_from"]] == ["parent"]
    assert "It starts from the run parent after 320 images of Digits" in card


def test_the_run_page_says_what_a_run_starts_from() -> None:
    trained("parent")
    train_until(child("child"), None)
    assert any(
        "It starts from the run parent after 320 images" in text.value for text in page("progress", run="child").caption
    )


def test_a_start_that_cannot_be_is_refused_before_anything_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    parent = trained("parent")
    for start, message in (
        ("nobody", "There is no run nobody"),
        ("parent@7", "takes parent@160 or parent@320"),
    ):
        assert main(["train", "--name", "child", "--train.start_from", start]) == 2
        assert message in capsys.readouterr().err
        with pytest.raises(RunError, match=message):
            child("child", train__start_from=start)
        assert not (parent.path.parent / "child").exists()
    with pytest.raises(ConfigError, match=r"freeze_d is 2 and train\.start_from is empty"):
        build_config({"train.freeze_d": 2})
    with pytest.raises(ConfigError, match="start_from"):
        build_config({"train.start_from": "../other"})
    for seen in parent.snapshots():
        (parent.snapshot_folder(seen) / "networks.safetensors").unlink()
    with pytest.raises(RunError, match="No snapshot of parent has its discriminator"):
        child("child")


def test_a_parent_without_all_its_files_leaves_no_run_behind() -> None:
    parent = trained("parent")
    (parent.path / "fingerprint.npz").unlink()
    with pytest.raises(RunError, match=r"fingerprint\.npz of parent is missing"):
        child("child")
    assert not (parent.path.parent / "child").exists()


def test_a_missing_copy_of_the_parent_is_named() -> None:
    trained("parent")
    run = child("child")
    shutil.rmtree(run.path / parents.FOLDER)
    with pytest.raises(RunError, match="What child starts from is missing"):
        train_until(run, None)
