"""A comparison of runs to take away: a CSV with one row for each run, and one HTML page that opens offline.

Charts are inline SVG, sample sheets are data URIs, and there are no scripts.
"""

import csv
import html
import io
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from gan import __version__, jobs
from gan.config.options import format_value
from gan.evaluation.records.best_snapshot import best_text
from gan.evaluation.report import svg, text
from gan.evaluation.report.svg import Point, Series
from gan.io import contact_sheet
from gan.io.csv_cells import harmless_cell
from gan.io.png import data_uri, encode_picture
from gan.io.synthetic_mark import MARK
from gan.monitoring import curve_points, run_differences, run_table, score_table
from gan.monitoring.score_table import Cell
from gan.runs import sample_sheets
from gan.runs.metrics import D_G_Z1, D_X, LOSS_D, LOSS_G, METRICS
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run

CURVES = (LOSS_D, LOSS_G, D_X, D_G_Z1)
CHART_POINTS = 400
"""Points of a curve in the page: it is 600 px wide."""
SMOOTHING = 0.6
SHEET_SIDE = 1200
"""Largest width and height of a sample sheet in the page, in pixels."""
STYLE = """
.runs { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; padding: 0; list-style: none; }
.runs i { display: inline-block; width: 0.8rem; height: 0.8rem; border-radius: 50%; margin-right: 0.4rem; }
td.best { font-weight: 650; } .delta { color: var(--quiet); } .sheets img { max-width: 100%; }
.sheets { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1rem; }
figure { margin: 0; }
"""


def comparison_csv(runs: Sequence[Run]) -> str:
    """One row for each run: state, progress, options that differ, and the scores with the ends of their intervals."""
    records = [run_table.run_records(run) for run in runs]
    differing = run_table.differing_options(records)
    rows = []
    for run, record in zip(runs, records, strict=True):
        row: dict[str, Any] = {"run": run.name, "title": run.title, "state": jobs.state(run.path).name}
        row |= {"images_seen": record.seen, "images_planned": record.total, "training_seconds": record.seconds}
        row |= {option.path: _csv_value(run_table.option_value(option, record.options)) for option in differing}
        row["scored_snapshot"] = record.result.snapshot if record.result is not None else None
        for score in score_table.COLUMNS:
            measured = score_table.measurement(score, record.result)
            row[score.key] = measured.value if measured is not None else None
            low, high = measured.interval if measured is not None and measured.interval else (None, None)
            row |= {f"{score.key}_low": low, f"{score.key}_high": high}
        rows.append(row)
    content = io.StringIO()
    writer = csv.DictWriter(content, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: harmless_cell(value) for key, value in row.items()} for row in rows)
    return content.getvalue()


def _csv_value(value: Any) -> Any:
    """An option's value in a cell: names as the command line takes them, numbers as they are."""
    return format_value(value) if isinstance(value, tuple) else value


def comparison_html(runs: Sequence[Run], baseline: int | None = None) -> str:
    """The page on two runs or more; scores have differences from the run at the position `baseline`."""
    title = f"Comparison of {len(runs)} runs"
    created = time.strftime("%Y-%m-%d %H:%M", time.localtime())
    parts = [
        ("What differs", _options(runs)),
        ("Scores", _scores(runs, baseline)),
        ("Curves", _curves(runs)),
        ("Samples", _samples(runs)),
    ]
    body = "".join(f"<section><h2>{name}</h2>{part}</section>" for name, part in parts)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{text.STYLE}{STYLE}</style></head><body><main><header><h1>{title}</h1>"
        f'<p class="quiet">Made {created} with GAN workbench {__version__}.</p>{_legend(runs)}</header>{body}</main>'
        "</body></html>"
    )


def _legend(runs: Sequence[Run]) -> str:
    """The runs with the tones of their curves."""
    entries = zip(runs, svg.TONES, strict=False)
    listed = "".join(f'<li><i style="background:{tone}"></i>{html.escape(_label(run))}</li>' for run, tone in entries)
    return f'<ul class="runs">{listed}</ul>'


def _label(run: Run) -> str:
    return run.title if run.title == run.name else f"{run.title} ({run.name})"


def _table(names: Sequence[str], columns: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """A table of HTML cells with escaped names."""
    head = "".join(f"<th>{html.escape(column)}</th>" for column in columns)
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th>{''.join(row)}</tr>" for name, row in zip(names, cells, strict=True)
    )
    return f'<div class="wide"><table><tr><th></th>{head}</tr>{rows}</table></div>'


