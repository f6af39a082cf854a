"""A study's training sets as HTML tables, for pages and reports. No torch."""

import html
from collections.abc import Sequence

from gan.evaluation.number_format import percent, percent_with_interval, points_with_interval
from gan.evaluation.records.intervals import MeanInterval, score_with_interval
from gan.evaluation.records.study_results import Arm, Gain, Regime, StudyResult, ranked_attributes
from gan.evaluation.records.study_text import gain_over
from gan.evaluation.study.study_options import PRIMARY_METRICS, metric_name

PLAIN, WITH_CLASSICAL = "Synthetic images", "Synthetic images and classical augmentation"
BETTER = "Only the better synthetic images and classical augmentation"
OTHERWISE = "Synthetic images mixed into each batch, or first, and classical augmentation"
CONTROLS = "Without synthetic images"
WAYS = {False: PLAIN, True: WITH_CLASSICAL}
OVER = "Gain of the chosen set over this one, points (95%, corrected)"


def groups(regime: Regime) -> list[tuple[str, list[Arm]]]:
    """The arms in named groups."""
    synthetic = [arm for arm in regime.arms if not arm.plan.is_free]
    added = [arm for arm in synthetic if arm.plan.keep is None and arm.plan.use == "added"]
    named = [
        (CONTROLS, [arm for arm in regime.arms if arm.gain is None]),
        *((name, [arm for arm in added if arm.plan.augmented == way]) for way, name in WAYS.items()),
        (BETTER, [arm for arm in regime.arms if arm.plan.keep is not None]),
        (OTHERWISE, [arm for arm in synthetic if arm.plan.use != "added"]),
    ]
    return [(name, arms) for name, arms in named if arms]


def tested_table(study: StudyResult, regime: Regime) -> str:
    """The confirmed arm and its controls as an HTML table: scores on the test images and the corrected gain over each
    control; on the external test set too where there is one."""
    external = regime.external
    place = " on the test images" if external is not None else ""
    head = ["Training set", _capitalised(study.metric(regime)) + place, OVER.replace(",", f"{place},", 1)]
    if external is not None and study.external is not None:
        name = study.external.name
        head += [f"{_capitalised(study.metric(regime))} on {name}", OVER.replace(",", f" on {name},", 1)]
    rows = []
    for arm in regime.tested:
        scores = score_with_interval(arm.primary(study.primary), study.primary)
        cells = [_cell(arm.plan.words), _cell(scores), _cell(gain_over(regime, arm.plan.name), "gain")]
        if external is not None:
            score = score_with_interval(external.scores[arm.plan.name], study.primary)
            cells += [_cell(score), _cell(_gain_over(external.gain, arm.plan.name), "gain")]
        rows.append("".join(cells))
    return _table("arms tested", head, rows)


def arms_table(study: StudyResult, regime: Regime) -> str:
    """All arms on validation images as an HTML table, in groups; the groups' headings name what synthetic arms add."""
    head = [
        "Training set",
        "Added",
        "Steps",
        _capitalised(study.metric(regime)),
        "Gain over the strongest control, points (95%, not corrected)",
    ]
    rows = []
    for name, arms in groups(regime):
        rows.append(f'<th colspan="{len(head)}">{html.escape(name)}</th>')
        for arm in arms:
            gain = points_with_interval(arm.gain.value, arm.gain.low, arm.gain.high) if arm.gain else ""
            cells = [
                _cell(arm.plan.words if arm.gain is None else arm.plan.amount),
                _cell(f"{sum(arm.plan.added.values()):,}"),
                _cell(f"{arm.steps:,}"),
                _cell(score_with_interval(arm.primary(study.primary), study.primary)),
                _cell(gain, "gain"),
            ]
            rows.append("".join(cells))
    return _table("arms exploratory", head, rows)


def metrics_table(study: StudyResult, regime: Regime) -> str:
    """All other metrics of the confirmed arm and its controls on the test images, as an HTML table."""
    others = [key for key in PRIMARY_METRICS if key != study.primary]
    head = [
        "Training set",
        "Images added",
        "Steps",
        *(_capitalised(metric_name(key, len(regime.attributes))) for key in others),
        "Balanced accuracy at one half" if regime.attributes else "Balanced accuracy, argmax",
        f"Sensitivity, {regime.rarest}",
        f"Specificity, {regime.rarest}",
        f"Sensitivity at specificity {study.specificity:.0%}, {regime.rarest}",
        f"F1, {regime.rarest}",
        "Brier score",
        "ECE",
    ]
    rows = []
    for arm in regime.tested:
        cells = [
            arm.plan.words,
            f"{sum(arm.plan.added.values()):,}",
            f"{arm.steps:,}",
            *(score_with_interval(arm.primary(key), key) for key in others),
            percent(arm.argmax),
            _percent(arm.sensitivity[regime.rarest]),
            _percent(arm.specificity[regime.rarest]),
            percent(arm.sensitivity_at),
            f"{arm.rarest_f1:.3f}",
            f"{arm.brier:.3f}",
            f"{arm.ece:.3f}",
        ]
        rows.append("".join(map(_cell, cells)))
    return _table("arms metrics", head, rows)


def attributes_table(regime: Regime) -> str:
    """The tested arms by attribute, the rarest first, as an HTML table; "" for a set of classes."""
    head, rows = ["Training set", "AUROC", "Average precision", "Sensitivity", "Specificity"], []
    for name in ranked_attributes(regime):
        of_all = f"{name}: {regime.real[name]:,} of {regime.images:,} training images"
        rows.append(f'<th colspan="{len(head)}">{html.escape(of_all)}</th>')
        for arm in regime.tested:
            cells = [
                arm.plan.words,
                score_with_interval(arm.aurocs[name], "auroc"),
                score_with_interval(arm.average_precisions[name], "average_precision"),
                _percent(arm.sensitivity[name]),
                _percent(arm.specificity[name]),
            ]
            rows.append("".join(map(_cell, cells)))
    return _table("arms attributes", head, rows) if rows else ""


def _gain_over(gain: Gain, name: str) -> str:
    """The corrected gain over the strongest control; "" for another arm."""
    return points_with_interval(gain.value, gain.corrected_low, gain.corrected_high) if name == gain.over else ""


def _table(style: str, head: Sequence[str], rows: Sequence[str]) -> str:
    top = f"<tr>{''.join(f'<th>{html.escape(cell)}</th>' for cell in head)}</tr>"
    group = '<tr class="group">'
    body = "".join(f"{group if row.startswith('<th') else '<tr>'}{row}</tr>" for row in rows)
    return f'<div class="wide"><table class="{style}">{top}{body}</table></div>'


def _cell(text: str, style: str = "") -> str:
    kind = f' class="{style}"' if style else ""
    return f"<td{kind}>{html.escape(text)}</td>"


def _capitalised(name: str) -> str:
    return name[0].upper() + name[1:]


def _percent(measured: MeanInterval) -> str:
    return percent_with_interval(measured.mean, measured.low, measured.high)
