"""An evaluation report: one HTML file with verdict, scores, charts, images, limits, methods and model card.

    python -m gan evaluate RUN --report FILE.html

It opens offline: charts are inline SVG (`svg.py`), images are data URIs, and there are no scripts. It shows the records
in the run's `evaluation/` and computes no scores.

Letters: n images, C channels, H = W the set's own side.
"""

import html
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from gan import __version__
from gan.data.image_set import ImageSet
from gan.data.info import DatasetInfo
from gan.data.transform import crop_padding
from gan.errors import RunError
from gan.evaluation import reader_study
from gan.evaluation.privacy import closest_pairs
from gan.evaluation.reader_study import Reading
from gan.evaluation.records import membership_results, results, stored_studies
from gan.evaluation.records.best_snapshot import best_sentence, like_newest
from gan.evaluation.records.results import EvaluationResult
from gan.evaluation.records.study_results import StudyResult
from gan.evaluation.report import sections, study_section, study_style, terms, text
from gan.evaluation.training_images import not_read_yet, viewable_training_images
from gan.io.contact_sheet import make_grid
from gan.io.png import data_uri, encode_picture
from gan.io.synthetic_mark import MARK, MARK_OF_BOTH
from gan.runs.run import Run
from gan.sampling import conditions

if TYPE_CHECKING:
    from gan.sampling.sampler import Sampler

MAX_BYTES = 3_000_000
"""Largest size of a report in bytes, for e-mail."""
PIXELS = 1_000_000
"""Most pixel values in all images. PNG hardly compresses noisy images, and base64 adds a third."""
MAX_CONDITIONS, MAX_PER_ROW, MIN_PER_ROW = 10, 6, 2
"""Conditions in the table of images, and real and generated images of each."""
SIDE = 56
"""Approximate size in pixels to which small images are enlarged."""


class Verdict(Protocol):
    """What a report says first: `gan.monitoring.run_verdict.RunVerdict` on its snapshot."""

    @property
    def level(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def sentence(self) -> str: ...


@dataclass(frozen=True)
class ReportRecords:
    """The records that a report shows."""

    run: Run
    verdict: Verdict
    info: DatasetInfo
    result: EvaluationResult
    history: Sequence[EvaluationResult]
    best: str
    study: StudyResult | None
    readings: list[Reading]


def build_report(run: Run, snapshot: int, verdict: Verdict, split: str = "val") -> str:
    """The report on a snapshot as HTML, with the verdict on it.

    Raises RunError where it has no scores, or where its data set is not in the cache, and AccessError where the current
    person may not see its real images.
    """
    from gan.sampling.sampler import load_generator  # here: it imports torch

    history = like_newest(results.list_results(run, split))
    result = results.load_result(run, snapshot, split)
    images = viewable_training_images(run)
    if images is None:
        raise RunError(not_read_yet(run))
    study = next((study for study in stored_studies.list_studies(run) if study.snapshot == result.snapshot), None)
    readings = [
        reading
        for reading in reader_study.list_readings(run)
        if reading.finished and reading.snapshot == result.snapshot
    ]
    records = ReportRecords(run, verdict, run.info(), result, history, best_sentence(run, history), study, readings)
    return _document(records, images, load_generator(run, result.snapshot))


def _document(records: ReportRecords, images: ImageSet, sampler: "Sampler") -> str:
    """The HTML document."""
    result, run = records.result, records.run
    created = time.strftime("%Y-%m-%d %H:%M", time.localtime())
    title = f"Evaluation of {run.title}, snapshot after {result.snapshot:,} images"
    outdated, counts = stored_studies.is_outdated(run, result.snapshot), records.info.training_counts()
    parts = [
        ("What to conclude", _verdict(records.verdict) + sections.conclusion(result, records.study, counts)),
        ("Images", _samples(records, images, sampler)),
        ("Scores", sections.scores(result) + sections.history(records.history, records.best)),
        ("By condition", sections.by_condition(result, counts)),
        ("Does it help? The augmentation study", study_section.section(records.study, outdated)),
        ("Near copies of training images", sections.copies(result) + _pairs(result, images, sampler)),
        ("Membership test", sections.membership(membership_results.load_membership(run, result.snapshot))),
        ("Blind reader test", sections.readings(records.readings)),
        ("Terms", terms.terms_list()),
        ("Limits", text.limits(result, records.study)),
        ("Methods", text.methods(result, records.study)),
        ("Model card", sections.model_card(run, records.info, result)),
    ]
    body = "".join(f"<section><h2>{html.escape(name)}</h2>{part}</section>" for name, part in parts if part)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{text.STYLE}{study_style.STYLE}</style></head>"
        f"<body><main><header><h1>{html.escape(title)}</h1>"
        f'<p class="quiet">{html.escape(records.info.title)}; made {created} with GAN workbench {__version__}. '
        f"Synthetic images are not for clinical use.</p></header>{body}</main></body></html>"
    )


