"""The blind reader study: can an expert tell generated from real images, and does each image look plausible?

Equally many real images of the validation split and generated images of the same conditions are shown one at a time in
random order (a visual Turing test, as in Salimans et al. 2016, arXiv:1606.03498). A reading is stored as
`evaluation/reader-<id>.json`: its images and their order are fixed at the start, and each answer is saved at once. No
torch: the caller passes a sampler.

Letters: C channels, H = W the native side.
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

from gan.access.permissions import Action, require
from gan.data.image_set import ImageSet
from gan.data.set_access import set_target
from gan.data.transform import crop_padding
from gan.errors import DamagedFileError, DataError, RunError, UserError
from gan.evaluation.statistics import wilson_interval
from gan.io.atomic import write_json
from gan.io.json_files import read_json, validated
from gan.io.untrusted_files import damaged_file, log_damaged
from gan.jobs.status import Timestamp
from gan.runs.run import Run
from gan.runs.snapshots import is_overwritten

if TYPE_CHECKING:
    from gan.sampling.sampler import Sampler

VERSION = 1
ID = re.compile(r"[0-9]{8}-[0-9]{6}(-[0-9]+)?")
FEWEST, MOST = 10, 400
"""Limits of the number of images in a reading: fewer prove nothing, more tire the reader."""


class Answer(TypedDict):
    """A reader's answer to one image: whether it is `real` and `plausible`, and the `seconds` it took."""

    real: bool
    plausible: bool
    seconds: float


