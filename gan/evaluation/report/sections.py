"""The sections of a report that show numbers: plain HTML from a Result and a StudyResult. No torch."""

import html
import json
from collections.abc import Sequence
from typing import Any

from gan.data.info import DatasetInfo
from gan.evaluation.reader_study import Reading
from gan.evaluation.records import interpretation
from gan.evaluation.records.interpretation import Score
from gan.evaluation.records.membership_results import MembershipResult
from gan.evaluation.records.results import FEATURES, EvaluationResult
from gan.evaluation.records.study_results import StudyResult
from gan.evaluation.report import svg
from gan.evaluation.report.svg import Point, Series
from gan.runs.run import Run

SPLITS = {"val": "validation", "test": "test"}
OVER_TIME = {"obedience_balanced": "Obedience", "cas_balanced": "CAS", "precision": "Precision", "coverage": "Coverage"}


def conclusion(result: EvaluationResult, found: StudyResult | None) -> str:
    """The verdict of the study where there is one, and what the scores mean."""
    verdict = [f'<p class="verdict {found.verdict_kind}">{html.escape(found.verdict)}</p>'] if found else []
    told = [f"<p>{html.escape(sentence)}</p>" for sentence in interpretation.conclusion(result, found is not None)]
    return "".join([*verdict, *told, *_notices(result.notices)])


def scores(result: EvaluationResult) -> str:
    """Every score with its interval, beside what it is to be read against."""
    rows = [_score(score, result) for score in interpretation.SCORES]
    ratio = result.diversity["ratio"]
    if ratio is not None:
        rows.append(["Variety within a condition", f"{ratio:.0%}", "", "", "100%", "Of that of real images."])
    n, half = result.n["scores"], result.n["floor"]
    return (
        f"<p>Against {n:,} real {SPLITS[result.split]} images, in {FEATURES[result.features]}.</p>"
        + table(["Score", "Value", "95%", f"At n = {half}", "Real images", "What it says"], rows)
        + f'<p class="quiet">"Real images" is what real images reach against one another, {half} against {half}, or, '
        "for obedience and CAS, what a classifier trained on real images reaches: compare it with the number left of "
        "it.</p>"
    )


def _score(score: Score, result: EvaluationResult) -> list[str]:
    value, interval = float(getattr(result, score.key)), result.intervals.get(score.key)
    if score.beside == "floor":
        like, floor = _said(score, result.like_floor[score.key]), _said(score, result.floor[score.key])
    else:
        like, floor = "", _said(score, float(getattr(result, score.beside)))
    spread = f"{_said(score, interval[0])} to {_said(score, interval[1])}" if interval else ""
    return [score.name, _said(score, value), spread, like, floor, score.says]


def _said(score: Score, value: float) -> str:
    return f"{value:.1%}" if score.scale == "share" else f"{value:.3g}"


def history(there: Sequence[EvaluationResult], best: int | None) -> str:
    """How scores changed over the training; nothing where only one snapshot was scored."""
    if len(there) < 2:
        return ""
    floor, real = there[-1].floor["kid"], there[-1].real_accuracy_balanced
    distance = svg.chart(
        [_series(there, "kid", "Kernel distance")],
        title="Kernel distance over the training",
        x="thousand images seen",
        y="kernel distance",
        line=(floor, "real against real"),
    )
    shares = svg.chart(
        [_series(there, key, name) for key, name in OVER_TIME.items()],
        title="Obedience, CAS, precision and coverage over the training",
        x="thousand images seen",
        y="",
        line=(real, "trained on real images"),
        percent=True,
    )
    marked = (
        f"Best snapshot, by the lowest kernel distance on the validation split: after {best:,} images. Where intervals "
        "overlap, the difference may be chance."
        if best
        else ""
    )
    return f'<div class="charts">{distance}{shares}</div><p class="quiet">{marked}</p>'


def _series(there: Sequence[EvaluationResult], key: str, name: str) -> Series:
    return Series(name, [Point(one.snapshot / 1000, float(getattr(one, key)), *one.intervals[key]) for one in there])


