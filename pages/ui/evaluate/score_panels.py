"""The scores of a snapshot as cards, over the training as charts, and by condition as a table."""

import html
from collections.abc import Mapping
from typing import Any

import streamlit as st

from gan.config import glossary
from gan.evaluation.number_format import measure, percent
from gan.evaluation.records import interpretation, results
from gan.evaluation.records.best_snapshot import best_among, best_of_several, best_sentence, best_text, like_newest
from gan.evaluation.records.interpretation import Score
from gan.evaluation.records.results import FEATURES, EvaluationResult
from gan.io.markdown_text import escape_markdown
from gan.runs.run import Run
from pages.ui import cache, fmt, frame
from pages.ui.components import live_chart
from pages.ui.evaluate import evaluation_charts

SPLITS = {"val": "validation", "test": "test"}
SHARES_IN_TABLE = {
    "shown_in_real": "Obedience, real images",
    "cas": "CAS",
    "real_accuracy": "Real-trained accuracy",
    "precision": "Precision",
    "coverage": "Coverage",
    "diversity": "Diversity",
}


def scores_panel(run: Run, result: EvaluationResult | None) -> None:
    """The scores of a snapshot where it has any, and of all snapshots over the training."""
    if result is not None:
        _score_cards(result)
        st.header("Over the training", anchor=False)
    _scores_over_time(run)
    if result is not None:
        st.header("By condition", anchor=False)
        _scores_by_condition(result, cache.dataset_info(run).training_counts())


def _score_cards(result: EvaluationResult) -> None:
    """A card for each score: value, interval, reference and, behind its name, its meaning."""
    cards = "".join(_card(score, result) for score in interpretation.SCORES)
    st.html(f'<div class="scores">{cards}{_diversity_card(result)}</div>')
    st.caption(
        f"Compared with {fmt.number(result.n['scores'])} real {SPLITS[result.split]} images in "
        f"{FEATURES[result.features]}, not the FID or KID of the literature; real against real, and values at equal "
        f"counts, with {fmt.number(result.n['floor'])}."
    )
    for notice in result.notices:
        st.warning(escape_markdown(notice), icon=":material/info:")


def _card(score: Score, result: EvaluationResult) -> str:
    value = float(getattr(result, score.key))
    interval = result.intervals.get(score.key)
    if score.beside == "floor":
        like, floor = result.like_floor[score.key], result.floor[score.key]
        beside = f"at equal counts {_formatted(score, like)}, real against real <b>{_formatted(score, floor)}</b>"
        if result.own is not None:
            own, real = (_formatted(score, result.own[part][score.key]) for part in ("like_floor", "floor"))
            beside += f"<br>in own features {own}, real against real <b>{real}</b>"
    else:
        floor = float(getattr(result, score.beside))
        beside = f"on real images <b>{_formatted(score, floor)}</b>"
    spread = f" <small>{_formatted(score, interval[0])} to {_formatted(score, interval[1])}</small>" if interval else ""
    bar = _bar(value, interval, floor) if score.scale == "share" else ""
    return (
        f'<div class="score">{_name(score.name, score.says)}'
        f'<div class="value">{_formatted(score, value)}{spread}</div>{bar}'
        f'<div class="beside">{beside}</div></div>'
    )


def _diversity_card(result: EvaluationResult) -> str:
    ratio = result.diversity["ratio"]
    if ratio is None:
        return ""
    return (
        f'<div class="score">{_name("Diversity", glossary.meaning("Diversity"))}'
        f'<div class="value">{ratio:.0%}</div>{_bar(min(ratio, 1.0), None, 1.0)}'
        '<div class="beside">of that of <b>real images</b></div></div>'
    )


def _name(name: str, meaning: str) -> str:
    """The name of a score; a click on it shows its meaning."""
    summary = f'<summary class="name">{html.escape(name)}</summary>'
    return f'<details>{summary}<div class="says">{html.escape(meaning)}</div></details>'


def _formatted(score: Score, value: float) -> str:
    return percent(value) if score.scale == "share" else measure(value)


