"""Near copies of training images, the closest pairs side by side, and the membership test."""

import html
from collections.abc import Mapping

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gan.data.fingerprint import Fingerprint
from gan.data.image_set import UNLABELLED
from gan.evaluation.records import interpretation, membership_results
from gan.evaluation.records.results import EvaluationResult
from gan.evaluation.training_images import viewing_problem
from gan.io.markdown_text import escape_markdown, escape_message
from gan.io.png import data_uri, encode_png
from gan.io.synthetic_mark import MARK
from gan.runs.run import Run
from pages.ui import cache_torch


def near_copies_panel(run: Run, result: EvaluationResult | None) -> None:
    """The number of near copies and the closest pairs; without scores, how to get them."""
    if result is None:
        st.caption("Scores count near copies too: start them above.")
        return
    copies = result.near_copies
    held = copies["held_out"]
    low, high = copies["interval"]
    text = (
        f"**{copies['count']:,} of {copies['checked']:,} generated images are near copies** of a training image "
        f"(95% interval {low:.1%} to {high:.1%}); of {held['checked']:,} held-out real images, {held['count']:,} are."
    )
    if interpretation.near_copies_exceed_real(result):
        st.warning(f"{text} Leave them out before you share the images.", icon=":material/content_copy:")
    else:
        st.markdown(text)
    st.caption(
        "A near copy is much closer to one training image than to the next thirty, and closer than new real images are "
        f"(closeness below {copies['threshold']:.2f}). Finding none is no proof of privacy: a copy that is cut, "
        "redrawn or mixed with another image can be missed."
    )
    if run.path.is_dir() and result.snapshot in run.snapshots():
        _closest_pairs(run, result)
    else:
        st.caption("The snapshot was deleted: its pairs cannot be shown.")


def membership_panel(run: Run, snapshot: int) -> None:
    """The verdict of the membership test."""
    test = membership_results.load_membership(run, snapshot)
    if test is None:
        st.caption("No membership test of this snapshot yet.")
        return
    if test.risk_found:
        st.warning(escape_markdown(test.verdict), icon=":material/fingerprint:")
    else:
        st.markdown(escape_markdown(test.verdict))
    low, high = test.control_auc
    st.caption(
        "AUC is the probability that a training image is nearer to a generated one than a held-out image is: 0.5 is "
        f"chance; splits of the training images alone reach {low:.2f} to {high:.2f}. "
        f"{test.n['members']:,} training and {test.n['held_out']:,} held-out images. "
        "Finding none is no proof of privacy."
    )
    for notice in test.notices:
        st.caption(escape_markdown(notice))


def _closest_pairs(run: Run, result: EvaluationResult) -> None:
    """The closest pairs: generated image left, training image right."""
    pairs = cache_torch.closest_pairs(run, result)
    if pairs is None:
        missing = "The data set is not read on this machine. Score the snapshot again to see the pairs."
        st.caption(escape_message(viewing_problem(run) or missing))
        return
    split = Fingerprint.load(run.path).split
    shown = [
        _pair(pair, *both, unlabelled=bool(split[pair["training_image"]] == UNLABELLED))
        for pair, *both in zip(result.near_copies["pairs"], *pairs, strict=True)
    ]
    st.html(f'<div class="pairs">{"".join(shown)}</div>')


def _pair(pair: dict[str, object], synthetic: NDArray[np.uint8], real: NDArray[np.uint8], *, unlabelled: bool) -> str:
    """Both images; of one without a label, which the run learned with an inferred class, it is said."""
    condition = html.escape(_short(str(pair["condition"])))
    style, verdict = ("pair copy", "near copy, ") if pair["copy"] else ("pair", "")
    return (
        f'<div class="{style}"><div class="two">'
        f"{_figure(synthetic, f'Generated image of {condition}', 'generated', MARK)}"
        f"{_figure(real, 'Its nearest training image', 'unlabelled' if unlabelled else 'training', {})}</div>"
        f'<div class="note"><b>{condition}</b>: {verdict}closeness {pair["closeness"]:.2f}</div></div>'
    )


def _short(condition: str) -> str:
    """A condition as text; of four attributes or more only those that are on."""
    parts = condition.split(",")
    if len(parts) < 4:
        return condition
    on = [part.removesuffix("=1") for part in parts if part.endswith("=1")]
    return ", ".join(on) or "none"


def _figure(image: NDArray[np.uint8], alt: str, caption: str, text: Mapping[str, str]) -> str:
    return (
        f'<figure><img class="sharp" alt="{alt}" src="{data_uri(encode_png(image, text))}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )
