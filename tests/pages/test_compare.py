"""The comparison of runs: by a link, only what differs, curves, samples and scores side by side."""

import csv
import io
import json

import numpy as np
import pytest

from gan.config import options, settings
from gan.evaluation import job
from gan.evaluation.records import results
from gan.monitoring import comparison_page, run_differences
from gan.monitoring.sweep_table import sweep_table
from gan.runs import lifecycle, notes, sweeps
from gan.runs.run import Run, find_run
from tests.conftest import trained
from tests.support.evaluation import demo_scores
from tests.support.pages import ROW, buttons, ended, made, page, said

INTERVAL = " (0.0676 to 0.092)"
"""Of the demo run's kernel distance."""


def test_a_link_compares_runs_by_the_options_that_differ_only() -> None:
    made("one", **{"optim.lr": 0.0002})
    made("two", **{"optim.lr": 0.001, "train.batch": 32})
    at = page("compare", runs="one,two")
    (table,) = at.table
    assert list(table.value.columns) == ["one", "two"]
    assert table.value.loc["Learning rate"].tolist() == ["0.0002", "0.001"]
    assert table.value.loc["Batch size (images)"].tolist() == ["64", "32"]
    assert len(table.value) == 2
    assert len(at.get("bidi_component")) == 4
    assert at.multiselect(key="compared runs").value == ["one", "two"]


def test_switches_are_told_as_the_form_has_them_and_the_fourth_run_is_dashed() -> None:
    for number in range(4):
        made(f"run-{number}", **{"data.balance": number == 3})
    at = page("compare", runs="run-0,run-1,run-2,run-3")
    (table,) = at.table
    assert table.value.loc["Balance classes"].tolist() == ["off", "off", "off", "on"]
    figure = json.loads(at.get("bidi_component")[0].proto.json)
    assert {trace["name"] for trace in figure["traces"] if trace.get("dash")} == {"run-3"}


def test_a_choice_changes_the_link() -> None:
    for name in ("one", "two", "three"):
        made(name)
    at = page("compare", runs="one")
    assert "at least two" in said(at)
    at.multiselect(key="compared runs").set_value(["one", "three"]).run()
    assert not at.exception
    assert at.query_params["runs"] == "one,three"
    assert "No option differs" in said(at)


def test_samples_are_shown_at_the_moment_nearest_to_the_chosen_one() -> None:
    one, two = made("one"), made("two")
    for run, seen in ((one, 10_000), (two, 12_000)):
        run.sample_sheet(seen).write_bytes(run.sample_sheet(0).read_bytes())
    at = page("compare", runs="one,two")
    assert [caption.value for caption in at.caption if caption.value.startswith("After")] == [
        "After 10,000 images.",  # the last moment that both have reached
        "After 12,000 images, its nearest to 10,000 images.",
    ]
    at.select_slider(key="compared moment").set_value(0).run()
    assert [caption.value for caption in at.caption].count("Before training.") == 2
    short = made("short")
    short.sample_sheet(1_000).write_bytes(short.sample_sheet(0).read_bytes())
    at = page("compare", runs="one,short")
    assert [caption.value for caption in at.caption if caption.value.startswith(("After", "Before"))] == [
        "After 10,000 images, its nearest to 1,000 images.",  # nearer is only the plain grey from before training
        "After 1,000 images.",
    ]


def test_a_hidden_run_leaves_the_charts_and_the_others_keep_their_tones() -> None:
    for name in ("one", "two"):
        made(name)
    at = page("compare", runs="one,two", hidden="one")
    traces = json.loads(at.get("bidi_component")[0].proto.json)["traces"]
    assert {(trace["name"], trace["tone"]) for trace in traces} == {("two", "orange")}
    at.button_group(key="compared shown").set_value(["one", "two"]).run()
    assert "hidden" not in at.query_params
    traces = json.loads(at.get("bidi_component")[0].proto.json)["traces"]
    assert {trace["name"] for trace in traces} == {"one", "two"}


