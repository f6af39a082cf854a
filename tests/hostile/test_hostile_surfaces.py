"""Injections and traversals where no page is: reports, tables, names of files and folders, routes, mails, terminals."""

import csv
import io
import re
import unicodedata
import urllib.parse
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markdown_it import MarkdownIt
from starlette.applications import Starlette
from starlette.testclient import TestClient

from gan.cli.main import main
from gan.config import names, options
from gan.data.info import DatasetInfo
from gan.data.ingest.files.member_names import safe_name
from gan.errors import DataError, RunError
from gan.evaluation import reader_study
from gan.evaluation.records import results, stored_studies
from gan.evaluation.report import sections, study_section
from gan.export import formats, manifests, scorecard
from gan.export.spool import Row
from gan.jobs.notifications import Ended, webhook_document
from gan.monitoring import comparison_page
from gan.runs import lifecycle
from gan.runs.metrics_table import MetricsTable
from gan.runs.run import find_run
from gan.sampling.conditions import Condition
from pages.ui.routes import routes
from tests.hostile.test_hostile_texts import TAGS, hostile_run, rounds
from tests.support.drawn_texts import acting_html
from tests.support.hostile import SNAPSHOT
from tests.support.hostile_texts import FORMULAS, INJECTIONS, MARKER, TRAVERSALS

TEXTS = [one.text for one in INJECTIONS]
REPORT_TAGS = TAGS | {
    *("html", "head", "meta", "title", "body", "main", "header", "section", "h1", "h2", "h3", "p", "ul", "li", "code"),
    *("pre", "details", "summary", "polyline", "line", "text", "rect", "g", "dl", "dt", "dd", "small", "strong", "em"),
}
ROUNDS = pytest.mark.parametrize("texts", rounds("class"), ids=range(len(rounds("class"))))


@ROUNDS
def test_no_text_acts_in_a_report(texts: list[str], store: Path) -> None:
    run = hostile_run(store, texts, "class")
    info, result = run.info(), results.load_result(run, SNAPSHOT)
    (study,), counts = stored_studies.list_studies(run), run.info().training_counts()
    parts = [
        sections.conclusion(result, study, counts),
        sections.scores(result) + sections.by_condition(result, counts) + sections.copies(result),
        sections.readings(reader_study.list_readings(run)),
        sections.model_card(run, info, result),
        study_section.section(study),
        comparison_page.comparison_html([run, run]),
    ]
    for part in parts:
        assert acting_html(part, MARKER, REPORT_TAGS) == []
    assert sum(MARKER in part for part in parts) >= 4


@ROUNDS
def test_no_text_acts_in_a_data_card(texts: list[str], store: Path) -> None:
    info = hostile_run(store, texts, "class").info()
    alike = {"level": "neutral", "text": texts[0]}
    manifest = {
        "conditions": [{"condition": name, "count": 1, "real_images": 2, "rejected_by_hand": 0} for name in info.names],
        "verdict": {"label": "Unclear", "sentence": texts[0], "parts": {"health": alike}},
        "notices": [texts[0]],
        "run": "copied",
        "format": "folder",
        "scorecard": dict.fromkeys(scorecard.CRITERIA, texts[0]),
        "snapshot": {"seen": 1, "generator_sha256": "0"},
        "further_snapshots": [],
        "seed": 1,
        "truncation": 1.0,
        "starts_from": [],
        "near_copies": {"detector": None},
        "selection": {"keep_rate": 1, "not_kept": 0},
        "evaluation": texts[0],
    }
    card = manifests.data_card(manifest, info).partition("\n---\n")[2]  # after Hugging Face's fields
    drawn = MarkdownIt("gfm-like", {"linkify": False}).render(card)
    tags = frozenset(["h1", "h2", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "code"])
    assert acting_html(drawn, MARKER, tags) == []
    assert drawn.count("<tr>") == 1 + len(texts) + 1 + len(scorecard.CRITERIA)
    assert "<a" not in drawn
    assert drawn.count("<strong>") == 4


