"""The report: one file that opens offline and says what was found; its charts against positions worked out by hand."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gan import jobs
from gan.cli.main import main
from gan.config import options, settings
from gan.errors import RunError
from gan.evaluation import reader_study
from gan.evaluation.records import interpretation, results, stored_studies
from gan.evaluation.report import document, sections, svg
from gan.evaluation.report.svg import Point, Series
from gan.io.markdown_text import escape_line
from gan.monitoring.run_verdict import run_verdict
from gan.runs import lifecycle, notes
from tests.conftest import trained
from tests.support.evaluation import studied, use_budget
from tests.support.synthetic_marks import assert_marked, pictures_of


class _Tags(HTMLParser):
    """Whether every tag is closed in its order, and every attribute that could fetch something."""

    ALONE = ("meta", "img", "path", "circle", "polyline", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.fetched += [str(value) for name, value in attributes if name in ("src", "href", "srcset", "data")]
        if tag not in self.ALONE:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_report_holds_everything_and_fetches_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    use_budget(monkeypatch)
    run = trained("digits")
    with pytest.raises(RunError, match="has no evaluation on the val split"):
        document.build_report(run, 320, run_verdict(run, jobs.state(run.path), 320))
    studied(run, 320, "Helps: <b>indeed</b>.")
    assert main(["evaluate", "digits", "--snapshot", "160"]) == 0
    notes.update_about(run.path, notes="From <us>, CC0")
    file = tmp_path / "report.html"
    assert main(["evaluate", "digits", "--report", str(file)]) == 0
    assert f"Report: {file}" in capsys.readouterr().err
    text, result = file.read_text(), results.load_result(run, 320)
    assert len(text.encode()) < document.MAX_BYTES
    tags = _Tags()
    tags.feed(text)
    assert tags.open == []
    assert tags.fetched
    assert all(source.startswith("data:image/png;base64,") for source in tags.fetched)
    assert_marked(pictures_of(text), fewest=10)
    assert "<script" not in text
    assert "@import" not in text
    assert "url(" not in text
    assert "Helps: &lt;b&gt;indeed&lt;/b&gt;." in text  # what others wrote is text, never markup
    for score in interpretation.SCORES:
        assert score.name in text
    assert f"{result.coverage:.1%}" in text
    assert result.made_with["generator_sha256"] in text
    verdict = run_verdict(run, jobs.state(run.path), 320)
    assert f'<p class="verdict {verdict.level}"><strong>{verdict.label}.</strong> {verdict.sentence}</p>' in text
    assert text.count("<svg") == 2  # scores over time
    assert text.count('<div class="forest">') == 2  # one for each share of the real images
    assert text.count("Keep rate, exploratory: of the rates tried, the better 50% did best") == 2
    assert text.count("+5.0 (+2.0 to +8.0), helps") == 2
    assert text.count('<tr class="group">') == 2 * 5
    for section in (
        "What to conclude",
        "By condition",
        "Near copies",
        "Membership test",
        "Limits",
        "Methods",
        "Model card",
    ):
        assert f"<h2>{section}" in text
    assert "Blind reader test" not in text  # there was none
    assert "From &lt;us&gt;, CC0" in text
    elsewhere = lifecycle.create_run(options.build_config({"data.name": "folder", "data.path": "/home/somebody/scans"}))
    card = sections.model_card(elsewhere, run.info(), result)
    assert "scans" in card
    assert "somebody" not in card  # a report is sent on
    cited = interpretation.headline(run, 320)
    assert cited == " ".join(
        ["Helps: <b>indeed</b>.", *interpretation.conclusion(result, run.info().training_counts(), studied=True)]
    )
    assert interpretation.headline(run, 160).endswith("only the study can say.")
    assert main(["export", "digits", "--snapshot", "320", "--per-class", "1", "--out", str(tmp_path / "out")]) == 0
    assert escape_line(cited) in (tmp_path / "out" / "README.md").read_text()


def test_a_chart_puts_points_where_they_belong() -> None:
    drawn = svg.chart(
        [Series("A & B", [Point(0, 0.0, 0.0, 0.5), Point(10, 1.0, 0.5, 1.0)])],
        title="a chart",
        x="x",
        y="y",
        line=(0.5, "half"),
        percent=True,
    )
    left, right, top, bottom = svg.LEFT, svg.WIDTH - svg.RIGHT, svg.TOP, svg.HEIGHT - svg.BOTTOM
    assert re.search(r'<polyline points="([^"]*)"', drawn).group(1) == f"{left:.1f},{bottom:.1f} {right:.1f},{top:.1f}"  # type: ignore[union-attr]
    assert f'd="M{left} {(top + bottom) / 2:.1f}H{right}" class="level"' in drawn
    assert "A &amp; B" in drawn
    assert [f">{share}%<" in drawn for share in (0, 20, 40, 60, 80, 100)] == [True] * 6


def test_a_chart_of_named_places_leads_no_line_to_what_stands_apart() -> None:
    points = [Point(0, 0.0, -1.0, 1.0), Point(1, 1.0, 0.0, 2.0)]
    drawn = svg.chart(
        [Series("one", points, [Point(2, 0.5, 0.0, 1.0)])], title="t", x="x", y="y", places=["few", "many", "<other>"]
    )
    third = (svg.WIDTH - svg.RIGHT - svg.LEFT) / 3
    middle = [f"{svg.LEFT + (place + 0.5) * third:.1f}" for place in range(3)]
    line = re.search(r'<polyline points="([^"]*)"', drawn)
    assert line is not None
    assert [point.split(",")[0] for point in line.group(1).split()] == middle[:2]
    assert f'<circle cx="{middle[2]}"' in drawn
    assert f'<text x="{middle[2]}"' in drawn
    assert "&lt;other&gt;" in drawn


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0])
def test_a_chart_of_one_point_is_drawn(value: float) -> None:
    drawn = svg.chart([Series("one", [Point(3, value, value, value)])], title="t", x="x", y="y")
    assert "nan" not in drawn
    assert drawn.count("<circle") == 2  # the point, and its name


def test_before_any_score_there_is_nothing_to_cite() -> None:
    run = trained("digits")
    assert interpretation.headline(run, 320) == ""
    assert stored_studies.list_studies(run) == []
    assert reader_study.list_readings(run) == []


def test_scores_without_near_copies_stand_beside_the_others() -> None:
    (file,) = (settings.ROOT / "checkpoints" / "demo-mnist" / "evaluation").glob("*.json")
    result = results.RESULT.validate_json(file.read_bytes())
    assert "were not counted" in sections.copies(result)
    assert "Without near copies" not in sections.scores(result)
    without = dict.fromkeys(("cas_balanced", "precision", "recall", "density", "coverage", "kid", "frechet"), 0.4321)
    counted = replace(result, split_copies={"count": 60, "checked": 156, "without": {"n": 96, **without}})
    assert "Of the 156 real validation images compared, 60 are." in sections.copies(counted)
    assert "<th>Without near copies</th>" in sections.scores(counted)
    assert sections.scores(counted).count("<td>43.2%</td>") == 4  # CAS, precision, recall, coverage
