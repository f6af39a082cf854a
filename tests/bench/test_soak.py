"""The soak itself: a short one finds nothing wrong, and with a fault planted it finds that; no fault is left on."""

import contextlib
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gan import jobs
from gan.bench import node_soak
from gan.bench.node_soak import Machines, NodeObserver, run_node_soak
from gan.bench.soak import Figures, run_soak
from gan.bench.soak_observer import Observer, Process, is_complete_zip, scan_processes
from gan.config import settings
from gan.errors import ConfigError
from gan.export.request import ExportRequest
from gan.export.writer import write_export
from gan.io import fault_injection, file_lock, old_views
from gan.io.atomic import write_json
from gan.io.json_files import read_json
from gan.io.untrusted_files import look_again
from gan.runs.metrics import MetricsWriter
from gan.sampling import marks
from gan.sampling.provenance import Origin
from tests.conftest import trained
from tests.support.jobs import new_run, wait_until

MINUTES = 0.15


def soaked(fault: str | None, folder: Path, minutes: float = MINUTES) -> tuple[Figures, list[str]]:
    shown: list[str] = []
    return run_soak(minutes, fault, shown.append, folder=folder), shown


def test_a_short_soak_finds_nothing_wrong(tmp_path: Path) -> None:
    figures, shown = soaked(None, tmp_path / "soak")
    assert figures.violations == [], shown
    assert figures.compared > 0  # at least one run came to its end, and equalled its reference
    assert figures.counts["submit"] >= figures.compared
    assert figures.counts["kill"] > 0
    assert figures.states_checked > 100
    assert "0 violations" in figures.line()
    assert not (tmp_path / "soak").exists()
    assert scan_processes(tmp_path / "soak" / "store") == []


def test_machines_that_share_a_store_never_call_a_working_run_lost_and_never_train_it_twice(tmp_path: Path) -> None:
    shown: list[str] = []
    figures = run_node_soak(0.15, 2, None, shown.append, folder=tmp_path / "soak", clients=1)
    assert figures.violations == [], shown
    assert figures.compared > 0
    assert figures.states_checked > 100
    assert "2 machines" in figures.line()
    assert scan_processes(tmp_path / "soak" / "store") == []


def test_a_machine_that_asks_its_own_locks_for_the_runs_of_others_is_found(tmp_path: Path) -> None:
    shown: list[str] = []
    figures = run_node_soak(1, 2, "host", shown.append, folder=tmp_path / "soak")
    assert any("is lost" in violation for violation in figures.violations), shown
    assert scan_processes(tmp_path / "soak" / "store") == []