def _bar(value: float, interval: tuple[float, float] | None, floor: float) -> str:
    """A share as a bar from 0 to 1, with a whisker for its interval and a line at the floor."""
    low, high = interval or (value, value)
    parts = (("reached", 0.0, value), ("whisker", low, high), ("floor", floor, floor))
    placed = "".join(
        f'<i class="{kind}" style="left:{100 * start:.2f}%;width:{100 * (end - start):.2f}%"></i>'
        for kind, start, end in parts
    )
    return f'<div class="bar">{placed}</div>'


def _scores_while_training(run: Run) -> None:
    """Where the scores over the training are while most snapshots have light scores at most."""
    if best_of_several(run) is None:
        st.caption("Score all snapshots to see which is best, and when the images stopped improving.")
        return
    st.markdown(f":material/star: **Best** {best_text(run)}.")
    st.page_link(
        frame.PROGRESS,
        label="Light scores over the training",
        icon=":material/show_chart:",
        query_params={"run": run.name},
    )
    st.caption("Score all snapshots to compare them on more images.")


def _scores_over_time(run: Run) -> None:
    """Charts of the scores by snapshot, the best one marked."""
    scored = like_newest(results.list_results(run))
    if len(scored) < 2:
        _scores_while_training(run)
        return
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True):
        st.markdown("**Distance to real images** (lower is better)")
        live_chart.draw_chart(
            evaluation_charts.distance_figure(scored, best_among(run, scored), run.name), key=f"{run.name}-distance"
        )
    with right, st.container(border=True):
        st.markdown("**Fidelity and diversity** (higher is better)")
        live_chart.draw_chart(evaluation_charts.shares_figure(scored, run.name), key=f"{run.name}-shares")
    if best := best_sentence(run, scored):
        st.caption(best)


def _scores_by_condition(result: EvaluationResult, counts: Mapping[str, int]) -> None:
    """A row for each class or attribute, that with the fewest training images first, and combinations without real
    images; `counts` has the training images."""
    rows = interpretation.rarest_first(result, counts)
    table = [
        {
            "Condition": row["condition"],
            "Training images": counts.get(row["condition"]),
            "Real compared": row["real"],
            "Generated": row["synthetic"],
            "Obedience": _percent(row["shown"]),
            "95%": _interval(row["intervals"]["shown"]),
        }
        | {title: _percent(row[key]) for key, title in SHARES_IN_TABLE.items()}
        | {"Near copies": f"{row['near_copies']} of {row['checked']}"}
        for row in rows
    ]
    columns: dict[str, Any] = {
        title: st.column_config.NumberColumn(format="%.0f%%", help=glossary.meaning(title))
        for title in SHARES_IN_TABLE.values()
    }
    columns |= {
        title: st.column_config.NumberColumn(format="localized")
        for title in ("Training images", "Real compared", "Generated")
    }
    columns["Obedience"] = st.column_config.ProgressColumn(
        format="%.0f%%", min_value=0, max_value=100, help=glossary.meaning("Obedience")
    )
    columns["Near copies"] = st.column_config.TextColumn(help=glossary.meaning("Near copies"))
    st.dataframe(
        table, hide_index=True, column_config=columns, height="content" if len(rows) <= 12 else 440,
        alt="The scores of each condition, the rarest first",
    )  # fmt: skip
    st.caption("Few training images mean wide intervals.")
    if result.combinations:
        st.markdown("**Combinations without real images**")
        table = [
            {
                "Combination": row["condition"].replace(",", ", "),
                "Real images": row["real"],
                "Generated": row["synthetic"],
                "Both seen": _percent(row["obedience"]),
                "95%": _interval(row["interval"]),
            }
            for row in result.combinations
        ]
        st.dataframe(
            table, hide_index=True, column_config={"Both seen": st.column_config.NumberColumn(format="%.0f%%")}
        )
        st.caption("The generator has never seen these: it can only guess.")


def _percent(value: float | None) -> float | None:
    return None if value is None else 100 * value


def _interval(pair: list[float] | tuple[float, float] | None) -> str:
    return "" if pair is None else f"{pair[0]:.0%} to {pair[1]:.0%}"
