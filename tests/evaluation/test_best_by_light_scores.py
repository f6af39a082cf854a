"""What speaks of light scores: the diagnosis, the verdict, lists, commands, and the charts of the Progress page."""

import html
import json
import shutil
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan import jobs
from gan.cli.main import main
from gan.errors import StoppedError
from gan.evaluation import job, tasks
from gan.evaluation.records.best_snapshot import best_sentence, default_snapshot
from gan.evaluation.records.light_scores import light_score_path
from gan.evaluation.records.results import list_results
from gan.evaluation.report import sections
from gan.io.atomic import write_json
from gan.jobs.worker import working
from gan.monitoring.curve_rules import Finding
from gan.monitoring.diagnosis import diagnose
from gan.monitoring.image_rules import past_best
from gan.monitoring.observations import Observations, observations_from_run
from gan.monitoring.run_verdict import judged_snapshot, run_verdict
from gan.runs.run import Run
from tests.conftest import trained
from tests.support.evaluation import demo_scores, studied
from tests.support.light_scores import light_score
from tests.support.pages import page, said


@pytest.fixture
def run() -> Run:
    """A run with five snapshots, the second of which is the best."""
    run = trained("scored", train__kimg=0.8)
    for seen, kid in zip(run.snapshots(), (0.5, 0.1, 0.3, 0.2, 0.3), strict=True):
        light_score(run, seen, kid)
    return run


def observed(run: Run) -> Observations:
    return observations_from_run(run, [], jobs.state(run.path))


def finding(run: Run, **changes: object) -> Finding | None:
    return past_best(replace(observed(run), **changes))  # type: ignore[arg-type]


def test_the_diagnosis_says_how_long_ago_the_best_was_where_the_difference_is_no_chance(run: Run) -> None:
    found = finding(run)
    assert found is not None
    assert (found.key, found.basis, found.headline) == ("past-best", "test", "Best 480 images ago: stop here")
    assert "after 320 images" in found.meaning
    scores = observed(run).scores
    assert finding(run, scores=scores[:3]) is None  # one later snapshot may be chance
    wide = [replace(score, intervals=score.intervals | {"kid": (-1.0, 1.0)}) for score in scores]
    assert finding(run, scores=wide) is None
    assert past_best(observed(run).until(320)) is None
    light_score(run, 320, 0.1)
    for seen, kid in ((480, 0.1), (640, 0.09), (800, 0.08)):
        light_score(run, seen, kid)
    assert finding(run) is None  # it still gets better


def test_the_verdict_is_on_the_best_snapshot_and_says_what_light_scores_say(run: Run) -> None:
    verdict = run_verdict(run, jobs.state(run.path))
    assert verdict.snapshot == 320
    assert not verdict.part("scores").measured  # only a full evaluation tells what the images teach
    assert (
        verdict.part("scores").text
        == "light only: obedience 90%, real images 97%; coverage 80%, real images 97%, in ImageNet features"
    )
    assert verdict.part("near copies").text == "light only: 1 of 100"
    assert verdict.next_step is not None
    assert verdict.next_step.kind == "score"
    assert "past-best" in {finding.key for finding in diagnose(observed(run))}
    assert "past-best" not in {finding.key for finding in diagnose(observed(run).until(320))}


