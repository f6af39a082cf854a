"""A job that another machine holds is released in the browser, wherever its state is shown."""

from pathlib import Path

import pytest

from gan import jobs
from gan.evaluation import job
from gan.io.atomic import write_json
from tests.conftest import trained
from tests.support.pages import made, page


def held_elsewhere(folder: Path) -> None:
    """As if a machine that is gone had started the job."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("end", "queued"):
        (folder / f"{name}.json").unlink(missing_ok=True)
    write_json(folder / "started.json", {"ticket": 1, "time": 1.0, "host": "gone", "boot": "b", "pid": 1})


def test_a_run_of_a_machine_that_is_gone_can_be_released() -> None:
    run = made("held")
    held_elsewhere(run.path)
    assert jobs.state(run.path).name == "unknown"
    at = page("progress", run="held")
    at.button(key="release held").click().run()
    at.button(key="confirm release").click().run()
    assert jobs.state(run.path).kind == "released"
    at = page("progress", run="held")
    assert "release held" not in [button.key for button in at.button]
    assert at.button(key="resume")


@pytest.mark.parametrize("kind", ["scores", "study", "membership"])
def test_an_evaluation_of_a_machine_that_is_gone_can_be_released(kind: str) -> None:
    run = trained("digits")
    folder = job.job_folder(run, kind)
    held_elsewhere(folder)
    at = page("evaluate", run=run.name)
    at.button(key=f"release {jobs.job_name(folder)}").click().run()
    at.button(key="confirm release").click().run()
    assert jobs.state(folder).kind == "released"
