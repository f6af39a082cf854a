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
import json
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gan import conditions, jobs, manifests
from gan.conditions import Request
from gan.errors import ConfigError, RunError, UserError
from gan.facts import DataFacts
from gan.files import read_json, replacing, write_json
from gan.images import png
from gan.runs import Run

if TYPE_CHECKING:
    from gan.sample import Sampler

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
            folder.mkdir()
        except FileExistsError:
            number += 1
        except FileNotFoundError:
            raise RunError(f"The run {run.name} was deleted or moved away.") from None
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
    facts, rows, finished = sampler.facts, [], False
    folders = _folders([asked for asked, _ in items])
    with contextlib.suppress(_StoppedError), _target(out) as put, ThreadPoolExecutor() as encoders:
        for pieces in _one_ahead(_chunks(run, request, items, folders, sampler, encoders)):
            for piece in pieces:
                put(piece.file, piece.png.result())
                rows.append((piece.file, piece.condition))
            progress(len(rows), request.count)
            if should_stop():
                raise _StoppedError
        put("labels.csv", manifests.labels(rows, facts).encode())
        manifest = manifests.manifest(run, request, sampler, items, folders)
        put("manifest.json", (json.dumps(manifest, indent=2) + "\n").encode())
        put("README.md", manifests.card(manifest, facts).encode())
        finished = True
    return finished


@dataclass(frozen=True)
class _Piece:
    """One image on its way: its PNG is being made by another thread."""

    file: str
    condition: NDArray[np.float32]  # (K,)
    png: "Future[bytes]"


def _chunks(
    run: Run,
    request: ExportRequest,
    items: list[tuple[Request, int]],
    folders: dict[Request, str],
    sampler: "Sampler",
    encoders: ThreadPoolExecutor,
) -> Iterator[list[_Piece]]:
    """The images of all items, a chunk at a time, each handed to the encoders as soon as it is generated."""
    index = request.start
    for asked, count in items:
        drawn = asked.draw(sampler.facts, count, request.seed)  # (count, K)
        for first in range(0, count, CHUNK):
            chunk, pieces = drawn[first : first + CHUNK], []
            for image, row in zip(sampler.generate(chunk, request.seed, index, request.truncation), chunk, strict=True):
                file = f"images/{folders[asked]}/{run.name}_s{request.seed}_{index:06d}.png"
                text = manifests.metadata(run, sampler.seen, request, index, manifests.exact(row, sampler.facts))
                pieces.append(_Piece(file, row, encoders.submit(png, image, text)))
                index += 1
            yield pieces


def _one_ahead(chunks: Iterator[list[_Piece]]) -> Iterator[list[_Piece]]:
    """The same chunks, each only once the next is generated, so that encoding goes on beside generation."""
    before: list[_Piece] = []
    for chunk in chunks:
        if before:
            yield before
        before = chunk
    if before:
        yield before


def _folders(asked: list[Request]) -> dict[Request, str]:
    """A folder name for each request; where two come to the same one, the later gets a number."""
    folders: dict[Request, str] = {}
    for request in asked:
        same = sum(name.split(" #")[0].lower() == request.folder.lower() for name in folders.values())
        folders[request] = f"{request.folder} #{same + 1}" if same else request.folder
    return folders


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
