"""The charts of the Evaluate page as plain data for `charts.draw`: points with their 95 % intervals.

Read next: `charts.py`, `chart.js`.
"""

from collections.abc import Sequence
from typing import Any

from gan.evaluation.results import Result
from gan.evaluation.study_results import Regime

HEIGHT = 300
WIDE = {"size": 12}


def distance(there: Sequence[Result], best: int | None, name: str) -> dict[str, Any]:
    """The kernel distance of each snapshot, with the best one as a larger point and the floor as a line."""
    traces = [_over_time(there, "kid", "Kernel distance", "blue")]
    chosen = next((result for result in there if result.snapshot == best), None)
    if chosen is not None:
        traces.append(
            {
                "name": "Best snapshot",
                "tone": "orange",
                "mode": "markers",
                "marker": {"size": 15, "symbol": "circle-open", "line": {"width": 3}},
                "x": [chosen.snapshot / 1000],
                "y": [chosen.kid],
                "hovertemplate": "best: %{y:.4g}<extra></extra>",
            }
        )
    floor = there[-1].floor["kid"]
    return _figure(traces, f"{name}-distance", "kernel distance", [(floor, "real vs real")])


def shares(there: Sequence[Result], name: str) -> dict[str, Any]:
    """Obedience, CAS, precision and coverage of each snapshot, with what real images teach as a line."""
    lines = (
        ("obedience_balanced", "Obedience", "blue"),
        ("cas_balanced", "CAS", "orange"),
        ("precision", "Precision", "green"),
        ("coverage", "Coverage", "purple"),
    )
    traces = [_over_time(there, key, label, tone) for key, label, tone in lines]
    real = there[-1].real_accuracy_balanced
    figure = _figure(traces, f"{name}-shares", "", [(real, "real-trained")])
    figure["layout"]["yaxis"] |= {"range": [0, 1.03], "tickformat": ".0%"}
    return figure


def gain(regime: Regime, name: str) -> dict[str, Any]:
    """The gain of each ratio of synthetic images over the best control, in points, with its corrected interval."""
    traces = []
    for filtered, label, tone in ((False, "Synthetic", "blue"), (True, "Synthetic, filtered", "green")):
        arms = sorted(
            (arm.ratio, arm.gain)
            for arm in regime.arms
            if arm.kind == "synthetic" and arm.filtered == filtered and arm.gain is not None and arm.ratio is not None
        )
        if arms:
            values = [(100 * one.value, 100 * one.corrected_low, 100 * one.corrected_high) for _, one in arms]
            hover = f"%{{y:+.1f}} points<extra>{label}, %{{x:g}} for each real image</extra>"
            traces.append(points([ratio for ratio, _ in arms], values, name=label, tone=tone, hover=hover))
    across = "synthetic images for each real one"
    figure = _figure(traces, f"{name}-gain-{regime.share:g}", "points", [(0.0, "no gain")], across)
    figure["layout"]["yaxis"].pop("rangemode")
    return figure


def points(
    x: Sequence[float],
    values: Sequence[tuple[float, float, float]],
    *,
    name: str,
    tone: str,
    hover: str,
) -> dict[str, Any]:
    """Points with their intervals: `values` are (value, low, high)."""
    return {
        "name": name,
        "tone": tone,
        "mode": "lines+markers",
        "x": list(x),
        "y": [value for value, _, _ in values],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [max(0.0, high - value) for value, _, high in values],
            "arrayminus": [max(0.0, value - low) for value, low, _ in values],
            "thickness": 1.5,
            "width": 4,
        },
        "hovertemplate": hover,
    }


def _over_time(there: Sequence[Result], key: str, name: str, tone: str) -> dict[str, Any]:
    values = [(float(getattr(one, key)), *one.intervals[key]) for one in there]
    hover = f"%{{y:.3g}}<extra>{name}, %{{x:,.4g}} k images</extra>"
    return points([one.snapshot / 1000 for one in there], values, name=name, tone=tone, hover=hover)


def _figure(
    traces: list[dict[str, Any]], name: str, unit: str, ideals: list[tuple[float, str]], x: str = "thousand images seen"
) -> dict[str, Any]:
    return {
        "name": name,
        "alt": f"{', '.join(str(trace['name']) for trace in traces)} with 95% intervals, over {x}.",
        "traces": traces,
        "ideals": [{"value": value, "label": label} for value, label in ideals],
        "layout": {
            "xaxis": {"title": {"text": x, "standoff": 8, "font": WIDE}},
            "yaxis": {"rangemode": "tozero", "title": {"text": unit, "standoff": 8, "font": WIDE}},
            "hovermode": "closest",
        },
        "height": HEIGHT,
    }
