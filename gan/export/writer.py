"""Write a download: generate images, filter, encode them on other cores, spool them, and assemble the file."""

import contextlib
import json
import os
from collections import deque
from collections.abc import Iterator, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from gan.errors import RunError
from gan.export import croissant, formats, manifests
from gan.export.candidates import Accepted, ExportFilter, Tally, accepted_from_basket, accepted_from_stream
from gan.export.request import ExportRequest
from gan.export.spool import Row, Spool
from gan.io.progress import Progress, silent
from gan.runs.run import Run
from gan.sampling import marks
from gan.sampling.conditions import Condition
from gan.sampling.provenance import Origin

if TYPE_CHECKING:
    from gan.sampling.sampler import Sampler

GENERATING = "making images"
"""The phase whose progress counts images; the phases before it prepare."""
AHEAD = 4
"""Chunks in memory that wait to be encoded, at most."""
TALLIES = TypeAdapter(list[Tally])


@dataclass(frozen=True)
class ExportResult:
    """Images in a finished export, and what the user must know about it, a sentence each."""

    count: int
    notices: tuple[str, ...]


def write_export(run: Run, request: ExportRequest, out: Path, progress: Progress = silent) -> ExportResult:
    """Write the images to `out`, a ZIP where it ends in .zip, else a new or empty folder.

    The download appears whole or not at all. StoppedError raised by `progress` stops it; the spool stays beside `out`,
    and the same call resumes from it. Raises UserError for an invalid request, RunError for a bad snapshot, or where
    near copies cannot be found because the training images are not here.
    """
    from gan.sampling.sampler import load_generator  # here: pages list exports without importing torch

    info = run.info()
    items = request.check(info)
    formats.check_output(out)
    out = out.absolute()  # "." has a name then
    progress("loading the generator", 0.0)
    of_basket = tuple(sorted({origin.snapshot for origin in request.basket}, reverse=True))
    loaded = [load_generator(run, snapshot) for snapshot in (of_basket or (request.snapshot,))]
    samplers = {sampler.seen: sampler for sampler in loaded}
    rejected = _rejected(run, request, samplers.keys(), {condition.text(info) for condition, _ in items})
    export_filter = _load_filter(run, request, rejected, progress)
    out.parent.mkdir(parents=True, exist_ok=True)
    with Spool(spool_folder(out), _key(request, samplers, export_filter)) as spool:
        tallies = _load_tallies(spool, [count for _, count in items])
        progress(GENERATING, spool.count / request.count)
        chunks = _accepted(request, items, samplers, export_filter, tallies)
        with _half_of_the_cores():
            for rows, encoded, state in _encoded(chunks, run, request, tallies):
                spool.add(rows, encoded, state)
                progress(GENERATING, spool.count / request.count)
        folders = [condition.folder(info) for condition, _ in items]
        with formats.open_output(out) as output:
            written = formats.write_images(request.format, spool, output, folders, run.name, info)
            counts = written.counts
            manifest = manifests.build_manifest(run, request, loaded, items, folders, counts, tallies, export_filter)
            output.put("manifest.json", (json.dumps(manifest, indent=2) + "\n").encode())
            output.put("README.md", manifests.data_card(manifest, info).encode())
            metadata = croissant.croissant_metadata(manifest, info, written.hashes)
            output.put("croissant.json", (json.dumps(metadata, indent=2) + "\n").encode())
        spool.remove()
    return ExportResult(sum(counts), tuple(manifest["notices"]))


def spool_folder(out: Path) -> Path:
    """Where an unfinished export to `out` keeps its images."""
    return out.with_name(f".{out.name}.part")


def _rejected(run: Run, request: ExportRequest, snapshots: Set[int], conditions: Set[str]) -> frozenset[Origin]:
    """The images marked reject that the request would make; an export can be resumed after other rejections."""
    if request.with_rejected:
        return frozenset()
    rejected = marks.rejected(run)
    if request.basket:
        return rejected & set(request.basket)
    of_classes = run.info().kind == "class" and "any" not in conditions
    return frozenset(
        origin
        for origin in rejected
        if origin.snapshot in snapshots
        and (origin.seed, origin.truncation) == (request.seed, request.truncation)
        and (origin.condition in conditions or not of_classes)
    )


