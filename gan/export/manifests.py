"""What a download says of itself: manifest.json and the data card. What each PNG says is in `provenance.py`."""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gan import __version__
from gan.data.info import DatasetInfo
from gan.evaluation.records import interpretation
from gan.runs.run import Run
from gan.sampling.conditions import Condition

if TYPE_CHECKING:
    from gan.evaluation.privacy.near_copies import NearCopyDetector
    from gan.export.candidates import Sieve, Tally
    from gan.export.request import ExportRequest
    from gan.sampling.sampler import Sampler


def manifest(
    run: Run,
    request: "ExportRequest",
    samplers: "list[Sampler]",
    items: list[tuple[Condition, int]],
    folders: list[str],
    counts: list[int],
    tallies: "list[Tally]",
    sieve: "Sieve",
) -> dict[str, Any]:
    """What was made, of what and how, as manifest.json holds it.

    A row of `conditions` for each item: `folder` leads back to its condition; `counts` is what was written of it.
    """
    info = run.info()
    tried = sum(tally.tried for tally in tallies)
    return {
        "made_by": f"gan {__version__}",
        "made_at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "synthetic": True,
        "run": run.name,
        "format": request.format,
        "snapshot": _named(samplers[0]),
        "further_snapshots": [_named(sampler) for sampler in samplers[1:]],
        **_origin(request, tried),
        "conditions": [
            {"condition": asked.text(info), "folder": folder, "count": written}
            | {"asked": count, "candidates": tally.tried, "real_images": asked.matching_images(info)}
            | {"near_copies_withheld": tally.near_copies, "rejected_by_hand": tally.rejected}
            | {"not_kept": tally.not_kept}
            for (asked, count), folder, written, tally in zip(items, folders, counts, tallies, strict=True)
        ],
        "near_copies": _guarding(sieve.detector, tallies),
        "evaluation": interpretation.headline(run, samplers[0].seen),
        "withheld": sum(tally.near_copies + tally.rejected for tally in tallies),
        "selection": {"keep_rate": request.keep_rate, "not_kept": sum(tally.not_kept for tally in tallies)},
        "notices": _notices([asked.text(info) for asked, _ in items], counts, tallies),
        "make_again": "A file's name ends in the snapshot, _t and the truncation where that is not 1, _s and the "
        "seed, and the index; its condition is its row in labels.csv. The command stands in each PNG's metadata under "
        "'Make again'; for npz, all of it stands in labels.csv.",
        "training_data": {"title": info.title, "source": info.source, "licence": info.licence},
        "config": run.config.without_local_paths(),
    }


def _named(sampler: "Sampler") -> dict[str, Any]:
    return {"seen": sampler.seen, "generator_sha256": sampler.sha256}


def _origin(request: "ExportRequest", tried: int) -> dict[str, Any]:
    """From where in which stream the images come; those of a basket each from their own place."""
    if request.basket:
        return {"basket": [asdict(origin) for origin in request.basket]}
    indices = [request.start, request.start + tried - 1]
    return {"seed": request.seed, "indices": indices, "truncation": request.truncation}


def _guarding(detector: "NearCopyDetector | None", tallies: "list[Tally]") -> dict[str, Any]:
    """Whether near copies of training images were withheld, how many, and by what detector."""
    if detector is None:
        return {"withheld": None, "detector": None, "note": "Not looked for: whoever made this asked for it."}
    assert detector.calibration is not None, "guard.load calibrates"
    return {"withheld": sum(tally.near_copies for tally in tallies), "detector": asdict(detector.calibration)}


def _notices(asked: list[str], counts: list[int], tallies: "list[Tally]") -> list[str]:
    """What whoever asked must know, a sentence each."""
    return [
        f"Only {count:,} of {tally.asked:,} images of {text}: of {tally.tried:,} candidates "
        f"{tally.near_copies:,} were near copies of training images, {tally.rejected:,} rejected by hand and "
        f"{tally.not_kept:,} not kept. "
        "Choose an earlier snapshot, or train on more images."
        for text, count, tally in zip(asked, counts, tallies, strict=True)
        if count < tally.asked
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
        f"{manifest['near_copies']['withheld']:,} near copies of training images were withheld"
        f"{'' if 'basket' in manifest else ' and replaced'}. On this "
        f"data the detector finds {found['found']:,} of {found['planted']:,} copies planted on purpose (as they are, "
        f"moved, mirrored, brighter, darker, as JPEG), and takes at most {found['bound']:.1%} of new real images for "
        "copies. It does not see copies that are turned, cut or redrawn: this is no proof of privacy."
    )


def _measured(manifest: dict[str, Any]) -> str:
    """What an evaluation of the generator found, before anything was left out by hand or by selection."""
    found = manifest["evaluation"]
    if not found:
        return (
            "Whether the images help was not measured: measure it before you rely on them (`python -m gan evaluate`)."
        )
    return f"Measured on this snapshot: {found}"


def _snapshots(manifest: dict[str, Any]) -> str:
    """Which weights made the images, and from where in the stream."""
    made = " and ".join(
        f"snapshot after {one['seen']:,} images (SHA-256 {one['generator_sha256']})"
        for one in (manifest["snapshot"], *manifest["further_snapshots"])
    )
    if "basket" in manifest:
        return f"{made}; the images were picked by hand"
    return f"{made}, seed {manifest['seed']}, truncation {manifest['truncation']:g}"


def _selected(manifest: dict[str, Any]) -> str:
    """What the data card says of selection."""
    rate, left_out = manifest["selection"]["keep_rate"], manifest["selection"]["not_kept"]
    rejected = sum(row["rejected_by_hand"] for row in manifest["conditions"])
    by_hand = f" {rejected:,} images were rejected by hand and replaced." if rejected else ""
    if rate == 1:
        return f"No selection by quality was made.{by_hand}"
    return (
        f"Selected: the best {rate:.0%} of the candidates by label confidence and typicality; {left_out:,} were left "
        f"out. Selection makes images more typical and less varied.{by_hand}"
    )


def card(manifest: dict[str, Any], info: DatasetInfo) -> str:
    """The data card, in Markdown."""
    table = "\n".join(f"| {c['condition']} | {c['count']:,} | {c['real_images']:,} |" for c in manifest["conditions"])
    notices = "".join(f"\n**{notice}**\n" for notice in manifest["notices"])
    return f"""# Synthetic images: {info.title}

These images were **generated**; none is a photograph, a scan or a patient. They were made to augment a training set.

| condition | synthetic images here | real training images with it |
|---|---|---|
{table}
{notices}
- Generator: run `{manifest["run"]}`, {_snapshots(manifest)}.
- Trained on: {info.source}. Licence of that data: {info.licence}. It may bind these images too.
- {_guarded(manifest)}
- {_selected(manifest)}
- {_measured(manifest)}
- `labels.csv` has the label of each file; `manifest.json` says how to make each image again.

## Limits

Not for clinical use, diagnosis or the assessment of any person. A generator repeats and can worsen what its training
data lacks or over-represents, and can come close to single training images. Test a classifier on real images only.
"""
