"""What users write about an added set, and deleting it."""

from functools import partial

import streamlit as st

from gan.access.permissions import Action, Owned
from gan.data import set_notes
from gan.data.catalogue import Entry
from gan.data.set_access import set_target
from gan.data.set_notes import MAX_TEXT, MAX_TITLE, SetNotes
from gan.io.markdown_text import escape_markdown
from gan.runs import set_users
from pages.ui import cache_images, cache_torch, frame
from pages.ui.access import sharing
from pages.ui.access.allowed import explained
from pages.ui.frame import errors_noted

FIELDS = {
    "description": ("What the images show", "such as: white blood cells in peripheral smears, Wright stain, 100x"),
    "source": ("Where they come from", "such as: Department of Haematology, 2019 to 2023"),
    "licence": ("Licence", "such as: CC BY 4.0, or internal use only"),
    "consent": ("Consent or ethics approval", "such as: approved by the ethics committee, no. 123/2023"),
}


def set_details_panel(entry: Entry) -> None:
    """Title, description, source, licence and consent of an added set, with Save; and Delete."""
    name = entry.config.path
    with st.expander("Describe, rename or delete this set", icon=":material/edit:"):
        notes, target = set_notes.load_set_notes(set_notes.added_folder(name)), set_target(entry.config)
        with st.form(f"notes of {name}", border=False):
            st.text_input("Name", notes.title or name, max_chars=MAX_TITLE, key=_key(name, "title"))
            for field, (label, example) in FIELDS.items():
                st.text_area(
                    label, getattr(notes, field), key=_key(name, field), max_chars=MAX_TEXT, height=68,
                    placeholder=example,
                )  # fmt: skip
            st.caption("Shown here, and kept with each run and download that starts from now on.")
            st.form_submit_button(
                "Save",
                key=f"save notes of {name}",
                on_click=_save,
                args=(name,),
                **explained(Action.CHANGE_SET, target),
            )
        sharing.sharing_control(target, f"set {name}", partial(set_notes.share_set, name))
        delete_button(name, target)


def delete_button(name: str, target: Owned) -> None:
    """Delete after a second click, which is offered with what stays and what does not."""
    with st.popover("Delete this set", icon=":material/delete:"):
        runs = set_users.runs_on_set(name)
        if runs:
            titles = ", ".join(escape_markdown(run.title) for run in runs[:5])
            more = f" and {len(runs) - 5:,} more" if len(runs) > 5 else ""
            st.markdown(
                f"**{len(runs):,} run{'s' * (len(runs) > 1)} trained on it** ({titles}{more}). Their networks, samples "
                "and downloads stay, and new images can still be sampled. They can no longer be resumed, scored or "
                "compared with real images. **Their weights may hold parts of these images**: where these must go, "
                "delete the runs and their downloads too."
            )
        else:
            st.markdown("No run was trained on it.")
        st.markdown("The images, their labels and all decisions on them are deleted from this server.")
        st.button(
            "Delete it",
            type="primary",
            key=f"delete set {name}",
            on_click=_delete,
            args=(name,),
            **explained(Action.REMOVE_SET, target),
        )


def _key(name: str, field: str) -> str:
    return f"{field} of set {name}"


def _save(name: str) -> None:
    texts = {field: str(st.session_state[_key(name, field)]) for field in ("title", *FIELDS)}
    with errors_noted():
        set_notes.change_set_notes(name, SetNotes(**texts))
        cache_images.clear_catalogue()
        frame.notify("Saved.", ":material/check:")


def _delete(name: str) -> None:
    with errors_noted():
        set_users.delete_set(name)
        cache_images.clear_catalogue()
        cache_images.clear_pictures()
        cache_torch.clear_pictures()
        st.query_params.pop("data", None)
        st.session_state.pop("last set", None)
        frame.notify("The set was deleted.", ":material/delete:")
