"""Shares, differences of shares and their intervals as text, for reports and verdicts. No torch.

Shares are from 0 to 1. A difference of shares is written in percentage points, with its sign.
"""

from collections.abc import Sequence


def percent(share: float | None, decimals: int = 1) -> str:
    """`81.4%`; "" where there is no value."""
    return "" if share is None else f"{share:.{decimals}%}"


def percent_interval(interval: Sequence[float] | None) -> str:
    """`79.0% to 83.1%`; "" where there is no interval."""
    return "" if interval is None else f"{percent(interval[0])} to {percent(interval[1])}"


def percent_with_interval(share: float, low: float, high: float) -> str:
    """`81.4% (79.0 to 83.1)`."""
    return f"{percent(share)} ({100 * low:.1f} to {100 * high:.1f})"


def measure(value: float) -> str:
    """`0.0783` or `−0.00215`: three significant digits."""
    return f"{value:.3g}".replace("-", "−")


def points(difference: float) -> str:
    """`+2.0` or `−2.0`, in percentage points; `0.0`, without a sign, where it rounds to nothing."""
    text = f"{difference * 100:+.1f}".replace("-", "−")
    return "0.0" if text[1:] == "0.0" else text


def detectable_points(gain: float) -> str:
    """`4.1`: a gain that a study can see, in percentage points; at least `0.1`, since nobody sees a gain of nothing."""
    return f"{max(100 * gain, 0.1):.1f}"


def points_interval(low: float, high: float) -> str:
    """`−1.0 to +3.0`, in percentage points."""
    return f"{points(low)} to {points(high)}"


def points_with_interval(difference: float, low: float, high: float) -> str:
    """`+2.0 (−1.0 to +3.0)`, in percentage points."""
    return f"{points(difference)} ({points_interval(low, high)})"


def within_sentence(words: str) -> str:
    """Words that begin a sentence, as they stand within one: a name such as MixUp keeps its capital."""
    first = words.split(maxsplit=1)[0].rstrip(",")
    return words if first[1:] != first[1:].lower() else words[0].lower() + words[1:]