@dataclass(frozen=True)
class Reading:
    """One reader's test. Image i is real if `real[i]`: row `rows[i]` of the set.

    Otherwise it is generated at position i of the seed's stream with the condition of that row. `answers` are in the
    order of the images.
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

    def summary(self) -> "ReadingSummary | None":
        """The answers so far in numbers; None before a real and a generated image were answered."""
        answered = list(zip(self.real, self.answers, strict=False))
        real = [answer for truth, answer in answered if truth]
        synthetic = [answer for truth, answer in answered if not truth]
        if not real or not synthetic:
            return None
        correct = sum(answer["real"] == truth for truth, answer in answered)
        return ReadingSummary(
            correct=Proportion.from_counts(correct, len(answered)),
            synthetic_called_real=Proportion.from_counts(sum(answer["real"] for answer in synthetic), len(synthetic)),
            real_called_real=Proportion.from_counts(sum(answer["real"] for answer in real), len(real)),
            synthetic_plausible=Proportion.from_counts(
                sum(answer["plausible"] for answer in synthetic), len(synthetic)
            ),
            real_plausible=Proportion.from_counts(sum(answer["plausible"] for answer in real), len(real)),
        )


@dataclass(frozen=True)
class Proportion:
    """`count` of `n`, with its 95% Wilson interval."""

    count: int
    n: int
    low: float
    high: float

    @classmethod
    def from_counts(cls, count: int, n: int) -> "Proportion":
        return cls(count, n, *wilson_interval(count, n))

    def __str__(self) -> str:
        return f"{self.count} of {self.n} ({self.count / self.n:.0%}, 95% interval {self.low:.0%} to {self.high:.0%})"


@dataclass(frozen=True)
class ReadingSummary:
    """Shares of correct answers, of generated and real images called real, and of those called plausible."""

    correct: Proportion
    synthetic_called_real: Proportion
    real_called_real: Proportion
    synthetic_plausible: Proportion
    real_plausible: Proportion

    def sentence(self) -> str:
        """Whether the reader could tell the images apart, against a chance of one half."""
        if self.correct.low > 0.5:
            return f"This reader can tell generated images from real ones: right in {self.correct}."
        if self.correct.high < 0.5:
            return f"This reader was wrong more often than by chance, right in {self.correct}: ask how they decided."
        return (
            f"This reader could not be shown to tell them apart: right in {self.correct}, where half would be chance."
        )


def begin_reading(run: Run, images: ImageSet, sampler: "Sampler", reader: str, count: int, seed: int) -> Reading:
    """Start and save a reading of `count` images, half of them real.

    Raises UserError for an odd `count` or one outside 10 to 400, DataError where the validation split is too small,
    and AccessError where the current person may not take readings or see real images of the set.
    """
    require(Action.READ_BLIND, run)
    require(Action.SEE_REAL_IMAGES, set_target(run.config.data))
    if not FEWEST <= count <= MOST or count % 2:
        raise UserError(f"The number of images is {count}: a reading takes an even number from {FEWEST} to {MOST}.")
    validation = images.rows("val")
    if len(validation) < count // 2:
        raise DataError(
            f"{images.title} has {len(validation)} validation images: a reading of {count} takes {count // 2} of them."
        )
    generator = np.random.default_rng(seed)
    chosen = generator.permutation(validation)[: count // 2]
    order = generator.permutation(count)
    reading = Reading(
        version=VERSION,
        id=_new_id(run),
        reader=reader.strip() or "no name given",
        snapshot=sampler.seen,
        generator_sha256=sampler.sha256,
        seed=seed,
        began=time.time(),
        rows=np.tile(chosen, 2)[order].tolist(),  # a generated image for the condition of each real one
        real=(order < count // 2).tolist(),
        answers=[],
    )
    _save(run, reading)
    return reading


def record_answer(run: Run, identifier: str, number: int, real: bool, plausible: bool, seconds: float) -> Reading:
    """Save the answer to image `number`, from 0; a repeated one, as by a double click, is ignored."""
    require(Action.READ_BLIND, run)
    reading = load_reading(run, identifier)
    if number == len(reading.answers) and not reading.finished:
        reading.answers.append({"real": real, "plausible": plausible, "seconds": round(seconds, 1)})
        _save(run, reading)
    return reading


def undo_answer(run: Run, identifier: str) -> Reading:
    """Remove the last answer."""
    require(Action.READ_BLIND, run)
    reading = load_reading(run, identifier)
    if reading.answers:
        reading.answers.pop()
        _save(run, reading)
    return reading


def reading_image(reading: Reading, number: int, images: ImageSet, sampler: "Sampler") -> NDArray[np.uint8]:
    """Image `number` of a reading, from 0: uint8 (C, H, H).

    Raises RunError where the data set or the generator has changed since the reading began.
    """
    row = reading.rows[number]
    if row >= len(images):
        raise RunError(f"The reading {reading.id} uses other images than {images.title} has now: start another.")
    if reading.real[number]:
        (real,) = crop_padding(np.asarray(images.images[[row]]), images.native_size)
        return np.asarray(real)
    if sampler.sha256 != reading.generator_sha256:
        raise RunError(f"The snapshot {reading.snapshot} was trained again since this reading began: start another.")
    (synthetic,) = sampler.generate(images.conditions[[row]], reading.seed, number)
    return np.asarray(synthetic)


def load_reading(run: Run, identifier: str) -> Reading:
    """The reading with this id; raises RunError where there is none, or it cannot be read."""
    reading = _read(_file(run, identifier)) if ID.fullmatch(identifier) else None
    if reading is None:
        raise RunError(f"The run {run.name} has no reading {identifier}.")
    return reading


def list_readings(run: Run) -> list[Reading]:
    """All readable readings of a run, newest first, without those of generators that were overwritten."""
    readings = (_read(path) for path in (run.path / "evaluation").glob("reader-*.json"))
    current = [reading for reading in readings if reading is not None and not _is_overwritten(run, reading)]
    return sorted(current, key=lambda reading: reading.began, reverse=True)


def _is_overwritten(run: Run, reading: Reading) -> bool:
    return is_overwritten(run.snapshot_folder(reading.snapshot), {"generator_sha256": reading.generator_sha256})


def _new_id(run: Run) -> str:
    """A free id from the time, with its file created."""
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
            raise damaged_file(path, "rows, real and answers differ in length")
    except DamagedFileError as error:
        log_damaged(path, error)
        return None
    return reading


READING = TypeAdapter(Reading)
