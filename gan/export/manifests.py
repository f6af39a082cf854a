"""manifest.json and the data card (README.md) of a download.

The card begins with metadata in YAML, as the dataset cards of Hugging Face do.
"""

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gan import __version__, jobs
from gan.config import settings
from gan.data.info import DatasetInfo
from gan.evaluation.records import interpretation
from gan.export import huggingface, scorecard
from gan.io.markdown_text import escape_line
from gan.monitoring.run_verdict import run_verdict
from gan.runs import parents
from gan.runs.parents import Ancestor
from gan.runs.run import Run
from gan.sampling.conditions import Condition

if TYPE_CHECKING:
    from gan.evaluation.privacy.near_copies import NearCopyDetector
    from gan.export.candidates import ExportFilter, Tally
    from gan.export.request import ExportRequest
    from gan.sampling.sampler import Sampler

LIMITS = (
    "Not for clinical use, diagnosis or the assessment of any person. A generator repeats and can worsen what its "
    "training data lacks or over-represents, and can come close to single training images. Test a classifier on real "
    "images only."
)
OPENED_BY = {
    "folder": '`torchvision.datasets.ImageFolder("unpacked/images")` or Hugging Face\'s `load_dataset("unpacked")`',
    "flat": 'Hugging Face\'s `load_dataset("unpacked")`, or by the paths in `labels.csv`',
    "dicom": "`pydicom.dcmread` or a DICOM viewer; the condition is their SeriesDescription and ImageComments",
    "npz": '`numpy.load("unpacked/images.npz")`',
}
"""What opens each format, unpacked into a folder of that name."""


def build_manifest(
    run: Run,
    request: "ExportRequest",
    samplers: "list[Sampler]",
    items: list[tuple[Condition, int]],
    folders: list[str],
    counts: list[int],
    tallies: "list[Tally]",
    export_filter: "ExportFilter",
) -> dict[str, Any]:
    """The content of manifest.json; `folders` and `counts` are the folder and the images written of each item."""
    info = run.info()
    rows = _condition_rows(request, info, items, folders, counts, tallies)
    near_copies, generator = _withheld(export_filter.detector, tallies), samplers[0]
    return {
        "made_by": f"gan {__version__}",
        "made_at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "synthetic": True,
        "run": run.name,
        "format": request.format,
        "snapshot": _snapshot_hash(samplers[0]),
        "further_snapshots": [_snapshot_hash(sampler) for sampler in samplers[1:]],
        **_stream(request),
        "conditions": rows,
        "near_copies": near_copies,
        "scorecard": scorecard.scorecard(run, generator.seen, generator.sha256, rows, near_copies["withheld"]),
        "verdict": _verdict(run, samplers[0].seen),
        "evaluation": interpretation.headline(run, samplers[0].seen),
        "withheld": sum(tally.near_copies + tally.rejected for tally in tallies),
        "selection": {"keep_rate": request.keep_rate, "not_kept": sum(tally.not_kept for tally in tallies)},
        "notices": _notices([condition.text(info) for condition, _ in items], counts, tallies),
        "make_again": "A file's name ends in _subclass and its number where one was asked for, the snapshot, _t and "
        "the truncation where that is not 1, _s and the seed, and the index; its condition is its row in labels.csv. "
        "The command stands in each PNG's metadata under 'Make again', the origin in each DICOM file's "
        "DerivationDescription; for npz, all of it stands in labels.csv.",
        "training_data": {
            "title": info.title,
            "source": info.source,
            "licence": info.licence,
            "pseudo_labelled": None if info.pseudo_labelled is None else asdict(info.pseudo_labelled),
        },
        "starts_from": [asdict(ancestor) for ancestor in parents.lineage(run)],
        "config": parents.visible_config(run).without_local_paths(),
    }