def test_a_quick_second_choice_keeps_the_first_though_the_browser_has_not_heard_of_it() -> None:
    for name in ("one", "two", "three"):
        made(name)
    at = page("compare", runs="one,two")
    at.multiselect(key="compared runs").set_value(["one", "two", "three"]).run()
    at.query_params["runs"] = "one,two"  # the address that the browser sends with the next click
    at.selectbox(key="compared baseline").set_value("two").run()
    assert (at.query_params["runs"], at.query_params["baseline"]) == ("one,two,three", "two")
    del at.query_params["baseline"]
    at.toggle(key="compared logarithmic").set_value(True).run()
    assert (at.query_params["baseline"], at.selectbox(key="compared baseline").value) == ("two", "two")


def test_a_logarithmic_axis_is_for_positive_values_only() -> None:
    made("one")
    negative = made("two")
    (negative.path / "metrics.jsonl").write_text(json.dumps(ROW | {"seen": 1000, "loss_d": -1.0}) + "\n")
    at = page("compare", runs="one,two")
    at.toggle(key="compared logarithmic").set_value(True).run()
    types = [json.loads(one.proto.json)["layout"]["yaxis"].get("type") for one in at.get("bidi_component")]
    assert types == [None, "log", "log", "log"]
    assert said(at).count("Not logarithmic") == 1


