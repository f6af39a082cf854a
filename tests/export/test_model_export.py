"""A generator that leaves the program: it opens without the program, gives the same images, and its card is true."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import load_file

from gan.cli.main import main
from gan.config import settings
from gan.errors import ConfigError, RunError, UserError
from gan.export import model_files
from gan.export.model_card import MODEL_FILES, example_code
from gan.export.model_export import MODEL_FORMATS, export_model
from gan.runs.run import Run
from gan.sampling.sampler import load_generator
from tests.conftest import trained
from tests.support.celeba import write_celeba

DEMO = Run(settings.ROOT / "checkpoints" / "demo-mnist")
"""Of the family projection, with subclasses, padded from 28 to 32 px, and scored."""
BATCHES = (1, 3, 16)


def example(folder: Path) -> str:
    """The code in the model card."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", (folder / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    return str(code)


@pytest.mark.parametrize("name", ["\U0001f9eb colony", "\ud83d", "\x85\u2028", 'b`"\\', "é"])
def test_the_example_finds_the_first_class_whatever_it_is_called(name: str) -> None:
    document = {"names": ["other", name][::-1], "inputs": {"z": 4, "conditions": 2}, "format": "onnx"}
    code = example_code(document | {"subclasses": []})
    (line,) = [line for line in code.split("\n") if line.startswith("chosen = ")]
    found: dict[str, int] = {}
    exec(line, {"names": json.loads(json.dumps(document["names"]))}, found)
    assert found == {"chosen": 0}
    assert "`" not in line
    assert line.isascii()


def test_the_examples_of_the_cards_give_the_runs_images_in_a_process_without_the_program(tmp_path: Path) -> None:
    script = "import os, sys\nsys.modules['gan'] = None\nsys.path.insert(0, '')\n"
    for format in MODEL_FORMATS:
        export_model(DEMO, format, tmp_path / format)
        code = example(tmp_path / format)
        (line,) = re.findall("^images = .*$", code, re.MULTILINE)
        script += (
            f"os.chdir({str(tmp_path / format)!r})\n{code}\nall_z, all_conditions = z, conditions\n"
            f"for n in {BATCHES}:\n    z, conditions = all_z[:n], all_conditions[:n]\n    {line}\n"
            "    np.savez(f'{n}.npz', z=z, conditions=conditions, images=images)\n"
        )
    (tmp_path / "script.py").write_text(script)
    environment = {"OMP_NUM_THREADS": "1", "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-W", "error", "script.py"], cwd=tmp_path, check=True, env=environment)
    sampler = load_generator(DEMO)
    for format in MODEL_FORMATS:
        for batch in BATCHES:
            saved = np.load(tmp_path / format / f"{batch}.npz")
            with torch.inference_mode():
                own = sampler.network(torch.from_numpy(saved["z"]), torch.from_numpy(saved["conditions"])).numpy()
            assert saved["images"].shape == (batch, 1, 28, 28)
            assert np.abs(saved["images"] - own[:, :, 2:30, 2:30]).max() <= 1e-5


@pytest.mark.parametrize("format", MODEL_FORMATS)
def test_it_holds_the_generator_alone_and_no_path_of_this_machine(format: str, tmp_path: Path) -> None:
    run = trained("digits")
    result = export_model(run, format, tmp_path / "out")
    assert result.snapshot == 320
    assert result.difference <= 1e-5
    own, file = load_file(run.snapshot() / "generator.safetensors"), tmp_path / "out" / MODEL_FILES[format]
    if format == "safetensors":
        written = load_file(file)
        assert "Discriminator" not in (tmp_path / "out" / "generator.py").read_text()
    elif format == "torch":
        program = torch.export.load(file)
        written = {name.removeprefix("generator."): tensor for name, tensor in program.state_dict.items()}
        assert not program.constants
    else:
        weights = [onnx.numpy_helper.to_array(array) for array in onnx.load(file).graph.initializer]
        assert sum(array.size for array in weights if array.dtype == np.float32) <= sum(t.numel() for t in own.values())
        written = own
    assert written.keys() == own.keys()
    assert all(torch.equal(written[name], own[name]) for name in own)
    content = b"".join(path.read_bytes() for path in (tmp_path / "out").iterdir())
    assert str(settings.ROOT).encode() not in content
    assert str(run.path).encode() not in content


