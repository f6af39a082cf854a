"""Downloads of a run's progress: metrics as CSV, samples as GIF, each made when it is clicked."""

import streamlit as st

from gan.config import settings
from gan.runs.run import Run
from pages.ui import cache
from pages.ui.progress import samples


def downloads_panel(run: Run) -> None:
    """The download buttons; nothing for a run without points and samples. Not for the live part of a page."""
    if not (cache.metrics(run) or run.samples()):
        return
    with st.container(border=True):
        st.header(
            "Downloads", anchor=False,
            help="Each chart is saved as PNG or SVG by the two buttons at its upper right. For TensorBoard, "
            "Weights & Biases and MLflow: "
            f"`{settings.PROGRAM} log {run.name} --to tensorboard --out {run.name}-events`",
        )  # fmt: skip
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
