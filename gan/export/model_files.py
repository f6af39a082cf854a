"""A generator in files that open without this package: safetensors with its code, torch.export, ONNX.

    safetensors  generator.safetensors, and generator.py, which builds the network in plain PyTorch
    torch        generator.pt2, an exported program of torch.export
    onnx         generator.onnx, for ONNX Runtime and other runtimes

In each it takes z (N, Z) and conditions (N, K), both float32 and of any N, and gives images (N, C, native, native)
float32 in [-1, 1], without the padding.

Letters: N images, C channels, H = W the side, Z latent, K the networks' conditions.
"""

import inspect
import json
import runpy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from gan import models
from gan.config.run_config import ModelConfig
from gan.data.info import DatasetInfo
from gan.data.transform import crop_padding
from gan.errors import RunError, UserError
from gan.export.model_card import MODEL_FILES
from gan.models import layers, levels
from gan.models.build import FAMILIES, own_options
from gan.sampling.conditions import ANY
from gan.sampling.latents import sample_noise
from gan.sampling.sampler import Sampler
from gan.sampling.subclass_sampling import network_conditions

INSTALL = "pip install onnxruntime onnxscript"
CHECKED_BATCHES = (1, 3, 16)
"""Batch sizes at which a written file is compared with the run's own network."""
MAX_DIFFERENCE = 1e-3
"""Largest difference in [-1, 1] that is accepted: an eighth of a grey level. About 1e-6 is usual."""
TRACED_BATCH = 2
"""Images in the traced batch: torch.export takes a batch of one image as a constant."""

Apply = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
"""z (N, Z) and conditions (N, K) to images (N, C, native, native)."""

HEAD = '''"""The generator of the run {run}, in plain PyTorch; README.md says what it makes.

Letters: N images, C channels, H = W the side, Z latent, K conditions, F = width.
"""

import itertools
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

ConvTranspose2d = partial(nn.ConvTranspose2d, bias=False)
WIDEST = {widest}


'''
UPSAMPLING = '''class UpsamplingConv2d(nn.Conv2d):
    """Nearest neighbours, then a convolution: (N, D, h, h) to (N, F, 2 h, 2 h)."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 3, 1, 1, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        return super().forward(F.interpolate(maps, scale_factor=2, mode="nearest"))
'''
LOADER = '''def load_generator() -> nn.Module:
    """The trained generator, with the weights of the file beside this one."""
    network = Generator(size={size}, channels={channels}, conditions={conditions}, latent={latent}, width={width}{own})
    network.load_state_dict(load_file(Path(__file__).with_name("{weights}")))
    return CroppedGenerator(network, {native}).eval().requires_grad_(False)
'''


class CroppedGenerator(nn.Module):
    """z (N, Z) and conditions (N, K) to images (N, C, native, native) in [-1, 1]: those of `generator`, cropped."""

    def __init__(self, generator: nn.Module, native: int):
        super().__init__()
        self.generator = generator
        self.native = native

    def forward(self, z: Tensor, conditions: Tensor) -> Tensor:
        images: Tensor = self.generator(z, conditions)
        start = (images.shape[-1] - self.native) // 2
        return images[..., start : start + self.native, start : start + self.native]


def write_model_files(folder: Path, sampler: Sampler, model: ModelConfig, format: str, about: dict[str, Any]) -> float:
    """Write a generator into `folder` and load it again; gives the largest difference from the run's own network.

    `about` goes into the file's metadata. Raises UserError where a package is missing, RunError where the images
    differ by more than `MAX_DIFFERENCE`.
    """
    if format == "onnx":
        require_onnx()
    network = sampler.network.to(memory_format=torch.contiguous_format)
    if format == "safetensors":
        _write_safetensors(folder, sampler, network, model, about)
    else:
        program = _exported_program(CroppedGenerator(network, sampler.info.native_size).eval(), sampler)
        write = _write_onnx if format == "onnx" else _write_program
        write(folder / MODEL_FILES[format], program, about)
    difference = largest_difference(sampler, load_model_file(folder / MODEL_FILES[format]))
    if not difference <= MAX_DIFFERENCE:
        raise RunError(
            f"The {format} file gives other images than the run {sampler.run}: they differ by up to {difference:.2g} "
            f"in [-1, 1], where {MAX_DIFFERENCE:g} is allowed. Choose another format, or another version of PyTorch."
        )
    return difference


