"""The files beside a generator that leaves the program: generator.json, for programs, and its model card. No torch."""

import json
from dataclasses import asdict
from typing import Any

from gan import __version__
from gan.config import settings
from gan.data.info import DatasetInfo
from gan.data.subclasses import condition_width
from gan.errors import RunError
from gan.evaluation.records import interpretation, membership_results, results
from gan.io.terminal import printable
from gan.runs import parents
from gan.runs.parents import Ancestor
from gan.runs.run import Run
from gan.runs.snapshots import read_ready
from gan.sampling.conditions import single_conditions

MODEL_FILES = {
    "torch": "generator.pt2",
    "onnx": "generator.onnx",
    "safetensors": "generator.safetensors",
}
"""The formats, and the file of each."""
OPENED_BY = {
    "torch": "PyTorch (`torch.export.load`)",
    "onnx": "ONNX Runtime, or another runtime for ONNX",
    "safetensors": "PyTorch and safetensors, with the network in `generator.py`",
}
EXAMPLE_IMAGES = 16


def model_document(run: Run, snapshot: int, format: str) -> dict[str, Any]:
    """The content of generator.json: inputs, output, names of the conditions, origin and licence.

    `conditions` of the input counts the columns: K, followed by K times S for subclasses.
    """
    info, model = run.info(), run.config.model
    subclasses = len(info.subclasses[0]) if info.subclasses else 1
    return {
        "made_by": f"gan {__version__}",
        "format": format,
        "file": MODEL_FILES[format],
        "makes_synthetic_images": True,
        "inputs": {"z": model.latent, "conditions": condition_width(len(info.names), subclasses)},
        "output": {"channels": info.channels, "side": info.native_size, "range": [-1, 1]},
        "kind": info.kind,
        "names": list(info.names),
        "subclasses": [list(counts) for counts in info.subclasses],
        "run": run.name,
        "snapshot": snapshot,
        "generator_sha256": read_ready(run.snapshot(snapshot))["sha256"],
        "training_data": {"title": info.title, "source": info.source, "licence": info.licence},
        "starts_from": [asdict(ancestor) for ancestor in parents.lineage(run)],
        "measured": measurements(run, snapshot),
        "config": parents.visible_config(run).without_local_paths(),
    }


def measurements(run: Run, snapshot: int) -> dict[str, str | None]:
    """What the run's records say of a snapshot, a sentence or two each; None for what was not measured."""
    membership = membership_results.load_membership(run, snapshot)
    return {
        "quality": interpretation.headline(run, snapshot) or None,
        "near_copies": _near_copies(run, snapshot),
        "membership": None if membership is None else " ".join([membership.verdict, *membership.notices]),
    }


def _near_copies(run: Run, snapshot: int) -> str | None:
    try:
        result = results.load_result(run, snapshot)
    except RunError:  # not scored
        return None
    copies, held_out = result.near_copies, result.near_copies["held_out"]
    return (
        f"{copies['count']:,} of {copies['checked']:,} images that it made were near copies of training images, and "
        f"{held_out['count']:,} of {held_out['checked']:,} real images that it was not trained on."
    )


def model_card(document: dict[str, Any], info: DatasetInfo, difference: float) -> str:
    """The model card, in Markdown; `difference` is the largest from the run's own network, in [-1, 1]."""
    data, sections = document["training_data"], (_use(document, difference), _conditions(document, info))
    return f"""---
license: other
pipeline_tag: unconditional-image-generation
tags: [conditional-gan, synthetic-images]
---
# Generator of synthetic images: {_plain(data["title"])}

The generator of a conditional GAN, without its discriminator. It makes
{"colour" if info.channels == 3 else "grey"} images of {info.native_size} × {info.native_size} pixels.
They are **synthetic**: none is a photograph, a scan or a patient. They carry no mark of that: mark those that you keep.

{"".join(sections)}## Origin and licence

- Run `{document["run"]}`, snapshot after {document["snapshot"]:,} images; `generator.json` has all its options.
- SHA-256 of the run's generator: {document["generator_sha256"]}.
- Trained on: {_plain(data["source"])}.{_unlabelled(info)}
- Licence of that data: {_plain(data["licence"])}. It may bind this generator and its images too.
{_ancestors(document)}
{_measured(document)}
## Limits

Not for clinical use, diagnosis or the assessment of any person. A generator repeats and can worsen what its training
data lacks or over-represents, and can come close to single training images: treat it as confidentially as those until
you know better. Test a classifier on real images only.
"""


def _unlabelled(info: DatasetInfo) -> str:
    """A sentence on the unlabelled images that were learned; "" where none was to be."""
    return f" {info.pseudo_labelled.sentence()}" if info.pseudo_labelled else ""


def _ancestors(document: dict[str, Any]) -> str:
    """A line for each run that the generator descends from; "" where it started anew."""
    sentences = [_plain(Ancestor(**ancestor).sentence()) for ancestor in document["starts_from"]]
    return "".join(f"- {sentence} What it learned of these images may show here too.\n" for sentence in sentences)


