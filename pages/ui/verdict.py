"""The colour and the icon of a study's verdict."""

COLOURS_AND_ICONS = {
    "helps": ("green", ":material/trending_up:"),
    "none": ("blue", ":material/trending_flat:"),
    "unclear": ("orange", ":material/help:"),
    "harmful": ("red", ":material/trending_down:"),
}


def verdict_markdown(kind: str, text: str) -> str:
    """A verdict in Markdown, its icon coloured by its kind."""
    colour, icon = COLOURS_AND_ICONS[kind]
    return f":{colour}[{icon}] {text}"