def test_a_soaked_machine_sees_what_others_wrote_as_it_was(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (store / fault_injection.MARKER).mkdir(parents=True)
    run = new_run("run").path
    write_json(run / "started.json", {"ticket": 1, "host": "b"})
    (run / "metrics.jsonl").write_text("x" * 100)
    (run / "end.json").write_text("{}")
    with old_views.planted():
        assert (run / "end.json").exists()  # this process plays no machine yet
        monkeypatch.setenv(fault_injection.NODE_VARIABLE, "b")
        assert (run / "end.json").exists()  # its own
        monkeypatch.setenv(fault_injection.NODE_VARIABLE, "a")
        assert not (run / "end.json").exists()
        assert read_json(run / "end.json") is None
        assert (run / "metrics.jsonl").stat().st_size == 50
        assert look_again(run)
        assert read_json(run / "end.json") == {}
    assert (run / "metrics.jsonl").stat().st_size == 100


def test_two_trainers_of_one_run_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = [Process(1, "train", "run", True, "a"), Process(2, "train", "run", True, "b")]
    observer = NodeObserver(Observer(tmp_path, tmp_path), Machines(("a", "b")))
    for found in ([both[0], Process(2, "train", "run", False, "b")], both):  # one of them waits in the queue
        monkeypatch.setattr(node_soak, "scan_processes", lambda store, found=found: found)
        observer.check()
    assert observer.observer.violations == ["run has two trainers: [(1, 'a'), (2, 'b')]."]


@pytest.mark.parametrize(("fault", "words"), [("lock", "trainings hold the device"), ("flush", "its points end at")])
def test_a_planted_fault_is_found(fault: str, words: str, tmp_path: Path) -> None:
    figures, shown = soaked(fault, tmp_path / "soak", minutes=1)  # ends where something is wrong
    assert any(words in violation for violation in figures.violations), shown
    assert any(line.startswith(f"violation (seed {figures.seed})") for line in shown)
    assert (tmp_path / "soak" / "store").exists()  # kept, to be looked at
    assert scan_processes(tmp_path / "soak" / "store") == []


def test_an_export_is_held_against_what_was_written(tmp_path: Path) -> None:
    run, file = trained("digits"), tmp_path / "few.zip"
    marks.change(run, {Origin(320, 0, index, "3"): "reject" for index in range(1, 700)})
    assert write_export(run, ExportRequest((("3", 4),), with_near_copies=True), file).count == 1
    assert is_complete_zip(file)  # fewer than requested, and it says so
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(tmp_path / "without.zip", "w") as without:
        for name in whole.namelist():
            if not name.endswith(".png"):
                without.writestr(name, whole.read(name))
    assert not is_complete_zip(tmp_path / "without.zip")


def test_a_fault_is_not_honoured_in_a_store_of_users(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.mkdir()
    for fault in fault_injection.FAULTS:
        monkeypatch.setenv(fault_injection.VARIABLE, fault)
        assert not fault_injection.planted(fault)
    monkeypatch.setenv(fault_injection.VARIABLE, "lock")
    assert file_lock.try_lock(store / "some.lock") is not None
    assert file_lock.try_lock(store / "some.lock") is None
    monkeypatch.setenv(fault_injection.VARIABLE, "flush")
    with contextlib.closing(MetricsWriter(store / "metrics.jsonl", 0)) as writer:
        writer.append({"seen": 1})
        assert (store / "metrics.jsonl").read_text() == '{"seen": 1}\n'


def test_a_fault_that_does_not_exist_is_refused_and_so_is_no_time() -> None:
    with pytest.raises(ConfigError, match="it takes one of lock, flush"):
        run_soak(1, "clock", print)
    with pytest.raises(ConfigError, match="it takes a number above 0"):
        run_soak(0, None, print)
    with pytest.raises(ConfigError, match="it takes one of host"):
        run_node_soak(1, 2, "lock", print)
    with pytest.raises(ConfigError, match="2 to 4 machines"):
        run_node_soak(1, 5, None, print)
    assert jobs.queue() == []
    assert settings.jobs_per_device() == 1


def test_names_that_return_in_the_next_round_are_compared_again(tmp_path: Path) -> None:
    observer = Observer(tmp_path, tmp_path)
    observer.compared.add("c0-0-0")
    observer.begin_round()
    assert not observer.compared
    assert observer.count_compared == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_soak_that_is_killed_leaves_no_client_behind(tmp_path: Path, number: signal.Signals) -> None:
    store = tmp_path / "soak" / "store"
    code = "import sys; from pathlib import Path; from gan.bench.soak import run_soak; " + (
        "run_soak(5, None, print, folder=Path(sys.argv[1]))"
    )
    soak = subprocess.Popen([sys.executable, "-c", code, str(store.parent)], cwd=settings.ROOT)
    try:
        wait_until(lambda: any(process.kind == "client" for process in scan_processes(store)), "a client")
        soak.send_signal(number)
        soak.wait()
        wait_until(lambda: not any(process.kind == "client" for process in scan_processes(store)), "no client")
    finally:
        soak.kill()
        soak.wait()
    if number == signal.SIGTERM:
        assert scan_processes(store) == []
    else:
        wait_until(lambda: not scan_processes(store), "nothing")
