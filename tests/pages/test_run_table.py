"""The runs of the overview as a table: columns, search and view in the link, and actions on the selected runs."""

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan import jobs
from gan.evaluation import job
from gan.jobs.worker import working
from gan.runs import notes
from gan.runs.run import all_runs, find_run
from pages.ui.runs import known_verdicts
from tests.support.evaluation import demo_scores
from tests.support.pages import buttons, ended, made, page, said


def table(at: AppTest) -> Any:
    """The table as a frame, by the keys of its columns."""
    (found,) = at.dataframe
    return found.value


def select(at: AppTest, *positions: int) -> AppTest:
    """Check the boxes of these rows."""
    at.session_state[at.dataframe[0].key] = {"selection": {"rows": list(positions), "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    return at


def three_runs() -> None:
    """Newest first: c, b, a."""
    for position, (name, rate) in enumerate((("a", 0.0001), ("b", 0.0002), ("c", 0.0002))):
        run = ended(made(name, **{"optim.lr": rate}), state="finished")
        notes.update_about(run.path, created=1e9 + position)


def test_the_table_has_what_differs_the_scores_and_the_progress() -> None:
    three_runs()
    demo_scores(find_run("b"), 9, kid=0.25)
    at = page("overview", view="table")
    shown = table(at)
    assert shown["title"].tolist() == ["c", "b", "a"]
    assert shown["optim.lr"].tolist() == [0.0002, 0.0002, 0.0001]
    assert shown["kid"].dropna().tolist() == [0.25]
    assert shown["state"].tolist() == ["Finished"] * 3
    assert shown["kid interval"].tolist()[1].count(" to ") == 1
    assert "train.batch" not in shown.columns


def formats(at: AppTest) -> dict[str, str]:
    """How the table writes numbers, by the keys of its columns."""
    columns = json.loads(at.dataframe[0].proto.columns)
    return {key: column.get("type_config", {}).get("format", "") for key, column in columns.items()}


def test_whole_options_have_separated_thousands_and_small_ones_all_digits() -> None:
    for name, kimg in (("short", 1600.0), ("long", 12800.0)):
        made(name, **{"train.kimg": kimg, "optim.lr": kimg / 64e6})
    at = page("overview", view="table")
    assert table(at)["train.kimg"].tolist() == [12800.0, 1600.0]
    assert formats(at)["train.kimg"] == "localized"
    assert formats(at)["optim.lr"] == "%g"


def test_seeds_have_no_separated_thousands() -> None:
    for name, seed in (("one", 2026), ("other", 12345678)):
        made(name, **{"train.seed": seed})
    at = page("overview", view="table")
    assert table(at)["train.seed"].tolist() == [12345678, 2026]
    assert formats(at)["train.seed"] == "%d"


def test_columns_of_tags_and_sweeps_are_there_once_a_run_has_some() -> None:
    three_runs()
    at = page("overview", view="table")
    assert not {"tags", "sweep"} & set(at.multiselect(key="list columns").options)
    assert "tags" not in table(at).columns
    notes.update_about(find_run("a").path, tags=("paper",), sweep="rates")
    at.run()
    assert table(at)["tags"].tolist() == ["", "", "paper"]
    assert "Sweep" in at.multiselect(key="list columns").options


def test_verdicts_are_those_of_the_runs_and_a_drawing_does_not_wait_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    three_runs()
    monkeypatch.setattr(known_verdicts, "AT_ONCE", 2.5 * known_verdicts.RUN_SECONDS)
    at = page("overview", view="table")
    assert table(at)["verdict"].isna().all()
    assert "Reading 3 more verdicts" in said(at)
    monkeypatch.setattr(known_verdicts, "AT_ONCE", 3.5 * known_verdicts.RUN_SECONDS)
    at.run()
    assert table(at)["verdict"].tolist() == ["No images yet"] * 3
    assert "Reading" not in said(at)


def test_view_search_and_columns_stand_in_the_link() -> None:
    three_runs()
    made("d", **{"data.name": "mnist"})
    made("e")
    at = page("overview")
    assert not at.dataframe
    at.segmented_control(key="list view").set_value("table").run()
    at.selectbox(key="list data").set_value("mnist").run()
    at.multiselect(key="list columns").set_value(["title", "seen"]).run()
    assert dict(at.query_params) == {"view": "table", "data": "mnist", "columns": "title,seen"}
    copied = page("overview", **dict(at.query_params))
    assert list(table(copied).columns) == ["title", "seen"]
    assert table(copied)["title"].tolist() == ["d"]
    copied.switch_page("pages/data.py").run()
    copied.query_params.clear()
    copied.switch_page("pages/overview.py").run()
    assert table(copied)["title"].tolist() == ["d"]  # as this visitor left it
    assert copied.query_params["data"] == "mnist"


def test_a_link_to_a_search_without_a_match_says_so() -> None:
    three_runs()
    at = page("overview", view="table", data="gone")
    assert "No run matches." in said(at)
    next(button for button in at.button if button.label == "Show all runs").click().run()
    assert len(table(at)) == 3
    assert dict(at.query_params) == {"view": "table"}


def test_buttons_are_grey_until_runs_are_selected() -> None:
    three_runs()
    at = page("overview", view="table")
    for key in ("open selected", "compare selected", "archive selected", "delete selected"):
        assert at.button(key=key).disabled
        assert "Select runs" in at.button(key=key).proto.help
    select(at, 0, 2)
    assert not at.button(key="compare selected").disabled
    assert at.button(key="open selected").disabled
    at.button(key="compare selected").click().run()
    assert at.title[0].value == "Compare"
    assert at.query_params["runs"] == "c,a"


def test_selected_runs_are_tagged_and_archived() -> None:
    three_runs()
    notes.update_about(find_run("c").path, tags=("old",))
    at = select(page("overview", view="table"), 0, 1)
    at.multiselect(key="tags of selected").set_value(["paper"]).run()
    at.button(key="add tags").click().run()
    assert not at.exception
    assert [find_run(name).about.tags for name in "abc"] == [(), ("paper",), ("old", "paper")]
    select(at, 1)
    at.button(key="archive selected").click().run()
    assert [run.name for run in all_runs() if run.about.archived] == ["b"]
    assert table(at)["title"].tolist() == ["c", "a"]


def question(*names: str) -> AppTest:
    """The question before a deletion, as the page's dialog draws it."""

    def script(*names: str) -> None:
        from pages.ui.runs import run_selection

        run_selection.confirm_deletion(names)

    return AppTest.from_function(script, default_timeout=60, args=names).run()


def test_selected_runs_are_deleted_after_a_question_and_one_at_work_stays() -> None:
    three_runs()
    study = job.job_folder(find_run("b"), "study")
    study.mkdir(parents=True)
    with working(study):
        at = select(page("overview", view="table"), 0, 1)
        at.button(key="delete selected").click().run()
        assert "Delete 1 run" in buttons(at)
        assert len(all_runs()) == 3
        at = question("c", "b")
        assert "**b**: at work." in said(at)
        at.button(key="delete selected for good").click().run()
        assert not at.exception
        assert sorted(run.name for run in all_runs()) == ["a", "b"]
    assert jobs.state(find_run("a").path).name == "finished"


def test_another_search_selects_nothing() -> None:
    three_runs()
    made("d", **{"data.name": "mnist"})
    made("e")
    at = select(page("overview", view="table"), 0)
    assert not at.button(key="open selected").disabled
    at.selectbox(key="list data").set_value("digits").run()
    assert at.button(key="open selected").disabled
