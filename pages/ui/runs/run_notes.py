"""What people say of a run: its tags and notes shown, and a dialog that changes title, tags, notes and the archive.

Any page that draws a run's head can offer it: `run_about.button(run)`.
"""

import streamlit as st

from gan.runs import notes
from gan.runs.run import Run, all_runs, find_run
from pages.ui import fmt, frame
from pages.ui.frame import errors_noted, errors_shown

EDITED = "run being described"
EDIT, ARCHIVE, RESTORE = "Title, tags, notes", "Archive", "Take out of the archive"
ICONS = {EDIT: ":material/edit:", ARCHIVE: ":material/archive:", RESTORE: ":material/unarchive:"}


def run_title(run: Run) -> str:
    """What a run is called, for a place that reads Markdown: its title, which somebody may have typed."""
    return fmt.escape_markdown(run.title)


def run_tags(run: Run) -> None:
    """The run's tags in a line; nothing where it has none."""
    given = run.about.tags
    if given:
        with st.container(horizontal=True, gap="xsmall", key=f"tags-{run.name}"):
            for tag in given:
                st.badge(fmt.escape_markdown(tag), color="gray", icon=":material/label:")


def run_notes_text(run: Run) -> None:
    """The run's notes as they were typed; nothing where it has none."""
    written = run.about.notes
    if written:
        st.text(written)


def describe_button(run: Run) -> None:
    """One button that opens the dialog; for the head of a run's page, outside of what draws itself anew."""
    st.button(
        "Describe", icon=ICONS[EDIT], key="describe", type="tertiary", on_click=ask, args=(run.name,),
        help="Change the title, the tags and the notes, or archive the run.",
    )  # fmt: skip
    open_requested_dialog()


def run_menu(run: Run) -> None:
    """What can be said of a run from its card. The page calls `opened` once, after all cards."""
    choices = [EDIT, RESTORE if run.about.archived else ARCHIVE]
    st.menu_button(
        "More",
        choices,
        key=f"more {run.name}",
        type="tertiary",
        format_func=lambda choice: f"{ICONS[choice]} {choice}",
        on_click=chosen,
        args=(run,),
    )


def chosen(run: Run) -> None:
    """Do what the menu of a run's card was asked for."""
    choice = st.session_state[f"more {run.name}"]
    if choice == EDIT:
        ask(run.name)
        return
    with errors_noted():
        notes.update_about(run.path, archived=choice == ARCHIVE)
        where = "is in the archive now" if choice == ARCHIVE else "is back in the list"
        frame.notify(f"{fmt.escape_markdown(run.title)} {where}.", ICONS[choice])


def ask(run: str) -> None:
    """Open the dialog at the next drawing; for `on_click`."""
    st.session_state[EDITED] = run


def open_requested_dialog() -> None:
    """The dialog, where it was asked for."""
    wanted = st.session_state.pop(EDITED, None)
    if wanted is not None:
        dialog(find_run(wanted))


@st.dialog("Describe the run", icon=":material/edit:")
def dialog(run: Run) -> None:
    """The fields, above the page."""
    fields(run)


def fields(run: Run) -> None:
    """Title, tags, notes and archive; saved together."""
    said = run.about
    known = sorted({tag for other in all_runs() for tag in other.about.tags} | set(said.tags), key=str.lower)
    with st.form(f"about {run.name}", border=False):
        title = st.text_input(
            "Title", said.title, max_chars=notes.MAX_TITLE, placeholder=run.name,
            help=f"What people call the run. Its folder, its links and commands keep the name {run.name}.",
        )  # fmt: skip
        chosen_tags = st.multiselect(
            "Tags", known, list(said.tags), accept_new_options=True, max_selections=notes.MAX_TAGS,
            placeholder="Choose, or type a new one", help="The overview finds runs by them.",
        )  # fmt: skip
        written = st.text_area(
            "Notes", said.notes, max_chars=notes.MAX_NOTES, placeholder="What it was for, whose images they are",
            help="They stand in the model card of the run's reports, so that the source and the licence of your own "
            "images can be told there.",
        )  # fmt: skip
        archived = st.toggle(
            "Archived", said.archived, help="Kept as it is, and left out of the overview and of `python -m gan runs`."
        )
        saved = st.form_submit_button("Save", type="primary", icon=":material/check:")
    with errors_shown():
        if saved:
            typed = notes.split_tags(",".join(chosen_tags))
            notes.update_about(run.path, title=title, tags=typed, notes=written, archived=archived)
            st.rerun()