def by_condition(result: EvaluationResult) -> str:
    """A row for each condition, the rarest first, and the combinations that no real image shows."""
    head = ["Condition", "Training images", "Shown when asked", "95%", "Seen in real ones", "CAS", "Taught by real"]
    rows = [
        [row["condition"], f"{row['synthetic']:,}", _percent(row["shown"]), _interval(row["intervals"]["shown"])]
        + [
            _percent(row[key])
            for key in ("shown_in_real", "cas", "real_accuracy", "precision", "coverage", "diversity")
        ]
        + [f"{row['near_copies']} of {row['checked']}"]
        for row in sorted(result.per_condition, key=lambda row: int(row["synthetic"]))
    ]
    text = table([*head, "Precision", "Coverage", "Variety", "Near copies"], rows)
    if result.combinations:
        unseen = [
            [
                row["condition"].replace(",", ", "),
                str(row["real"]),
                str(row["synthetic"]),
                _percent(row["obedience"]),
                _interval(row["interval"]),
            ]
            for row in result.combinations
        ]
        text += "<h3>Combinations that no real image shows</h3>"
        text += table(["Combination", "Real images", "Generated", "Both seen", "95%"], unseen)
    return text


def copies(result: EvaluationResult) -> str:
    """How many near copies there are, against held-out real images."""
    found, held = result.near_copies, result.near_copies["held_out"]
    return (
        f"<p>{found['count']:,} of {found['checked']:,} generated images are near copies of a training image "
        f"(95% interval {_interval(found['interval'])}); of {held['checked']:,} held-out real images, "
        f"{held['count']:,} are. A near copy lies much closer to one training image than to the next thirty: closeness "
        f"below {found['threshold']:.2f}.</p>"
    )


def membership(found: MembershipResult | None) -> str:
    """What the membership test found; that there was none is said too."""
    if found is None:
        return "<p>Not tested: whether the images betray who was in the training set is not known.</p>"
    low, high = found.control_auc
    return (
        f"<p>{html.escape(found.verdict)} Splits of the training images alone lie from {low:.2f} to {high:.2f}; "
        f"{found.n['members']:,} training and {found.n['held_out']:,} held-out images.</p>"
        + "".join(_notices(found.notices))
    )


def readings(found: Sequence[Reading]) -> str:
    """What blind readers said; nothing where there was none."""
    parts = []
    for one in found:
        said = one.findings()
        if said is not None:
            parts.append(
                f"<p><b>{html.escape(one.reader)}</b>, {one.count} images. {html.escape(said.sentence())} Generated "
                f"images taken for real: {said.made_taken_for_real}; plausible: {said.made_plausible}. Real images "
                f"taken for real: {said.real_taken_for_real}; plausible: {said.real_plausible}.</p>"
            )
    return "".join(parts)


def model_card(run: Run, info: DatasetInfo, result: EvaluationResult) -> str:
    """What the model is, what it was trained on, and all that is needed to compute the numbers again.

    The run's notes stand in it too, such as the source and the licence of one's own images.
    """
    counts = info.conditions.sum(axis=0, dtype=int)
    trained_on = ", ".join(f"{name} {count:,}" for name, count in zip(info.names, counts, strict=True))
    rows = [
        ["Model", f"Conditional GAN, family {run.config.model.family}, averaged generator"],
        ["Run and snapshot", f"{run.name}, after {result.snapshot:,} images"],
        ["Generator SHA-256", str(result.made_with["generator_sha256"])],
        ["Training data", f"{info.title}; {info.source}"],
        ["Licence of the data", info.licence],
        ["Training images", f"{len(info.conditions):,}: {trained_on}"],
        ["Images", f"{info.native_size} px, {'grey' if info.channels == 1 else 'colour'}"],
        ["Meant for", "Research: adding to real training images where a study says that it helps; teaching; testing."],
        ["Not meant for", "Diagnosis, or standing in for real test images: what it never saw it cannot show."],
    ]
    if run.about.notes:
        rows.insert(2, ["Notes", run.about.notes])
    again = json.dumps(result.made_with | {"config": run.config.without_local_paths()}, indent=1)
    command = f"python -m gan evaluate {run.name} --snapshot {result.snapshot} --split {result.split}"
    return (
        table([], rows)
        + f"<p>Again: <code>{html.escape(command)}</code></p><details><summary>Hashes, seeds, versions and options"
        f"</summary><pre>{html.escape(again)}</pre></details>"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that scrolls within the page where it is wider."""
    top = f"<tr>{''.join(f'<th>{html.escape(cell)}</th>' for cell in head)}</tr>" if head else ""
    body = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table>{top}{body}</table></div>'


def _notices(notices: Sequence[str]) -> list[str]:
    return [f'<p class="notice">{html.escape(notice)}</p>' for notice in notices]


def _percent(value: Any) -> str:
    return "" if value is None else f"{value:.0%}"


def _interval(pair: Any) -> str:
    return "" if pair is None else f"{pair[0]:.1%} to {pair[1]:.1%}"
