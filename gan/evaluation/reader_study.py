"""The blind reader test: can an expert tell generated images from real ones, and does each look plausible?

Real images of the validation split and generated ones, as many of each and of the same conditions, are shown one at a
time in random order (a visual Turing test, as in Salimans et al. 2016, arXiv:1606.03498). A reading is a file,
`evaluation/reader-<id>.json`: what is shown and in which order is fixed at its start, and each answer is kept as it
comes, so that nothing is lost by leaving. No torch: pictures are made by the sampler that is handed over.

Letters: C channels, H = W the set's own side, K conditions.
"""

import re
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.data.image_set import ImageSet
from gan.data.transform import crop_padding
from gan.errors import DamagedFileError, DataError, RunError, UserError
from gan.evaluation.statistics import wilson_interval
from gan.io.atomic import write_json
from gan.io.json_files import read_json, validated
from gan.io.untrusted_files import damaged_file, log_damaged
from gan.jobs.status import Timestamp
from gan.runs.run import Run

if TYPE_CHECKING:
    from gan.sampling.sampler import Sampler

VERSION = 1
ID = re.compile(r"[0-9]{8}-[0-9]{6}(-[0-9]+)?")
FEWEST, MOST = 10, 400
"""Images in one reading: fewer say nothing, more tire."""


class Answer(TypedDict):
    """What a reader said of one image: that it is `real`, that it is `plausible`, after so many `seconds`."""

    real: bool
    plausible: bool
    seconds: float


@dataclass(frozen=True)
class Reading:
    """One reader's test. `rows` are positions of real images in the set; image i is real where `real[i]`.

    Where it is not, it is generated at position `positions[i]` of the seed's stream with the condition of the set's row
    `rows[i]`. `answers` has, for each image answered so far and in their order, `real`, `plausible` and `seconds`.
    """

    version: int
    id: str
    reader: str
    snapshot: int
    generator_sha256: str
    seed: int
    began: Timestamp
    rows: list[Annotated[int, Field(ge=0)]]
    real: list[bool]
    answers: list[Answer]

    @property
    def count(self) -> int:
        return len(self.rows)

    @property
    def finished(self) -> bool:
        return len(self.answers) >= self.count

    def findings(self) -> "ReadingSummary | None":
        """What the answers so far say; None before there is one of each kind."""
        both = list(zip(self.real, self.answers, strict=False))
        real, made = ([answer for truth, answer in both if truth == kind] for kind in (True, False))
        if not real or not made:
            return None
        right = sum(answer["real"] == truth for truth, answer in both)
        return ReadingSummary(
            Proportion.of(right, len(both)),
            Proportion.of(sum(answer["real"] for answer in made), len(made)),
            Proportion.of(sum(answer["real"] for answer in real), len(real)),
            Proportion.of(sum(answer["plausible"] for answer in made), len(made)),
            Proportion.of(sum(answer["plausible"] for answer in real), len(real)),
        )


@dataclass(frozen=True)
class Proportion:
    """`count` of `n`, with its 95% interval by Wilson."""

    count: int
    n: int
    low: float
    high: float

    @classmethod
    def of(cls, count: int, n: int) -> "Proportion":
        return cls(count, n, *wilson_interval(count, n))

    def __str__(self) -> str:
        return f"{self.count} of {self.n} ({self.count / self.n:.0%}, 95% interval {self.low:.0%} to {self.high:.0%})"


@dataclass(frozen=True)
class ReadingSummary:
    """What a reading says: answers that were right, generated and real images taken for real, and plausible ones."""

    right: Proportion
    made_taken_for_real: Proportion
    real_taken_for_real: Proportion
    made_plausible: Proportion
    real_plausible: Proportion

    def sentence(self) -> str:
        """Whether the reader could tell, in one sentence; half right would be chance."""
        if self.right.low > 0.5:
            return f"This reader can tell generated images from real ones: right in {self.right}."
        if self.right.high < 0.5:
            return f"This reader was wrong more often than by chance, right in {self.right}: ask how they decided."
        return f"This reader could not be shown to tell them apart: right in {self.right}, where half would be chance."


