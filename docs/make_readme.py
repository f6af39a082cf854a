"""Write the README's tables of options and terms, and that of `auto`: `python -m docs.make_readme`. Tests keep them
current."""

from gan.config import glossary, options, settings
from gan.training.auto_choices import CHOICES

README = settings.ROOT / "README.md"
AUTO = settings.ROOT / "docs/auto.md"


def update_options_table(readme: str) -> str:
    """The README's text with the table of options that RunConfig has now."""
    lines = ["| option | default | takes | what it does |", "|---|---|---|---|"]
    for option in options.all_options():
        default = f"`{options.format_value(option.default)}`" if option.default not in ("", ()) else ""
        unit = f" ({option.unit})" if option.unit else ""
        lines.append(f"| `{option.path}` | {default} | {option.takes}{unit} | {option.help} |")
    return _replace_between(readme, "options", lines)


def update_terms(readme: str) -> str:
    """The README's text with the terms that the glossary has now."""
    rows = [f"| {term} | {text} |" for terms in glossary.GLOSSARY.values() for term, text in terms.items()]
    return _replace_between(readme, "terms", ["| term | meaning |", "|---|---|", *rows])


def update_choices(text: str) -> str:
    """The text of docs/auto.md with the table of what `auto` takes now."""
    lines = ["| option | what `auto` takes, and when | why | measured |", "|---|---|---|---|"]
    for choice in CHOICES:
        takes = choice.takes
        if takes == "its default":
            default = next(option.default for option in options.all_options() if option.path == choice.option)
            takes = f"{options.format_value(default)}, the default"
        lines.append(f"| `{choice.option}` | {takes} | {choice.why} | {'; '.join(choice.measured) or 'no'} |")
    return _replace_between(text, "choices", lines)


def _replace_between(readme: str, mark: str, lines: list[str]) -> str:
    """The text with `lines` between the two comments of that name."""
    before, rest = readme.split(f"<!-- {mark} -->")
    _, after = rest.split(f"<!-- /{mark} -->")
    return "\n".join([f"{before}<!-- {mark} -->", *lines, f"<!-- /{mark} -->{after}"])


if __name__ == "__main__":
    README.write_text(update_terms(update_options_table(README.read_text())))
    AUTO.write_text(update_choices(AUTO.read_text()))
