"""The scorecard says what was measured on this very generator, and "not measured" of all else."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

from gan.config import settings
from gan.evaluation import reader_study
from gan.evaluation.reader_study import Reading
from gan.export.request import ExportRequest
from gan.export.scorecard import CRITERIA, scorecard
from gan.export.writer import write_export
from gan.runs.run import Run
from tests.conftest import trained
from tests.support.evaluation import generator_sha256

DEMO = Run(settings.ROOT / "checkpoints" / "demo-mnist")
SEEN = 100_032
ROW = {"condition": "3", "asked": 5, "count": 4}


def demo_sha256() -> str:
    return str(json.loads((DEMO.path / "evaluation" / f"{SEEN:09d}.json").read_text())["made_with"]["generator_sha256"])


def test_each_line_of_a_scored_run_has_its_measured_numbers() -> None:
    lines = scorecard(DEMO, SEEN, demo_sha256(), [ROW], withheld=2)
    assert list(lines) == list(CRITERIA)
    expected = {
        "congruence": [
            "kernel distance 0.090",
            "real against real -0.002",
            "precision 89.6% (95.5%)",
            "97.0%",
            "99.5%",
        ],
        "coverage": ["coverage 86.0%", "real against real 96.9%", "recall 90.1% (95.4%)", "99% of that of real images"],
        "completeness": ["4 of 5 requested images, each with its label and origin", "1 of the 10 classes"],
        "compliance": [
            "privacy alone: 2 near copies of training images withheld",
            "0 near copies in 1,000",
            "2 of 1,000",
        ],
        "consistency": ["91.3% (8) to 99.1% (1)", "7.8 points apart"],
    }
    for criterion, parts in expected.items():
        for part in parts:
            assert part in (lines[criterion] or ""), (criterion, part)
    assert lines["constraint"] is lines["comprehension"] is None


def test_classes_are_counted_once_and_not_where_any_were_asked_for() -> None:
    run = trained("divided", model__subclasses=2)

    def completeness(*conditions: str) -> str:
        rows = [{"condition": condition, "asked": 5, "count": 5} for condition in conditions]
        return scorecard(run, 320, "another", rows, withheld=None)["completeness"] or ""

    parts = [f"{name}, subclass {number}" for name in ("3", "5") for number in (1, 2)]
    assert completeness(*parts, "5").endswith("; 2 of the 10 classes of the training set")
    assert completeness("any", "5").endswith("10 of 10 requested images, each with its label and origin")


def test_nothing_is_taken_from_the_scores_of_another_generator() -> None:
    lines = scorecard(DEMO, SEEN, "another", [ROW], withheld=None)
    assert {criterion for criterion, text in lines.items() if text} == {"completeness"}


def test_an_experts_blind_reading_measures_the_constraint(tmp_path: Path) -> None:
    run = trained("digits")
    answers = [{"real": False, "plausible": number % 4 != 1, "seconds": 1.0} for number in range(8)]
    sha256 = generator_sha256(run, 320)
    reading = Reading(1, "20260101-120000", "Dr. A", 320, sha256, 0, 1.0, [0] * 8, [True, False] * 4, answers)
    (run.path / "evaluation").mkdir(exist_ok=True)
    reader_study._save(run, reading)
    text = scorecard(run, 320, sha256, [ROW], withheld=0)["constraint"]
    assert text is not None
    assert "2 of 4 (50%" in text
    assert "4 of 4 (100%" in text
    reader_study._save(run, replace(reading, answers=answers[:4]))
    assert scorecard(run, 320, sha256, [ROW], withheld=0)["constraint"] is None


def test_the_data_card_has_a_line_for_each_criterion(tmp_path: Path) -> None:
    write_export(trained("digits"), ExportRequest((("3", 2),), with_near_copies=True), tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        card = archive.read("README.md").decode()
        recorded = json.loads(archive.read("manifest.json"))["scorecard"]
    lines = {line.split(" | ")[0].strip("| "): line for line in card.splitlines() if line.startswith("| ")}
    for criterion, text in recorded.items():
        assert ("not measured" in lines[criterion]) == (text is None)
    assert [criterion for criterion, text in recorded.items() if text] == ["completeness"]
