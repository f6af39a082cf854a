"""The overview: devices and who holds them, what waits, the disk, and many runs as pages of cards."""

import os
import re
import time
from pathlib import Path

from streamlit.testing.v1 import AppTest

from gan import jobs
from gan.config import settings
from gan.evaluation import job
from gan.io.atomic import write_json
from gan.jobs import QueueEntry, State, device_list, tickets
from gan.jobs.worker import working
from gan.runs import notes
from gan.runs.run import find_run
from pages.ui import cache
from pages.ui.data.steps import ADD, TAB
from pages.ui.runs.run_list import Listed, running_and_requeued
from tests.support.evaluation import demo_scores
from tests.support.jobs import clean_up, submitted, wait_for_state, wait_until, wait_until_begun
from tests.support.pages import buttons, ended, links, made, page, said


def test_devices_say_who_holds_them_and_what_waits_can_be_cancelled(store: Path) -> None:
    try:
        first, second, third = submitted("first"), submitted("second"), submitted("third", device="cpu")
        wait_until_begun(first)
        wait_until(lambda: first.status().get("seconds_left") is not None, "the job tells how long it will take")
        made("curved").path.joinpath("metrics.jsonl").rename(first.path / "metrics.jsonl")
        at = page("overview")
        assert ("first", "run=first") in links(at)
        assert re.search(r"for \d+ s · (1 h|\d+ min) left", said(at))
        assert any("Losses of the run first: Loss D 1.20" in part.proto.body for part in at.get("html"))
        assert "Next in the queue, for the fastest device, behind" in said(at)
        assert "Number 2 in the queue, for cpu, behind" in said(at)
        at.button(key="cancel second").click().run()
        assert not at.exception
        assert jobs.state(second.path).name == "stopped"
        assert "Next in the queue, for cpu, behind" in said(at)
        at.button(key="cancel third").click().run()
        assert jobs.state(third.path).name == "stopped"
        jobs.stop(first.path)
        wait_for_state(first, "stopped")
    finally:
        clean_up(store)


def test_a_holder_whose_folder_is_gone_is_named_without_a_link() -> None:
    made("other")
    with tickets.decision_lock():
        slot = device_list.take_slot("cpu", "vanished")
    assert slot is not None
    try:
        assert "Held by the run vanished" in said(page("overview"))
    finally:
        os.close(slot)


def test_a_new_run_is_not_said_to_start_at_once_while_the_devices_are_taken() -> None:
    made("other")
    assert "A new run starts at once." in said(page("overview"))
    with tickets.decision_lock():
        slots = [device_list.take_slot(name, "other/evaluation/study") for name in device_list.matching_devices("auto")]
    try:
        assert "A new run waits for the study of other" in said(page("overview"))
    finally:
        for slot in slots:
            assert slot is not None
            os.close(slot)


def test_a_study_that_runs_is_listed_as_running() -> None:
    run = ended(made("studied"), state="finished")
    notes.update_about(run.path, title="Lungs")
    folder = job.job_folder(run, "study")
    folder.mkdir(parents=True)
    with working(folder) as worker:
        worker.report("training classifiers", 3, 10)
        at = page("overview")
        assert "Running now" in said(at)
        assert "#### Lungs: augmentation study" in said(at)
        assert ("Open", "run=studied") in links(at)
        assert any("training classifiers" in bar.proto.text for bar in at.get("progress"))
        assert "No run is training" not in said(at)
    assert "Running now" not in said(page("overview"))


def test_a_run_that_waits_is_not_among_the_running() -> None:
    running, requeued, queued = (
        Listed(made(name), State(state)) for name, state in (("a", "running"), ("b", "queued"), ("c", "queued"))
    )
    queue = [QueueEntry("c", queued.run.path, 1, "cpu", None)]
    assert running_and_requeued([running, requeued, queued], queue) == ([running], [requeued])


def test_a_run_that_ended_early_is_not_said_to_have_the_planned_length() -> None:
    for name, state in (("whole", "finished"), ("half", "stopped")):
        run = ended(made(name, **{"train.kimg": 100}), state=state)
        write_json(run.path / "status.json", {"phase": "training", "done": 12_000, "total": 100_000})
    captions = [caption.value for caption in page("overview").caption]
    assert any(caption.startswith("digits · 12,000 of 100,000 images · ") for caption in captions)
    assert any(caption.startswith("digits · 100,000 images · ") for caption in captions)


def test_an_empty_store_also_leads_to_ones_own_images() -> None:
    at = page("overview")
    assert "Train a first run" in buttons(at)
    at.button(key="to add images").click().run()
    assert not at.exception
    assert at.title[0].value == "Data"
    assert at.session_state[TAB] == ADD


def test_free_and_taken_space_are_shown() -> None:
    made("one")
    at = page("overview")
    assert "**Disk**" in said(at)
    assert "Measuring …" in [bar.proto.text for bar in at.get("progress")]  # after the page is drawn
    cache.disk_space(settings.store())
    texts = [bar.proto.text for bar in at.run().get("progress")]
    assert any("taken · " in text and text.endswith("free") for text in texts)


