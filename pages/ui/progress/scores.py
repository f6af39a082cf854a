"""The scores of a run's snapshots over its training, beside their floors, with the best one marked."""

from collections.abc import Mapping, Sequence

import streamlit as st

from gan import jobs
from gan.evaluation import job
from gan.evaluation.records.best_snapshot import (
    SnapshotScore,
    best_among,
    best_of_several,
    best_text,
    scores_over_time,
)
from gan.evaluation.records.light_scores import LightScore
from gan.evaluation.records.results import FEATURES
from gan.io.markdown_text import escape_message
from gan.monitoring.run_verdict import judged_snapshot
from gan.runs.events import Event
from gan.runs.run import Run
from gan.training.estimate import SCORING_SHARE
from pages.ui import background, fmt
from pages.ui.components import live_chart
from pages.ui.components.live_chart import Line
from pages.ui.how_to_read import how_to_read
from pages.ui.progress import samples

SHARES = (
    Line("obedience", "Obedience", "blue"),
    Line("coverage", "Coverage", "green"),
    Line("own_coverage", "Coverage, own features", "yellow"),
    Line("diversity", "Diversity", "purple"),
    Line("near_copies", "Near copies", "orange"),
)
DISTANCE = (Line("kid", "Kernel distance", "blue"),)
WHAT = (
    "Each snapshot's images against as many real validation images, which the run never learnt from. The dashed line "
    "of a colour is what other real images reach: no generator is expected to get beyond it. The star marks the best "
    "snapshot, that with the lowest kernel distance. Kernel distance and coverage are in the features that the line "
    "below the charts names."
)
GOOD = "Obedience, coverage and diversity rise to their dashed lines; kernel distance and near copies fall to theirs."
BAD = (
    "Kernel distance falls and then climbs for several snapshots: the best is behind, and longer training does harm.",
    "Obedience is high while coverage or diversity stays low: the same few images again and again.",
    "Near copies rise above their line: the generator repeats training images.",
)
LIMITS = (
    "Light scores use up to 500 images: the intervals in the text are wide, and two snapshots close together cannot be "
    "ranked by them. The Evaluate page scores on more images, and says what the images teach a classifier."
)


def scores_card(run: Run, state: jobs.State) -> None:
    """The charts, or what they wait for; nothing for a run whose snapshots are not scored."""
    scores = [] if run.config_problem else scores_over_time(run)
    waiting = "" if run.config_problem or scores else _waiting_for(run, state)
    if not scores and not waiting:
        return
    with st.container(border=True, key="snapshot-scores"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.header("Scores of the snapshots", anchor=False, width="content")
            with how_to_read("scores"):
                _explanation()
        if waiting:
            st.caption(escape_message(waiting))
        task = job.job_state(run, job.BESIDE_TRAINING)
        if task is not None and task.alive:
            background.progress_bar(job.job_folder(run, job.BESIDE_TRAINING), "Scoring")
        if scores:
            _charts(run, scores)


def _charts(run: Run, scores: Sequence[SnapshotScore]) -> None:
    if len(scores) == 1:
        st.markdown(f"Only the snapshot {best_text(run)}. Curves begin with the second that is scored.")
        return
    best = best_of_several(run)
    marks: list[dict[str, object]] = []
    if best is not None:
        st.markdown(f":material/star: **Best** {best_text(run)}.", help=_taken_by(best, judged_snapshot(run)))
        if best_among(run, scores) is not None:  # else scores of another kind decide, as the line above says
            marks = live_chart.event_marks([Event(best, "best", f"Best snapshot: after {best:,} images")])
    rows = [score_row(score) for score in scores]
    shares = [line for line in SHARES if any(line.metric in row for row in rows)]
    groups = {"shares": shares, "distance": DISTANCE}
    for column, (key, lines) in zip(st.columns(len(groups), gap="medium"), groups.items(), strict=True):
        with column:
            figure = scores_figure(rows, lines, f"{run.name}-scores-{key}")
            live_chart.draw_chart(
                figure | {"marks": marks},
                key=f"{run.name}-scores-{key}",
                chosen=lambda x: samples.choose_moment(run, x * 1000),
            )
    kind = "Light scores" if isinstance(scores[-1], LightScore) else "Scores"
    st.caption(f"{kind} on {fmt.images(scores[-1].n['scores'])}, in {FEATURES[scores[-1].features]}.")


def _taken_by(best: int, judged: int | None) -> str:
    """Where the best snapshot is the default; the pages open the `judged` one."""
    if judged is None or judged == best:
        return "Gallery, downloads, evaluation and study take it by default."
    return f"Commands take it by default. The pages open that after {judged:,} images first, which has a study."


def score_row(score: SnapshotScore) -> dict[str, float]:
    """A snapshot's scores and their floors, `<score>_floor`, as a row of a chart."""
    copies, held = score.near_copies, score.near_copies["held_out"]
    row = {
        "seen": score.snapshot,
        "obedience": score.obedience_balanced,
        "obedience_floor": score.real_accuracy_balanced,
        "coverage": score.coverage,
        "coverage_floor": score.floor["coverage"],
        "diversity_floor": 1.0,
        "near_copies": copies["count"] / max(1, copies["checked"]),
        "near_copies_floor": held["count"] / max(1, held["checked"]),
        "kid": score.kid,
        "kid_floor": score.floor["kid"],
    }
    ratio = score.diversity["ratio"]
    row |= {} if ratio is None else {"diversity": ratio}
    if score.own is not None:
        row |= {"own_coverage": score.own["coverage"], "own_coverage_floor": score.own["floor"]["coverage"]}
    return row


def scores_figure(rows: Sequence[Mapping[str, float]], lines: Sequence[Line], name: str) -> dict[str, object]:
    """What `live_chart.js` draws: the scores, and in the same colour dashed what real images reach."""
    figure = live_chart.curves_figure(rows, lines, name=name, unit="", ideals={})
    for line in lines:
        label = f"{line.name}, real images"
        for trace in live_chart.curve_traces(rows, f"{line.metric}_floor", label, line.tone, ""):
            figure["traces"].append(trace | {"dash": "dash", "showlegend": False})
    return figure


def _waiting_for(run: Run, state: jobs.State) -> str:
    """Why a run that is scored by itself has no scores yet; "" where it is not scored, or has ended without."""
    task = job.job_state(run, job.BESIDE_TRAINING)
    if task is not None and task.is_problem:
        return f"The snapshots could not be scored: {task.cause}"
    if run.config.train.score == "off" or not (state.alive or (task is not None and task.alive)):
        return ""
    if run.config.job.engine == "slurm":
        return "A job of Slurm does not score its snapshots. The Evaluate page does, when it has ended."
    if state.device == "cpu" and run.config.train.score == "light":
        return (
            f"They appear by themselves: scores take at most {SCORING_SHARE:.0%} of the time of a run on the CPU, and "
            "what does not fit follows the training."
        )
    return "They appear by themselves after each snapshot."


def _explanation() -> None:
    st.markdown(WHAT)
    st.markdown(f":green[**A good run.**] {GOOD}")
    st.markdown(":orange[**Going wrong.**]\n\n" + "\n".join(f"- {sign}" for sign in BAD))
    st.caption(LIMITS)
