"""The report's section on the augmentation study: verdicts, plan, forest plot and tables. No torch."""

import html
import time
from collections import Counter

from gan.evaluation.number_format import detectable_points
from gan.evaluation.records.study_results import Regime, StudyResult
from gan.evaluation.records.study_text import own_test_sentence, without_copies_sentence
from gan.evaluation.report import study_table, subgroup_section
from gan.evaluation.report.forest import forest_groups
from gan.evaluation.report.forest_plot import forest_plot

READING = (
    "A gain is the score of a training set minus that of the best of three that need no generator: those that did "
    "best on validation images. A point is 1% of balanced accuracy, or 0.01 of AUROC or average precision. One set "
    "was chosen on validation images and is confirmed on the test images; its interval covers the variation of test "
    "images and seeds, and is corrected for the number of regimes. A set harms if it is worse than the one set that "
    "is trained as it is, with as many images added. All other gains are exploratory: they are no findings. Filtered "
    "sets add as many images as others."
)

AGAINST = ("Against", "and", "and")
"""The controls to beat, the strongest first."""


def section(study: StudyResult | None, outdated: bool = False) -> str:
    """Each regime of the study, or a sentence where there is no readable study."""
    if study is None and outdated:
        return "<p>The study of this snapshot was made by another version, which compared other training sets.</p>"
    if study is None:
        return "<p>There is no study of this snapshot: whether its images help is not known.</p>"
    parts = [f'<p class="verdict {study.verdict_kind}">{html.escape(study.verdict)}</p>']
    parts += [_regime(study, regime) for regime in study.regimes]
    quiet = [READING, *(f"Not run at {arms.share:.0%}: {arms.arms}. {arms.why}" for arms in study.left)]
    parts += [f'<p class="quiet">{html.escape(text)}</p>' for text in quiet]
    return "".join([*parts, *(f'<p class="notice">{html.escape(notice)}</p>' for notice in study.notices)])


def _regime(study: StudyResult, regime: Regime) -> str:
    sentences = [regime.verdict] if regime.verdict != study.verdict else []
    sentences += further_sentences(regime)
    said = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in sentences)
    exploratory = f"<p>{html.escape(regime.filtering.words)}</p>{study_table.arms_table(study, regime)}"
    return (
        f"<h3>{regime.images:,} real training images ({regime.share:.0%})</h3>{said}{plan_box(study, regime)}"
        f"{forest_plot(forest_groups(study, regime), study.metric(regime))}{study_table.tested_table(study, regime)}"
        f"{study_table.attributes_table(regime)}"
        f"{_folded('Other metrics on the test images', study_table.metrics_table(study, regime))}"
        f"{subgroup_section.subgroup_part(study, regime)}{_folded(exploratory_title(study), exploratory)}"
    )


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{html.escape(title)}</summary>{body}</details>"


def exploratory_title(study: StudyResult) -> str:
    """The heading of the table of all training sets."""
    return f"All training sets on {study.validation:,} validation images (exploratory, no verdict)"


def plan_box(study: StudyResult, regime: Regime) -> str:
    """What was planned for a regime, and when, as an HTML list."""
    rows = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(text)}</dd>" for name, text in plan(study, regime))
    return f'<dl class="plan">{rows}</dl>'


def plan(study: StudyResult, regime: Regime) -> list[tuple[str, str]]:
    """What was planned for a regime before its test images were read, as (what, text)."""
    choices, expected = regime.choice.divisions, regime.choice.detectable
    rows = [
        (
            "Planned",
            f"{time.strftime('%Y-%m-%d %H:%M', time.localtime(study.planned))}, before any test image was read",
        ),
        ("To test", _chosen(regime, [choice.arm for choice in choices])),
        *(
            (name, _chosen(regime, list(names)))
            for name, names in zip(AGAINST, zip(*(choice.controls for choice in choices), strict=True), strict=False)
        ),
        (
            "Chosen by",
            f"{study.metric(regime)} on {study.validation:,} validation images, {study.selection_seeds} seeds",
        ),
        ("Test", f"{study.seeds} other seeds" + (f", in {len(choices)} folds" if len(choices) > 1 else "")),
    ]
    if expected is not None:
        rows.append(("Expected to see", f"a gain of {detectable_points(expected)} points or more, with a power of 80%"))
    return rows


def _chosen(regime: Regime, names: list[str]) -> str:
    """The words of the arms that the divisions chose, the most frequent first: `MixUp in 3 of 5 folds; ...`."""
    words = {arm.plan.name: arm.plan.words for arm in (*regime.tested, *regime.arms)}
    if len(set(names)) == 1:
        return words.get(names[0], names[0])
    counted = Counter(words.get(name, name) for name in names).most_common()
    return "; ".join(f"{text} in {count} of {len(names)} folds" for text, count in counted)


def further_sentences(regime: Regime) -> list[str]:
    """The verdict on the external test set, that without near copies of training images, and the result on the set's
    own test split alone, where there are any."""
    found = [] if regime.external is None else [regime.external.verdict]
    return found + [text for text in (without_copies_sentence(regime), own_test_sentence(regime)) if text]