def test_the_example_holds_for_attributes_and_for_names_that_could_break_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_celeba(settings.public_data(), 60)
    faces = trained("faces", data__name="celeba", data__image_size=16)
    odd = trained("odd")
    names = json.loads((odd.path / "data.json").read_text())
    names["names"][0] = 'a "b"\\ | <i>\n```\n'
    (odd.path / "data.json").write_text(json.dumps(names))
    for run in (faces, odd):
        export_model(run, "torch", tmp_path / run.name)
        monkeypatch.chdir(tmp_path / run.name)
        values: dict[str, np.ndarray] = {}
        exec(example(tmp_path / run.name), values)
        info = run.info()
        assert values["pixels"].shape == (16, info.channels, info.native_size, info.native_size)
        assert (values["conditions"].argmax(axis=1) == 0).all()
        rows = re.findall(r"^\| .* \| [\d,]+ \|$", Path("README.md").read_text(), re.MULTILINE)
        assert len(rows) == len(info.names)


@pytest.mark.parametrize("upsampling", ["transposed", "nearest"])
def test_the_code_beside_safetensors_builds_the_same_network(upsampling: str, tmp_path: Path) -> None:
    run = trained("digits", model__family="projection", model__upsampling=upsampling)
    result = export_model(run, "safetensors", tmp_path / "out")  # which loads it by that code
    assert result.difference <= 1e-5


def test_the_card_says_what_was_measured_and_what_was_not(tmp_path: Path) -> None:
    export_model(DEMO, "safetensors", tmp_path / "demo")
    card, measured = ((tmp_path / "demo" / name).read_text() for name in ("README.md", "generator.json"))
    assert "0 of 1,000 images that it made were near copies" in card
    assert DEMO.info().licence in card
    assert json.loads(measured)["measured"]["membership"] is None
    assert card.count("Not measured.") == 1
    export_model(trained("new"), "safetensors", tmp_path / "new")
    assert (tmp_path / "new" / "README.md").read_text().count("Not measured.") == 3


def test_the_card_names_the_runs_that_the_generator_descends_from_and_the_licence_of_their_images(
    tmp_path: Path,
) -> None:
    first = trained("first")
    child = trained("child", train__start_from="first")
    export_model(child, "safetensors", tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    assert "starts from the run first after 320 images" in card
    assert f"licence: {first.info().licence}" in card
    export_model(first, "safetensors", tmp_path / "alone")
    assert "starts from" not in (tmp_path / "alone" / "README.md").read_text()


def test_scores_of_another_generator_are_not_taken_for_this_ones(tmp_path: Path) -> None:
    run = trained("again")
    document = json.loads((DEMO.path / "evaluation" / "000100032.json").read_text())
    document["snapshot"] = 320
    (run.path / "evaluation").mkdir()
    (run.path / "evaluation" / "000000320.json").write_text(json.dumps(document))
    export_model(run, "safetensors", tmp_path / "out")
    assert json.loads((tmp_path / "out" / "generator.json").read_text())["measured"]["near_copies"] is None


def test_a_file_that_gives_other_images_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_files, "MAX_DIFFERENCE", -1.0)
    (tmp_path / "here").mkdir()
    with pytest.raises(RunError, match="gives other images than the run"):
        export_model(trained("digits"), "torch", tmp_path / "here" / "out.zip")
    assert list((tmp_path / "here").iterdir()) == []


def test_mistakes_are_named_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained("digits")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    with pytest.raises(UserError, match="is not empty"):
        export_model(run, "torch", tmp_path / "full")
    with pytest.raises(ConfigError, match="it takes torch, onnx, safetensors"):
        export_model(run, "tensorflow", tmp_path / "out")
    with pytest.raises(RunError, match="has no snapshot 7: it has 160, 320"):
        export_model(run, "torch", tmp_path / "out", 7)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UserError, match="`pip install onnxruntime onnxscript`"):
        export_model(run, "onnx", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_by_command_into_a_zip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trained("digits")
    out = str(tmp_path / "generator.zip")
    assert main(["export-model", "digits", "--format", "safetensors", "--snapshot", "160", "--out", out]) == 0
    assert "after 160 images" in capsys.readouterr().out
    with zipfile.ZipFile(out) as archive:
        assert set(archive.namelist()) == {"README.md", "generator.json", "generator.py", "generator.safetensors"}
    assert main(["export-model", "digits", "--out", str(tmp_path)]) == 2
