"""A study's results on an external test set, as a sentence and a table. No torch."""

import html

from gan.evaluation.number_format import points, points_interval
from gan.evaluation.records.intervals import score_with_interval
from gan.evaluation.records.study_results import Regime, StudyResult
from gan.evaluation.study.study_options import PRIMARY_METRICS


def external_part(study: StudyResult, regime: Regime) -> str:
    """The verdict and the scores on the external test set as HTML; "" without one."""
    if regime.external is None:
        return ""
    return f"<p>{html.escape(regime.external.verdict)}</p>{external_table(study, regime)}"


def external_table(study: StudyResult, regime: Regime) -> str:
    """A row for each tested training set with its scores on both test sets, as an HTML table; "" without an external
    one."""
    external, own = regime.external, regime.gain
    if external is None or study.external is None:
        return ""
    metric, name = PRIMARY_METRICS[study.primary], html.escape(study.external.name)
    gain = external.gain
    head = [
        "Training set",
        f"{metric} on the test images",
        f"{metric} on {name}",
        "Gain on the test images, points (95%, corrected)",
        f"Gain on {name}, points (95%, corrected)",
    ]
    here = {own.over: f"{points(own.value)} ({points_interval(own.corrected_low, own.corrected_high)})"}
    there = {gain.over: f"{points(gain.value)} ({points_interval(gain.corrected_low, gain.corrected_high)})"}
    rows = []
    for arm in regime.tested:
        key = arm.plan.name
        cells = [
            html.escape(arm.plan.words),
            score_with_interval(arm.primary(study.primary), study.primary),
            score_with_interval(external.scores[key], study.primary),
            here.get(key, ""),
            there.get(key, ""),
        ]
        rows.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    top = f"<tr>{''.join(f'<th>{cell}</th>' for cell in head)}</tr>"
    return f'<div class="wide"><table class="arms external">{top}{"".join(rows)}</table></div>'


def external_methods(study: StudyResult) -> str:
    """How the external test set was used, for the methods paragraph; "" without one."""
    found = study.external
    if found is None:
        return ""
    folds = any(len(regime.choice.divisions) > 1 for regime in study.regimes)
    shared = (
        " The classifiers of every fold predicted all of these images: a score is the mean over the folds, and its "
        "variance over images that of an image's mean influence, since the folds share the images."
    )
    return (
        f" The same classifiers were tested on {found.images:,} images of the external test set {found.name}, which "
        "nothing had read before the plan was written. Images of classes that the run does not have, and near copies "
        f"of training images, were left out.{shared if folds else ''} The correction is over both test sets."
    )