def test_a_peak_is_cut_off_until_all_values_are_asked_for() -> None:
    peak = made("peak", points=200)
    rows = [json.loads(line) for line in (peak.path / "metrics.jsonl").read_text().splitlines()]
    rows[100]["loss_d"] = 1e6
    (peak.path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made("level")
    at = page("compare", runs="peak,level")
    assert json.loads(at.get("bidi_component")[0].proto.json)["layout"]["yaxis"]["range"][1] < 1000
    assert "Cut off above or below: peak." in said(at)
    at.toggle(key="compared logarithmic").set_value(True).run()
    low, high = json.loads(at.get("bidi_component")[0].proto.json)["layout"]["yaxis"]["range"]
    assert low < np.log10(ROW["loss_d"]) < high < 3
    at.toggle(key="compared all values").set_value(True).run()
    assert "range" not in json.loads(at.get("bidi_component")[0].proto.json)["layout"]["yaxis"]


def test_scores_are_compared_with_a_baseline_and_the_best_is_marked() -> None:
    for name, kid in (("one", 0.25), ("two", 0.125)):
        demo_scores(made(name), 9, kid=kid)
    at = page("compare", runs="one,two", baseline="one")
    assert at.table[0].value.loc["Kernel distance"].tolist() == [f"0.25{INTERVAL}", f"**0.125{INTERVAL}** best, −0.125"]
    at.selectbox(key="compared baseline").set_value(None).run()
    assert at.table[0].value.loc["Kernel distance"].tolist() == [f"0.25{INTERVAL}", f"**0.125{INTERVAL}** best"]
    assert "baseline" not in at.query_params


def test_a_run_without_scores_is_scored_from_the_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    demo_scores(made("scored"), 9)
    run = trained("plain")
    begun = []
    monkeypatch.setattr(job, "start_evaluation", lambda run, request: begun.append((run.name, request.kind)))
    at = page("compare", runs="scored,plain")
    assert "best" not in str(at.table[-1].value)  # nothing is best alone
    at.button(key="score plain").click().run()
    assert not at.exception
    assert begun == [(run.name, "scores")]


def test_a_run_that_is_not_there_is_told_and_the_others_are_compared() -> None:
    made("one")
    made("two")
    at = page("compare", runs="one,gone,two")
    assert "There is no run gone" in at.warning[0].value
    assert at.multiselect(key="compared runs").value == ["one", "two"]


def test_more_runs_than_a_comparison_shows_are_told() -> None:
    names = [made(f"run-{number}").name for number in range(8)]
    at = page("compare", runs=",".join(names))
    assert at.multiselect(key="compared runs").value == names[:6]
    assert "8 runs are requested" in at.info[0].value


def test_a_link_to_an_archived_run_shows_it() -> None:
    notes.update_about(made("old").path, archived=True)
    at = page("compare", runs="old")
    assert not at.error
    assert at.multiselect(key="compared runs").value == ["old"]


def test_less_than_two_runs_lead_to_a_second_one() -> None:
    first = made("first")
    at = page("compare")  # one alone is chosen by itself
    assert at.multiselect(key="compared runs").value == ["first"]
    assert "What differs" not in said(at)
    at.button(key="to clone").click().run()
    assert at.title[0].value == "Train"
    assert at.query_params["clone"] == first.name
    made("second")
    at = page("compare", runs="first")
    assert "Compare with second" in buttons(at)
    at.button(key="to two").click().run()
    assert at.query_params["runs"] == "first,second"
    assert "No option differs" in said(at)
    at = page("compare")
    at.button(key="to two").click().run()
    assert sorted(at.multiselect(key="compared runs").value) == ["first", "second"]


def test_an_empty_store_says_what_to_do_next() -> None:
    assert "Train a first run" in buttons(page("compare"))


def test_progress_leads_to_the_comparison() -> None:
    ended(made("one"), state="finished")
    at = page("progress", run="one")
    at.button(key="compare").click().run()
    assert at.title[0].value == "Compare"
    assert at.query_params["runs"] == "one"


def test_an_option_that_means_nothing_for_a_runs_data_has_no_value_there() -> None:
    lifecycle.create_run(options.build_config({"data.name": "medmnist", "data.flag": "pneumoniamnist"}), "lungs")
    lifecycle.create_run(options.build_config({}), "digits")
    found = {
        one.path: one.values for one in run_differences.option_differences([find_run("lungs"), find_run("digits")])
    }
    assert found["data.flag"] == ("pneumoniamnist", "")
    assert found["data.name"] == ("medmnist", "digits")
    assert "optim.lr" not in found


def test_options_in_a_comparison_have_separated_thousands() -> None:
    for name, kimg in (("short", 1600.0), ("long", 12800.0)):
        lifecycle.create_run(options.build_config({"train.kimg": kimg}), name)
    (length,) = run_differences.option_differences([find_run("short"), find_run("long")])
    assert (length.path, length.values) == ("train.kimg", ("1,600", "12,800"))


def test_no_chosen_attribute_means_all_in_a_comparison_and_in_the_table_of_runs() -> None:
    for name, attributes in (("all", ""), ("two", "Smiling,Male")):
        lifecycle.create_run(options.build_config({"data.name": "celeba", "data.attributes": attributes}), name)
    (found,) = run_differences.option_differences([find_run("all"), find_run("two")])
    assert (found.path, found.values) == ("data.attributes", ("all", "Smiling, Male"))
    shown = page("overview", view="table").dataframe[0].value
    assert dict(zip(shown["title"], shown["data.attributes"], strict=True)) == {"all": "all", "two": "Smiling, Male"}
    rows = csv.DictReader(io.StringIO(comparison_page.comparison_csv([find_run("all"), find_run("two")])))
    assert [row["data.attributes"] for row in rows] == ["", "Smiling,Male"]


def test_seeds_in_a_comparison_are_names() -> None:
    for name, seed in (("one", 1234), ("other", 2026)):
        lifecycle.create_run(options.build_config({"train.seed": seed}), name)
    (seeds,) = run_differences.option_differences([find_run("one"), find_run("other")])
    assert (seeds.path, seeds.values) == ("train.seed", ("1234", "2026"))


def swept(*grid: str, kid: tuple[float | None, ...]) -> list[Run]:
    """A sweep whose runs have the demo run's scores with these kernel distances, None for no scores."""
    planned = sweeps.plan_sweep("s", options.build_config({}), sweeps.read_grid(grid))
    runs = [lifecycle.create_run(run.config, run.name, "s") for run in planned]
    demo = json.loads((settings.ROOT / "checkpoints/demo-mnist/evaluation/000100032.json").read_text())
    for run, value in zip(runs, kid, strict=True):
        if value is not None:
            path = results.result_path(run, 100_032)
            path.parent.mkdir()
            path.write_text(json.dumps(demo | {"run": run.name, "kid": value}))
    return runs


def test_a_sweep_has_a_row_for_each_run_and_one_for_its_seeds() -> None:
    runs = swept("lr=1e-4,2e-4", "seed=0,1,2", kid=(0.1, 0.2, 0.3, 0.5, 0.7, None))
    table = sweep_table(runs)
    kid = table.scores.index("Kernel distance")
    assert table.options == ("Learning rate", "Seed")
    assert [(row.values, row.state, row.scores[kid]) for row in table.rows] == [
        (("0.0001", "0"), "lost", "0.1"),
        (("0.0001", "1"), "lost", "0.2"),
        (("0.0001", "2"), "lost", "0.3"),
        (("0.0002", "0"), "lost", "0.5"),
        (("0.0002", "1"), "lost", "0.7"),
        (("0.0002", "2"), "lost", ""),
    ]
    assert [(group.values, group.scored, group.scores[kid]) for group in table.groups] == [
        (("0.0001",), 3, "0.2 ± 0.1"),
        (("0.0002",), 2, "0.6 ± 0.141"),
    ]
    at = page("compare", sweep="s")
    shown, means = at.table[0].value, at.table[1].value
    assert list(shown.index) == [run.name for run in runs]
    assert shown["Seed"].tolist() == ["0", "1", "2"] * 2
    assert means["Kernel distance"].tolist() == ["0.2 ± 0.1", "0.6 ± 0.141"]
    assert at.multiselect(key="compared runs").value == [run.name for run in runs]


def test_scores_that_are_not_comparable_have_no_mean_and_no_difference() -> None:
    runs = swept("lr=1e-4,2e-4", "seed=0,1", kid=(0.1, 0.3, 0.5, 0.7))
    path = results.result_path(runs[1], 100_032)
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"n": document["n"] | {"scores": 40}}))
    table = sweep_table(runs)
    kid = table.scores.index("Kernel distance")
    assert [(group.scored, group.scores[kid], group.comparable) for group in table.groups] == [
        (2, "", False),
        (2, "0.6 ± 0.141", True),
    ]
    at = page("compare", sweep="s", baseline=runs[0].name)
    assert at.table[1].value["Kernel distance"].tolist() == ["—", "0.6 ± 0.141"]
    assert "No mean where scores are not comparable: these runs were scored on different data" in said(at)
    assert "None is marked as best, and none has a difference" in said(at)
    assert not any("−" in cell or "+" in cell for cell in at.table[-1].value.loc["Kernel distance"])
    html = comparison_page.comparison_html(runs, 0)
    assert "the best in bold" not in html
    assert "Differences are from" not in html
    assert "None is marked as best, and none has a difference" in html


