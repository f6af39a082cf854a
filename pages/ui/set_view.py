"""One data set: what it is, how many images of what, and the images themselves."""

import streamlit as st

from gan.data.catalogue import Entry
from gan.data.imageset import SPLITS, ImageSet
from pages.ui import charts, frame, pictures, words

TONES = {"train": "blue", "val": "yellow", "test": "purple"}
PER_ROW = 14
MOST_ROWS = 40
MEANING = {"train": "learnt from", "val": "used to choose", "test": "sealed until the end"}


def panel(entry: Entry, image_set: ImageSet) -> None:
    """Facts, balance and images of a set that has been read."""
    facts(entry, image_set)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("Images", anchor=False)
        by_name(image_set)
    with right:
        st.subheader("Balance", anchor=False)
        counts = image_set.counts()
        charts.draw(charts.bars(counts, TONES, f"{entry.slug}-counts"), key=f"counts-{entry.slug}")
        for notice in image_set.notices:
            st.info(notice)


def facts(entry: Entry, image_set: ImageSet) -> None:
    """The set in one line of figures and two of words."""
    st.markdown(entry.about)
    side, channels = image_set.images.shape[2], image_set.images.shape[1]
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        for split in SPLITS:
            st.metric(
                f"{split.capitalize()}: {MEANING[split]}", words.number(len(image_set.rows(split))), width="content"
            )
        kind = "classes" if image_set.kind == "class" else "attributes"
        st.metric(kind.capitalize(), len(image_set.names), width="content")
        st.metric("Image", f"{side} px, {'grey' if channels == 1 else 'colour'}", width="content")
        if image_set.group is not None:
            st.metric("Groups", words.number(len(set(image_set.group.tolist()))), width="content")
        if st.button("Train on this set", type="primary", icon=":material/model_training:", key="train on set"):
            st.switch_page(frame.TRAIN, query_params={"data": entry.slug})
    st.caption(f"Licence: {image_set.licence.rstrip('.')}. Source: {image_set.source.rstrip('.')}.")


def by_name(image_set: ImageSet) -> None:
    """Training images of every class, or of every attribute that is on."""
    counted = image_set.counts()["train"]
    shown = [
        pictures.Row(
            name=name,
            note=words.images(counted[name]),
            images=pictures.real(image_set, pictures.having(image_set, position, PER_ROW)),
            alt=f"Real image of {name}",
        )
        for position, name in list(enumerate(image_set.names))[:MOST_ROWS]
    ]
    pictures.rows(shown, one_line=True)
    if len(image_set.names) > MOST_ROWS:
        st.caption(f"The first {MOST_ROWS} of {len(image_set.names)}.")
