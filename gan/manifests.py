"""What a download says of itself: each PNG's metadata, labels.csv, manifest.json and the data card.

Read next: `export.py`, which writes them.
"""

import csv
import io
import shlex
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gan import __version__
from gan.conditions import Request
from gan.facts import DataFacts
from gan.runs import Run

if TYPE_CHECKING:
    from gan.evaluation.near_copies import Detector
    from gan.export import ExportRequest
    from gan.gather import Tally
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
    tallies: "list[Tally]",
    detector: "Detector | None",
) -> dict[str, Any]:
    """What was made, of what and how, as manifest.json holds it."""
    facts = sampler.facts
    tried = sum(tally.tried for tally in tallies)
    return {
        "made_by": f"gan {__version__}",
        "made_at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "synthetic": True,
        "run": run.name,
        "snapshot": {"seen": sampler.seen, "generator_sha256": sampler.sha256},
        "seed": request.seed,
        "indices": [request.start, request.start + tried - 1],
        "truncation": request.truncation,
        "conditions": [
            {"condition": asked.label, "folder": folders[asked], "count": tally.delivered}
            | {"asked": count, "candidates": tally.tried, "real_images": asked.agreeing(facts)}
            | {"near_copies_withheld": tally.near_copies, "rejected_by_hand": tally.rejected}
            for (asked, count), tally in zip(items, tallies, strict=True)
        ],
        "near_copies": _guarding(detector, tallies),
        "withheld": sum(tally.near_copies + tally.rejected for tally in tallies),
        "notices": _notices(items, tallies),
        "make_again": "The number that ends a file's name is its index; its condition is its row in labels.csv. "
        "The command stands in each PNG's metadata under 'Make again'.",
        "training_data": {"title": facts.title, "source": facts.source, "licence": facts.licence},
        "config": run.config.model_dump(mode="json"),
    }


def _guarding(detector: "Detector | None", tallies: "list[Tally]") -> dict[str, Any]:
    """Whether near copies of training images were withheld, how many, and by what detector."""
    if detector is None:
        return {"withheld": None, "detector": None, "note": "Not looked for: whoever made this asked for it."}
    assert detector.calibration is not None, "guard.load calibrates"
    return {"withheld": sum(tally.near_copies for tally in tallies), "detector": asdict(detector.calibration)}


def _notices(items: list[tuple[Request, int]], tallies: "list[Tally]") -> list[str]:
    """What whoever asked must know, a sentence each."""
    return [
        f"Only {tally.delivered:,} of {tally.asked:,} images of {asked.label}: of {tally.tried:,} candidates "
        f"{tally.near_copies:,} were near copies of training images and {tally.rejected:,} rejected by hand. "
        "Choose an earlier snapshot, or train on more images."
        for (asked, _), tally in zip(items, tallies, strict=True)
        if tally.short
    ]


def _guarded(manifest: dict[str, Any]) -> str:
    """What the data card says of near copies."""
    found = manifest["near_copies"]["detector"]
    if found is None:
        return (
            "**Near copies of training images were not looked for**: some of these images may be training images in "
            "disguise. Do not pass them on where the training images may not be passed on."
        )
    return (
        f"{manifest['near_copies']['withheld']:,} near copies of training images were withheld and replaced. On this "
        f"data the detector finds {found['found']:,} of {found['planted']:,} copies planted on purpose (as they are, "
        f"moved, mirrored, brighter, darker, as JPEG), and takes at most {found['bound']:.1%} of new real images for "
        "copies. It does not see copies that are turned, cut or redrawn: this is no proof of privacy."
    )


def card(manifest: dict[str, Any], facts: DataFacts) -> str:
    """The data card, in Markdown."""
    table = "\n".join(f"| {c['condition']} | {c['count']:,} | {c['real_images']:,} |" for c in manifest["conditions"])
    notices = "".join(f"\n**{notice}**\n" for notice in manifest["notices"])
    return f"""# Synthetic images: {facts.title}

These images were **generated**; none is a photograph, a scan or a patient. They were made to augment a training set.

| condition | synthetic images here | real training images with it |
|---|---|---|
{table}
{notices}
- Generator: run `{manifest["run"]}`, snapshot after {manifest["snapshot"]["seen"]:,} images
  (SHA-256 {manifest["snapshot"]["generator_sha256"]}), seed {manifest["seed"]}, truncation {manifest["truncation"]:g}.
- Trained on: {facts.source}. Licence of that data: {facts.licence}. It may bind these images too.
- {_guarded(manifest)}
- Whether the images help was not measured here: measure it before you rely on them.
- `labels.csv` has the label of each file; `manifest.json` says how to make each image again.

## Limits

Not for clinical use, diagnosis or the assessment of any person. A generator repeats and can worsen what its training
data lacks or over-represents, and can come close to single training images. Test a classifier on real images only.
"""
