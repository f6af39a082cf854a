"""How to read it: what a conditional GAN is, how each chart looks in good and bad runs, scores, study and all terms.

`?about=losses` puts that chart first. The curves are recordings of real runs.
"""

from pathlib import Path

import streamlit as st

from gan.config import glossary
from pages.ui import frame
from pages.ui.explanations import lessons
from pages.ui.frame import errors_shown

DRAWINGS = Path(__file__).parent / "ui" / "explanations"


def page() -> None:
    """The basics and the charts; the chart of the link comes first."""
    frame.page_title("How to read it", "Two minutes, no mathematics. Every curve below is of a real run.")
    about = st.query_params.get("about")
    if about in lessons.TITLES:
        lessons.lesson_tabs(about)
        basics()
    else:
        basics()
        lessons.lesson_tabs(next(iter(lessons.TITLES)))
    all_terms()


def basics() -> None:
    """What a GAN and a condition are, with a drawing of each."""
    left, right = st.columns(2, gap="large")
    with left:
        st.header("What a GAN is", anchor=False)
        draw_svg("gan")
        st.markdown(
            "Two networks learn against each other. The **generator** turns random numbers into an image; it never "
            "sees a real one. The **discriminator** is shown real and generated images and says how sure it is that "
            "each is real. It learns to tell them apart; the generator learns, from its answers, to draw what passes. "
            "In the end only the generator is kept: the discriminator remembers its images too well to be given away."
        )
    with right:
        st.header("What a condition is", anchor=False)
        draw_svg("conditional")
        st.markdown(
            "A **conditional** GAN also gets what to draw: a class such as *malignant*, or attributes that are on "
            "or off. Both networks see the condition, so an image passes only if it looks real *as what was asked "
            "for*. The noise decides the rest: one condition gives as many different images as you like, and the same "
            "noise under two conditions gives a pair that differs in little else."
        )
    st.markdown(
        "**What to expect.** There is no curve that simply falls: each network is measured against the other, and the "
        "other learns too. A healthy run is a *balance* that lasts while the images get better. Whether the images are "
        "of any use, no curve can say: the Evaluate page measures that on real images which the run never saw."
    )


def all_terms() -> None:
    """The glossary, folded."""
    with st.expander("All terms", icon=":material/menu_book:"):
        for topic, terms in glossary.GLOSSARY.items():
            st.markdown(f"**{topic}**")
            lessons.terms_list(terms)


def draw_svg(name: str) -> None:
    """Draw an SVG file in the text colour of the page.

    It is a component, because `st.html` strips SVG and an `<img>` does not follow the theme.
    """
    content = (DRAWINGS / f"{name}.svg").read_text()
    st.components.v2.component(f"drawing_{name}", html=content, isolate_styles=False)(key=f"drawing {name}")


with errors_shown():
    page()
