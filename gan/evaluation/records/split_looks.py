"""How often a test split was looked at: with each look, a false finding among them all is more likely. No torch.

Every run keeps its studies' looks in `evaluation/test-looks.jsonl`. A study that goes on with the same plan and seeds
is the same look. A study with folds looks at the test split and at all images. Scores on the test split count too.
Looks of deleted runs are forgotten.
"""

from pathlib import Path

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from gan.evaluation.records import results
from gan.io.atomic import append_json_line
from gan.io.json_files import read_json_lines
from gan.runs.run import Run, stored_runs


class Look(TypedDict):
    """One study's look: the SHA-256 of the test split, the time of the study's plan, and its number of seeds."""

    test_sha256: str
    planned: float
    seeds: int


LOOK = TypeAdapter(Look)


def record_test_look(run: Run, test_sha256: str, planned: float, seeds: int) -> int:
    """Record a study's look at a test split, unless it is known, and count all looks of the store's runs at it."""
    look = Look(test_sha256=test_sha256, planned=planned, seeds=seeds)
    if look not in _looks(run):
        _path(run).parent.mkdir(exist_ok=True)
        append_json_line(_path(run), dict(look))
    runs = {other.path: other for other in [*stored_runs(), run]}.values()
    studies = sum(other["test_sha256"] == test_sha256 for one in runs for other in _looks(one))
    scores = sum(
        bool(result.made_with["data_sha256"].get("test") == test_sha256)
        for one in runs
        for result in results.list_all_results(one, "test")
    )
    return studies + scores


def _path(run: Run) -> Path:
    return run.path / "evaluation" / "test-looks.jsonl"


def _looks(run: Run) -> list[Look]:
    return read_json_lines(_path(run), LOOK)