def require_onnx() -> None:
    """Raise UserError where the packages that write and check ONNX files are missing."""
    try:
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError:
        raise UserError(f"ONNX files need packages that are not installed: run `{INSTALL}`.") from None


def load_model_file(file: Path) -> Apply:
    """The generator in a file that `write_model_files` wrote, as a function of arrays."""
    if file.suffix == ".onnx":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors alone
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        return lambda z, conditions: np.asarray(session.run(None, {"z": z, "conditions": conditions})[0])
    if file.suffix == ".pt2":
        module = torch.export.load(file).module()
    else:
        module = runpy.run_path(str(file.with_suffix(".py")))["load_generator"]()

    def apply(z: NDArray[np.float32], conditions: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(module(torch.from_numpy(z), torch.from_numpy(conditions)).numpy())

    return apply


@torch.inference_mode()
def largest_difference(sampler: Sampler, apply: Apply) -> float:
    """The largest absolute difference between the images of a file and of the run's own network, in [-1, 1]."""
    differences = []
    for batch in CHECKED_BATCHES:
        z, conditions = _inputs(sampler, range(batch))
        images = sampler.network(torch.from_numpy(z), torch.from_numpy(conditions)).numpy()
        expected = crop_padding(images, sampler.info.native_size)
        written = apply(z, conditions)
        assert written.shape == expected.shape, (written.shape, expected.shape)
        differences.append(float(np.abs(written - expected).max()))
    return max(differences)


def generator_code(model: ModelConfig, info: DatasetInfo, run: str, conditions: int) -> str:
    """The text of generator.py: the classes of the family's module, its own and those of other families that it
    imports, without the discriminator, over PyTorch's layers."""
    names = vars(FAMILIES[model.family])
    classes: list[type] = [
        part
        for name, part in names.items()
        if inspect.isclass(part)
        and part.__module__.startswith(models.__name__)
        and part.__module__ != layers.__name__
        and name != "Discriminator"
    ]
    loader = LOADER.format(
        size=info.image_size,
        channels=info.channels,
        conditions=conditions,
        latent=model.latent,
        width=model.width,
        own="".join(f", {name}={value!r}" for name, value in own_options(model).items()),
        weights=MODEL_FILES["safetensors"],
        native=info.native_size,
    )
    used = [part for part in (levels.generator_widths, levels.skipped_levels) if part.__name__ in names]
    sources = [inspect.getsource(part) for part in (levels.level_widths, *used)]
    sources += [UPSAMPLING] if layers.UpsamplingConv2d.__name__ in names else []
    sources += [inspect.getsource(part) for part in (*classes, CroppedGenerator)]
    return HEAD.format(run=run, widest=levels.WIDEST) + "\n\n".join([*sources, loader])


def _write_safetensors(
    folder: Path, sampler: Sampler, network: nn.Module, model: ModelConfig, about: dict[str, Any]
) -> None:
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    weights = save(tensors, {"format": "pt", "generator.json": json.dumps(about)})
    (folder / MODEL_FILES["safetensors"]).write_bytes(weights)
    conditions = _inputs(sampler, range(1))[1].shape[1]
    code = generator_code(model, sampler.info, sampler.run, conditions)
    (folder / "generator.py").write_text(code)


def _exported_program(network: nn.Module, sampler: Sampler) -> ExportedProgram:
    """The network as a program that takes batches of any size."""
    inputs = tuple(torch.from_numpy(values) for values in _inputs(sampler, range(TRACED_BATCH)))
    batch = Dim("batch", min=1)
    program = torch.export.export(network, inputs, dynamic_shapes={"z": {0: batch}, "conditions": {0: batch}})
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # it has paths of this machine
    return program


def _write_program(file: Path, program: ExportedProgram, about: dict[str, Any]) -> None:
    torch.export.save(program, file, extra_files={"generator.json": json.dumps(about)})


def _write_onnx(file: Path, program: ExportedProgram, about: dict[str, Any]) -> None:
    model = torch.onnx.export(
        program, input_names=["z", "conditions"], output_names=["images"], dynamo=True, verbose=False
    )
    assert model is not None
    model.model.metadata_props["generator.json"] = json.dumps(about)
    model.save(file)


def _inputs(sampler: Sampler, positions: Sequence[int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """z (N, Z) and conditions (N, K) at N positions of seed 0, with conditions of random training images."""
    rows = ANY.sample(sampler.info, len(positions), 0)
    z = sample_noise(0, positions, sampler.latent).numpy()
    return z, network_conditions(sampler.info, rows, 0, positions)
