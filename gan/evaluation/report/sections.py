"""The report's sections with numbers, as HTML from the records of a run. No torch."""

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from gan.config import glossary, settings
from gan.data.info import DatasetInfo
from gan.evaluation.number_format import measure, percent, percent_interval
from gan.evaluation.reader_study import Reading
from gan.evaluation.records import interpretation
from gan.evaluation.records.interpretation import Score
from gan.evaluation.records.membership_results import MembershipResult
from gan.evaluation.records.results import FEATURES, EvaluationResult
from gan.evaluation.records.study_results import StudyResult
from gan.evaluation.report import svg
from gan.evaluation.report.svg import Point, Series
from gan.runs import parents
from gan.runs.run import Run

SPLITS = {"val": "validation", "test": "test"}
OVER_TIME = {"obedience_balanced": "Obedience", "cas_balanced": "CAS", "precision": "Precision", "coverage": "Coverage"}


def conclusion(result: EvaluationResult, study: StudyResult | None, counts: Mapping[str, int]) -> str:
    """The study's verdict, if any, and conclusions from the scores."""
    verdict = [f"<p>{html.escape(study.verdict)}</p>"] if study else []
    texts = interpretation.conclusion(result, counts, study is not None)
    sentences = [f"<p>{html.escape(sentence)}</p>" for sentence in texts]
    return "".join([*verdict, *sentences, *_notices(result.notices)])


def scores(result: EvaluationResult) -> str:
    """Every score with its interval, beside the value for real images."""
    rows = [_score(score, result) for score in interpretation.SCORES]
    ratio = result.diversity["ratio"]
    if ratio is not None:
        rows.append(["Diversity", percent(ratio, 0), "", "", "100%", glossary.meaning("Diversity")])
    n, half, without = result.n["scores"], result.n["floor"], result.split_copies and result.split_copies["without"]
    head = ["Score", "Value", "95%", f"At n = {half}", "Real images", "What it says"]
    if result.own is not None:
        head.insert(5, "In own features (real images)")
        for row, score in zip(rows, interpretation.SCORES, strict=False):
            row.insert(5, _in_own_features(score, result.own))
        for row in rows[len(interpretation.SCORES) :]:
            row.insert(5, "")
    if without:
        head.insert(3, "Without near copies")
        cells = [
            _score_text(score, without[score.key]) if score.key in without else "" for score in interpretation.SCORES
        ]
        for row, cell in zip(rows, [*cells, ""], strict=False):  # the last row, of diversity, may be missing
            row.insert(3, cell)
    return (
        f"<p>Against {n:,} real {SPLITS[result.split]} images, in {FEATURES[result.features]}.</p>"
        + table(head, rows)
        + f'<p class="quiet">"Real images" is the score of {half} real images against {half} others; for obedience and '
        "CAS, that of a classifier trained on real images. Compare it with the number to its left.</p>"
    )


def _score(score: Score, result: EvaluationResult) -> list[str]:
    value, interval = float(getattr(result, score.key)), result.intervals.get(score.key)
    if score.beside == "floor":
        same_n, real = _score_text(score, result.like_floor[score.key]), _score_text(score, result.floor[score.key])
    else:
        same_n, real = "", _score_text(score, float(getattr(result, score.beside)))
    span = f"{_score_text(score, interval[0])} to {_score_text(score, interval[1])}" if interval else ""
    return [score.name, _score_text(score, value), span, same_n, real, score.says]


def _in_own_features(score: Score, own: dict[str, Any]) -> str:
    """A score at the counts of its floor in own features, and the floor: `78.2% (93.4%)`; "" where it has none."""
    if score.beside != "floor":
        return ""
    return f"{_score_text(score, own['like_floor'][score.key])} ({_score_text(score, own['floor'][score.key])})"


def _score_text(score: Score, value: float) -> str:
    return percent(value) if score.scale == "share" else measure(value)


def history(scored: Sequence[EvaluationResult], best: str) -> str:
    """Scores over the training, with a sentence on the `best` snapshot; "" with fewer than two scored snapshots."""
    if len(scored) < 2:
        return ""
    floor, real = scored[-1].floor["kid"], scored[-1].real_accuracy_balanced
    distance = svg.chart(
        [_series(scored, "kid", "Kernel distance")],
        title="Kernel distance over the training",
        x="thousand images seen",
        y="kernel distance",
        line=(floor, "real against real"),
    )
    shares = svg.chart(
        [_series(scored, key, name) for key, name in OVER_TIME.items()],
        title="Obedience, CAS, precision and coverage over the training",
        x="thousand images seen",
        y="",
        line=(real, "trained on real images"),
        percent=True,
    )
    return f'<div class="charts">{distance}{shares}</div><p class="quiet">{html.escape(best)}</p>'


def _series(scored: Sequence[EvaluationResult], key: str, name: str) -> Series:
    return Series(name, [Point(r.snapshot / 1000, float(getattr(r, key)), *r.intervals[key]) for r in scored])


