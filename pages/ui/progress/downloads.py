"""What can be taken home of a run's progress: its curves as a table, its samples as a film, TensorBoard's files.

Each is made when it is clicked.
"""

import streamlit as st

from gan.runs.run import Run
from pages.ui import cache
from pages.ui.progress import samples


def downloads_panel(run: Run) -> None:
    """The buttons, below all that changes while the run lives: a click there could meet a drawing, and be lost.

    Nothing for a run that has nothing yet.
    """
    if not (cache.metrics(run) or run.samples()):
        return
    with st.container(border=True):
        st.subheader("Take home", anchor=False)
        with st.container(horizontal=True, gap="small"):
            st.download_button(
                "Curves as CSV",
                lambda: cache.metrics(run).to_csv(),
                f"{run.name}-metrics.csv",
                "text/csv",
                icon=":material/table:",
                key="take curves",
                on_click="ignore",
            )
            if run.samples():
                st.download_button(
                    "Samples as GIF",
                    lambda: cache.samples_gif(run, samples.gif_layout(run)),
                    f"{run.name}-samples.gif",
                    "image/gif",
                    icon=":material/movie:",
                    key="take film",
                    on_click="ignore",
                )
        st.caption(
            "Each chart is saved as PNG or SVG by the two buttons at its upper right. For TensorBoard: "
            f"`python -m gan tensorboard {run.name} --out {run.name}-events`"
        )