def _condition_rows(
    request: "ExportRequest",
    info: DatasetInfo,
    items: list[tuple[Condition, int]],
    folders: list[str],
    counts: list[int],
    tallies: "list[Tally]",
) -> list[dict[str, Any]]:
    """What became of each item."""
    return [
        {"condition": condition.text(info), "folder": folder, "count": count}
        | {"asked": tally.requested, "candidates": tally.tried, "real_images": condition.matching_images(info)}
        | {"near_copies_withheld": tally.near_copies, "rejected_by_hand": tally.rejected}
        | {"not_kept": tally.not_kept}
        | _indices(request, condition, info, tallies, item)
        for item, ((condition, _), folder, count, tally) in enumerate(zip(items, folders, counts, tallies, strict=True))
    ]


def _verdict(run: Run, snapshot: int) -> dict[str, Any]:
    """The verdict on the snapshot, without the next step: whoever gets the images cannot take it."""
    verdict = run_verdict(run, jobs.state(run.path), snapshot).as_json()
    return {key: value for key, value in verdict.items() if key != "next_step"}


def _snapshot_hash(sampler: "Sampler") -> dict[str, Any]:
    return {"seen": sampler.seen, "generator_sha256": sampler.sha256}


def _stream(request: "ExportRequest") -> dict[str, Any]:
    """Seed and truncation; for a basket the origin of each image."""
    if request.basket:
        return {"basket": [asdict(origin) for origin in request.basket]}
    return {"seed": request.seed, "truncation": request.truncation}


def _indices(
    request: "ExportRequest", condition: Condition, info: DatasetInfo, tallies: "list[Tally]", item: int
) -> dict[str, Any]:
    """First and last position of an item's candidates in the seed's stream; nothing for a basket."""
    if request.basket:
        return {}
    first = request.first_position(condition, info, sum(tally.tried for tally in tallies[:item]))
    return {"indices": [first, first + tallies[item].tried - 1]}


def _withheld(detector: "NearCopyDetector | None", tallies: "list[Tally]") -> dict[str, Any]:
    """Near copies withheld, and the detector's calibration; None where nobody looked for them."""
    if detector is None:
        return {"withheld": None, "detector": None, "note": "Not looked for, by request."}
    calibration = detector.calibration
    assert calibration is not None, "load_detector calibrates"
    document = {
        "threshold": calibration.threshold,
        "real": calibration.real,
        "accused": calibration.false_positives,
        "bound": calibration.bound,
        "planted": calibration.planted,
        "found": calibration.found,
        "found_by_alteration": calibration.detected,
    }
    return {"withheld": sum(tally.near_copies for tally in tallies), "detector": document}


def _notices(conditions: list[str], counts: list[int], tallies: "list[Tally]") -> list[str]:
    """A sentence for each condition with fewer images than requested."""
    return [
        f"Only {count:,} of {tally.requested:,} images of {condition}: of {tally.tried:,} candidates "
        f"{tally.near_copies:,} were near copies of training images, {tally.rejected:,} rejected by hand and "
        f"{tally.not_kept:,} not kept. Choose an earlier snapshot, or train on more images."
        for condition, count, tally in zip(conditions, counts, tallies, strict=True)
        if count < tally.requested
    ]


def _near_copies_text(manifest: dict[str, Any]) -> str:
    calibration = manifest["near_copies"]["detector"]
    if calibration is None:
        return (
            "**Near copies of training images were not looked for**: some of these images may be training images in "
            "disguise. Do not pass them on where the training images may not be passed on."
        )
    alterations = calibration["found_by_alteration"]
    each = calibration["planted"] // len(alterations)
    found = ", ".join(f"{name} {count:,}" for name, count in alterations.items())
    return (
        f"{manifest['near_copies']['withheld']:,} near copies of training images were withheld"
        f"{'' if 'basket' in manifest else ' and replaced'}. On this data the detector finds "
        f"{calibration['found']:,} of {calibration['planted']:,} copies planted on purpose, {each:,} of each kind "
        f"({found}), and takes at most {calibration['bound']:.1%} of new real images for copies. It misses copies that "
        "are cut, redrawn or changed more than these: this is no proof of privacy."
    )


def _evaluation_text(manifest: dict[str, Any]) -> str:
    headline = manifest["evaluation"]
    if not headline:
        return (
            "Whether the images help was not measured: measure it before you rely on them "
            f"(`{settings.PROGRAM} evaluate`)."
        )
    return f"Measured on this snapshot, before selection: {escape_line(headline)}"