def class_info(texts: list[str]) -> DatasetInfo:
    return DatasetInfo(tuple(texts), "class", 1, 32, 28, "a", "b", "c", np.eye(len(texts), dtype=np.uint8))


def is_formula(cell: str) -> bool:
    return cell.lstrip(" \"'\u00a0\ufeff\u200b")[:1] in "=+-@\t\r\uff1d" and cell[:1] != "'" and len(cell) > 1


def test_no_table_has_a_formula(store: Path) -> None:
    formulas = [one.text for one in FORMULAS]
    run = hostile_run(store, [*formulas, "a"], "class")
    tables = [comparison_page.comparison_csv([run]), MetricsTable.from_rows([{"seen": 1, "=1+1": 2.0}]).to_csv()]

    class OneOfEach:
        """The rows of a spool with an image of each class."""

        def rows(self) -> list[Row]:
            return [
                Row(item=k, snapshot=1, seed=1, position=k, truncation=1.0, on=(k,), size=1)
                for k in range(len(formulas))
            ]

    folders = [Condition.of_class(k).folder(class_info(formulas)) for k in range(len(formulas))]
    for kind in ("folder", "flat", "npz"):
        spool: Any = OneOfEach()
        tables.append(formats.labels_csv(kind, spool, folders, "run", class_info(formulas)))
    for table in tables:
        cells = [cell for row in csv.reader(io.StringIO(table)) for cell in row]
        assert [cell for cell in cells if is_formula(cell)] == []


@pytest.mark.parametrize("text", [*TEXTS, *TRAVERSALS])
def test_no_text_becomes_a_path_that_leads_elsewhere(text: str, tmp_path: Path) -> None:
    name = names.name_from_title(text)
    assert names.NAME.fullmatch(name) or (name == "" and not text.strip())
    assert names.NAME.fullmatch(lifecycle.dated_name(options.build_config({"data.name": "folder", "data.path": text})))
    if text.isprintable() and text:
        folder = Condition.of_class(0).folder(class_info([text, "b"]))
        assert (tmp_path / folder).parent == tmp_path
        assert not set(folder) & set('<>:"/\\|?*')
        assert folder not in (".", "..")
    try:
        member = safe_name(text)
    except DataError:
        return
    path = (tmp_path / member).resolve()
    assert tmp_path in path.parents
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")  # a file system takes it


@pytest.mark.parametrize("text", [text for text in (*TEXTS, *TRAVERSALS) if not names.NAME.fullmatch(text)])
def test_no_text_names_a_run_or_an_export(text: str, store: Path) -> None:
    with pytest.raises(RunError):
        find_run(text)
    with pytest.raises(RunError):
        names.check_name(text)
    quoted = urllib.parse.quote(text.encode(errors="surrogatepass"), safe="")
    client = TestClient(Starlette(routes=routes()), follow_redirects=False)
    for address in (f"/api/runs/{quoted}/exports/x", f"/api/runs/demo/exports/{quoted}", f"/api/{quoted}"):
        answer = client.get(address)
        assert answer.status_code in (404, 405)
        assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("text", TEXTS)
def test_no_text_calls_everybody_by_a_webhook(text: str) -> None:
    document = webhook_document(Ended("breast", 1, "failed", f"@here {text}", 0.0))
    assert not re.search(r"[<>]|@(here|channel|all)", document["text"])


def test_no_text_reaches_the_terminal_as_a_control_sequence(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for texts in rounds("class"):
        run = hostile_run(store, texts, "class")
        for command in (["runs"], ["runs", "--json"], ["evaluate", run.name, "--list"], ["logs", run.name]):
            main(command)
    out = capsys.readouterr()
    assert MARKER in out.out
    for text in (out.out, out.err):
        assert {letter for letter in text if unicodedata.category(letter) in ("Cc", "Cf")} <= {"\n", "\t"}
