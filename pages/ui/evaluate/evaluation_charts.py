"""The figures of the Evaluate page as plain data for `live_chart`: points with 95% intervals."""

from collections.abc import Sequence
from typing import Any

from gan.evaluation.records.results import EvaluationResult

HEIGHT = 300
AXIS_FONT = {"size": 12}


def distance_figure(results: Sequence[EvaluationResult], best: int | None, name: str) -> dict[str, Any]:
    """Kernel distance by snapshot, with a ring around the best and a line at the floor (real against real)."""
    traces = [_over_time(results, "kid", "Kernel distance", "blue")]
    best_result = next((result for result in results if result.snapshot == best), None)
    if best_result is not None:
        traces.append(
            {
                "name": "Best snapshot",
                "tone": "orange",
                "mode": "markers",
                "marker": {"size": 15, "symbol": "circle-open", "line": {"width": 3}},
                "x": [best_result.snapshot / 1000],
                "y": [best_result.kid],
                "hovertemplate": "best: %{y:.4g}<extra></extra>",
            }
        )
    floor = results[-1].floor["kid"]
    return _figure(traces, f"{name}-distance", "kernel distance", [(floor, "real vs real")])


def shares_figure(results: Sequence[EvaluationResult], name: str) -> dict[str, Any]:
    """Obedience, CAS, precision and coverage by snapshot, with a line at the accuracy of a real-trained classifier."""
    lines = (
        ("obedience_balanced", "Obedience", "blue"),
        ("cas_balanced", "CAS", "orange"),
        ("precision", "Precision", "green"),
        ("coverage", "Coverage", "purple"),
    )
    traces = [_over_time(results, key, label, tone) for key, label, tone in lines]
    real = results[-1].real_accuracy_balanced
    figure = _figure(traces, f"{name}-shares", "", [(real, "real-trained")])
    figure["layout"]["yaxis"] |= {"range": [0, 1.03], "tickformat": ".0%"}
    return figure


def _points(
    x: Sequence[float],
    values: Sequence[tuple[float, float, float]],
    *,
    name: str,
    tone: str,
    hover: str,
) -> dict[str, Any]:
    """A trace of points; `values` are (value, low, high)."""
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


def _over_time(results: Sequence[EvaluationResult], key: str, name: str, tone: str) -> dict[str, Any]:
    values = [(float(getattr(result, key)), *result.intervals[key]) for result in results]
    hover = f"%{{y:.3g}}<extra>{name}, %{{x:,.4g}} k images</extra>"
    return _points([result.snapshot / 1000 for result in results], values, name=name, tone=tone, hover=hover)


def _figure(
    traces: list[dict[str, Any]], name: str, unit: str, ideals: list[tuple[float, str]], x: str = "thousand images seen"
) -> dict[str, Any]:
    return {
        "name": name,
        "alt": f"{', '.join(str(trace['name']) for trace in traces)} with 95% intervals, over {x}.",
        "traces": traces,
        "ideals": [{"value": value, "label": label} for value, label in ideals],
        "layout": {
            "xaxis": {"title": {"text": x, "standoff": 8, "font": AXIS_FONT}},
            "yaxis": {"rangemode": "tozero", "title": {"text": unit, "standoff": 8, "font": AXIS_FONT}},
            "hovermode": "closest",
        },
        "height": HEIGHT,
    }