def test_the_mean_says_which_snapshots_it_is_of() -> None:
    first, *_ = swept("seed=0,1", kid=(0.1, 0.3))
    (first.path / "snapshots" / "000100032").mkdir()
    at = page("compare", sweep="s")
    assert "or of the newest scored one" in said(at)  # the other's snapshot is not there


def test_a_sweep_is_chosen_on_the_page_and_one_without_seeds_has_no_means() -> None:
    swept("lr=1e-4,2e-4", kid=(0.1, None))
    at = page("compare", sweep="gone")
    assert "There is no sweep gone" in at.warning[0].value
    at.selectbox(key="compared sweep").set_value("s").run()
    assert not at.exception
    assert at.query_params["sweep"] == "s"
    assert at.table[0].value["Learning rate"].tolist() == ["0.0001", "0.0002"]
    assert "over seeds" not in said(at)


def test_a_damaged_run_of_a_sweep_is_named_and_the_others_have_rows() -> None:
    broken, *_ = swept("seed=0,1,2", kid=(None, None, None))
    (broken.path / "config.json").write_text("{")
    table = sweep_table(sweeps.find_sweep("s"))
    assert table.unreadable == (broken.name,)
    assert [row.run for row in table.rows] == ["s-seed1", "s-seed2"]
    assert "Cannot be read: s-seed0" in said(page("compare", sweep="s"))