def begin_reading(run: Run, images: ImageSet, sampler: "Sampler", reader: str, count: int, seed: int) -> Reading:
    """A new reading of `count` images, half of them real, kept at once.

    Raises UserError for another count than 10 to 400, DataError where the validation split has too few images.
    """
    if not FEWEST <= count <= MOST or count % 2:
        raise UserError(f"A reading of {count} images cannot be: it takes an even number from {FEWEST} to {MOST}.")
    there = images.rows("val")
    if len(there) < count // 2:
        raise DataError(
            f"{images.title} has {len(there)} validation images: a reading of {count} takes {count // 2} of them."
        )
    generator = np.random.default_rng(seed)
    chosen = generator.permutation(there)[: count // 2]
    order = generator.permutation(count)
    reading = Reading(
        version=VERSION,
        id=_claim(run),
        reader=reader.strip() or "no name given",
        snapshot=sampler.seen,
        generator_sha256=sampler.sha256,
        seed=seed,
        began=time.time(),
        rows=np.tile(chosen, 2)[order].tolist(),  # every real image has a generated one of its condition
        real=(order < count // 2).tolist(),
        answers=[],
    )
    _save(run, reading)
    return reading


def record_answer(run: Run, identifier: str, number: int, real: bool, plausible: bool, seconds: float) -> Reading:
    """Keep the answer to image `number`, from 0; one that comes twice, as by a double click, changes nothing."""
    reading = load_reading(run, identifier)
    if number == len(reading.answers) and not reading.finished:
        reading.answers.append({"real": real, "plausible": plausible, "seconds": round(seconds, 1)})
        _save(run, reading)
    return reading


def undo_answer(run: Run, identifier: str) -> Reading:
    """Forget the last answer, so that it can be given again."""
    reading = load_reading(run, identifier)
    if reading.answers:
        reading.answers.pop()
        _save(run, reading)
    return reading


def reading_image(reading: Reading, number: int, images: ImageSet, sampler: "Sampler") -> NDArray[np.uint8]:
    """Image `number` of a reading (C, H, H) uint8, from 0.

    Raises RunError where the generator is not the one that the reading was begun with.
    """
    row = reading.rows[number]
    if row >= len(images):
        raise RunError(f"The reading {reading.id} is of other images than {images.title} has now: begin another.")
    if reading.real[number]:
        (real,) = crop_padding(np.asarray(images.images[[row]]), images.native_size)
        return np.asarray(real)
    if sampler.sha256 != reading.generator_sha256:
        raise RunError(f"The snapshot {reading.snapshot} was trained anew since this reading began: begin another.")
    (made,) = sampler.generate(images.conditions[[row]], reading.seed, number)
    return np.asarray(made)


def load_reading(run: Run, identifier: str) -> Reading:
    """The reading of that name; raises RunError where there is none that this version can read."""
    reading = _read(_file(run, identifier)) if ID.fullmatch(identifier) else None
    if reading is None:
        raise RunError(f"The run {run.name} has no reading {identifier}.")
    return reading


def list_readings(run: Run) -> list[Reading]:
    """All readings of a run, the newest first."""
    found = (_read(path) for path in (run.path / "evaluation").glob("reader-*.json"))
    return sorted((one for one in found if one is not None), key=lambda one: one.began, reverse=True)


def _claim(run: Run) -> str:
    (run.path / "evaluation").mkdir(exist_ok=True)
    stem, number = time.strftime("%Y%m%d-%H%M%S"), 1
    while True:
        identifier = stem if number == 1 else f"{stem}-{number}"
        try:
            _file(run, identifier).open("x").close()
        except FileExistsError:
            number += 1
        else:
            return identifier


def _file(run: Run, identifier: str) -> Path:
    return run.path / "evaluation" / f"reader-{identifier}.json"


def _save(run: Run, reading: Reading) -> None:
    write_json(_file(run, reading.id), asdict(reading))


def _read(path: Path) -> Reading | None:
    document = read_json(path)
    if document is None or document.get("version") != VERSION:
        return None
    if document.keys() != {field.name for field in fields(Reading)}:
        return None
    try:
        reading = validated(path, document, READING)
        if not len(reading.rows) == len(reading.real) >= len(reading.answers):
            raise damaged_file(path, "rows, real and answers do not belong together")
    except DamagedFileError as error:
        log_damaged(path, error)
        return None
    return reading


READING = TypeAdapter(Reading)
