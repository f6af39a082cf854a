"""The fields of a study's external test set: which set of the store, and which of its classes or attributes are the
run's."""

import streamlit as st

from gan.data.catalogue import Entry
from gan.errors import GanError
from gan.evaluation.records.external_results import classes_text
from gan.evaluation.study.external_classes import TEST_ONLY, condition_names, map_classes, same_name
from gan.io.markdown_text import escape_markdown
from gan.runs.run import Run
from pages.ui import cache_images

TEST_SET, TEST_SPLIT = "study test set", "study test split only"
MOST_CLASSES = 30


def test_set_fields(run: Run) -> None:
    """Choose another set to test on too; what is called otherwise there is mapped one by one."""
    entries = {entry.slug: entry for entry in cache_images.catalogue() if entry.slug != run.config.data.slug}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        slug = st.selectbox(
            "Also test on another set",
            ["", *entries],
            format_func=lambda slug: entries[slug].title if slug else "none",
            key=TEST_SET,
            width=260,
            help="Such as another hospital's images, as an added set. The finished classifiers predict them after the "
            "plan is written, and each regime has a second confirmed comparison there.",
        )
        if slug:
            st.toggle("Its test split alone", key=TEST_SPLIT)
    if slug:
        _class_fields(run, entries[slug])


def _class_fields(run: Run, entry: Entry) -> None:
    ours, kind, theirs = run.info().names, run.info().kind, condition_names(entry.config)
    several = "classes" if kind == "class" else "attributes"
    if theirs is None:
        st.caption(f"Its {several} are not known before it is read: those of the same name are compared.")
        return
    others = [name for name in theirs if not same_name(name, ours)][:MOST_CLASSES]
    for first in range(0, len(others), 3):
        for column, name in zip(st.columns(3), others[first : first + 3], strict=False):
            column.selectbox(
                f"Its {escape_markdown(name)} is", ["", *ours], key=_key(entry.slug, name),
                format_func=lambda name: name or "left out",
            )  # fmt: skip
    try:
        mapped = map_classes(ours, theirs, _class_map(entry.slug, others), entry.title, kind)
        st.caption(escape_markdown(f"Compared: {classes_text(mapped.theirs)}."))
    except GanError:
        st.caption(f"None of its {several} is called as one of this run: say which is which.")


def chosen_test_set() -> tuple[str, dict[str, str]]:
    """The name of the chosen set and our classes by theirs, as `StudyOptions` takes them; "" without one."""
    slug = str(st.session_state.get(TEST_SET) or "")
    if not slug:
        return "", {}
    name = slug + (TEST_ONLY if st.session_state.get(TEST_SPLIT) else "")
    start = _key(slug, "")
    names = [str(key).removeprefix(start) for key in st.session_state if str(key).startswith(start)]
    return name, _class_map(slug, names)


def _class_map(slug: str, names: list[str]) -> dict[str, str]:
    chosen = {name: st.session_state.get(_key(slug, name)) for name in names}
    return {name: str(ours) for name, ours in chosen.items() if ours}


def _key(slug: str, name: str) -> str:
    return f"study map {slug} {name}"
