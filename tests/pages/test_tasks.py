"""No page trains or calibrates: what has to be learnt first is a task, which the page offers, shows and finds again."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from gan import jobs
from gan.cli.main import main
from gan.data import registry
from gan.evaluation import job, selector, study_estimate, training_images
from gan.evaluation.classifiers.reference import native_images
from gan.evaluation.job import Request
from gan.evaluation.privacy import guard
from gan.evaluation.privacy.near_copies import NearCopyDetector
from gan.evaluation.study.study_options import StudyOptions, TrainingBudget
from gan.io.atomic import write_json
from gan.jobs.worker import working
from gan.runs.run import Run
from gan.sampling.provenance import Origin
from pages.ui.gallery import marking
from tests.conftest import trained
from tests.support.evaluation import SMALL_BUDGET, use_budget
from tests.support.jobs import wait_until
from tests.support.pages import PAGES, buttons, page, said, tiles


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    use_budget(monkeypatch)
    run = trained("small")
    registry.load_image_set(run.config.data)  # a copied run comes without its images
    return run


@pytest.fixture
def nobody_trains(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on whoever trains or calibrates in this process, which is the pages', fails."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a page trains or calibrates")

    monkeypatch.setattr(torch.Tensor, "backward", refuse)
    monkeypatch.setattr(torch.autograd, "backward", refuse)
    monkeypatch.setattr(NearCopyDetector, "calibrate", refuse)


def opened(run: Run) -> AppTest:
    """The gallery with its first image large, asked whether it is a near copy."""
    at = page("gallery", run=run.name)
    origin = Origin(run.snapshots()[-1], 0, 0, "0")
    at.session_state[marking.SHOWN] = {"first": origin}
    at.session_state[marking.OPENED] = (run.name, "first", ["first"])
    at.session_state[f"near copies of {run.name}"] = True
    at.run()
    assert not at.exception
    return at


@pytest.mark.usefixtures("nobody_trains")
@pytest.mark.parametrize("name", PAGES)
def test_no_page_trains_or_calibrates(run: Run, name: str) -> None:
    at = page(name, **{} if name in ("overview", "train", "data", "compare") else {"run": run.name})
    if name == "gallery":
        at.slider(key="gallery keep rate").set_value(25).run()
        assert not at.exception
        assert at.button(key="start selector")
        assert len(tiles(at)) == 80  # shown at once, none of them dimmed
        assert opened(run).button(key="start calibration")
    if name == "evaluate":
        assert at.button(key="estimate study")


@pytest.mark.usefixtures("nobody_trains")
def test_what_a_page_offers_to_learn_is_a_task_that_is_found_again_and_stopped(run: Run) -> None:
    at = page("gallery", run=run.name)
    at.slider(key="gallery keep rate").set_value(25).run()
    at.button(key="start selector").click().run()
    assert not at.exception
    folder = job.job_folder(run, "selector")
    again = page("gallery", run=run.name)  # another visitor
    again.slider(key="gallery keep rate").set_value(50).run()
    if jobs.state(folder).alive:
        assert "Stop" in buttons(again)
        jobs.stop(folder)
    wait_until(lambda: not jobs.state(folder).alive, "the task ended", 60)
    assert jobs.state(folder).name in ("stopped", "finished"), jobs.log_tail(folder)


def worked(run: Run, request: Request) -> int:
    """Do the work of a task in this process, as the scheduler has another do it; gives its exit code."""
    folder = job.job_folder(run, request.kind)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "request.json", asdict(request))
    return main(["evaluate", run.name, "--task", request.kind])


def test_the_selector_of_a_task_is_the_one_that_an_export_makes(run: Run) -> None:
    assert selector.cached_selector(run) is None
    assert worked(run, Request("selector", run.snapshots()[-1])) == 0
    assert jobs.state(job.job_folder(run, "selector")).name == "finished"
    kept, made = selector.cached_selector(run), selector.load_selector(run, budget=SMALL_BUDGET.classifier)
    assert kept is not None
    images = training_images.load_training_images(run)
    shown, conditions = np.array(native_images(images, np.arange(40))), images.conditions[:40]
    assert kept.scores(shown, conditions).overall.tolist() == made.scores(shown, conditions).overall.tolist()


def test_a_damaged_selector_is_made_anew_and_logged(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    selector.load_selector(run, budget=SMALL_BUDGET.classifier)
    (file,) = Path(run.path.parent, ".data").rglob("selector-*.safetensors")
    file.write_bytes(b"no tensors")
    assert selector.cached_selector(run) is None
    assert "is damaged" in caplog.text
    selector.load_selector(run, budget=SMALL_BUDGET.classifier)
    assert selector.cached_selector(run) is not None


def test_what_counts_as_a_near_copy_is_shown_once_a_task_has_measured_it(run: Run) -> None:
    assert guard.cached_calibration(run) is None
    assert worked(run, Request("calibration", run.snapshots()[-1])) == 0
    measured = guard.cached_calibration(run)
    assert measured is not None
    assert f"below {measured.threshold:.2f}" in said(opened(run)) + " ".join(w.value for w in opened(run).warning)


def test_how_long_a_study_takes_is_timed_by_a_task_and_kept_for_that_generator(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    options, newest = StudyOptions(budget=TrainingBudget(timed_steps=1)), run.snapshots()[-1]
    assert study_estimate.cached_study_estimate(run, newest, options) is None
    assert worked(run, Request("study-estimate", newest, study=options)) == 0
    kept = study_estimate.cached_study_estimate(run, newest, options)
    assert kept is not None
    assert f"Classifiers to train: at most {kept.classifiers}" in kept.lines[0]
    assert kept.seconds > 0
    assert study_estimate.cached_study_estimate(run, newest, StudyOptions(seeds=2)) is None
    (run.snapshot(newest) / "ready.json").write_text('{"sha256": "of another generator"}')
    assert study_estimate.cached_study_estimate(run, newest, options) is None


def test_a_phase_that_says_no_more_than_the_label_is_not_repeated(store: Path) -> None:
    folder = store / ".data" / "tasks" / "examine"
    folder.mkdir(parents=True)
    shown = {}
    for label, phase in (("Checking the images", "checking"), ("Scoring", "near copies")):
        with working(folder):
            write_json(folder / "status.json", {"phase": phase, "done": 1, "total": 4})
            at = AppTest.from_function(_bar, args=(str(folder), label)).run()
        shown[phase] = at.get("progress")[0].proto.text
    assert shown == {"checking": "Checking the images", "near copies": "Scoring · near copies"}


def _bar(folder: str, label: str) -> None:
    from pathlib import Path

    from pages.ui.background import progress_bar

    progress_bar(Path(folder), label)
