"""What a download says of itself: each PNG's metadata, labels.csv, manifest.json and the data card.

Read next: `export.py`, which writes them.
"""

import csv
import io
import shlex
import time
from typing import TYPE_CHECKING, Any

from gan import __version__
from gan.conditions import Request
from gan.facts import DataFacts
from gan.runs import Run

if TYPE_CHECKING:
    from gan.export import ExportRequest
    from gan.sample import Sampler


def exact(row: Any, facts: DataFacts) -> str:
    """A condition (K,) as text that names it exactly."""
    if facts.kind == "class":
        return facts.names[int(row.argmax())]
    return ",".join(f"{name}={int(value)}" for name, value in zip(facts.names, row, strict=True))


def metadata(run: Run, seen: int, request: "ExportRequest", index: int, condition: str) -> dict[str, str]:
    """What a PNG says of itself: that it is synthetic, its condition, and the command that makes it again."""
    again = f"python -m gan sample {run.name} --snapshot {seen} --condition {shlex.quote(condition)}"
    again += f" --seed {request.seed}"
    again += f" --start {index} --count 1 --truncation {request.truncation:g} --out one-image"
    return {
        "Synthetic": f"yes: made by a conditional GAN (gan {__version__}), no photograph of anything",
        "Condition": condition,
        "Make again": again,
    }


def labels(rows: list[tuple[str, Any]], facts: DataFacts) -> str:
    """The text of labels.csv."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["file", "class"] if facts.kind == "class" else ["file", *facts.names])
    for file, row in rows:
        table.writerow([file, facts.names[int(row.argmax())]] if facts.kind == "class" else [file, *map(int, row)])
    return text.getvalue()


def manifest(
    run: Run,
    request: "ExportRequest",
    sampler: "Sampler",
    items: list[tuple[Request, int]],
    folders: dict[Request, str],
) -> dict[str, Any]:
    """What was made, of what and how, as manifest.json holds it."""
    facts = sampler.facts
    return {
        "made_by": f"gan {__version__}",
        "made_at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "synthetic": True,
        "run": run.name,
        "snapshot": {"seen": sampler.seen, "generator_sha256": sampler.sha256},
        "seed": request.seed,
        "indices": [request.start, request.start + request.count - 1],
        "truncation": request.truncation,
        "conditions": [
            {"condition": asked.label, "folder": folders[asked], "count": count, "real_images": asked.agreeing(facts)}
            for asked, count in items
        ],
        "filters": [],
        "withheld": 0,
        "make_again": "The number that ends a file's name is its index; its condition is its row in labels.csv. "
        "The command stands in each PNG's metadata under 'Make again'.",
        "training_data": {"title": facts.title, "source": facts.source, "licence": facts.licence},
        "config": run.config.model_dump(mode="json"),
    }


def card(manifest: dict[str, Any], facts: DataFacts) -> str:
    """The data card, in Markdown."""
    table = "\n".join(f"| {c['condition']} | {c['count']:,} | {c['real_images']:,} |" for c in manifest["conditions"])
    return f"""# Synthetic images: {facts.title}

These images were **generated**; none is a photograph, a scan or a patient. They were made to augment a training set.

| condition | synthetic images here | real training images with it |
|---|---|---|
{table}

- Generator: run `{manifest["run"]}`, snapshot after {manifest["snapshot"]["seen"]:,} images
  (SHA-256 {manifest["snapshot"]["generator_sha256"]}), seed {manifest["seed"]}, truncation {manifest["truncation"]:g}.
- Trained on: {facts.source}. Licence of that data: {facts.licence}. It may bind these images too.
- No filter was applied and no image withheld. Whether the images help, and whether any is close to a training
  image, was not measured here: measure it before you rely on them.
- `labels.csv` has the label of each file; `manifest.json` says how to make each image again.

## Limits

Not for clinical use, diagnosis or the assessment of any person. A generator repeats and can worsen what its training
data lacks or over-represents, and can come close to single training images. Test a classifier on real images only.
"""
