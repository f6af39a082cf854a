"""What a table of runs reads: progress, time, options that differ, scores; again only where a file has changed."""

import json

from gan.io.atomic import write_json
from gan.monitoring import run_table, score_table
from gan.monitoring.run_table import run_records
from gan.monitoring.score_table import Cell, compared_evaluation, score_rows
from gan.runs import metrics
from tests.support.evaluation import demo_scores
from tests.support.pages import made

KID = next(score for score in score_table.COLUMNS if score.key == "kid")
CAS = next(score for score in score_table.COLUMNS if score.key == "cas_balanced")


def test_the_records_of_a_run_follow_its_files() -> None:
    run = made("one", **{"train.kimg": 24})
    write_json(run.path / "status.json", {"phase": "training", "done": 12_000, "total": 24_000})
    record = run_records(run)
    assert (record.seen, record.total, record.share, record.seconds) == (12_000, 24_000, 0.5, 1.0)
    assert record.options["optim.lr"] == run.config.optim.lr
    assert record.result is None
    write_json(run.path / "status.json", {"phase": "training", "done": 24_000, "total": 24_000})
    demo_scores(run, 24_000, kid=0.5)
    record = run_records(run)
    assert record.share == 1.0
    assert record.result is not None
    assert record.result.kid == 0.5
    assert run_records(run) is record  # nothing has changed


def test_a_run_without_readable_options_has_a_row_without_them() -> None:
    run = made("broken")
    (run.path / "config.json").write_text("{")
    record = run_records(run)
    assert (record.total, record.share, dict(record.options)) == (None, None, {})


def test_options_differ_only_where_they_apply() -> None:
    runs = [
        made("digits", **{"optim.lr": 0.0002}),
        made("lungs", **{"data.name": "medmnist", "data.flag": "pneumoniamnist", "optim.lr": 0.001}),
    ]
    records = [run_records(run) for run in runs]
    assert [option.path for option in run_table.differing_options(records)] == ["optim.lr"]
    flag = next(option for option in run_table.options.all_options() if option.path == "data.flag")
    assert [run_table.option_value(flag, record.options) for record in records] == [None, "pneumoniamnist"]


def test_the_last_row_is_read_from_the_end_and_a_torn_one_is_passed_over() -> None:
    path = made("long", points=2000).path / "metrics.jsonl"
    assert (metrics.last_row(path) or {})["seen"] == 2_000_000
    with open(path, "a") as file:
        file.write('{"seen": 2001000, "sec')
    assert (metrics.last_row(path) or {})["seen"] == 2_000_000
    path.write_text("")
    assert metrics.last_row(path) is None
    path.unlink()
    assert metrics.last_row(path) is None


def test_the_best_of_comparable_runs_is_marked_and_differences_have_signs() -> None:
    runs = [made(name) for name in ("a", "b", "c")]
    demo_scores(runs[0], 9, kid=0.1, cas_balanced=0.8)
    demo_scores(runs[1], 9, kid=0.3, cas_balanced=0.82)
    found = [compared_evaluation(run) for run in runs]
    rows = {row.score.key: row.cells for row in score_rows(found, baseline=0)}
    assert [cell.best for cell in rows["kid"]] == [True, False, False]
    assert [cell.best for cell in rows["cas_balanced"]] == [False, True, False]
    assert [cell.delta for cell in rows["cas_balanced"]] == ["", "+2.0 points", ""]
    assert [cell.delta for cell in rows["kid"]] == ["", "+0.2", ""]
    assert rows["kid"][2] == Cell("")
    assert not any(cell.best for key in ("real_accuracy_balanced", "recall") for cell in rows[key])  # the same in both


def test_nothing_is_best_alone_or_among_runs_on_different_data() -> None:
    one, other = made("one"), made("other")
    demo_scores(one, 9)
    alone = [compared_evaluation(one), None]
    assert not any(cell.best for row in score_rows(alone) for cell in row.cells)
    made_with = json.loads(next((one.path / "evaluation").glob("*.json")).read_text())["made_with"]
    demo_scores(other, 9, made_with=made_with | {"data_sha256": "of other data"})
    both = [compared_evaluation(one), compared_evaluation(other)]
    assert not score_table.comparable(both)
    assert not any(cell.best for row in score_rows(both) for cell in row.cells)


def test_a_score_stands_with_its_interval() -> None:
    run = made("scored")
    demo_scores(run, 9)
    (file,) = (run.path / "evaluation").glob("*.json")
    intervals = json.loads(file.read_text())["intervals"] | {"cas_balanced": [0.9, 0.923], "kid": [0.01, 0.02]}
    demo_scores(run, 9, cas_balanced=0.912, kid=0.0154, intervals=intervals)
    result = compared_evaluation(run)
    assert score_table.cell_text(CAS, score_table.measurement(CAS, result)) == "91.2% (90.0% to 92.3%)"
    assert score_table.cell_text(KID, score_table.measurement(KID, result)) == "0.0154 (0.01 to 0.02)"
    assert score_table.cell_text(KID, score_table.measurement(KID, None)) == ""
