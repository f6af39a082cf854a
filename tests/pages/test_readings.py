"""Adding images whose reading is not certain: proposals, choosing one, and what follows."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gan import jobs
from gan.data.ingest import staging
from gan.data.ingest.checks.report import CheckReport
from pages.ui import cache
from pages.ui.data.steps import UPLOAD
from tests.support.image_files import png_bytes, zip_of
from tests.support.jobs import wait_until
from tests.support.pages import page, said
from tests.support.uploads import add_zip


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """No test sees the sets of another's store."""
    cache.clear_catalogue()


def opened(report: CheckReport) -> AppTest:
    """The page of a checked upload."""
    assert report.staged is not None
    return page("data", **{UPLOAD: report.staged.name})


def checked_again(at: AppTest) -> CheckReport:
    """The report of the check that a button of the page started; the page is drawn again."""
    assert not at.exception
    folder = staging.upload_folder(at.query_params[UPLOAD])
    wait_until(lambda: not jobs.state(folder).alive, "the check has ended")
    report = staging.load_pending(folder.name)
    assert report is not None, jobs.log_tail(folder)
    at.run()
    assert not at.exception
    return report


def html(at: AppTest) -> str:
    return "".join(element.proto.body for element in at.get("html"))


def with_folds() -> dict[str, bytes]:
    """48 images of two classes, and a table with a column of folds."""
    files = {f"{number:02d}.png": png_bytes(number) for number in range(48)}
    lines = [f"{number:02d}.png,{'ab'[number % 2]},{number % 4}" for number in range(48)]
    return files | {"labels.csv": "\n".join(["file,class,fold", *lines]).encode()}


def test_proposals_are_cards_with_pictures_and_the_chosen_one_is_checked(store: object) -> None:
    first = add_zip("cells", zip_of(with_folds()))
    assert first.reading is None
    at = opened(first)
    assert [button.key for button in at.button if str(button.key).startswith("read so")] == ["read so 0", "read so 1"]
    assert "train 36 · test 12" in said(at)
    assert "No splits are named" in said(at)
    assert html(at).count("read as a") == 6  # three pictures on each of two cards
    assert not [button for button in at.button if button.key == "accept set"]
    at.button(key="read so 1").click().run()
    report = checked_again(at)
    assert report.reading == first.proposals[1].reading
    assert report.plan is not None
    assert np.unique(report.plan.split).tolist() == ["test", "train", "val"]
    at.button(key="accept set").click().run()
    assert not at.exception
    assert staging.load_report("cells").reading == first.proposals[1].reading