def _verdict(verdict: Verdict) -> str:
    """The label and the sentence of the verdict on the snapshot, as every page has them."""
    text = f"<strong>{html.escape(verdict.label)}.</strong> {html.escape(verdict.sentence)}"
    return f'<p class="verdict {verdict.level}">{text}</p>'


def _samples(records: ReportRecords, images: ImageSet, sampler: "Sampler") -> str:
    """Real validation images and unselected generated images of each condition, side by side."""
    info, result = records.info, records.result
    counts = list(info.training_counts().values())
    rarest = sorted(range(len(info.names)), key=lambda k: counts[k])[:MAX_CONDITIONS]
    values = info.channels * info.native_size**2
    across = int(np.clip(PIXELS // (2 * len(rarest) * values), MIN_PER_ROW, MAX_PER_ROW))
    start = int(result.made_with["positions"]["combinations"])
    rows, val, requested = [], images.rows("val"), conditions.single_conditions(info)
    for k in rarest:
        chosen = val[images.conditions[val, k] == 1][:across]
        real = crop_padding(np.asarray(images.images[chosen]), images.native_size)
        generated = sampler.generate(requested[k].sample(info, across, 0), result.made_with["seed"], start + k * across)
        name = html.escape(info.names[k])
        rows.append(
            f"<tr><th>{name}</th><td>{_sheet(real, f'Real images of {name}', {})}</td>"
            f"<td>{_sheet(generated, f'Generated images of {name}', MARK)}</td></tr>"
        )
    rest = len(info.names) - len(rarest)
    return (
        '<div class="wide"><table class="images"><tr><th></th><th>Real, validation</th><th>Generated, unselected</th>'
        f"</tr>{''.join(rows)}</table></div>"
        f'<p class="quiet">The rarest conditions first{f"; {rest} more are not shown" if rest else ""}. Seed '
        f"{result.made_with['seed']}, from position {start} on.</p>"
    )


def _pairs(result: EvaluationResult, images: ImageSet, sampler: "Sampler") -> str:
    """The closest pairs: generated image above, nearest training image below."""
    made, real = closest_pairs.closest_pair_images(result, sampler, images)
    most = max(MIN_PER_ROW, min(len(made), PIXELS // (8 * made[0].size)))
    both = np.concatenate([made[:most], real[:most]])
    sheet = _sheet(both, "Generated images above, the nearest training image of each below", MARK_OF_BOTH, most)
    return (
        f'<div class="wide">{sheet}</div><p class="quiet">The closest pairs: generated above, the nearest training '
        "image below.</p>"
    )


def _sheet(tiles: NDArray[np.uint8], alt: str, text: Mapping[str, str], columns: int | None = None) -> str:
    """Images (n, C, H, H) as one `<img>` with `text` in its PNG, in rows of `columns`, by default in one row."""
    if not len(tiles):
        return '<span class="quiet">none</span>'
    picture = make_grid(tiles, columns or len(tiles))
    scale = max(1, round(SIDE / tiles.shape[-1]))
    source = data_uri(encode_picture(picture, text, optimize=True))
    return f'<img alt="{alt}" width="{picture.width * scale}" src="{source}">'