@pytest.mark.parametrize(
    ("scored", "says"), [(True, "so far (2 of 5 are still being scored), after 320 images"), (False, "the newest")]
)
def test_commands_say_that_snapshots_are_still_being_scored(
    scored: bool, says: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    run = request.getfixturevalue("run") if scored else trained("unscored")
    for seen in (640, 800):
        light_score_path(run, seen).unlink(missing_ok=True)
    command = ["sample", run.name, "--count", "1", "--condition", "3", "--out"]
    lane = job.job_folder(run, job.BESIDE_TRAINING)
    lane.mkdir(parents=True)
    with working(lane):
        assert main([*command, str(run.path / "early.zip")]) == 0
    assert says in capsys.readouterr().err
    assert main([*command, str(run.path / "late.zip")]) == 0
    late = capsys.readouterr().err
    assert "still being scored" not in late
    assert ("The best snapshot of scored so far (2 of 5 are not scored), after 320 images" in late) == scored
    if scored:
        light_score(run, 640, 0.2)
        light_score(run, 800, 0.3)
        with working(lane):  # such as another score of one that has scores
            assert main([*command, str(run.path / "all.zip")]) == 0
        assert "The best snapshot of scored, after 320 images" in capsys.readouterr().err


def test_lists_and_commands_take_the_best_and_say_so(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    capsys.readouterr()
    assert main(["runs", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["best"]["snapshot"] == 320
    assert row["best"]["light"]
    assert row["best"]["kid"] == pytest.approx(0.1)

    requests: list[job.Request] = []

    def refuse(run: Run, request: job.Request, progress: object) -> list[object]:
        requests.append(request)
        raise StoppedError

    monkeypatch.setitem(tasks.TASKS, "scores", refuse)
    assert main(["evaluate", "scored"]) == 1
    assert "The best snapshot of scored, after 320 images: kernel distance 0.1" in capsys.readouterr().err
    assert main(["evaluate", "scored", "--snapshot", "160"]) == 1
    assert "The best snapshot" not in capsys.readouterr().err
    assert [request.snapshot for request in requests] == [320, 160]
    assert main(["sample", "scored", "--count", "1", "--condition", "3", "--out", str(run.path / "out.zip")]) == 0
    assert "light scores on 180 images" in capsys.readouterr().err


def test_progress_draws_the_scores_with_their_floors_and_marks_the_best(run: Run) -> None:
    at = page("progress", run="scored")
    assert "kernel distance 0.1 (0.09 to 0.11) in ImageNet features, light scores on 180 images" in said(at)
    figures = [json.loads(one.proto.json) for one in at.get("bidi_component")]
    by_name = {figure["name"]: figure for figure in figures if "name" in figure}
    shares, distance = by_name["scored-scores-shares"], by_name["scored-scores-distance"]
    assert [trace["name"] for trace in shares["traces"] if "dash" not in trace] == [
        "Obedience", "Coverage", "Diversity", "Near copies",
    ]  # fmt: skip
    assert sum("dash" in trace for trace in shares["traces"]) == 4
    assert distance["marks"] == [{"x": 0.32, "kind": "best", "text": "Best snapshot: after 320 images"}]
    assert "Light scores on 180 images, in ImageNet features." in said(at)


def test_where_light_scores_decide_report_and_page_say_so_below_their_charts_of_other_scores(run: Run) -> None:
    for seen, kid in ((480, 0.2), (800, 0.1)):
        demo_scores(run, seen, kid=kid)
    said_below = best_sentence(run, list_results(run))
    assert "after 320 images: kernel distance 0.1 (0.09 to 0.11) in ImageNet features, light scores" in said_below
    assert "so the light ones decide" in said_below
    assert said_below in html.unescape(sections.history(list_results(run), said_below))
    at = page("evaluate", run="scored")
    assert said_below in said(at)
    assert "Best snapshot" not in {trace["name"] for trace in distance_figure(at)["traces"]}


def test_where_evaluations_decide_the_best_existing_one_is_marked(run: Run) -> None:
    for light in (run.path / "evaluation").glob("*-light.json"):
        light.unlink()
    for seen, kid in ((160, 0.1), (480, 0.2), (800, 0.3)):
        demo_scores(run, seen, kid=kid)
    assert "deleted" not in best_sentence(run, list_results(run))
    shutil.rmtree(run.snapshot_folder(160))
    assert "after 480 images: kernel distance 0.2" in best_sentence(run, list_results(run))
    assert "Those of the chart with a lower one were deleted." in best_sentence(run, list_results(run))
    (marked,) = (
        one for one in distance_figure(page("evaluate", run="scored"))["traces"] if one["name"] == "Best snapshot"
    )
    assert (marked["x"], marked["y"]) == ([0.48], [0.2])


def distance_figure(at: AppTest) -> dict[str, Any]:
    """The chart of the kernel distance on the Evaluate page."""
    figures = [json.loads(one.proto.json) for one in at.get("bidi_component")]
    return next(figure for figure in figures if figure.get("name") == "scored-distance")


def test_progress_marks_no_snapshot_in_scores_that_do_not_decide(run: Run) -> None:
    for seen in (160, 480, 640):
        shutil.rmtree(run.snapshot_folder(seen))
    for seen, kid in ((320, 0.3), (800, 0.1)):  # as many as light scores of existing snapshots
        demo_scores(run, seen, kid=kid)
    at = page("progress", run="scored")
    assert "after 800 images: kernel distance 0.1" in said(at)
    figures = [json.loads(one.proto.json) for one in at.get("bidi_component")]
    (distance,) = (figure for figure in figures if figure.get("name") == "scored-scores-distance")
    assert "Light scores on 180 images, in ImageNet features." in said(at)  # of deleted snapshots too
    assert distance["marks"] == []


def test_progress_says_where_the_best_is_the_default(run: Run) -> None:
    def says() -> list[str]:
        return [one.help for one in page("progress", run="scored").markdown if "**Best**" in one.value]

    assert says() == ["Gallery, downloads, evaluation and study take it by default."]
    studied(run, 480, "Helps.")
    assert says() == ["Commands take it by default. The pages open that after 480 images first, which has a study."]
    assert judged_snapshot(run) == 480
    assert default_snapshot(run, None) == 320


def test_progress_says_why_snapshots_could_not_be_scored() -> None:
    run = trained("unscored")
    folder = job.job_folder(run, job.BESIDE_TRAINING)
    folder.mkdir(parents=True)
    write_json(folder / "end.json", {"state": "failed", "cause": "Too few images.", "ticket": 1, "time": 1.0})
    assert "could not be scored: Too few images." in said(page("progress", run="unscored"))
    assert "Scores of the snapshots" not in said(page("progress", run=trained("silent").name))
