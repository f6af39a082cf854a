"""`import gan`: light, typed, and as docs/api.md says."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

import gan
from gan import api
from gan.cli.chosen_snapshot import chosen_snapshot
from gan.cli.main import main
from gan.config import settings
from tests.conftest import trained

PAGE = (settings.ROOT / "docs" / "api.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def test_every_name_is_offered_and_documented() -> None:
    assert gan.__all__ == api.__all__
    for name in gan.__all__:
        part = getattr(gan, name)
        assert part is getattr(api, name)
        assert part.__doc__, name
        assert f"gan.{name}" in PAGE or f"`{name}`" in PAGE, name
    assert set(gan.__all__) <= set(dir(gan))
    with pytest.raises(AttributeError, match="has no attribute 'load_runs'"):
        gan.load_runs  # noqa: B018


def test_the_import_is_light_and_what_needs_no_images_loads_no_torch() -> None:
    code = (
        "import sys, gan\n"
        "assert not {'numpy', 'pydantic', 'pandas', 'torch'} & sys.modules.keys()\n"
        "gan.list_runs(); gan.make_config('mnist')\n"
        "assert not {'pandas', 'torch', 'streamlit'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=settings.ROOT, check=True)


def test_the_images_are_those_of_the_command(tmp_path: Path) -> None:
    generator = gan.load_generator(trained("digits"))
    images, conditions = gan.sample_images(generator, "3", 4, seed=7, start=20)
    assert images.shape == (4, 1, 32, 32)
    assert (conditions.argmax(axis=1) == 3).all()
    arguments = ["--condition", "3", "--count", "4", "--seed", "7", "--start", "20", "--out", str(tmp_path / "out")]
    assert main(["sample", "digits", *arguments]) == 0
    written = [np.asarray(Image.open(path)) for path in sorted((tmp_path / "out" / "images" / "3").iterdir())]
    assert np.array_equal(images[:, 0], written)
    tensors, rows = gan.sample_tensors(generator, "3", 4, seed=7, start=20)
    assert torch.equal((tensors * 255).round().to(torch.uint8), torch.from_numpy(images))
    assert torch.equal(rows, torch.from_numpy(conditions))


def test_without_a_snapshot_the_functions_take_that_of_the_commands(tmp_path: Path, store: Path) -> None:
    shutil.copytree(settings.ROOT / "checkpoints" / "demo-bloodcells", store / "demo-bloodcells")
    run = gan.load_run("demo-bloodcells")
    assert (run.snapshots()[-1], chosen_snapshot(run, None)) == (120_000, 80_000)
    assert gan.load_generator(run).seen == 80_000
    assert gan.load_generator(run, 120_000).seen == 120_000
    assert gan.read_study(run).snapshot == gan.read_membership(run).snapshot == 80_000
    assert gan.read_membership(run, 120_000).snapshot == 120_000
    with pytest.raises(gan.RunError, match="--snapshot 120000 --study"):
        gan.read_study(run, 120_000)
    assert gan.export_model(run, tmp_path / "model", "safetensors").snapshot == 80_000
    gan.export_images(run, tmp_path / "images", {"WBC": 2}, with_near_copies=True)
    assert json.loads((tmp_path / "images" / "manifest.json").read_text())["snapshot"]["seen"] == 80_000


def test_a_result_of_another_snapshot_than_the_best_is_read_where_it_is_the_only_one(store: Path) -> None:
    shutil.copytree(settings.ROOT / "checkpoints" / "demo-bloodcells", store / "demo-bloodcells")
    (store / "demo-bloodcells" / "evaluation" / "000080000-membership.json").unlink()
    run = gan.load_run("demo-bloodcells")
    assert gan.read_membership(run).snapshot == 120_000
    (store / "demo-bloodcells" / "evaluation" / "000120000-membership.json").unlink()
    with pytest.raises(gan.RunError, match="The snapshot 80000 of demo-bloodcells has no membership test"):
        gan.read_membership(run)


@pytest.mark.parametrize("wrong", [{"count": -1}, {"seed": -1}, {"start": -1}, {"truncation": 0.0}, {"condition": "x"}])
def test_a_value_out_of_range_is_an_error_of_ours(wrong: dict[str, Any]) -> None:
    generator = gan.load_generator(trained("digits"))
    with pytest.raises(gan.UserError):
        gan.sample_images(generator, **wrong)


def test_a_preset_that_it_does_not_take_is_not_offered() -> None:
    with pytest.raises(gan.ConfigError, match=r"There is no preset auto: it takes one of [a-z0-9, -]+, own-images\.$"):
        gan.make_config("auto")


def test_a_run_that_cannot_start_is_refused_before_it_is_created() -> None:
    with pytest.raises(gan.ConfigError, match="nowhere"):
        gan.start_run(gan.make_config("own-images", {"data.path": "nowhere"}))
    assert gan.list_runs() == []


def test_images_that_can_be_read_in_several_ways_are_asked_about_and_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    rows = ["file,shape,stain"]
    for number in range(24):
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (16, 16), np.uint8)).save(
            tmp_path / "odd" / f"{number}.png"
        )
        rows.append(f"{number}.png,{'round' if number % 2 else 'long'},{'pink' if number % 3 else 'blue'}")
    (tmp_path / "odd" / "labels.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(gan.DataError, match=r"The set odd was not added: .* 1\. .* 2\. "):
        gan.import_images("odd", tmp_path / "odd")
    report = gan.import_images("odd", tmp_path / "odd", choose=lambda ways: ways[0].reading)
    assert report.images == 24


@pytest.mark.timeout(600)
def test_the_examples_of_the_page_run(tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(settings.ROOT / "checkpoints" / "demo-mnist", store / "demo-mnist")
    digits = load_digits()
    for name, label in (("benign", 0), ("malignant", 1)):
        (tmp_path / "cells" / name).mkdir(parents=True)
        for number, picture in enumerate(digits.images[digits.target == label][:120]):
            Image.fromarray((picture * 15.9).astype(np.uint8)).resize((16, 16)).save(
                tmp_path / "cells" / name / f"{number}.png"
            )
    monkeypatch.chdir(tmp_path)
    values: dict[str, Any] = {}
    for example in EXAMPLES:
        exec(example, values)
    assert len(values["curves"]) == 100
    assert values["scores"]["cas_balanced"].tolist() == pytest.approx([0.969844])
    assert values["images"].shape == (8, 1, 28, 28)
    assert values["tensors"].shape == (64, 1, 28, 28)
    assert values["result"].count == 40
    assert values["image_set"].names == ("benign", "malignant")
    assert gan.read_metrics(values["run"])["seen"].iloc[-1] >= 600
    assert gan.read_scores(values["run"])["cas_balanced"].tolist() == [pytest.approx(values["scored"].cas_balanced)]
    assert gan.read_membership(values["run"]).verdict == values["tested"].verdict
    assert gan.read_study(values["run"]).verdict == values["study"].verdict
    assert values["written"].snapshot in values["run"].snapshots()
