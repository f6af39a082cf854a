"""The title, tags and notes of a run, and the dialog that changes them or archives the run."""

from functools import partial

import streamlit as st

from gan.access.permissions import Action
from gan.config import settings
from gan.io.markdown_text import escape_markdown
from gan.runs import notes
from gan.runs.run import Run, all_runs, find_run
from pages.ui import frame
from pages.ui.access import sharing
from pages.ui.access.allowed import explained
from pages.ui.frame import errors_noted, errors_shown

EDITED = "run being described"  # key of the session state
EDIT, ARCHIVE, RESTORE = "Title, tags, notes", "Archive", "Take out of the archive"
ICONS = {EDIT: ":material/edit:", ARCHIVE: ":material/archive:", RESTORE: ":material/unarchive:"}


def run_title(run: Run) -> str:
    """The title of a run, escaped for Markdown."""
    return escape_markdown(run.title)


def run_tags(run: Run) -> None:
    """The tags of a run as badges in a line."""
    tags = run.about.tags
    if tags:
        with st.container(horizontal=True, gap="xsmall", key=f"tags-{run.name}"):
            for tag in tags:
                st.badge(escape_markdown(tag), color="gray", icon=":material/label:")


def sharing_button(run: Run) -> None:
    """Who may see the run, with the choice for those who may change it; nothing where nobody signs in."""
    sharing.sharing_control(run, run.name, partial(notes.share_run, run.path))


def notes_expander(run: Run) -> None:
    """The notes of a run as plain text, folded; nothing without notes."""
    text = run.about.notes
    if text:
        with st.expander("Notes", icon=":material/notes:"):
            st.text(text)


def describe_button(run: Run) -> None:
    """The button that opens the dialog, for the head of a run's page, outside its live part."""
    st.button(
        "Describe", icon=ICONS[EDIT], key="describe", type="tertiary", on_click=request_dialog, args=(run.name,),
        **explained(Action.CHANGE_RUN, run, help="Change the title, the tags and the notes, or archive the run."),
    )  # fmt: skip
    open_requested_dialog()


def run_menu(run: Run) -> None:
    """The menu of a run's card. The page calls `open_requested_dialog` once, after all cards."""
    choices = [EDIT, RESTORE if run.about.archived else ARCHIVE]
    st.menu_button(
        "More",
        choices,
        key=f"more {run.name}",
        type="tertiary",
        format_func=lambda choice: f"{ICONS[choice]} {choice}",
        on_click=_follow_menu,
        args=(run,),
        **explained(Action.CHANGE_RUN, run),
    )


def _follow_menu(run: Run) -> None:
    """Do what was chosen in the menu of a run's card."""
    choice = st.session_state[f"more {run.name}"]
    if choice == EDIT:
        request_dialog(run.name)
        return
    with errors_noted():
        notes.update_about(run.path, archived=choice == ARCHIVE)
        where = "is in the archive now" if choice == ARCHIVE else "is back in the list"
        frame.notify(f"{escape_markdown(run.title)} {where}.", ICONS[choice])


def request_dialog(run: str) -> None:
    """Open the dialog at the next rerun; for `on_click`."""
    st.session_state[EDITED] = run


def open_requested_dialog() -> None:
    """The dialog, where `request_dialog` asked for it."""
    wanted = st.session_state.pop(EDITED, None)
    if wanted is not None:
        dialog(find_run(wanted))


@st.dialog("Describe the run", icon=":material/edit:")
def dialog(run: Run) -> None:
    """The form in a dialog."""
    description_form(run)


def description_form(run: Run) -> None:
    """Title, tags, notes and archive, saved together."""
    about = run.about
    known = sorted({tag for other in all_runs() for tag in other.about.tags} | set(about.tags), key=str.lower)
    with st.form(f"about {run.name}", border=False):
        title = st.text_input(
            "Title", about.title, max_chars=notes.MAX_TITLE, placeholder=run.name,
            help=f"Links, commands and the run's folder keep the name {run.name}.",
        )  # fmt: skip
        chosen_tags = st.multiselect(
            "Tags", known, list(about.tags), accept_new_options=True, max_selections=notes.MAX_TAGS,
            placeholder="Choose, or type a new one", help="The overview finds runs by them.",
        )  # fmt: skip
        written = st.text_area(
            "Notes", about.notes, max_chars=notes.MAX_NOTES, placeholder="What it was for, whose images they are",
            help="They are part of the model card in the run's reports: name the source and licence of your images.",
        )  # fmt: skip
        archived = st.toggle(
            "Archived", about.archived, help=f"Kept, but not listed in the overview and by `{settings.PROGRAM} runs`."
        )
        saved = st.form_submit_button("Save", type="primary", icon=":material/check:")
    with errors_shown():
        if saved:
            typed = notes.split_tags(",".join(chosen_tags))
            notes.update_about(run.path, title=title, tags=typed, notes=written, archived=archived)
            st.rerun()
