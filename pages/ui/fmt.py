"""Numbers, times and names as people say them: `12,000 images`, `3 min left`, `2 h ago`, `1.4 GB`."""

import re
import time


def number(value: float) -> str:
    """A count with separators, or a measure with three sensible digits."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def images(count: float) -> str:
    """`1 image`, `12,000 images`."""
    return f"{count:,.0f} image{'' if round(count) == 1 else 's'}"


def duration(seconds: float) -> str:
    """A span in its largest fitting unit: `8 s`, `3 min`, `2 h 5 min`, `3 days`."""
    seconds = max(seconds, 0)
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest and hours < 10 else f"{hours} h"
    return f"{round(hours / 24)} days"


def since(moment: float) -> str:
    """How long something has lasted that began at a time (seconds since 1970)."""
    return duration(time.time() - moment)


def ago(moment: float) -> str:
    """How long ago a time (seconds since 1970) was."""
    seconds = time.time() - moment
    return "just now" if seconds < 5 else f"{duration(seconds)} ago"


def byte_size(count: float) -> str:
    """Bytes in decimal units, as disks are sold: `512 B`, `1.4 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def run_label(name: str, title: str) -> str:
    """A run in a list: its title, and its name where that is another word."""
    return title if title == name else f"{title} ({name})"


def attribute_label(name: str) -> str:
    """An attribute's name without the underscores of its file."""
    return name.replace("_", " ")


def escape_markdown(text: str) -> str:
    """Words that somebody typed, for a place that reads Markdown: shown as they are, never as links or formatting."""
    return re.sub(r"([\\`*_\[\]<>#$:~|&])", r"\\\1", text)
