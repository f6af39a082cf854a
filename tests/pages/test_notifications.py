"""A job that ends while a page is open is told there, once."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from gan.config import settings
from gan.jobs.worker import working
from tests.support.pages import made


def frame_script() -> None:
    """What the frame draws below each page."""
    from pages.ui import notifications

    notifications.watch_ends()


def test_a_job_that_ends_while_a_page_is_open_is_a_toast_once(store: Path) -> None:
    made("earlier")
    with working(settings.store() / "earlier"):
        pass
    at = AppTest.from_function(frame_script, default_timeout=60).run()
    assert not at.toast
    with working(made("breast").path):
        pass
    at.run()
    assert [toast.value for toast in at.toast] == ["The run breast has finished."]
    notice = next(part for part in at.get("bidi_component") if part.proto.component_name == "browser_notification")
    assert '"id": "breast ' in notice.proto.json
    at.run()
    assert not at.toast