def _options(runs: Sequence[Run]) -> str:
    readable = [run for run in runs if not run.config_problem]
    differences = run_differences.option_differences(readable)
    if not differences:
        return "<p>No option differs.</p>"
    names = [f"{option.label} ({option.unit})" if option.unit else option.label for option in differences]
    cells = [[f"<td>{html.escape(value) or '—'}</td>" for value in option.values] for option in differences]
    return _table(names, [_label(run) for run in readable], cells)


def _scores(runs: Sequence[Run], baseline: int | None) -> str:
    evaluations = [score_table.compared_evaluation(run) for run in runs]
    light = "".join(
        f"<p>Best snapshot of {html.escape(_label(run))}: {best_text(run)}.</p>"
        for run, result in zip(runs, evaluations, strict=True)
        if result is None and best_text(run)
    )
    if all(result is None for result in evaluations):
        return light or "<p>None of these runs has scores.</p>"
    columns = [
        f"{_label(run)}, after {result.snapshot:,} images" if result is not None else _label(run)
        for run, result in zip(runs, evaluations, strict=True)
    ]
    rows = score_table.score_rows(evaluations, baseline)
    table = _table([row.score.name for row in rows], columns, [[_cell(cell) for cell in row.cells] for row in rows])
    where = f"On the validation split, in {score_table.features_text(evaluations)}, with 95% intervals"
    if score_table.comparable(evaluations):
        base = f" Differences are from {html.escape(_label(runs[baseline]))}." if baseline is not None else ""
        where = f"{where}; the best in bold.{base}"
    elif score_table.incomparable(evaluations):
        where = f"{where}. None is marked as best, and none has a difference: {score_table.DIFFERENT}."
    else:
        where = f"{where}."
    return f'{table}{light}<p class="quiet">{where}</p>'


def _cell(cell: Cell) -> str:
    kind = ' class="best"' if cell.best else ""
    delta = f' <span class="delta">{cell.delta}</span>' if cell.delta else ""
    return f"<td{kind}>{html.escape(cell.text) or '—'}{delta}</td>"


def _curves(runs: Sequence[Run]) -> str:
    """A chart for each metric over thousands of images seen, without what outliers would flatten."""
    tables = [MetricsReader(run.path / "metrics.jsonl").read() for run in runs]
    charts = []
    for metric in CURVES:
        curves = [curve_points.finite_points(table, metric) for table in tables]
        smoothed = [(x, curve_points.smooth(y, SMOOTHING)) for x, y in curves]
        limits = curve_points.robust_limits([y for _, y in smoothed])
        series = [
            Series(_label(run), _points(x, y, limits), marked=False) for run, (x, y) in zip(runs, smoothed, strict=True)
        ]
        if any(one.points for one in series):
            label = METRICS[metric].label
            charts.append(svg.chart(series, title=label, x="thousand images seen", y=label, legend=False))
    if not charts:
        return "<p>None of these runs has curves yet.</p>"
    return f'<div class="charts">{"".join(charts)}</div><p class="quiet">Smoothed; rare peaks are cut off.</p>'


def _points(x: curve_points.Values, y: curve_points.Values, limits: tuple[float, float] | None) -> list[Point]:
    """A reduced curve within the limits."""
    across, up = curve_points.reduce_points(x, y, CHART_POINTS)
    drawn = up if limits is None else np.clip(up, *limits)
    return [Point(float(a), float(b), float(b), float(b)) for a, b in zip(across, drawn, strict=True)]


def _samples(runs: Sequence[Run]) -> str:
    """The sheet of each run nearest to the last moment that all of them reached."""
    sheets = [run.samples() for run in runs]
    if not any(sheets):
        return "<p>None of these runs has a picture yet.</p>"
    reached = min(max(run_sheets) for run_sheets in sheets if run_sheets)
    figures = []
    for run, run_sheets in zip(runs, sheets, strict=True):
        name = html.escape(_label(run))
        if not run_sheets:
            figures.append(f"<figure><figcaption>{name}: no picture yet</figcaption></figure>")
            continue
        nearest = sample_sheets.nearest_sheet(run_sheets, reached)
        moment = f"after {nearest:,} images" if nearest else "before training"
        picture = _picture(contact_sheet.read_sheet(run_sheets[nearest]))
        figures.append(
            f'<figure><figcaption>{name}, {moment}</figcaption><img alt="Samples of {name}, {moment}" src="{picture}">'
            "</figure>"
        )
    note = "All of these images are synthetic: none is a photograph, a scan or a patient. Not for clinical use."
    return f'<div class="sheets">{"".join(figures)}</div><p class="quiet">{note}</p>'


def _picture(sheet: Image.Image) -> str:
    if max(sheet.size) > SHEET_SIDE:
        sheet.thumbnail((SHEET_SIDE, SHEET_SIDE))
    return data_uri(encode_picture(sheet, MARK, optimize=True))
