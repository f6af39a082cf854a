"""One data set: figures, findings, balance and images."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gan.config import settings
from gan.data import summary
from gan.data.attribute_correlation import strongest_pairs
from gan.data.catalogue import Entry
from gan.data.image_set import SPLITS, UNLABELLED, ImageSet
from gan.data.ingest import accepted_sets
from gan.data.ingest.labels.reading_text import describe_reading
from gan.data.ingest.labels.subgroups import count_values, counts_text
from gan.io.atomic import file_version
from gan.io.markdown_text import escape_markdown
from pages.ui import fmt, frame, tiles
from pages.ui.components import live_chart
from pages.ui.data import file_preview, findings, set_details, smaller_set, suspect_labels

TONES = {"train": "blue", "val": "yellow", "test": "purple"}
PER_ROW = 14
MOST_ROWS = 40
PAIRS = 20
OTHERS = "other images"
MEANING = {"train": "learnt from", "val": "used to choose", "test": "sealed until the end"}


def dataset_panel(entry: Entry, image_set: ImageSet) -> None:
    """The panels of a data set that has been read."""
    info(entry, image_set)
    findings_list(image_set)
    left, right = st.columns([3, 2], gap="large")
    with left:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header("Images", anchor=False, width="stretch")
            st.button("Show others", icon=":material/shuffle:", type="tertiary", on_click=show_other_examples)
        example_rows(image_set)
    with right:
        balance_chart(entry, image_set)
    if entry.config.name == "folder":
        set_details.set_details_panel(entry)
        if image_set.kind == "class":
            smaller_set.smaller_set_panel(entry)
        suspect_labels.suspect_labels_panel(entry.config.path, image_set)
        with st.expander("The files as they were given", icon=":material/folder_open:"):
            original_files(entry.config.path)


def info(entry: Entry, image_set: ImageSet) -> None:
    """Description, numbers of images and classes, image size, licence, and Train."""
    if entry.about:
        st.markdown(escape_markdown(entry.about))
    side, channels = image_set.images.shape[2], image_set.images.shape[1]
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        for split in SPLITS:
            st.metric(
                f"{split.capitalize()}: {MEANING[split]}",
                fmt.number(len(image_set.rows(split))),
                width="content",
            )
        unlabelled = len(image_set.rows(UNLABELLED))
        if unlabelled:
            label = "Unlabelled: learnt if you choose" if image_set.kind == "class" else "Unlabelled"
            st.metric(label, fmt.number(unlabelled), width="content")
        kind = "classes" if image_set.kind == "class" else "attributes"
        st.metric(kind.capitalize(), len(image_set.names), width="content")
        st.metric("Image", f"{side} px, {'grey' if channels == 1 else 'colour'}", width="content")
        if st.button("Train on it", type="primary", icon=":material/model_training:", key="train on set"):
            st.switch_page(frame.TRAIN, query_params={"data": entry.slug})
    known = summary.group_summary(image_set)
    if known is not None:
        st.caption(groups_text(known))
    if image_set.subgroups:
        text = counts_text(count_values(image_set.subgroups))
        st.caption(f"Kept for results by subgroup: {escape_markdown(text)}.")
    licence, source = (text.strip().rstrip(".") for text in (image_set.licence, image_set.source))
    st.caption(f"Licence: {escape_markdown(licence)}. Source: {escape_markdown(source)}.")


def groups_text(known: summary.GroupSummary) -> str:
    """The groups (patients, slides) of a set in a line."""
    parts = ", ".join(f"{count:,} in {split}" for split, count in known.counts.items())
    each = f"{known.fewest:,} to {known.most:,}" if known.fewest < known.most else f"{known.fewest:,}"
    apart = "" if known.shared else " None is in two splits."
    return f"Groups (patients, slides): {parts}; {each} images each, median {known.median:g}.{apart}"


def findings_list(image_set: ImageSet) -> None:
    """The warnings on a set, and behind an expander its notes."""
    found = summary.findings(image_set)
    findings.findings_panel([finding for finding in found if finding.level == "warning"])
    notes = [finding.line for finding in found if finding.level == "note"] + list(image_set.notices)
    findings.notes_expander(notes)


def balance_chart(entry: Entry, image_set: ImageSet) -> None:
    """A bar chart of the images of each name; for attributes also their correlations."""
    classes = image_set.kind == "class"
    st.header("Balance" if classes else "How often", anchor=False)
    counts = {
        split: {condition_label(image_set, name): count for name, count in counted.items()}
        for split, counted in image_set.counts().items()
    }
    live_chart.draw_chart(live_chart.bar_figure(counts, TONES, f"{entry.slug}-counts"), key=f"counts-{entry.slug}")
    if not classes:
        st.header("Which go together", anchor=False)
        correlated_attributes(image_set)


def correlated_attributes(image_set: ImageSet) -> None:
    """A table of the most correlated pairs of attributes among the training images."""
    pairs = strongest_pairs(image_set.conditions[image_set.rows("train")], image_set.names, PAIRS)
    if not pairs:
        st.caption("No two attributes are correlated.")
        return
    st.caption(
        "The generator learns these correlations too. Phi coefficient: 1 where both are always equal, −1 where always "
        "opposite."
    )
    st.table(
        {
            "Attributes": [
                escape_markdown(f"{fmt.attribute_label(pair.first)}, {fmt.attribute_label(pair.second)}")
                for pair in pairs
            ],
            "Phi": [f"{pair.phi:+.2f}".replace("-", "−") for pair in pairs],
            "With both": [f"{pair.both:,}" for pair in pairs],
            "By chance": [f"{pair.expected:,.0f}" for pair in pairs],
        },
        border="horizontal",
        alt="Pairs of attributes with their phi coefficient, the images with both, and how many chance would give",
    )


def example_rows(image_set: ImageSet) -> None:
    """A row of training images for each class or attribute."""
    counted = image_set.counts()["train"]
    shown = [
        tiles.Row(
            name=condition_label(image_set, name),
            note=fmt.images(counted[name]),
            images=tiles.real_images(image_set, example_positions(image_set, position)),
            alt=f"Real image of {condition_label(image_set, name)}",
        )
        for position, name in list(enumerate(image_set.names))[:MOST_ROWS]
    ]
    tiles.draw_rows(shown, one_line=True)
    if len(image_set.names) > MOST_ROWS:
        st.caption(f"The first {MOST_ROWS} of {len(image_set.names)}.")


def condition_label(image_set: ImageSet, name: str) -> str:
    """The name of a class, or of an attribute with spaces for underscores."""
    return name if image_set.kind == "class" else fmt.attribute_label(name)


def example_positions(image_set: ImageSet, condition: int) -> NDArray[np.int64]:
    """Positions of a row of training images with a condition: the first ones, others after each click."""
    seed = st.session_state.get(OTHERS, 0)
    if not seed:
        return tiles.positions_with(image_set, condition, PER_ROW)
    found = tiles.positions_with(image_set, condition, len(image_set))
    return np.sort(np.random.default_rng([seed, condition]).permutation(found)[:PER_ROW])


def show_other_examples() -> None:
    """Choose other images; for `on_click`."""
    st.session_state[OTHERS] = st.session_state.get(OTHERS, 0) + 1


def original_files(name: str) -> None:
    """The report on the files of an added set, and a few of the files."""
    report = accepted_sets.load_report(name)
    if report.reading is not None:
        st.markdown(escape_markdown(" ".join(describe_reading(report.reading))))
    findings.findings_panel(report.problems)
    pixel_summary(report.sizes, report.modes)
    if report.plan is not None:
        plan = settings.added_sets() / name / "plan.json"
        file_preview.file_preview_panel(report.plan, f"{plan} {file_version(plan)}")


def pixel_summary(sizes: dict[str, int], modes: dict[str, int]) -> None:
    """The sizes and pixel formats of the files, with their counts."""
    for title, counted in (("Sizes", sizes), ("Pixels", modes)):
        if counted:
            st.caption(f"{title}: " + ", ".join(f"{value} ({count:,})" for value, count in counted.items()))
