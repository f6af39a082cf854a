"""The report's list of the terms that it uses. No torch."""

import html

from gan.config.glossary import GLOSSARY


def terms_list() -> str:
    """The terms on scores, privacy and studies, each with its meaning."""
    topics = ("Data", "Synthetic images", "Scores", "Study")
    rows = "".join(
        f"<dt>{html.escape(term)}</dt><dd>{html.escape(text)}</dd>"
        for topic in topics
        for term, text in GLOSSARY[topic].items()
    )
    return f"<details><summary>What the terms mean</summary><dl>{rows}</dl></details>"
