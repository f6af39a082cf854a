"""One number is the same wherever it stands: the training images of a class, and the verdict on a run."""

import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gan import jobs
from gan.cli.main import main
from gan.evaluation.report.document import build_report
from gan.monitoring.run_verdict import run_verdict
from gan.runs.run import Run
from tests.conftest import trained
from tests.support.evaluation import SMALL_BUDGET, scored, studied
from tests.support.pages import page, said


@pytest.fixture
def run() -> Run:
    """A run on the digits with scores for which far fewer images were generated than it was trained on."""
    run = trained("digits")
    scored(run, budget=replace(SMALL_BUDGET, compared=60))
    return run


class _Tables(HTMLParser):
    """The tables of a page as lists of rows of texts."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attributes: object) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables and self.tables[-1]:
            self.tables[-1][-1].append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.tables[-1][-1][-1] += data


def on_data_page(run: Run) -> dict[str, int]:
    found = re.findall(r'title="(\w+)">\w+<span class="quiet">([\d,]+) images?<', html_of(page("data", data="digits")))
    return {name: number(text) for name, text in found}


def on_evaluate_page(run: Run) -> dict[str, int]:
    table = page("evaluate", run=run.name, snapshot="320").dataframe[0].value
    return dict(zip(table["Condition"], table["Training images"].astype(int), strict=True))


def in_gallery(run: Run) -> dict[str, int]:
    (drawn,) = [part for part in page("gallery", run=run.name).get("bidi_component") if "cards" in part.proto.json]
    return {card["name"]: number(card["note"].split()[0]) for card in json.loads(drawn.proto.json)["cards"]}


def report_table(run: Run) -> list[list[str]]:
    tables = _Tables()
    tables.feed(build_report(run, 320, run_verdict(run, jobs.state(run.path), 320)))
    return next(table for table in tables.tables if table[0][:2] == ["Condition", "Training images"])


def in_report(run: Run) -> dict[str, int]:
    return {row[0]: number(row[1]) for row in report_table(run)[1:]}


def in_model_card(run: Run) -> dict[str, int]:
    tables = _Tables()
    tables.feed(build_report(run, 320, run_verdict(run, jobs.state(run.path), 320)))
    (text,) = [row[1] for table in tables.tables for row in table if row[0] == "Training images"]
    return {name: number(count) for name, count in re.findall(r"(\w+) ([\d,]+)(?:,|$)", text.partition(": ")[2])}


def in_data_card(run: Run) -> dict[str, int]:
    rows = re.findall(r"^\| (\w+) \| [\d,]+ \| ([\d,]+) \|$", data_card(run), re.MULTILINE)
    return {name: number(count) for name, count in rows}


def data_card(run: Run) -> str:
    file = run.path / "download.zip"
    if not file.exists():
        arguments = ["export", run.name, "--per-class", "1", "--snapshot", "320", "--out", str(file)]
        assert main([*arguments, "--with-near-copies"]) == 0
    with zipfile.ZipFile(file) as archive:
        return archive.read("README.md").decode()


def html_of(at: AppTest) -> str:
    return "\n".join(str(part.proto.body) for part in at.get("html"))


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_training_images_of_a_class_are_the_same_number_everywhere(run: Run) -> None:
    expected = run.info().training_counts()
    assert sum(expected.values()) == len(run.info().conditions)
    places: list[Callable[[Run], dict[str, int]]] = [
        on_data_page,
        on_evaluate_page,
        in_gallery,
        in_report,
        in_model_card,
        in_data_card,
    ]
    assert {place.__name__: place(run) for place in places} == {place.__name__: expected for place in places}


def test_images_generated_for_the_scores_have_a_column_of_their_own(run: Run) -> None:
    at, rows = page("evaluate", run=run.name, snapshot="320"), report_table(run)
    assert rows[0][2] == "Generated"
    assert int(at.dataframe[0].value["Generated"].sum()) == sum(number(row[2]) for row in rows[1:]) == 60


def test_the_verdict_has_the_same_label_everywhere(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    studied(run, 320, "No gain: it changes nothing.", "none")
    assert run_verdict(run, jobs.state(run.path)).label == "No gain"
    for name, view in (("overview", ""), ("evaluate", ""), ("progress", ""), ("gallery", "Look")):
        assert "No gain" in said(page(name, run=run.name, view=view)), name
    assert "No gain" in said(page("compare", runs=run.name))
    download = page("gallery", run=run.name, view="Download")
    assert download.warning[0].value.startswith("**No gain.**")
    card = data_card(run)
    assert "**Verdict: No gain.** " in card
    assert "membership: not measured" in card
    capsys.readouterr()
    assert main(["runs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["verdict"]["label"] == "No gain"


def test_images_that_do_harm_can_be_downloaded_below_a_clear_banner(run: Run) -> None:
    studied(run, 320, "Harmful: it is worse.", "harmful")
    for view in ("Look", "Download"):
        at = page("gallery", run=run.name, view=view)
        assert [box.value.partition(" Adding")[0] for box in at.error] == ["**Harmful.**"]
    assert not at.button(key="make zip").disabled
    assert "**Verdict: Harmful.** " in data_card(run)