def _use(document: dict[str, Any], difference: float) -> str:
    inputs, output = document["inputs"], document["output"]
    shape = f"(N, {output['channels']}, {output['side']}, {output['side']})"
    return f"""## Use it

`{document["file"]}` opens with {OPENED_BY[document["format"]]}; the program that trained it is not needed.

| | shape, float32, for any number N of images | values |
|---|---|---|
| `z` | (N, {inputs["z"]}) | from N(0, 1) |
| `conditions` | (N, {inputs["conditions"]}) | 0 and 1, see below |
| images | {shape} | -1 to 1; {difference:.1g} at most from the program's |

```python
{example_code(document)}```

The program's noise at a position of a seed is
`np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, position])).standard_normal({inputs["z"]})`.

"""


def _measured(document: dict[str, Any]) -> str:
    measure = f"{settings.PROGRAM} evaluate {document['run']} --snapshot {document['snapshot']}"
    commands = {"quality": measure, "near_copies": measure, "membership": f"{measure} --membership"}
    measured = {
        key: text or f"Not measured. `{commands[key]}` measures it." for key, text in document["measured"].items()
    }
    return f"""## Measured

- **Are the images of use?** {measured["quality"]}
- **Near copies of training images.** {measured["near_copies"]} Whoever has a generator can make any number of images;
  no near copy is withheld from them, as it is in downloads of images.
- **Can training images be identified?** {measured["membership"]}
"""


def example_code(document: dict[str, Any]) -> str:
    """Python code that makes images of the first condition from the files in the current folder."""
    names, width = document["names"], document["inputs"]["conditions"]
    head, load, apply = _LOADING[document["format"]]
    lines = ["import json", "from pathlib import Path", "", "import numpy as np", *head, ""]
    lines += [
        'about = json.loads(Path("generator.json").read_text())',
        'names = about["names"]',
        *load,
        "random = np.random.default_rng(0)",
    ]
    lines += [f"z = random.standard_normal(({EXAMPLE_IMAGES}, {document['inputs']['z']}), dtype=np.float32)"]
    lines += [f"conditions = np.zeros(({EXAMPLE_IMAGES}, {width}), np.float32)"]
    # A string of Python: JSON writes characters beyond U+FFFF as two. A backtick must not end the card's block of code.
    first = json.dumps(names[0], ensure_ascii=False).encode("ascii", "backslashreplace").decode().replace("`", "\\x60")
    lines += [f"chosen = names.index({first})", "conditions[:, chosen] = 1"]
    if document["subclasses"]:
        lines += ['counts = np.array(about["subclasses"][chosen])']
        lines += [f"subclass = random.choice(len(counts), {EXAMPLE_IMAGES}, p=counts / counts.sum())"]
        column = "len(names) + chosen * len(counts) + subclass"
        lines += [f"conditions[np.arange({EXAMPLE_IMAGES}), {column}] = 1"]
    lines += [f"images = {apply}", "pixels = ((images + 1) * 127.5).round().astype(np.uint8)  # (N, C, H, W)"]
    return "\n".join(lines) + "\n"


_TORCH_CALL = "generator(torch.from_numpy(z), torch.from_numpy(conditions)).numpy()"
_LOADING: dict[str, tuple[list[str], list[str], str]] = {
    "torch": (["import torch"], ['generator = torch.export.load("generator.pt2").module()'], _TORCH_CALL),
    "onnx": (
        ["import onnxruntime"],
        ['session = onnxruntime.InferenceSession("generator.onnx", providers=["CPUExecutionProvider"])'],
        'session.run(None, {"z": z, "conditions": conditions})[0]',
    ),
    "safetensors": (
        ["import torch", "from generator import load_generator"],
        ["generator = load_generator()"],
        _TORCH_CALL,
    ),
}
"""For each format the imports, the lines that load it, and the call that gives images as an array."""


def _conditions(document: dict[str, Any], info: DatasetInfo) -> str:
    counts = [condition.matching_images(info) for condition in single_conditions(info)]
    rows = "\n".join(f"| {_plain(name)} | {count:,} |" for name, count in zip(info.names, counts, strict=True))
    return f"""## Conditions

{_columns(document)}

| condition | training images |
|---|---|
{rows}

"""


def _columns(document: dict[str, Any]) -> str:
    """What the columns of the input `conditions` are."""
    names, subclasses = document["names"], document["subclasses"]
    if document["kind"] != "class":
        return (
            f"Each of the {len(names)} columns is an attribute, in the order of the table: 1 for on, 0 for off. Set "
            "all of them, and prefer combinations that real images have."
        )
    one_hot = f"The first {len(names)} columns are the classes, in the order of the table: 1 for one of them, else 0."
    if not subclasses:
        return one_hot
    return (
        f"{one_hot} The next {len(names) * len(subclasses[0])} are {len(subclasses[0])} subclasses of each class in "
        "turn: exactly one of the image's class is 1. Draw it in the proportions of `subclasses` in `generator.json`, "
        "as the example does."
    )


def _plain(text: str) -> str:
    """Text of the data set in a paragraph or cell of the card: without control characters, pipes and tags escaped."""
    return printable(text, kept="").replace("|", "\\|").replace("<", "&lt;")
