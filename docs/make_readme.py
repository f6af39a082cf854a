"""Write the README's table of options: `python -m docs.make_readme`. A test keeps it current."""

from gan.config import options, settings

README = settings.ROOT / "README.md"


def update_options_table(readme: str) -> str:
    """The README's text with the table of options that RunConfig has now."""
    lines = ["| option | default | takes | what it does |", "|---|---|---|---|"]
    for option in options.all_options():
        default = f"`{options.format_value(option.default)}`" if option.default not in ("", ()) else ""
        unit = f" ({option.unit})" if option.unit else ""
        lines.append(f"| `{option.path}` | {default} | {option.takes}{unit} | {option.help} |")
    before, rest = readme.split("<!-- options -->")
    _, after = rest.split("<!-- /options -->")
    return "\n".join([f"{before}<!-- options -->", *lines, f"<!-- /options -->{after}"])


if __name__ == "__main__":
    README.write_text(update_options_table(README.read_text()))
