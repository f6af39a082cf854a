"""The report's section on the augmentation study: verdicts, charts and tables. No torch."""

import html
import time

from gan.evaluation.records.study_results import ExploratoryGain, Regime, StudyResult
from gan.evaluation.report import external_section, study_table, subgroup_section, svg
from gan.evaluation.report.svg import Point, Series

READING = (
    "A gain is the score of a training set minus that of the strongest that needs no generator, chosen on validation "
    "images: real images alone, real images with classical augmentation, duplicated real images, or, where classes are "
    "unequal, rare ones filled up with duplicates. A point is 1% of balanced accuracy, or 0.01 of AUROC or average "
    "precision. One set was chosen on validation images and is confirmed on the test images; its interval covers the "
    "variation of test images and seeds, and is corrected for the number of regimes. A set harms if it is worse than "
    "the one set that is trained as it is, with as many images added. All other gains are exploratory, on validation "
    "images: they are no findings. "
    "Filtered sets add as many images as others."
)


def section(study: StudyResult | None, outdated: bool = False) -> str:
    """Each regime of the study with charts and a table, or a sentence where there is no readable study."""
    if study is None and outdated:
        return "<p>The study of this snapshot was made by another version, which compared other training sets.</p>"
    if study is None:
        return "<p>There is no study of this snapshot: whether its images help is not known.</p>"
    parts = [f'<p class="verdict {study.verdict_kind}">{html.escape(study.verdict)}</p>']
    for regime in study.regimes:
        verdict = f"<p>{html.escape(regime.verdict)}</p>" if regime.verdict != study.verdict else ""
        parts.append(
            f"<h3>{regime.images:,} real training images ({regime.share:.0%})</h3>{verdict}"
            f"{_without_copies(regime)}<p>{html.escape(plan_sentence(study, regime))}</p>"
            f"{study_table.tested_table(study, regime)}{study_table.attributes_table(regime)}"
            f"{external_section.external_part(study, regime)}"
            f"{subgroup_section.subgroup_part(study, regime)}"
            f'<p>{html.escape(regime.filtering.words)}</p><div class="charts">{_gain(study, regime)}'
            f"{_keep_rates(study, regime)}</div>{study_table.arms_table(study, regime)}"
        )
    quiet = [READING, *(f"Not run at {arms.share:.0%}: {arms.arms}. {arms.why}" for arms in study.left)]
    parts += [f'<p class="quiet">{html.escape(text)}</p>' for text in quiet]
    return "".join([*parts, *(f'<p class="notice">{html.escape(notice)}</p>' for notice in study.notices)])


def plan_sentence(study: StudyResult, regime: Regime) -> str:
    """What was planned for a regime, when, and by what."""
    chosen, strongest = (regime.tested_arm(name).plan.words for name in (regime.gain.arm, regime.gain.over))
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(study.planned))
    expected = regime.choice.detectable
    seen = f" It was expected to see a gain of {100 * expected:.1f} points." if expected is not None else ""
    return (
        f"Planned on {when}, before any test image was read, by {study.validation:,} validation images and "
        f"{study.selection_seeds} seeds: to compare {_quoted(chosen)} with {_quoted(strongest)}, the strongest "
        f"without synthetic images, with {study.seeds} other seeds.{seen}"
    )


def without_copies_sentence(regime: Regime) -> str:
    """The verdict without near copies of training images; "" where the test images hold none."""
    return f"Without test images that are near copies of training images: {regime.without_copies}" * bool(
        regime.without_copies
    )


def _without_copies(regime: Regime) -> str:
    sentence = without_copies_sentence(regime)
    return f"<p>{html.escape(sentence)}</p>" if sentence else ""


def _quoted(words: str) -> str:
    return f"“{words}”"


def _gain(study: StudyResult, regime: Regime) -> str:
    lines = study_table.gain_lines(regime)
    count = len(lines) + 1

    def point(place: int, line: int, gain: ExploratoryGain) -> Point:
        return Point(study_table.dodge(place, line, count), gain.value, gain.low, gain.high)

    series = [
        Series(
            one.name,
            [point(place, number, gain) for place, gain in one.by_ratio],
            [point(place, number, gain) for place, gain in one.apart],
        )
        for number, one in enumerate(lines)
    ]
    confirmed, across = regime.gain, study_table.dodge(study_table.confirmed_position(regime), len(lines), count)
    tested = Point(across, confirmed.value, confirmed.corrected_low, confirmed.corrected_high)
    series.append(Series("Confirmed on test images", [tested]))
    name = study.metric(regime)
    return svg.chart(
        series,
        title=f"Gain in {name} by the number of added synthetic images",
        x="synthetic images for each real one",
        y=f"gain in {name}",
        line=(0.0, "no gain"),
        percent=True,
        places=study_table.amounts(regime),
    )


def _keep_rates(study: StudyResult, regime: Regime) -> str:
    name, filtering = study.metric(regime), regime.filtering
    rates = [Point(place, rate.value, rate.low, rate.high) for place, rate in enumerate(filtering.rates)]
    return svg.chart(
        [Series("Keeping fewer against keeping all", rates)],
        title=f"Difference in {name} on validation images by the share of synthetic images kept",
        x="share of the synthetic images kept",
        y=f"difference in {name}",
        line=(0.0, "as keeping all"),
        percent=True,
        places=[f"{100 * rate.keep:g}%" for rate in filtering.rates],
    )
