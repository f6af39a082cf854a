"""The badge and the banner of a run's verdict: colour, words and the next step with its time."""

import pytest
from streamlit.testing.v1 import AppTest

from gan.evaluation.job import job_folder
from gan.evaluation.study.study_options import StudyOptions
from gan.evaluation.study_estimate import SavedEstimate, save_study_estimate
from tests.monitoring.test_run_verdict import LAST, scored, trained_to
from tests.support.evaluation import studied
from tests.support.pages import buttons, said


def banner() -> None:
    """A page with the badge and the banner of the run `made`; it runs in a process of its own."""
    from gan import jobs
    from gan.runs.run import find_run
    from pages.ui import cache
    from pages.ui.runs.verdict_badge import verdict_badge, verdict_banner

    run = find_run("made")
    verdict = cache.run_verdict(run, jobs.state(run.path))
    verdict_badge(verdict)
    verdict_banner(verdict)


def drawn() -> AppTest:
    at = AppTest.from_function(banner, default_timeout=60).run()
    assert not at.exception
    return at


@pytest.mark.parametrize(
    ("changes", "box", "colour", "text"),
    [
        ({}, "success", "green", "**Learning well.** A classifier trained on these images alone"),
        ({"diversity": {"ratio": 0.2}}, "error", "red", "**One image per class.** The images of one condition differ"),
    ],
)
def test_a_good_run_is_green_and_a_useless_one_red(
    changes: dict[str, object], box: str, colour: str, text: str
) -> None:
    scored(trained_to(), **changes)
    at = drawn()
    assert next(str(element.value) for element in at.get(box)).startswith(text)
    assert f":{colour}-badge[" in said(at)
    assert "Membership: not measured" in said(at)


def test_no_gain_is_neither_hidden_nor_green() -> None:
    run = trained_to()
    scored(run)
    studied(run, LAST, kind="none")
    at = drawn()
    assert at.warning[0].value.startswith("**No gain.** Adding these images to real ones changes AUROC")
    assert ":orange-badge[" in said(at)


def test_useless_images_lead_to_a_training_with_other_options() -> None:
    scored(trained_to(), diversity={"ratio": 0.2})
    assert buttons(drawn()) == ["Train again with batch size 128"]


def test_what_is_measured_later_changes_the_banner_and_its_button() -> None:
    run = trained_to()
    assert drawn().info[0].value.startswith("**Losses in balance.**")
    assert buttons(drawn()) == ["Score it"]
    scored(run)
    assert buttons(drawn()) == ["Study whether it helps"]
    job_folder(run, "study-estimate").mkdir()
    save_study_estimate(run, LAST, StudyOptions(), SavedEstimate(390, 32_400.0, [], []))
    assert buttons(drawn()) == ["Study whether it helps, about 9 h"]
