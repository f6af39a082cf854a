"""Who is signed in, with which role, and signing out."""

import streamlit as st

from gan.access import visitors
from gan.access.identity import current
from gan.access.sign_in_settings import proxy, sign_in
from pages.ui import frame
from pages.ui.access.session_identity import forget, session_visitor

ROLES = {
    "viewer": "You look at runs and synthetic images.",
    "member": "You add sets, train, evaluate and export, and change your own runs.",
    "steward": "You see the real images of all sets, and change the runs and sets of others.",
    "admin": "You may do everything, and you manage accounts and limits.",
}


def sign_out() -> None:
    """End the session. The guard then leads the browser to the sign-in page."""
    visitor = session_visitor()
    if visitor:
        try:
            visitors.sign_out(visitor)
        finally:
            forget(visitor)


frame.page_title("Account")
with frame.errors_shown():
    identity = current()
    with st.container(border=True, key="account", width=560, gap="xsmall"):
        st.caption("Name")
        st.text(identity.name)
        st.caption("Role")
        st.text(f"{identity.role.label.capitalize()}. {ROLES[identity.role.label]}")
        if identity.groups:
            st.caption("Groups")
            st.text(", ".join(sorted(identity.groups)))
    if sign_in() != "proxy":
        st.button("Sign out", key="sign-out", icon=":material/logout:", on_click=sign_out)
    elif proxy().sign_out:
        st.link_button("Sign out", proxy().sign_out, icon=":material/logout:")
    else:
        st.caption("You are signed in by this server's proxy: close the browser to sign out.")
