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

from gan import conditions, guard, jobs, manifests, marks
from gan.conditions import Request
from gan.data.source import Progress, silent
from gan.errors import ConfigError, RunError, UserError
from gan.facts import DataFacts
from gan.files import read_json, replacing, write_json
from gan.gather import Gathered, Stream, Tally
from gan.images import png
from gan.runs import Run

if TYPE_CHECKING:
    from gan.sample import Sampler

LARGEST = 200_000
"""Images in one export: about 30 minutes on two CPU cores; ask again with another seed for more."""

TRUNCATIONS = (0.05, 1.0)
"""Below the first, drawing noise again and again until it lies inside would take for ever."""

ID = re.compile(r"[0-9]{8}-[0-9]{6}(-[0-9]+)?")

Put = Callable[[str, bytes], None]


@dataclass(frozen=True)
class ExportRequest:
    """What to make: `items` of a condition as people write it and how many of it.

    `snapshot` is by images seen, None for the newest; `start` is the first image's position in the seed's stream. Near
    copies of training images, and images that somebody marked reject, are left out and replaced unless they are wanted.
    """

    items: tuple[tuple[str, int], ...]
    snapshot: int | None = None
    seed: int = 0
    truncation: float = 1.0
    start: int = 0
    with_near_copies: bool = False
    with_rejected: bool = False

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
class Written:
    """What an export holds: `count` images, and a sentence for whoever asked, where there is something to know."""

    count: int
    notices: tuple[str, ...]


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
    def written(self) -> Written | None:
        """What the finished export holds."""
        document = read_json(self.folder / "written.json")
        return None if document is None else Written(document["count"], tuple(document["notices"]))

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
    preparing: Progress = silent,
) -> Written | None:
    """Make the images into `out`, a ZIP where it ends in .zip, else a folder; None where it was asked to stop.

    A ZIP appears whole or not at all. `preparing` gets a phase and how much of it is done, before the first image.
    Raises UserError for a request that cannot be made, RunError for a bad snapshot, or where near copies cannot be
    found since the training images are not here.
    """
    from gan.sample import load_generator  # here: pages list exports without importing torch

    items = request.check(run.facts())
    preparing("loading the generator", 0.0)
    sampler = load_generator(run, request.snapshot)
    folders, rows, written = _folders([asked for asked, _ in items]), [], None
    tallies = [Tally(count) for _, count in items]
    with contextlib.suppress(_StoppedError, guard.StoppedError), ThreadPoolExecutor() as encoders:
        detector = None if request.with_near_copies else guard.load(run, preparing, should_stop)[0]
        rejected = frozenset() if request.with_rejected else marks.rejected(run)
        stream = Stream(sampler, request.seed, request.truncation, detector, rejected)
        with _target(out) as put:
            chunks = _gathered(stream, items, tallies, request.start)
            for pieces in _one_ahead(_encoded(chunks, run, request, folders, sampler, encoders)):
                for piece in pieces:
                    put(piece.file, piece.png.result())
                    rows.append((piece.file, piece.condition))
                progress(len(rows), request.count)
                if should_stop():
                    raise _StoppedError
            put("labels.csv", manifests.labels(rows, sampler.facts).encode())
            manifest = manifests.manifest(run, request, sampler, items, folders, tallies, detector)
            put("manifest.json", (json.dumps(manifest, indent=2) + "\n").encode())
            put("README.md", manifests.card(manifest, sampler.facts).encode())
            written = Written(len(rows), tuple(manifest["notices"]))
    return written


def _gathered(
    stream: Stream, items: list[tuple[Request, int]], tallies: list[Tally], start: int
) -> Iterator[list[Gathered]]:
    """The images of all items in turn: each goes on in the stream where the one before it ended."""
    for (asked, _), tally in zip(items, tallies, strict=True):
        yield from stream.gather(asked, tally, start)
        start += tally.tried


@dataclass(frozen=True)
class _Piece:
    """One image on its way: its PNG is being made by another thread."""

    file: str
    condition: NDArray[np.float32]  # (K,)
    png: "Future[bytes]"


def _encoded(
    chunks: Iterator[list[Gathered]],
    run: Run,
    request: ExportRequest,
    folders: dict[Request, str],
    sampler: "Sampler",
    encoders: ThreadPoolExecutor,
) -> Iterator[list[_Piece]]:
    """The same images on their way to being PNGs, each handed to the encoders as soon as it is gathered."""
    for chunk in chunks:
        pieces = []
        for one in chunk:
            file = f"images/{folders[one.asked]}/{run.name}_s{one.seed}_{one.position:06d}.png"
            condition = manifests.exact(one.condition, sampler.facts)
            text = manifests.metadata(run, sampler.seen, request, one.position, condition)
            pieces.append(_Piece(file, one.condition, encoders.submit(png, one.image, text)))
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


def run_task(
    run: Run,
    identifier: str,
    progress: Callable[[int, int], None],
    should_stop: Callable[[], bool],
    preparing: Progress = silent,
) -> bool:
    """What the background task does: write the ZIP of an export, then a row in the run's ledger of downloads."""
    export = find(run, identifier)
    request = export.request
    file = export.folder / f"{run.name}-{identifier}.zip"
    written = write(run, request, file, progress, should_stop, preparing)
    if written is None:
        return False
    write_json(export.folder / "written.json", asdict(written))
    row = {"time": time.time(), "export": identifier, "bytes": file.stat().st_size} | asdict(written) | asdict(request)
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
