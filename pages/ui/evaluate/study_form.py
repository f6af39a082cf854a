"""The card that starts an augmentation study: its options, how long two designs of it take, and its progress."""

from dataclasses import replace

import streamlit as st

from gan.access.permissions import Action, decide
from gan.data import registry
from gan.errors import ConfigError
from gan.evaluation import job, study_estimate
from gan.evaluation.job import Request
from gan.evaluation.study.study_options import ENOUGH_SEEDS, PRIMARY_METRICS, SHARES, StudyOptions
from gan.evaluation.study_estimate import SavedEstimate
from gan.evaluation.training_images import training_images_problem
from gan.io.markdown_text import escape_markdown
from gan.runs.run import Run
from pages.ui import fmt
from pages.ui.access.allowed import explained
from pages.ui.evaluate import study_panels, study_progress, test_set_fields
from pages.ui.evaluate.job_progress import begin_evaluation, progress_or_end
from pages.ui.frame import error_text

CLASSIFIERS = {
    "small": "small network",
    "resnet18": "ResNet-18",
    "efficientnet-lite0": "EfficientNet-Lite0, pretrained",
}
"""Those that the form offers; the command line takes all."""
FOLDS = 5
MOST_GENERATORS = 5
TIMED_AFTER = 1.0  # seconds that the page is open


def study_card(run: Run, snapshot: int) -> None:
    """The study of the chosen snapshot and its options; while it runs, its progress and partial results."""
    st.markdown("**Augmentation study**")
    st.caption(
        "Does a classifier improve on real patients when these images join its training set? The best way is chosen on "
        "validation images and confirmed once on held-out test images. It waits for the run's device."
    )
    if progress_or_end(run, "study", "Study"):
        study_progress.partial_results(run, snapshot)
        return
    _fields()
    if run.info().kind == "class":  # external sets are mapped class by class
        test_set_fields.test_set_fields(run)
    try:
        options = _chosen()
    except ConfigError as error:
        st.warning(error_text(error), icon=":material/info:")
        return
    _start(run, snapshot, options)


def _fields() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            "Classifier",
            list(CLASSIFIERS),
            format_func=lambda key: CLASSIFIERS[key],
            key="study classifier",
            width=230,
            help="The same in every training set. A pretrained one takes long on a CPU.",
        )
        st.selectbox(
            "Decided by",
            list(PRIMARY_METRICS),
            format_func=lambda key: PRIMARY_METRICS[key],
            key="study primary",
            width=190,
            help="AUROC and average precision do not depend on a threshold; average precision depends on how rare a "
            "class is. Balanced accuracy is at the threshold that is best on validation images. Of attributes each is "
            "a mean over these. All metrics are shown; this one decides.",
        )
        st.selectbox(
            "Tested on",
            [1, FOLDS],
            format_func=lambda folds: "the test split" if folds == 1 else f"every image, in {folds} folds",
            key="study folds",
            width=230,
            help="In folds, each image is tested once, by classifiers and a generator that have not seen it. Many more "
            "test images show a smaller gain; it takes that many times as long.",
        )
        st.number_input(
            "Seeds", ENOUGH_SEEDS, 20, key="study seeds", width=120,
            help="Classifiers of each training set that is tested. More see a smaller gain and take longer.",
        )  # fmt: skip
        st.number_input(
            "Generators", 1, MOST_GENERATORS, 1, key="study generators", width=120,
            disabled=st.session_state["study folds"] > 1,
            help="With several, the result holds for another training of the generator too: each takes two seeds or "
            "more. In folds, each fold has its own.",
        )  # fmt: skip
        st.number_input(
            "Sensitivity at specificity, %", 50, 99, 90, 1, key="study specificity", width=190,
            help="The results also state the sensitivity for the rarest class or attribute where this share of the "
            "images without it is recognised as such. It decides nothing.",
        )  # fmt: skip
        st.toggle(
            "Also with fewer real images",
            value=True,
            key="study low data",
            help="Repeats the study on 25% and 10% of the real images, each with a generator trained on those alone.",
        )


