"""The download: synthetic images with their labels and everything needed to make each of them again.

    images/<condition>/<name>.png    opens with torchvision.datasets.ImageFolder("<unpacked>/images") as it is
    labels.csv                       `file`, then `class`, or a 0/1 column an attribute
    manifest.json                    run, snapshot and its hash, config, seed, counts, and how to make an image again
    README.md                        a data card: what this is, what it was made from, what it must not be used for

It is written by a background task into `exports/<id>/` of the run, whose ledger keeps what was downloaded; weights are
never in it. `pages/ui/routes.py` serves the file. Read next: `cli.py`.

Letters: n images, C channels, H W, K conditions.
"""

import contextlib
import csv
import io
import json
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gan import __version__, conditions, jobs
from gan.conditions import Request
from gan.errors import ConfigError, RunError, UserError
from gan.facts import DataFacts
from gan.files import read_json, replacing, write_json
from gan.images import png
from gan.runs import Run

LARGEST = 200_000
"""Images in one export: about 30 minutes on two CPU cores; ask again with another seed for more."""

TRUNCATIONS = (0.05, 1.0)
"""Below the first, drawing noise again and again until it lies inside would take for ever."""

CHUNK = 256
ID = re.compile(r"[0-9]{8}-[0-9]{6}(-[0-9]+)?")

Put = Callable[[str, bytes], None]


@dataclass(frozen=True)
class ExportRequest:
    """What to make: `items` of a condition as people write it and how many of it.

    `snapshot` is by images seen, None for the newest; `start` is the first image's position in the seed's stream.
    """

    items: tuple[tuple[str, int], ...]
    snapshot: int | None = None
    seed: int = 0
    truncation: float = 1.0
    start: int = 0

    @property
    def count(self) -> int:
        return sum(count for _, count in self.items)

    def check(self, facts: DataFacts) -> list[tuple[Request, int]]:
        """The parsed items; raises UserError that names the first one that cannot be made."""
        for text, count in self.items:
            if count < 1:
                raise UserError(f"{count} images of {text}: it takes at least 1.")
        if not 1 <= self.count <= LARGEST:
            raise UserError(
                f"{self.count:,} images in one export: it takes 1 to {LARGEST:,}. Use several seeds for more."
            )
        for name, value in (("seed", self.seed), ("start", self.start)):
            if not 0 <= value < 2**63:
                raise UserError(f"{name} is {value}: it takes a whole number from 0 on.")
        if not TRUNCATIONS[0] <= self.truncation <= TRUNCATIONS[1]:
            least, most = TRUNCATIONS
            raise ConfigError(f"truncation is {self.truncation}: it takes a number from {least} to {most:g}.")
        merged: dict[Request, int] = {}
        for text, count in self.items:
            request = conditions.parse(text, facts)
            merged[request] = merged.get(request, 0) + count
        return list(merged.items())


@dataclass(frozen=True)
class Export:
    """One export of a run, made by a background task."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def request(self) -> ExportRequest:
        document = read_json(self.folder / "request.json")
        if document is None:
            raise RunError(f"The export {self.id} is damaged: delete {self.folder} and make it again.")
        document["items"] = tuple((text, count) for text, count in document["items"])
        return ExportRequest(**document)

    @property
    def state(self) -> jobs.State:
        return jobs.state(self.folder)

    @property
    def status(self) -> dict[str, Any]:
        return read_json(self.folder / "status.json") or {}

    @property
    def file(self) -> Path | None:
        """The ZIP, once it is whole."""
        return next(iter(self.folder.glob("*.zip")), None)


def begin(run: Run, request: ExportRequest) -> Export:
    """Check the request, make its folder and start the background task that fills it; raises UserError."""
    request.check(run.facts())
    run.snapshot(request.snapshot)
    stamp, number = time.strftime("%Y%m%d-%H%M%S"), 1
    while True:
        folder = run.path / "exports" / (stamp if number == 1 else f"{stamp}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            break
    write_json(folder / "request.json", asdict(request))
    jobs.start_task(folder, ["export", run.name, "--task", folder.name])
    return Export(folder)


def find(run: Run, identifier: str) -> Export:
    """The export of that id; raises RunError where there is none."""
    folder = run.path / "exports" / identifier
    if not ID.fullmatch(identifier) or not folder.is_dir():
        raise RunError(f"The run {run.name} has no export {identifier}.")
    return Export(folder)


def listing(run: Run) -> list[Export]:
    """All exports of a run, the newest first."""
    folders = [path for path in (run.path / "exports").glob("*") if ID.fullmatch(path.name)]
    return [Export(path) for path in sorted(folders, reverse=True)]


def of_each(facts: DataFacts, count: int, chosen: list[str] | None) -> tuple[tuple[str, int], ...]:
    """Items of `count` images of each chosen condition, by default of each class, or with each attribute on."""
    return tuple((text, count) for text in chosen or [request.label for request in conditions.every(facts)])


def balanced(facts: DataFacts) -> tuple[tuple[str, int], ...]:
    """Items that bring every class of the training split to the commonest one's count; UserError on attributes."""
    if facts.kind != "class":
        raise UserError("--balance brings classes to equal counts; this run has attributes: name --condition instead.")
    counts = facts.conditions.sum(axis=0, dtype=int)
    items = tuple((name, int(counts.max() - count)) for name, count in zip(facts.names, counts, strict=True))
    missing = tuple((name, count) for name, count in items if count)
    if not missing:
        raise UserError("Every class has the same number of training images already: name --per-class instead.")
    return missing