def _load_filter(run: Run, request: ExportRequest, rejected: frozenset[Origin], progress: Progress) -> ExportFilter:
    """Load only the checks that the request needs."""
    from gan.evaluation import selector as selectors
    from gan.evaluation.privacy import guard  # here: it imports torch

    detector = None if request.with_near_copies else guard.load_detector(run, progress)[0]
    selector = selectors.load_selector(run, progress) if request.keep_rate < 1 else None
    return ExportFilter(detector, selector, request.keep_rate, rejected)


def _key(request: ExportRequest, samplers: "dict[int, Sampler]", export_filter: ExportFilter) -> dict[str, Any]:
    """Everything that determines an export's content: a spool with another key is discarded."""
    return {
        "request": asdict(request),
        "generators": {str(seen): sampler.sha256 for seen, sampler in samplers.items()},
        "calibration": None if export_filter.detector is None else export_filter.detector.threshold,
        "rejected": sorted(str(origin) for origin in export_filter.rejected),
    }


def _load_tallies(spool: Spool, requested: Sequence[int]) -> list[Tally]:
    """One tally for each item, continued from the spool; raises RunError where the spool holds other items."""
    if spool.state is None:
        return [Tally(count) for count in requested]
    try:
        tallies = TALLIES.validate_python(spool.state)
    except ValidationError:
        tallies = []
    if [tally.requested for tally in tallies] != list(requested):
        raise RunError(
            f"This export cannot be resumed: its unfinished images are damaged. Start a new one, or delete the folder "
            f"{spool.folder.name} beside its file."
        )
    return tallies


@contextlib.contextmanager
def _half_of_the_cores() -> Iterator[None]:
    """Use half of torch's threads, so that generating and encoding do not slow each other down."""
    import torch  # here: pages list exports without it

    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads // 2))
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _accepted(
    request: ExportRequest,
    items: list[tuple[Condition, int]],
    samplers: "dict[int, Sampler]",
    export_filter: ExportFilter,
    tallies: list[Tally],
) -> Iterator[Accepted]:
    """The images of all items in turn, each from its part of the stream or from where the one before it ended."""
    if request.basket:
        numbers = {condition: item for item, (condition, _) in enumerate(items)}
        yield from accepted_from_basket(samplers, export_filter, request.basket, numbers, tallies)
        return
    (sampler,), seed, truncation = samplers.values(), request.seed, request.truncation
    for item, ((condition, _), tally) in enumerate(zip(items, tallies, strict=True)):
        start = request.first_position(condition, sampler.info, sum(earlier.tried for earlier in tallies[:item]))
        yield from accepted_from_stream(sampler, export_filter, condition, tally, item, seed, start, truncation)


def _encoded(
    chunks: Iterator[Accepted], run: Run, request: ExportRequest, tallies: list[Tally]
) -> Iterator[tuple[list[Row], list[bytes], list[dict[str, int]]]]:
    """Rows, encoded images and tallies after each chunk; other threads encode while the next chunks are generated."""
    waiting: deque[tuple[Accepted, Future[list[bytes]], list[dict[str, int]]]] = deque()
    with ThreadPoolExecutor(os.cpu_count()) as encoders:
        for chunk in chunks:
            encoding = encoders.submit(_encode, chunk, run, request.format)
            waiting.append((chunk, encoding, [asdict(tally) for tally in tallies]))
            while waiting and (len(waiting) > AHEAD or waiting[0][1].done()):
                yield _spool_rows(*waiting.popleft())
        while waiting:
            yield _spool_rows(*waiting.popleft())


def _encode(chunk: Accepted, run: Run, format: str) -> list[bytes]:
    return formats.encode_images(format, chunk.images, run.name, chunk.sampler.sha256, chunk.origins)


def _spool_rows(
    chunk: Accepted, encoding: "Future[list[bytes]]", state: list[dict[str, int]]
) -> tuple[list[Row], list[bytes], list[dict[str, int]]]:
    encoded = encoding.result()
    rows = [
        Row(
            chunk.item,
            origin.snapshot,
            origin.seed,
            origin.index,
            origin.truncation,
            tuple(row.nonzero()[0].tolist()),
            len(content),
            chunk.subclass,
        )
        for origin, row, content in zip(chunk.origins, chunk.conditions, encoded, strict=True)
    ]
    return rows, encoded, state
