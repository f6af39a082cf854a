"""The steps of adding images, the tabs of the Data page, and the parameter of its link that names an upload."""

import streamlit as st

UPLOAD = "upload"  # the parameter of the link
TAB, LOOK, ADD = "data tab", "Look at a set", "Add your own images"  # the tabs of the Data page
STEPS = ("Choose the images", "Check how they are understood", "Keep it, and train")


def current_step(current: int) -> None:
    """The three steps in a line, the current one in bold."""
    steps = (f"{number}  {step}" for number, step in enumerate(STEPS, 1))
    st.caption(" → ".join(f"**{step}**" if number == current else step for number, step in enumerate(steps, 1)))