def write(
    run: Run,
    request: ExportRequest,
    out: Path,
    progress: Callable[[int, int], None],
    should_stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Make the images into `out`, a ZIP where it ends in .zip, else a folder; False where it was asked to stop.

    A ZIP appears whole or not at all. Raises UserError for a request that cannot be made, RunError for a bad snapshot.
    """
    from gan.sample import load_generator  # here: pages list exports without importing torch

    items = request.check(run.facts())
    sampler = load_generator(run, request.snapshot)
    facts, rows, index = sampler.facts, [], request.start
    with contextlib.suppress(_StoppedError), _target(out) as put:
        for asked, count in items:
            drawn = asked.draw(facts, count, request.seed)  # (count, K)
            for first in range(0, count, CHUNK):
                chunk = drawn[first : first + CHUNK]
                for offset, image in enumerate(sampler.generate(chunk, request.seed, index, request.truncation)):
                    file = f"images/{asked.folder}/{run.name}_s{request.seed}_{index + offset:06d}.png"
                    condition = _exact(chunk[offset], facts)
                    put(file, png(image, _metadata(run, sampler.seen, request, index + offset, condition)))
                    rows.append((file, chunk[offset]))
                index += len(chunk)
                progress(index - request.start, request.count)
                if should_stop():
                    raise _StoppedError
        put("labels.csv", _labels(rows, facts).encode())
        manifest = _manifest(run, request, sampler.seen, sampler.sha256, items, facts)
        put("manifest.json", (json.dumps(manifest, indent=2) + "\n").encode())
        put("README.md", _card(manifest, facts).encode())
    return index == request.start + request.count


def run_task(run: Run, identifier: str, progress: Callable[[int, int], None], should_stop: Callable[[], bool]) -> bool:
    """What the background task does: write the ZIP of an export, then a row in the run's ledger of downloads."""
    export = find(run, identifier)
    request = export.request
    file = export.folder / f"{run.name}-{identifier}.zip"
    if not write(run, request, file, progress, should_stop):
        return False
    row = {"time": time.time(), "export": identifier, "bytes": file.stat().st_size} | asdict(request)
    with open(run.path / "exports" / "ledger.jsonl", "ab", buffering=0) as ledger:
        ledger.write(json.dumps(row).encode() + b"\n")
    return True


class _StoppedError(Exception):
    """Leaves `write` so that no half ZIP takes its name."""


@contextlib.contextmanager
def _target(out: Path) -> Iterator[Put]:
    """Where files go by name: a ZIP, stored since PNGs are compressed already, or a folder that is empty or new."""
    if out.suffix == ".zip":
        out.parent.mkdir(parents=True, exist_ok=True)
        with replacing(out) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            yield archive.writestr
        return
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is not empty: --out takes a new or empty folder, or a file that ends in .zip.")

    def put(name: str, content: bytes) -> None:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content)

    yield put


def _exact(row: Any, facts: DataFacts) -> str:
    """A condition (K,) as text that names it exactly."""
    if facts.kind == "class":
        return facts.names[int(row.argmax())]
    return ",".join(f"{name}={int(value)}" for name, value in zip(facts.names, row, strict=True))


def _metadata(run: Run, seen: int, request: ExportRequest, index: int, condition: str) -> dict[str, str]:
    again = f'python -m gan sample {run.name} --snapshot {seen} --condition "{condition}" --seed {request.seed}'
    again += f" --start {index} --count 1 --truncation {request.truncation:g} --out one-image"
    return {
        "Synthetic": f"yes: made by a conditional GAN (gan {__version__}), no photograph of anything",
        "Condition": condition,
        "Make again": again,
    }


def _labels(rows: list[tuple[str, Any]], facts: DataFacts) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["file", "class"] if facts.kind == "class" else ["file", *facts.names])
    for file, row in rows:
        table.writerow([file, facts.names[int(row.argmax())]] if facts.kind == "class" else [file, *map(int, row)])
    return text.getvalue()


def _manifest(
    run: Run, request: ExportRequest, seen: int, sha256: str, items: list[tuple[Request, int]], facts: DataFacts
) -> dict[str, Any]:
    return {
        "made_by": f"gan {__version__}",
        "made_at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "synthetic": True,
        "run": run.name,
        "snapshot": {"seen": seen, "generator_sha256": sha256},
        "seed": request.seed,
        "indices": [request.start, request.start + request.count - 1],
        "truncation": request.truncation,
        "conditions": [
            {"condition": asked.label, "folder": asked.folder, "count": count, "real_images": asked.agreeing(facts)}
            for asked, count in items
        ],
        "filters": [],
        "withheld": 0,
        "make_again": "The number that ends a file's name is its index; its condition is its row in labels.csv. "
        "The command stands in each PNG's metadata under 'Make again'.",
        "training_data": {"title": facts.title, "source": facts.source, "licence": facts.licence},
        "config": run.config.model_dump(mode="json"),
    }


def _card(manifest: dict[str, Any], facts: DataFacts) -> str:
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
