"""The events of a run: snapshots, a real resumption, warnings, ordered by images seen."""

import time

from gan.config import options
from gan.jobs.worker import working
from gan.runs import events
from gan.runs.events import Event
from gan.runs.run import find_run
from gan.training.train import train
from tests.conftest import trained


def test_a_run_that_goes_on_notes_where_and_one_that_begins_does_not() -> None:
    run = trained("halved")
    assert events.read_resumptions(run) == []
    longer = options.replace_options(run.config, {"train.kimg": 0.48})
    (run.path / "config.json").write_text(options.config_to_json(longer))
    run = find_run("halved")
    with working(run.path, "cpu") as worker:
        train(run, worker)
    ((seen, moment),) = events.read_resumptions(run)
    assert seen == 320
    assert abs(time.time() - moment) < 60
    found = events.run_events(run, {"Oscillating": 250})
    assert [(event.seen, event.kind) for event in found] == [
        (160, "snapshot"),
        (250, "warning"),
        (320, "resumed"),
        (320, "snapshot"),
        (480, "snapshot"),
    ]
    assert found[1] == Event(250, "warning", "Oscillating")


def test_a_line_that_a_full_disk_cut_short_hides_no_other() -> None:
    run = trained("cut")
    events.record_resumption(run, 160)
    with open(run.path / "events.jsonl", "a") as file:
        file.write('{"seen": 3\n')
    events.record_resumption(run, 320)
    assert [seen for seen, _ in events.read_resumptions(run)] == [160, 320]