def many(count: int = 30) -> None:
    """Runs that are over, one a second old, the next two, of two data sets; the seventh failed."""
    for number in range(count):
        run = made(f"run-{number:02d}", points=1, **{"data.name": "mnist" if number % 2 else "digits"})
        word = {"state": "failed", "cause": "The disk is full."} if number == 7 else {"state": "finished"}
        ended(run, **word)
        notes.update_about(run.path, created=time.time() - number)


def shown(at: AppTest) -> list[str]:
    """The runs of the cards on the page, in their order."""
    return [query.removeprefix("run=") for label, query in links(at) if label == "Progress"]


def test_many_runs_come_as_pages_of_cards_and_are_found() -> None:
    many()
    at = page("overview")
    assert shown(at) == [f"run-{number:02d}" for number in range(12)]
    assert "The disk is full." in said(at)
    at.selectbox(key="list data").set_value("mnist").run()
    assert shown(at) == [f"run-{number:02d}" for number in range(1, 25, 2)]
    at.selectbox(key="list state").set_value("failed").run()
    assert shown(at) == ["run-07"]
    at.text_input(key="list text").set_value("nothing like it").run()
    assert "No run matches" in said(at)
    next(button for button in at.button if button.label == "Show all runs").click().run()
    assert shown(at) == [f"run-{number:02d}" for number in range(12)]
    at.selectbox(key="list sort").set_value("Oldest first").run()
    assert shown(at) == [f"run-{number:02d}" for number in range(29, 17, -1)]


def describing(name: str) -> AppTest:
    """The fields that describe a run, as the page's dialog draws them."""

    def script(name: str) -> None:
        from gan.runs.run import find_run
        from pages.ui.runs import run_notes

        run_notes.description_form(find_run(name))

    return AppTest.from_function(script, default_timeout=60, args=(name,)).run()


def save(at: AppTest) -> None:
    """Click on Save."""
    next(button for button in at.button if button.label == "Save").click().run()
    assert not at.exception


def test_a_run_is_named_tagged_and_found_by_it() -> None:
    many(6)
    at = describing("run-03")
    at.text_input[0].set_value("The *one* for [us](http://x)")
    at.multiselect[0].set_value(["paper", "best, so far"])
    at.text_area[0].set_value("wider networks")
    save(at)
    assert find_run("run-03").title == "The *one* for [us](http://x)"
    assert find_run("run-03").about.tags == ("paper", "best", "so far")
    at = page("overview")
    assert r"**The \*one\* for \[us\](http\://x)**" in said(at)
    at.text_input(key="list text").set_value("WIDER one").run()
    assert shown(at) == ["run-03"]
    at.text_input(key="list text").set_value("").run()
    at.selectbox(key="list tag").set_value("paper").run()
    assert shown(at) == ["run-03"]
    at.menu_button(key="more run-03").click("Title, tags, notes").run()
    assert not at.exception
    assert at.text_input[-1].value == "The *one* for [us](http://x)"


def test_a_tag_that_is_too_long_is_told_in_words() -> None:
    many(1)
    at = describing("run-00")
    at.multiselect[0].set_value(["x" * 25])
    save(at)
    assert "x" * 25 in at.error[0].value
    assert find_run("run-00").about.tags == ()


def test_an_archived_run_leaves_the_list_and_comes_back() -> None:
    many(2)
    at = page("overview")
    at.menu_button(key="more run-00").click("Archive").run()
    assert find_run("run-00").about.archived
    assert shown(at) == ["run-01"]
    at.toggle(key="list archived").set_value(True).run()
    assert shown(at) == ["run-00"]
    at.menu_button(key="more run-00").click("Take out of the archive").run()
    assert shown(page("overview")) == ["run-00", "run-01"]


def test_a_damaged_picture_leaves_the_other_cards(store: Path) -> None:
    write_json(made("bad").path / "samples" / "columns.json", {"labels": ["a"] * 10})
    (store / "bad" / "samples" / "000000000.png").write_bytes(b"no picture")
    made("good")
    at = page("overview")
    assert ("Progress", "run=good") in links(at)
    assert len(at.error) == 1


def test_an_empty_store_shows_the_devices_and_the_way_on() -> None:
    at = page("overview")
    assert "Train a first run" in buttons(at)
    assert "**cpu**" in said(at)


def test_a_runs_page_shows_its_tags_and_notes_and_lets_them_be_changed() -> None:
    run = made("noted")
    notes.update_about(run.path, title="The one", tags=("paper",), notes="For *figure* 3.")
    at = page("progress", run="noted")
    assert "paper" in said(at)
    assert [text.value for text in at.text] == ["For *figure* 3."]
    at.button(key="describe").click().run()
    assert not at.exception
    assert "The one" in [box.value for box in at.text_input]


def test_a_card_carries_the_verdict_on_its_images() -> None:
    run = ended(made("scored"), state="finished")
    (run.snapshot_folder(9)).mkdir(parents=True)
    write_json(run.snapshot_folder(9) / "ready.json", {"seen": 9, "sha256": "0" * 64})
    assert "Too early to tell" in said(page("overview"))
    demo_scores(run, 9, cas_balanced=0.912, real_accuracy_balanced=0.984)
    at = page("overview")
    assert "Learning well" in said(at)
    assert "is right on 91% of real ones, one trained on real images on 98%; guessing reaches 10%." in said(at)
