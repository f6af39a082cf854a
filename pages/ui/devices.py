"""The devices of this machine: memory, load, and who holds them."""

import streamlit as st

from gan import jobs
from pages.ui import words


def panel() -> None:
    """One small card for each device."""
    st.subheader("Devices", anchor=False)
    for device in jobs.devices():
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"**{device.name}** {device.title}")
            if device.memory_total and device.memory_used is not None:
                used = f"{words.size(device.memory_used)} of {words.size(device.memory_total)} memory"
                st.progress(min(device.memory_used / device.memory_total, 1.0), text=used)
            load = f"{device.load:.0f} % busy · " if device.load is not None else ""
            held = f"held by {', '.join(device.holders)}" if device.holders else "free for a run"
            st.caption(f"{load}{held}")
