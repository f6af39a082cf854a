"""The figures of the Evaluate page as plain data for `live_chart`: points with 95% intervals."""

from collections.abc import Sequence
from typing import Any

from gan.evaluation.records.results import EvaluationResult
from gan.evaluation.records.study_results import Regime, StudyResult
from gan.evaluation.report import study_table

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


def gain_figure(study: StudyResult, regime: Regime, name: str) -> dict[str, Any]:
    """Gain over the best control by amount of synthetic images, in percentage points with 95% intervals.

    A line of exploratory gains for each way of training; filled-up classes stand apart from it. The confirmed gain is a
    point of its own, with its corrected interval.
    """
    lines, amounts = study_table.gain_lines(regime), study_table.amounts(regime)
    traces = []
    for number, (line, tone) in enumerate(zip(lines, ("blue", "orange"), strict=False)):
        placed = [*line.by_ratio, *line.apart]
        trace = _points(
            [study_table.dodge(position, number, len(lines) + 1) for position, _ in placed],
            [(100 * gain.value, 100 * gain.low, 100 * gain.high) for _, gain in placed],
            name=line.name,
            tone=tone,
            hover=f"%{{y:+.1f}} points, exploratory<extra>{line.name}, %{{customdata}}</extra>",
        )
        trace["customdata"] = [amounts[position] for position, _ in placed]
        traces.append(_apart(trace, len(line.by_ratio)))
    gain, position = regime.gain, study_table.confirmed_position(regime)
    traces.append(
        _points(
            [study_table.dodge(position, len(lines), len(lines) + 1)],
            [(100 * gain.value, 100 * gain.corrected_low, 100 * gain.corrected_high)],
            name="Confirmed on test images",
            tone="green",
            hover=f"%{{y:+.1f}} points, confirmed<extra>{amounts[position]}</extra>",
        )
    )
    across = "synthetic images for each real one"
    unit = f"points of {study.metric(regime)}"
    figure = _figure(traces, f"{name}-gain-{regime.share:g}", unit, [(0.0, "no gain")], across)
    return _with_category_axis(figure, amounts)


def keep_rate_figure(study: StudyResult, regime: Regime, name: str) -> dict[str, Any]:
    """Exploratory gain of each keep rate over keeping all, in percentage points with its 95% interval."""
    rates = regime.filtering.rates
    values = [(100 * rate.value, 100 * rate.low, 100 * rate.high) for rate in rates]
    hover = "%{y:+.1f} points against keeping all<extra></extra>"
    trace = _points(list(range(len(rates))), values, name="Keeping the best", tone="green", hover=hover)
    unit = f"points of {study.metric(regime)}"
    ideals = [(0.0, "keeping all")]
    figure = _figure([trace], f"{name}-keep-{regime.share:g}", unit, ideals, "share of the images that is kept")
    return _with_category_axis(figure, [f"{100 * rate.keep:g}%" for rate in rates])


def _apart(trace: dict[str, Any], joined: int) -> dict[str, Any]:
    """The trace with a gap after its first `joined` points."""
    bars = {key: _with_gap(trace["error_y"][key], joined) for key in ("array", "arrayminus")}
    gaps = {key: _with_gap(trace[key], joined) for key in ("x", "y", "customdata")}
    return trace | gaps | {"error_y": trace["error_y"] | bars}


def _with_gap(values: list[Any], joined: int) -> list[Any]:
    return values if joined == len(values) else [*values[:joined], None, *values[joined:]]


def _with_category_axis(figure: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Name the positions 0, 1, 2 ... of the x axis, and fit the y axis to the points."""
    figure["layout"]["xaxis"] |= {
        "tickvals": list(range(len(names))),
        "ticktext": list(names),
        "range": [-0.5, len(names) - 0.5],
    }
    figure["layout"]["yaxis"].pop("rangemode")
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