def by_condition(result: EvaluationResult, counts: Mapping[str, int]) -> str:
    """A table of conditions, that with the fewest training images first, and one of combinations without real images.

    `counts` has the training images of each condition.
    """
    head = [
        "Condition",
        "Training images",
        "Generated",
        "Obedience",
        "95%",
        "Obedience, real images",
        "CAS",
        "Real-trained accuracy",
    ]
    rows = [
        [
            row["condition"],
            f"{counts.get(row['condition'], 0):,}",
            f"{row['synthetic']:,}",
            percent(row["shown"], 0),
            percent_interval(row["intervals"]["shown"]),
        ]
        + [
            percent(row[key], 0)
            for key in ("shown_in_real", "cas", "real_accuracy", "precision", "coverage", "diversity")
        ]
        + [f"{row['near_copies']} of {row['checked']}"]
        for row in interpretation.rarest_first(result, counts)
    ]
    text = table([*head, "Precision", "Coverage", "Diversity", "Near copies"], rows)
    if result.combinations:
        unseen = [
            [
                row["condition"].replace(",", ", "),
                str(row["real"]),
                str(row["synthetic"]),
                percent(row["obedience"], 0),
                percent_interval(row["interval"]),
            ]
            for row in result.combinations
        ]
        text += "<h3>Combinations without real images</h3>"
        text += table(["Combination", "Real images", "Generated", "Both seen", "95%"], unseen)
    return text


def copies(result: EvaluationResult) -> str:
    """The number of near copies, beside that of held-out real images."""
    synthetic, real, compared = result.near_copies, result.near_copies["held_out"], result.split_copies
    in_split = f"Among the real {SPLITS[result.split]} images compared they were not counted."
    if compared is not None:
        in_split = (
            f"Of the {compared['checked']:,} real {SPLITS[result.split]} images compared, {compared['count']:,} are."
        )
    return (
        f"<p>{synthetic['count']:,} of {synthetic['checked']:,} generated images are near copies of a training image "
        f"(95% interval {percent_interval(synthetic['interval'])}); of {real['checked']:,} held-out real images, "
        f"{real['count']:,} are. {in_split} A near copy lies much closer to one training image than to the next "
        f"thirty: closeness below {synthetic['threshold']:.2f}.</p>"
    )


def membership(result: MembershipResult | None) -> str:
    """The result of the membership test, or that there was none."""
    if result is None:
        return "<p>Not tested: it is unknown whether the images reveal who was in the training set.</p>"
    low, high = result.control_auc
    return (
        f"<p>{html.escape(result.verdict)} Control splits of the training images have an AUROC from {low:.2f} to "
        f"{high:.2f}; {result.n['members']:,} training and {result.n['held_out']:,} held-out images.</p>"
        + "".join(_notices(result.notices))
    )


def readings(finished: Sequence[Reading]) -> str:
    """The results of the blind readers; "" without any."""
    parts = []
    for reading in finished:
        answers = reading.summary()
        if answers is not None:
            parts.append(
                f"<p><b>{html.escape(reading.reader)}</b>, {reading.count} images. {html.escape(answers.sentence())} "
                f"Generated images taken for real: {answers.synthetic_called_real}; plausible: "
                f"{answers.synthetic_plausible}. Real images taken for real: {answers.real_called_real}; plausible: "
                f"{answers.real_plausible}.</p>"
            )
    return "".join(parts)


def model_card(run: Run, info: DatasetInfo, result: EvaluationResult) -> str:
    """The model, its training data and the user's notes, and everything needed to recompute the numbers."""
    more = info.pseudo_labelled
    trained_on = ", ".join(f"{name} {count:,}" for name, count in info.training_counts().items())
    rows = [
        ["Model", f"Conditional GAN, family {run.config.model.family}, averaged generator"],
        ["Run and snapshot", f"{run.name}, after {result.snapshot:,} images"],
        ["Generator SHA-256", str(result.made_with["generator_sha256"])],
        ["Training data", f"{info.title}; {info.source}"],
        ["Licence of the data", info.licence],
        *(["Starts from", ancestor.sentence()] for ancestor in parents.lineage(run)),
        ["Training images", f"{len(info.conditions):,}: {trained_on}"],
        *([["Unlabelled images", f"{more.sentence()} {more.by_class(info.names)}."]] if more else []),
        ["Images", f"{info.native_size} px, {'grey' if info.channels == 1 else 'colour'}"],
        ["Meant for", "Research: adding to real training images where a study shows that it helps; teaching; testing."],
        ["Not meant for", "Diagnosis, or replacing real test images: it cannot show what it has never seen."],
    ]
    if run.about.notes:
        rows.insert(2, ["Notes", run.about.notes])
    again = json.dumps(result.made_with | {"config": parents.visible_config(run).without_local_paths()}, indent=1)
    command = f"{settings.PROGRAM} evaluate {run.name} --snapshot {result.snapshot} --split {result.split}"
    return (
        table([], rows)
        + f"<p>Recompute: <code>{html.escape(command)}</code></p><details><summary>Hashes, seeds, versions and options"
        f"</summary><pre>{html.escape(again)}</pre></details>"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table of escaped cells, which scrolls sideways where it is too wide."""
    top = f"<tr>{''.join(f'<th>{html.escape(cell)}</th>' for cell in head)}</tr>" if head else ""
    body = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table>{top}{body}</table></div>'


def _notices(notices: Sequence[str]) -> list[str]:
    return [f'<p class="notice">{html.escape(notice)}</p>' for notice in notices]
