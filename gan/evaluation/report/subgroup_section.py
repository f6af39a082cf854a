"""A study's results by subgroup of the test images, such as sex or scanner, as a table. No torch."""

import html

from gan.evaluation.number_format import points_with_interval
from gan.evaluation.records.intervals import score_with_interval
from gan.evaluation.records.study_results import Regime, StudyResult
from gan.evaluation.records.subgroup_results import left_out_sentence
from gan.evaluation.study.study_options import macro_name

READING = (
    "Intervals are 95% each and corrected for nothing: with many subgroups, some are off by chance. No subgroup result "
    "is a verdict. Values are compared where at least ten test groups of each class have them; a mean over attributes "
    "has those that ten groups with the value have, and ten lack."
)


def subgroup_part(study: StudyResult, regime: Regime) -> str:
    """The sentence and table of a regime as HTML; "" without subgroups. The gains are in the forest plot too."""
    found = regime.subgroups
    if not (found.compared or found.left_out):
        return ""
    parts = ["<h4>By subgroup of the test images (exploratory)</h4>"]
    if found.words:
        parts.append(f"<p>{html.escape(found.words)}</p>")
    if found.compared:
        parts.append(subgroup_table(study, regime))
    quiet = f"{READING} {left_out_sentence(found)}".strip()
    return "".join([*parts, f'<p class="quiet">{html.escape(quiet)}</p>'])


def subgroup_table(study: StudyResult, regime: Regime) -> str:
    """A row for each value of each subgroup, as an HTML table; "" where none is compared."""
    compared = [regime.tested_arm(name).plan.words for name in (regime.gain.arm, regime.gain.over)]
    chosen, strongest = map(html.escape, compared)
    metric = macro_name(study.primary, bool(regime.attributes))
    head = ["Subgroup", "Images", "Groups", f"{chosen}: {metric}", f"{strongest}: {metric}", "Gain, points (95%)"]
    rows = []
    for one in regime.subgroups.compared:
        cells = [
            html.escape(one.words),
            f"{one.images:,}",
            f"{one.groups:,}",
            score_with_interval(one.chosen, study.primary),
            score_with_interval(one.strongest, study.primary),
            points_with_interval(one.gain.mean, one.gain.low, one.gain.high),
        ]
        rows.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    if not rows:
        return ""
    top = f"<tr>{''.join(f'<th>{cell}</th>' for cell in head)}</tr>"
    return f'<div class="wide"><table class="arms subgroups">{top}{"".join(rows)}</table></div>'
