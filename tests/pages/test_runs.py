"""The page of a run that failed, waits, cannot be read, is removed meanwhile, or lies on a read-only disk."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gan import jobs
from gan.config import options, settings
from gan.io.file_lock import try_lock
from gan.runs.run import Run, find_run
from tests.conftest import trained
from tests.support.jobs import clean_up, submitted, wait_for_state, wait_until_begun
from tests.support.pages import APP, buttons, ended, made, page, said

NAN = {"state": "failed", "cause": "Loss D is not a number any more.", "kind": "nan"}


def confirming(name: str) -> AppTest:
    """The question before a run is deleted, as the page's dialog draws it."""

    def script(name: str) -> None:
        from gan.runs.run import find_run
        from pages.ui.runs import run_actions

        run_actions.confirm_deletion(find_run(name))

    return AppTest.from_function(script, default_timeout=60, args=(name,)).run()


def test_a_failed_run_says_why_with_its_last_lines_and_offers_the_clone_that_mends_it() -> None:
    run = ended(made("failed"), **NAN, advice={"optim.lr": 1e-4, "job.precision": "float32"})
    (run.path / "log.txt").write_text("".join(f"line {number}\n" for number in range(40)))
    at = page("progress", run="failed")
    assert "Learning well" not in said(at)
    assert NAN["cause"] in at.error[0].value
    assert at.code[0].value.splitlines()[-1] == "line 39"
    assert len(at.code[0].value.splitlines()) == 8
    at.button(key="clone with advice").click().run()
    assert not at.exception
    assert "Clone with learning rate 0.0001 and precision float32" in buttons(page("progress", run="failed"))
    assert at.title[0].value == "Train"
    assert at.query_params["clone"] == "failed"
    assert at.query_params["set"] == ["optim.lr:0.0001", "job.precision:float32"]
    assert at.number_input(key="option optim.lr").value == 1e-4
    assert at.selectbox(key="option job.precision").value == "float32"


def test_a_run_that_ran_out_of_memory_is_cloned_with_a_smaller_batch() -> None:
    values = {"train.batch": 16, "optim.lr": 0.001}
    ended(made("big", **values), state="failed", cause="The GPU's memory ran out.", advice={"train.batch": 8})
    assert "Clone with batch size 8" in buttons(page("progress", run="big"))
    at = page("train", clone="big", set=["train.batch:8"])
    assert at.number_input(key="option train.batch").value == 8
    assert at.number_input(key="option optim.lr").value == 0.001
    assert "Changed from the run **big**:" in said(at)
    assert "- Batch size: 16 → **8** images" in said(at)


def test_a_failure_without_advice_has_no_such_button() -> None:
    ended(made("failed"), **NAN, advice={"no.such": 1})
    assert not [label for label in buttons(page("progress", run="failed")) if label.startswith("Clone with")]


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        ("train.batch:-3", "train.batch is -3"),
        ("no.such:1", "no.such"),
        ("train.batch", r"train.batch\:8"),  # escaped: Markdown takes :8: for an icon
        ("data.image_size:33", "data.image_size is 33"),
    ],
)
def test_a_link_that_sets_what_cannot_be_is_told_in_words(wish: str, named: str) -> None:
    made("first")
    at = page("train", clone="first", set=[wish])
    assert named in at.error[0].value


def test_a_run_of_a_newer_version_is_only_shown() -> None:
    run = trained("newer")
    document = json.loads((run.path / "config.json").read_text())
    (run.path / "config.json").write_text(json.dumps(document | {"version": 99}))
    (run.path / "log.txt").write_text("what it printed\n")
    at = page("progress", run="newer")
    assert not at.error
    assert "version 99" in at.warning[0].value
    assert "Update the program" in at.warning[0].value
    assert "Delete" in buttons(at)
    assert not {"Resume", "Clone", "Gallery"} & set(buttons(at))
    assert sum("Generated samples of the run newer" in part.proto.body for part in at.get("html")) == 1
    assert len(at.get("bidi_component")) == 4
    assert "what it printed" in at.code[0].value
    assert "read only" in said(page("overview"))
    assert "Update the program" in page("train", clone="newer").error[0].value


def test_a_run_that_is_removed_while_its_page_is_open_is_told_calmly() -> None:
    run = made("gone")
    at = page("progress", run="gone")
    shutil.rmtree(run.path)
    at.run()
    assert not at.exception
    assert not at.error
    assert "There is no run gone" in said(at)
    at.button(key="to overview").click().run()
    assert at.title[0].value == "Overview"


