"""Making a smaller set from a kept one: fewer classes, merged classes, fewer training images of each."""

import streamlit as st

from gan.access.permissions import Action
from gan.data import set_notes
from gan.data.catalogue import Entry
from gan.data.ingest import accepted_sets, subset
from gan.data.ingest.subset import Cut
from gan.data.set_notes import MAX_TITLE
from pages.ui import cache_images, frame
from pages.ui.access.allowed import explained
from pages.ui.data.class_fields import IMAGES, KEPT, LEFT_OUT, NAME, NEW_NAME, USE, changed_classes, class_table
from pages.ui.frame import errors_noted


def smaller_set_panel(entry: Entry) -> None:
    """The classes as a table, the most images of each, the new set's name, and the button that makes it."""
    name = entry.config.path
    with st.expander("Make a smaller set", icon=":material/content_cut:"):
        st.caption(
            "Leave out classes, give several one new name to merge them, or keep fewer training images of each. This "
            "set stays as it is. The splits stay, too."
        )
        counts = accepted_sets.load_report(name).counts
        totals = {label: sum(split[label] for split in counts.values()) for label in counts["train"]}
        rows = [{NAME: label, IMAGES: count, NEW_NAME: label, USE: KEPT} for label, count in totals.items()]
        edited = changed_classes(class_table(rows, [KEPT, LEFT_OUT], f"classes of {name}"))
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            most = st.number_input(
                "Training images of a class, at most",
                1,
                value=None,
                placeholder="all",
                key=f"most of {name}",
                width=260,
            )
            title = st.text_input(
                "Name of the new set", set_notes.free_title(f"{entry.title[: MAX_TITLE - 15]}, smaller"),
                key=f"title of smaller {name}", max_chars=MAX_TITLE,
            )  # fmt: skip
            cut = Cut(edited["drop"], edited["rename"], most)
            st.button(
                "Make the set", type="primary", key=f"make smaller {name}", on_click=_make, args=(name, title, cut),
                **explained(
                    Action.ADD_SET, disabled=not cut.text(), help=None if cut.text() else "Nothing is cut yet."
                ),
            )  # fmt: skip


def _make(name: str, title: str, cut: Cut) -> None:
    with errors_noted():
        made: str = subset.make_subset(name, title, cut)
        cache_images.clear_catalogue()
        _open(made)
        frame.notify(f"The set {title} was made.", ":material/check:")


def _open(name: str) -> None:
    st.query_params["data"] = f"folder-{name}"
