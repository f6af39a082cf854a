"""The closest pairs of a generated and a training image, side by side."""

import html

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gan.evaluation.records import interpretation, membership_results
from gan.evaluation.records.results import EvaluationResult
from gan.io.png import encode_png
from gan.runs.run import Run
from pages.ui import cache_torch
from pages.ui.tiles import data_uri


def panel(run: Run, result: EvaluationResult | None) -> None:
    """How many near copies there are, what counts as one, and the closest pairs; without scores, how to get there."""
    if result is None:
        st.caption("Scores look for near copies too: start them above.")
        return
    copies = result.near_copies
    held = copies["held_out"]
    low, high = copies["interval"]
    text = (
        f"**{copies['count']:,} of {copies['checked']:,} generated images are near copies** of a training image "
        f"(95% interval {low:.1%} to {high:.1%}); of {held['checked']:,} held-out real images, {held['count']:,} are."
    )
    if interpretation.near_copies_exceed_real(result):
        st.warning(f"{text} Do not share them before they are held back.", icon=":material/content_copy:")
    else:
        st.markdown(text)
    st.caption(
        "A near copy lies much closer to one training image than to the next thirty, closer than new real images do "
        f"(closeness below {copies['threshold']:.2f}). No near copy is no proof of privacy: a copy that is turned, cut "
        "or redrawn can pass."
    )
    if run.path.is_dir() and result.snapshot in run.snapshots():
        pair_pictures(run, result)
    else:
        st.caption("The snapshot is no longer kept, so that the pairs cannot be shown.")


def membership(run: Run, snapshot: int) -> None:
    """What the membership test found; nothing where there was none."""
    found = membership_results.load_membership(run, snapshot)
    if found is None:
        st.caption("No membership test of this snapshot yet.")
        return
    if found.risk_found:
        st.warning(found.verdict, icon=":material/fingerprint:")
    else:
        st.markdown(found.verdict)
    low, high = found.control_auc
    st.caption(
        "AUC is the probability that a training image lies nearer to a generated one than a held-out image does: 0.5 "
        f"is chance, and splits of the training images alone lie from {low:.2f} to {high:.2f}. "
        f"{found.n['members']:,} training and {found.n['held_out']:,} held-out images. "
        "Finding none is no proof of privacy."
    )
    for notice in found.notices:
        st.caption(notice)


def pair_pictures(run: Run, result: EvaluationResult) -> None:
    """The closest pairs, the generated image at the left, the training image at the right."""
    both = cache_torch.closest_pairs(run, result)
    if both is None:
        st.caption("The pairs cannot be shown: the data set is not in the cache any more. Score the snapshot again.")
        return
    shown = zip(result.near_copies["pairs"], *both, strict=True)
    st.html(f'<div class="pairs">{"".join(_pair(*one) for one in shown)}</div>')


def _pair(one: dict[str, object], made: NDArray[np.uint8], real: NDArray[np.uint8]) -> str:
    condition = html.escape(_short(str(one["condition"])))
    kind, verdict = ("pair copy", "near copy, ") if one["copy"] else ("pair", "")
    return (
        f'<div class="{kind}"><div class="two">{_figure(made, f"Generated image of {condition}", "generated")}'
        f"{_figure(real, 'Its nearest training image', 'training')}</div>"
        f'<div class="note"><b>{condition}</b>: {verdict}closeness {one["closeness"]:.2f}</div></div>'
    )


def _short(condition: str) -> str:
    """A condition; of many attributes only those that are on."""
    parts = condition.split(",")
    if len(parts) < 4:
        return condition
    on = [part.removesuffix("=1") for part in parts if part.endswith("=1")]
    return ", ".join(on) or "none"


def _figure(image: NDArray[np.uint8], alt: str, caption: str) -> str:
    return (
        f'<figure><img class="sharp" alt="{alt}" src="{data_uri(encode_png(image))}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )
