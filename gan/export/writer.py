"""Making a download: generate images, encode them on other cores, spool them, and assemble the file."""

import contextlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from gan.errors import RunError, StoppedError
from gan.export import candidates, formats, manifests
from gan.export.candidates import Gathered, Sieve, Tally
from gan.export.request import ExportRequest
from gan.export.spool import Row, Spool
from gan.io.progress import Progress, silent
from gan.runs.run import Run
from gan.sampling import marks, provenance
from gan.sampling.conditions import Condition

if TYPE_CHECKING:
    from gan.sampling.sampler import Sampler

AHEAD = 4
"""Chunks that wait to be encoded, at most: they are held in memory."""


@dataclass(frozen=True)
class Written:
    """What an export holds: `count` images, and sentences that whoever asked must know."""

    count: int
    notices: tuple[str, ...]


def write(
    run: Run,
    request: ExportRequest,
    out: Path,
    progress: Callable[[int, int], None],
    should_stop: Callable[[], bool] = lambda: False,
    preparing: Progress = silent,
) -> Written | None:
    """Make the images into `out`, a ZIP where it ends in .zip, else a folder; None where it was asked to stop.

    The download appears whole or not at all. What a stopped or killed export has made stays beside `out`, and the same
    call goes on from there. `preparing` gets a phase and how much of it is done, before the first image. Raises
    UserError for a request that cannot be made, RunError for a bad snapshot, or where near copies cannot be found since
    the training images are not here.
    """
    from gan.sampling.sampler import load_generator  # here: pages list exports without importing torch

    items = request.check(run.info())
    formats.check_out(out)
    preparing("loading the generator", 0.0)
    of_basket = tuple(sorted({origin.snapshot for origin in request.basket}, reverse=True))
    loaded = [load_generator(run, snapshot) for snapshot in (of_basket or (request.snapshot,))]
    samplers = {sampler.seen: sampler for sampler in loaded}
    with contextlib.suppress(StoppedError):
        sieve = _sieve(run, request, preparing, should_stop)
        preparing("making images", 0.0)
        out.parent.mkdir(parents=True, exist_ok=True)
        with Spool(spool_of(out), _key(request, samplers, sieve)) as spool:
            tallies = _tallies(spool, [count for _, count in items])
            chunks = _gathered(request, items, samplers, sieve, tallies)
            with _half_of_the_cores():
                for rows, encoded, state in _encoded(chunks, run, request, tallies):
                    spool.add(rows, encoded, state)
                    progress(spool.count, request.count)
                    if should_stop():
                        raise StoppedError
            if should_stop():
                raise StoppedError
            info = run.info()
            folders = [asked.folder(info) for asked, _ in items]
            with formats.target(out) as into:
                counts = formats.assemble(request.format, spool, into, folders, run.name, info)
                manifest = manifests.manifest(run, request, loaded, items, folders, counts, tallies, sieve)
                into.put("manifest.json", (json.dumps(manifest, indent=2) + "\n").encode())
                into.put("README.md", manifests.card(manifest, info).encode())
            spool.remove()
            return Written(sum(counts), tuple(manifest["notices"]))
    return None


def _tallies(spool: Spool, asked: Sequence[int]) -> list[Tally]:
    """What became of each item's candidates so far; raises RunError where the spool tells of other items."""
    if spool.state is None:
        return [Tally(count) for count in asked]
    try:
        tallies = TALLIES.validate_python(spool.state)
    except ValidationError:
        tallies = []
    if [tally.asked for tally in tallies] != list(asked):
        raise RunError(f"What was made before cannot be gone on with: delete {spool.folder}, and make it again.")
    return tallies


TALLIES = TypeAdapter(list[Tally])


@contextlib.contextmanager
def _half_of_the_cores() -> Iterator[None]:
    """Generate on half of torch's threads for the block: on all of them it and the encoding hold each other up."""
    import torch  # here: pages list exports without it

    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads // 2))
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def spool_of(out: Path) -> Path:
    """Where an export to `out` keeps what it has made until that is whole."""
    return out.with_name(f".{out.name}.part")


def _sieve(run: Run, request: ExportRequest, preparing: Progress, should_stop: Callable[[], bool]) -> Sieve:
    """What keeps images from leaving, loaded as far as this request needs it."""
    from gan.evaluation import selector as keep
    from gan.evaluation.privacy import guard  # here: it imports torch

    rejected = frozenset() if request.with_rejected else marks.rejected(run)
    detector = None if request.with_near_copies else guard.load_detector(run, preparing, should_stop)[0]
    selector = keep.load_selector(run, preparing, should_stop) if request.keep_rate < 1 else None
    return Sieve(detector, selector, request.keep_rate, rejected)


def _key(request: ExportRequest, samplers: "dict[int, Sampler]", sieve: Sieve) -> dict[str, Any]:
    """All that decides what an export holds: a spool of another key is of no use."""
    return {
        "request": asdict(request),
        "generators": {str(seen): sampler.sha256 for seen, sampler in samplers.items()},
        "calibration": None if sieve.detector is None else sieve.detector.threshold,
        "rejected": sorted(str(origin) for origin in sieve.rejected),
    }


def _gathered(
    request: ExportRequest,
    items: list[tuple[Condition, int]],
    samplers: "dict[int, Sampler]",
    sieve: Sieve,
    tallies: list[Tally],
) -> Iterator[Gathered]:
    """The images of all items in turn: each goes on in the stream where the one before it ended."""
    if request.basket:
        numbers = {asked: item for item, (asked, _) in enumerate(items)}
        yield from candidates.from_basket(samplers, sieve, request.basket, numbers, tallies)
        return
    (sampler,), start = samplers.values(), request.start
    for item, ((asked, _), tally) in enumerate(zip(items, tallies, strict=True)):
        yield from candidates.from_stream(sampler, sieve, asked, tally, item, request.seed, start, request.truncation)
        start += tally.tried


def _encoded(
    chunks: Iterator[Gathered], run: Run, request: ExportRequest, tallies: list[Tally]
) -> Iterator[tuple[list[Row], list[bytes], list[dict[str, int]]]]:
    """Rows, bytes and the state after each chunk: they are encoded by other threads while the next are generated."""
    waiting: deque[tuple[Gathered, Future[list[bytes]], list[dict[str, int]]]] = deque()
    with ThreadPoolExecutor(os.cpu_count()) as encoders:
        for chunk in chunks:
            waiting.append(
                (chunk, encoders.submit(_contents, chunk, run, request.format), [asdict(t) for t in tallies])
            )
            while waiting and (len(waiting) > AHEAD or waiting[0][1].done()):
                yield _spooled(*waiting.popleft())
        while waiting:
            yield _spooled(*waiting.popleft())


def _contents(chunk: Gathered, run: Run, form: str) -> list[bytes]:
    texts = [provenance.png_text(run.name, origin) for origin in chunk.origins]
    return formats.contents(form, chunk.images, texts)


def _spooled(
    chunk: Gathered, encoded: "Future[list[bytes]]", state: list[dict[str, int]]
) -> tuple[list[Row], list[bytes], list[dict[str, int]]]:
    contents = encoded.result()
    rows = [
        Row(
            chunk.item,
            origin.snapshot,
            origin.seed,
            origin.index,
            origin.truncation,
            tuple(row.nonzero()[0].tolist()),
            len(content),
        )
        for origin, row, content in zip(chunk.origins, chunk.conditions, contents, strict=True)
    ]
    return rows, contents, state
