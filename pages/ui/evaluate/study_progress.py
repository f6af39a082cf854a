"""The training sets that a running study has finished on validation images: no result yet."""

import pandas as pd
import streamlit as st

from gan.evaluation.job import load_request
from gan.runs.run import Run
from pages.ui import cache
from pages.ui.frame import errors_shown


def partial_results(run: Run, snapshot: int) -> None:
    """The scores so far of each training set, by share of the real images; nothing before the first."""
    with errors_shown():
        request = load_request(run, "study")
        if request.snapshot not in (None, snapshot):
            st.caption(f"It studies the snapshot after {request.snapshot:,} images.")
        seen = int(run.snapshot(request.snapshot).name)
        regimes = cache.partial_study(run, seen)
    if not regimes:
        return
    st.caption(
        "So far, on validation images. This is not a result: which way is tested is chosen only when all are trained, "
        "and only test images tell whether it helps."
    )
    for regime in regimes:
        with st.expander(f"So far with {regime.share:.0%} of the real images"):
            if regime.tested:
                st.caption(f"{regime.tested} classifiers for the test are trained; their results wait for the others.")
            table = pd.DataFrame(
                {
                    "Training set": [arm.words for arm in regime.arms],
                    "AUROC": [arm.auroc for arm in regime.arms],
                    "Classifiers": [arm.classifiers for arm in regime.arms],
                }
            )
            st.dataframe(table, hide_index=True, column_config={"AUROC": st.column_config.NumberColumn(format="%.3f")})
