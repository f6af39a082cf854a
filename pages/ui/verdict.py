"""The colours and icons of verdicts: of a whole run by its level, of a study by its kind."""

from gan.monitoring.verdict_parts import STUDY_LEVELS, VerdictLevel

COLOURS: dict[VerdictLevel, str] = {"good": "green", "caution": "orange", "bad": "red", "neutral": "gray"}
ICONS: dict[VerdictLevel, str] = {
    "good": ":material/verified:",
    "caution": ":material/warning:",
    "bad": ":material/block:",
    "neutral": ":material/balance:",
}
STUDY_ICONS = {
    "helps": ":material/trending_up:",
    "no-room": ":material/vertical_align_top:",
    "none": ":material/trending_flat:",
    "unclear": ":material/help:",
    "harmful": ":material/trending_down:",
}


def study_markdown(kind: str, text: str) -> str:
    """The verdict of a study in Markdown, its icon coloured by its kind."""
    return f":{COLOURS[STUDY_LEVELS[kind]]}[{STUDY_ICONS[kind]}] {text}"
