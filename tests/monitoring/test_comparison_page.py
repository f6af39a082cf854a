"""A comparison to take away: a CSV with a row for each run, a page without scripts, and limits without outliers."""

import csv
import io
import re

import numpy as np

from gan.monitoring import comparison_page
from gan.monitoring.curve_points import robust_limits
from gan.runs import notes
from gan.runs.run import Run
from tests.support.evaluation import demo_scores
from tests.support.pages import ended, made


def two_runs() -> list[Run]:
    slow, fast = made("slow", **{"optim.lr": 0.0001}), made("fast", **{"optim.lr": 0.001})
    ended(slow, state="finished")
    notes.update_about(slow.path, title='=cmd|"/c calc" <b>')
    demo_scores(slow, 9, kid=0.25)
    return [slow, fast]


def test_the_csv_has_what_differs_and_the_scores_as_numbers() -> None:
    rows = list(csv.DictReader(io.StringIO(comparison_page.comparison_csv(two_runs()))))
    assert [row["run"] for row in rows] == ["slow", "fast"]
    assert [float(row["optim.lr"]) for row in rows] == [0.0001, 0.001]
    assert "train.batch" not in rows[0]
    assert [row["kid"] for row in rows] == ["0.25", ""]
    assert float(rows[0]["kid_low"]) < float(rows[0]["kid_high"])
    assert [row["state"] for row in rows] == ["finished", "lost"]
    assert rows[0]["title"].startswith("'=")  # no formula in a spreadsheet


def test_the_page_opens_offline_and_shows_titles_as_text() -> None:
    page = comparison_page.comparison_html(two_runs(), baseline=0)
    assert not re.search(r"<script|https?://(?!www\.w3\.org)|<b>", page)
    assert "&lt;b&gt;" in page
    assert page.count('<svg class="chart"') == len(comparison_page.CURVES)
    assert page.count("data:image/png;base64,") == 2
    assert re.search(r"<th>Learning rate</th><td>0.0001</td><td>0.001</td>", page)
    assert "<td>0.25" in page


def test_a_peak_or_a_run_that_diverged_does_not_flatten_the_others() -> None:
    level = np.linspace(1.0, 2.0, 500)
    peak = level.copy()
    peak[250] = 1000.0
    limits = robust_limits([level, peak])
    assert limits is not None
    assert 0.8 < limits[0] <= 1.0
    assert 2.0 <= limits[1] < 3.0
    limits = robust_limits([level, level * 500])
    assert limits is not None
    assert limits[1] < 3.0


def test_curves_that_fit_together_are_drawn_whole() -> None:
    level = np.linspace(1.0, 2.0, 500)
    assert robust_limits([level, level + 0.5]) is None
    assert robust_limits([np.full(5, 3.0)]) is None
    assert robust_limits([]) is None
