"""An error of a file on a page: words for the visitor, the traceback in the server's log; nothing is swallowed."""

import errno
import logging
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gan import jobs
from gan.data.ingest import accepted_sets
from gan.errors import RunError
from gan.io.atomic import remove_folder, write_json
from tests.support.image_files import class_files, zip_of
from tests.support.pages import made
from tests.support.uploads import add_zip


def full_disk() -> None:
    from pages.ui.frame import errors_shown

    with errors_shown():
        raise OSError(28, "No space left on device", "/store/run/marks.jsonl")


def full_disk_in_a_callback() -> None:
    import streamlit as st

    from pages.ui.frame import errors_noted, errors_shown

    def save() -> None:
        with errors_noted():
            raise OSError(28, "No space left on device", "/store/run/marks.jsonl")

    with errors_shown():
        st.button("Save", key="save", on_click=save)


def test_a_file_error_is_shown_in_words_and_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    at = AppTest.from_function(full_disk).run()
    assert "The disk of /store/run/marks.jsonl is full" in at.error[0].value
    assert [record.levelno for record in caplog.records if record.name == "pages.ui.frame"] == [logging.ERROR]
    assert "in full_disk" in caplog.text
    assert "No space left on device" in caplog.text


def test_a_file_error_of_a_callback_is_logged_too(caplog: pytest.LogCaptureFixture) -> None:
    at = AppTest.from_function(full_disk_in_a_callback).run()
    at.button(key="save").click().run()
    assert "The disk of /store/run/marks.jsonl is full" in at.toast[0].value
    assert "No space left on device" in caplog.text


def test_a_mistake_of_the_user_is_no_matter_for_the_log(caplog: pytest.LogCaptureFixture) -> None:
    from pages.ui import frame

    assert frame.error_text(RunError("There is no run x.")) == "There is no run x."
    assert not caplog.records


def test_a_message_names_files_as_they_are_below_the_store(store: Path) -> None:
    from pages.ui import frame

    marks = store / "run" / "marks.json"
    assert frame.error_text(RunError(f"{marks} is damaged.")) == "run/marks.json is damaged."
    refused = PermissionError(errno.EACCES, "no right", str(marks))
    assert frame.error_text(refused).startswith("run/marks.json cannot be opened or changed")
    run = made("run")
    write_json(run.path / "started.json", {"ticket": 1, "time": 1.0, "device": "cpu", "pid": None})
    cause = f"{run.path / 'log.txt'} is damaged."
    write_json(run.path / "end.json", {"ticket": 1, "time": 2.0, "state": "failed", "cause": cause})
    assert jobs.state(run.path).cause == "run/log.txt is damaged."


def test_what_cannot_be_removed_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import os

    remove_folder(tmp_path / "absent")
    assert not caplog.records
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "unlink", refuse)
    remove_folder(tmp_path / "kept")
    assert "file could not be removed" in caplog.text


def test_a_set_that_the_disk_refuses_is_not_told_to_take_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    report = add_zip("cells", zip_of(class_files()))

    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="Read-only"):
        accepted_sets.accept(report)