def _start(run: Run, snapshot: int, options: StudyOptions) -> None:
    """The buttons that start the study and a smaller design of it, with what each takes and sees."""
    small = options.small()
    whole, smaller = (study_estimate.cached_study_estimate(run, snapshot, design) for design in (options, small))
    for line in whole.lines if whole else ():
        st.caption(escape_markdown(line))
    if smaller is not None and small != options:
        for line in smaller.sees:
            st.caption(escape_markdown(f"Smaller design, {_design(small)}: {line}"))
    timing = whole is None and progress_or_end(run, "study-estimate", "Timing some steps")
    with st.container(horizontal=True, gap="small"):
        if whole is None and not timing:
            st.button(
                "How long will it take?",
                type="primary",
                icon=":material/timer:",
                key="estimate study",
                on_click=_begin_chosen,
                args=(run, snapshot, "study-estimate"),
                **explained(Action.EVALUATE, run, help="Runs some steps of the study on this machine: a few seconds."),
            )
        is_first = study_panels.study_or_none(run, snapshot) is None
        st.button(
            _label("Start the study", whole),
            type="primary" if is_first and whole is not None else "secondary",
            icon=":material/science:",
            key="start study",
            on_click=_begin_chosen,
            args=(run, snapshot, "study"),
            **explained(Action.EVALUATE, run),
        )
        if small != options:
            st.button(
                _label("Smaller design", smaller),
                icon=":material/science:",
                key="start small study",
                on_click=_begin_chosen,
                args=(run, snapshot, "study", True),
                **explained(Action.EVALUATE, run),
            )
    if whole is None and can_be_timed(run):
        st.fragment(_time_soon, run_every=TIMED_AFTER)(run, snapshot, options, [True])


def can_be_timed(run: Run) -> bool:
    """Whether the page has a study timed by itself: once for a run, where its images have been read."""
    return (
        job.job_state(run, "study-estimate") is None
        and bool(decide(Action.EVALUATE, run))
        and training_images_problem(run) is None
        and registry.cached_image_set(run.config.data) is not None
    )


def _time_soon(run: Run, snapshot: int, options: StudyOptions, first: list[bool]) -> None:
    """From the second call on, which is not part of the page's drawing, start the timing and draw the page again."""
    if first:
        first.clear()
    elif can_be_timed(run):
        begin_evaluation(run, Request("study-estimate", snapshot, study=options))
        st.rerun()


def _design(options: StudyOptions) -> str:
    ratios = ", ".join(f"{ratio:g}" for ratio in options.ratios)
    shares = ", ".join(f"{share:.0%}" for share in options.shares)
    return f"{shares} of the real images, {ratios} synthetic for each real one, {options.seeds} seeds"


def _label(words: str, estimate: SavedEstimate | None) -> str:
    """`Start the study: 98 classifiers, about 25 min`."""
    if estimate is None:
        return f"{words}, time not measured"
    return fmt.timed(f"{words}: {fmt.number(estimate.classifiers)} classifiers", estimate.seconds)


def _begin_chosen(run: Run, snapshot: int, kind: str, small: bool = False) -> None:
    """Start with the current values of the form, which may be newer than the drawn page."""
    options = _chosen()
    begin_evaluation(run, Request(kind, snapshot, study=options.small() if small else options))


def _chosen() -> StudyOptions:
    """The options of the form; raises ConfigError where they do not go together."""
    state = st.session_state
    test_set, class_map = test_set_fields.chosen_test_set()
    folds = int(state["study folds"])
    return replace(
        StudyOptions(),
        seeds=int(state["study seeds"]),
        shares=SHARES if state["study low data"] else SHARES[:1],
        classifier=str(state["study classifier"]),
        primary=str(state["study primary"]),
        specificity=int(state["study specificity"]) / 100,
        folds=folds,
        generators=int(state["study generators"]) if folds == 1 else 1,
        test_set=test_set,
        class_map=class_map,
    )
