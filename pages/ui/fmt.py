"""Numbers, times and names as text: `12,000 images`, `3 min`, `2 h ago`, `1.4 GB`.

Shares and their intervals are those of gan/evaluation/number_format.py.
"""

import time


def number(value: float) -> str:
    """A count with thousands separators, or a measure with three significant digits."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def images(count: float) -> str:
    """`1 image`, `12,000 images`."""
    return f"{count:,.0f} image{'' if round(count) == 1 else 's'}"


def duration(seconds: float) -> str:
    """A time span of seconds in its largest fitting unit: `8 s`, `3 min`, `2 h 5 min`, `3 days`."""
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


def timed(label: str, seconds: float | None) -> str:
    """The label of a button with what a click takes: `Score it, about 3 min`; the label where nobody measured it."""
    return label if seconds is None else f"{label}, about {duration(seconds)}"


def since(moment: float) -> str:
    """The time since a moment (seconds since 1970): `3 min`."""
    return duration(time.time() - moment)


def ago(moment: float) -> str:
    """How long ago a moment (seconds since 1970) was: `just now`, `3 min ago`."""
    seconds = time.time() - moment
    return "just now" if seconds < 5 else f"{duration(seconds)} ago"


def byte_size(count: float) -> str:
    """Bytes in decimal units: `512 B`, `1.4 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def run_label(name: str, title: str) -> str:
    """A run in a list: its title, followed by its name where they differ."""
    return title if title == name else f"{title} ({name})"


def attribute_label(name: str) -> str:
    """The name of an attribute with spaces for underscores."""
    return name.replace("_", " ")
