"""The charts of the Evaluate page as plain data for `charts.draw`: points with their 95% intervals."""

from collections.abc import Sequence
from typing import Any

from gan.evaluation.records.results import EvaluationResult
from gan.evaluation.records.study_results import Regime
from gan.evaluation.report import study_table

HEIGHT = 300
WIDE = {"size": 12}


def distance(there: Sequence[EvaluationResult], best: int | None, name: str) -> dict[str, Any]:
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


def shares(there: Sequence[EvaluationResult], name: str) -> dict[str, Any]:
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
    """The gain at each amount of synthetic images over the best control, in points, with its corrected interval: a line
    for each way of training, and apart from it where classes are filled up."""
    drawn, amounts = study_table.gain_lines(regime), study_table.amounts(regime)
    traces = []
    for number, (one, tone) in enumerate(zip(drawn, ("blue", "orange"), strict=False)):
        placed = [*one.by_ratio, *one.apart]
        trace = points(
            [study_table.dodge(place, number, len(drawn)) for place, _ in placed],
            [(100 * gain.value, 100 * gain.corrected_low, 100 * gain.corrected_high) for _, gain in placed],
            name=one.name,
            tone=tone,
            hover=f"%{{y:+.1f}} points<extra>{one.name}, %{{customdata}}</extra>",
        )
        trace["customdata"] = [amounts[place] for place, _ in placed]
        traces.append(_apart(trace, len(one.by_ratio)))
    across = "synthetic images for each real one"
    figure = _figure(traces, f"{name}-gain-{regime.share:g}", "points", [(0.0, "no gain")], across)
    return _at_places(figure, amounts)


def keep_rates(regime: Regime, name: str) -> dict[str, Any]:
    """What each keep rate did against keeping all, in points, with its corrected interval."""
    rates = regime.filtering.rates
    values = [(100 * one.value, 100 * one.low, 100 * one.high) for one in rates]
    hover = "%{y:+.1f} points against keeping all<extra></extra>"
    trace = points(list(range(len(rates))), values, name="Keeping fewer", tone="green", hover=hover)
    figure = _figure(
        [trace], f"{name}-keep-{regime.share:g}", "points", [(0.0, "keeping all")], "share of the images that is kept"
    )
    return _at_places(figure, [f"{100 * one.keep:g}%" for one in rates])


def _apart(trace: dict[str, Any], joined: int) -> dict[str, Any]:
    """The trace with a gap after its first `joined` points."""
    bars = {key: _with_gap(trace["error_y"][key], joined) for key in ("array", "arrayminus")}
    gaps = {key: _with_gap(trace[key], joined) for key in ("x", "y", "customdata")}
    return trace | gaps | {"error_y": trace["error_y"] | bars}


def _with_gap(values: list[Any], joined: int) -> list[Any]:
    return values if joined == len(values) else [*values[:joined], None, *values[joined:]]


def _at_places(figure: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The figure with names at the places 0, 1, 2 and so on, and its upright axis where the points are."""
    figure["layout"]["xaxis"] |= {
        "tickvals": list(range(len(names))),
        "ticktext": list(names),
        "range": [-0.5, len(names) - 0.5],
    }
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


def _over_time(there: Sequence[EvaluationResult], key: str, name: str, tone: str) -> dict[str, Any]:
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
