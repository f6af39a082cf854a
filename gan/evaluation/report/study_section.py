"""The report's section on the augmentation study: verdicts, charts and tables. No torch."""

import html

from gan.evaluation.records.study_results import Filtering, Gain, Regime, StudyResult
from gan.evaluation.report import study_table, svg
from gan.evaluation.report.svg import Point, Series

READING = (
    "A gain is the balanced accuracy of an arm minus that of its best comparator: real images alone, real images with "
    "classical augmentation, as many duplicated real images, and, where classes are filled up, these duplicates with "
    "classical augmentation. Its interval covers the variation of test images and seeds, and is corrected for the "
    "number of arms. Filtered arms add as many images as unfiltered ones."
)


def section(study: StudyResult | None, outdated: bool = False) -> str:
    """Each regime of the study with charts and a table, or a sentence where there is no readable study."""
    if study is None and outdated:
        return "<p>The study of this snapshot was made by another version, which compared other training sets.</p>"
    if study is None:
        return "<p>There is no study of this snapshot: whether its images help is not known.</p>"
    parts = [f'<p class="verdict {study.verdict_kind}">{html.escape(study.verdict)}</p>']
    for regime in study.regimes:
        count = sum(regime.real.values())
        verdict = f"<p>{html.escape(regime.verdict)}</p>" if regime.verdict != study.verdict else ""
        parts.append(
            f"<h3>{count:,} real training images ({regime.share:.0%})</h3>{verdict}"
            f'<p>{html.escape(regime.filtering.words)}</p><div class="charts">{_gain(regime)}'
            f"{_keep_rates(regime.filtering)}</div>{study_table.arms_table(regime, study.rarest)}"
        )
    quiet = [READING, *(f"Not run at {arms.share:.0%}: {arms.arms}. {arms.why}" for arms in study.left)]
    parts += [f'<p class="quiet">{html.escape(text)}</p>' for text in quiet]
    return "".join([*parts, *(f'<p class="notice">{html.escape(notice)}</p>' for notice in study.notices)])


def _gain(regime: Regime) -> str:
    lines = study_table.gain_lines(regime)

    def point(place: int, line: int, gain: Gain) -> Point:
        across = study_table.dodge(place, line, len(lines))
        return Point(across, gain.value, gain.corrected_low, gain.corrected_high)

    series = [
        Series(
            one.name,
            [point(place, number, gain) for place, gain in one.by_ratio],
            [point(place, number, gain) for place, gain in one.apart],
        )
        for number, one in enumerate(lines)
    ]
    return svg.chart(
        series,
        title="Gain in balanced accuracy by the number of added synthetic images",
        x="synthetic images for each real one",
        y="gain in balanced accuracy",
        line=(0.0, "no gain"),
        percent=True,
        places=study_table.amounts(regime),
    )


def _keep_rates(filtering: Filtering) -> str:
    rates = [Point(place, rate.value, rate.low, rate.high) for place, rate in enumerate(filtering.rates)]
    return svg.chart(
        [Series("Keeping fewer against keeping all", rates)],
        title="Difference in balanced accuracy by the share of synthetic images kept",
        x="share of the synthetic images kept",
        y="difference in balanced accuracy",
        line=(0.0, "as keeping all"),
        percent=True,
        places=[f"{100 * rate.keep:g}%" for rate in filtering.rates],
    )