def _snapshots_text(manifest: dict[str, Any]) -> str:
    snapshots = " and ".join(
        f"snapshot after {snapshot['seen']:,} images (SHA-256 {snapshot['generator_sha256']})"
        for snapshot in (manifest["snapshot"], *manifest["further_snapshots"])
    )
    if "basket" in manifest:
        return f"{snapshots}; the images were picked by hand"
    return f"{snapshots}, seed {manifest['seed']}, truncation {manifest['truncation']:g}"


def _unlabelled_text(info: DatasetInfo) -> str:
    """A line on the unlabelled images that were learned; "" where none was to be."""
    more = info.pseudo_labelled
    return f"- {more.sentence()} By class: {escape_line(more.by_class(info.names))}.\n" if more else ""


def _origin_text(manifest: dict[str, Any]) -> str:
    """A line for each run that the generator descends from; "" where it started anew."""
    ancestors = [Ancestor(**document) for document in manifest["starts_from"]]
    return "".join(
        f"- {escape_line(ancestor.sentence())} What that run learned of these images may show here too; they were not "
        "looked for.\n"
        for ancestor in ancestors
    )


def _selection_text(manifest: dict[str, Any]) -> str:
    rate, not_kept = manifest["selection"]["keep_rate"], manifest["selection"]["not_kept"]
    rejected = sum(row["rejected_by_hand"] for row in manifest["conditions"])
    by_hand = f" {rejected:,} images were rejected by hand and replaced." if rejected else ""
    if rate == 1:
        return f"No selection by quality was made.{by_hand}"
    return (
        f"Selected: the best {rate:.0%} of the candidates by label confidence and typicality; {not_kept:,} were left "
        f"out. Selection makes images more typical and less varied.{by_hand}"
    )


def data_card(manifest: dict[str, Any], info: DatasetInfo) -> str:
    """The data card, in Markdown."""
    table = "\n".join(
        f"| {escape_line(row['condition'])} | {row['count']:,} | {row['real_images']:,} |"
        for row in manifest["conditions"]
    )
    source, licence, verdict = escape_line(info.source), escape_line(info.licence), manifest["verdict"]
    parts = "; ".join(f"{name}: {escape_line(part['text'])}" for name, part in verdict["parts"].items())
    notices = "".join(f"\n**{escape_line(notice)}**\n" for notice in manifest["notices"])
    return f"""{_front_matter(manifest, info)}# Synthetic images: {escape_line(info.title)}

These images were **generated**; none is a photograph, a scan or a patient. They were made to augment a training set.

**Verdict: {verdict["label"]}.** {escape_line(verdict["sentence"])} ({parts}.)

| condition | synthetic images | real training images |
|---|---|---|
{table}
{notices}
- Generator: run `{manifest["run"]}`, {_snapshots_text(manifest)}.
- Trained on: {source}. Licence of that data: {licence}. It may bind these images too.
{_unlabelled_text(info)}{_origin_text(manifest)}- {_near_copies_text(manifest)}
- {_selection_text(manifest)}
- {_evaluation_text(manifest)}
- Unpacked, they open with {OPENED_BY[manifest["format"]]}.
- `labels.csv` has the label of each file; `manifest.json` tells how to make each image again.

## Scorecard

The seven criteria of Zamzmi et al. 2025 (doi:10.1038/s44172-025-00450-1). Scores and reading are of this generator,
before any selection.

| criterion | question | measured |
|---|---|---|
{_scorecard_rows(manifest)}

## Limits

{LIMITS}
"""


def _scorecard_rows(manifest: dict[str, Any]) -> str:
    return "\n".join(
        f"| {criterion} | {question} | {escape_line(manifest['scorecard'][criterion] or 'not measured')} |"
        for criterion, question in scorecard.CRITERIA.items()
    )


def _front_matter(manifest: dict[str, Any], info: DatasetInfo) -> str:
    """The metadata of Hugging Face between lines of dashes; its values are JSON, which is YAML too."""
    metadata = huggingface.card_metadata(manifest, info)
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in metadata.items()]
    return "\n".join(["---", *lines, "---"]) + "\n"