@pytest.mark.parametrize("lost", ["metrics.jsonl", "about.json", "samples", "log.txt"])
def test_what_is_missing_from_a_folder_breaks_no_page(lost: str) -> None:
    run = ended(made("holes"), **NAN)
    path = run.path / lost
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    for name in ("overview", "progress", "gallery"):
        assert not [error for error in page(name, run="holes").error if error.value != NAN["cause"]]


def test_a_page_says_what_a_run_takes_on_the_disk() -> None:
    run = made("heavy")
    (run.path / "snapshots" / "weights").write_bytes(os.urandom(3_000_000))
    assert "3.0 MB on disk" in said(page("progress", run="heavy"))
    assert "3.0 MB" in said(page("overview"))


def test_deleting_asks_first_naming_the_run_and_what_it_takes() -> None:
    run = made("old")
    (run.path / "snapshots" / "weights").write_bytes(os.urandom(3_000_000))
    at = page("progress", run="old")
    at.button(key="delete").click().run()
    assert not at.exception
    assert "**old** takes 3.0 MB" in said(at)
    assert "Delete it" in buttons(at)
    assert run.path.is_dir()


def test_a_run_of_which_something_works_is_not_deleted() -> None:
    run = made("busy")
    (run.path / "exports" / "20260101-120000").mkdir()
    working = try_lock(run.path / "exports" / "20260101-120000" / "alive.lock")
    assert working is not None
    try:
        at = confirming("busy")
        at.button(key="delete for good").click().run()
        assert "A download of busy is running" in at.error[0].value
        assert run.path.is_dir()
    finally:
        os.close(working)


def test_a_running_and_a_queued_run_show_what_they_do_and_what_they_wait_for(store: Path) -> None:
    try:
        first, second = submitted("first"), submitted("second")
        wait_until_begun(first)
        wait_for_state(second, "queued")
        at = page("progress", run="first")
        assert {"Stop", "Clone"} <= set(buttons(at))
        assert "Delete" not in buttons(at)
        at = page("progress", run="second")
        assert "Cancel" in buttons(at)
        assert "starts by itself" in said(at)
        at.button(key="stop").click().run()
        assert not at.exception
        assert "cancelled while it waited" in at.info[0].value
        assert {"Resume", "Delete"} <= set(buttons(at))
    finally:
        clean_up(store)


def test_a_run_that_was_killed_while_stopping_does_not_say_that_it_saved() -> None:
    run = made("killed")
    ended(run, state="stopped", cause="It was killed. What it had saved before stands.")
    assert "What it had saved before stands" in page("progress", run="killed").info[0].value


def in_a_read_only_store(code: str, store: Path) -> str:
    """What code prints in a mount namespace where the store cannot be written, not even by root."""
    script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, str(store), sys.executable, "-c", code]
    done = subprocess.run(command, cwd=settings.ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_reading_pages_work_on_a_read_only_store_and_others_say_why_not(store: Path) -> None:
    trained("small")
    code = f"""
from streamlit.testing.v1 import AppTest
at = AppTest.from_file({APP!r}, default_timeout=60).run()
for name in ("overview", "data", "train", "progress", "gallery"):
    at.switch_page(f"pages/{{name}}.py").run()
    assert not at.exception, at.exception
    print(name, [error.value for error in at.error])
at.query_params["view"] = "Download"
at.run()
at.button(key="make zip").click().run()
assert not at.exception, at.exception
print("zip", at.toast[0].value)
at.switch_page("pages/train.py").run()
next(button for button in at.button if button.label == "Start training").click().run()
assert not at.exception, at.exception
print("start", at.error[0].value)
"""
    printed = in_a_read_only_store(code, store).splitlines()
    assert printed[:5] == [f"{name} []" for name in ("overview", "data", "train", "progress", "gallery")]
    assert "read-only" in printed[5]
    assert "read-only" in printed[6]


def test_a_store_that_cannot_be_used_is_told_in_words(store: Path) -> None:
    store.parent.mkdir(exist_ok=True)
    store.write_text("a file where the store should be")
    for name in ("overview", "train", "progress", "gallery"):
        page(name)
    at = page("train")
    next(button for button in at.button if button.label == "Start training").click().run()
    assert not at.exception
    said = [error.value for error in at.error]
    assert any("a folder belongs: the store." in text and "GAN_STORE" in text for text in said), said
    assert not any(str(store) in text for text in said)


def test_what_can_be_advised_names_options_that_there_are() -> None:
    from pages.ui.runs import run_actions

    run: Run = ended(made("failed"), **NAN, advice={"optim.lr": 1e-4, "no.such": 1})
    advice = run_actions.advised_options(jobs.state(run.path))
    assert options.replace_options(find_run("failed").config, advice).optim.lr == 1e-4
    assert run_actions.options_query(advice) == ["optim.lr:0.0001"]
