"""One squeue in five seconds for a store, however many threads and processes look."""

import threading
import time
from collections.abc import Callable, Collection

import pytest

from gan.jobs.slurm import commands, queue_cache
from gan.jobs.slurm.commands import SlurmError, SlurmJob
from gan.jobs.slurm.queue_cache import QueueCache

RUNNING = SlurmJob("1", "RUNNING", "None", "n1", 1, "", "gan-run")


def answer_with(monkeypatch: pytest.MonkeyPatch, answer: Callable[[], list[SlurmJob]]) -> list[int]:
    """Replace squeue; gives the list of its calls."""
    calls: list[int] = []

    def run_squeue(users: Collection[int]) -> list[SlurmJob]:
        calls.append(len(users))
        return answer()

    monkeypatch.setattr(commands, "run_squeue", run_squeue)
    return calls


def test_many_readers_make_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = answer_with(monkeypatch, lambda: [RUNNING])
    caches = [QueueCache(), QueueCache()]  # as in two processes
    threads = [threading.Thread(target=cache.jobs, args=(["1"],)) for cache in caches * 20]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = caches[1].jobs(["1", "2"]) or {}
    assert {job_id: entry.job for job_id, entry in found.items()} == {"1": RUNNING}
    assert len(calls) == 1


def test_a_new_job_is_known_before_slurm_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = answer_with(monkeypatch, lambda: [RUNNING])
    reader, submitter = QueueCache(), QueueCache()
    reader.jobs(["1"])
    submitter.note_submitted(["2"])
    assert (reader.jobs(["2"]) or {})["2"].job.state == "PENDING"
    assert len(calls) == 1


def test_an_error_is_no_answer_once_the_last_one_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> list[SlurmJob]:
        raise SlurmError("Slurm refused (squeue): Unable to contact slurm controller")

    calls, cache = answer_with(monkeypatch, lambda: [RUNNING]), QueueCache()
    cache.jobs(["1"])
    answer_with(monkeypatch, refuse)
    monkeypatch.setattr(queue_cache, "CALL_SECONDS", 0.0)
    assert cache.jobs(["1"]) is not None  # seconds old, and still true
    monkeypatch.setattr(queue_cache, "VALID_SECONDS", 0.0)
    assert cache.jobs(["1"]) is None
    assert "Unable to contact" in cache.error()
    monkeypatch.setattr(queue_cache, "VALID_SECONDS", 20.0)
    answer_with(monkeypatch, lambda: [RUNNING])
    assert cache.jobs(["1"]) is not None
    assert len(calls) == 1


def test_an_answer_dated_ahead_of_this_clock_does_not_keep_slurm_from_being_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls, here = answer_with(monkeypatch, lambda: [RUNNING]), time.time
    with monkeypatch.context() as ahead:
        ahead.setattr(time, "time", lambda: here() + 3600)
        QueueCache().jobs(["1"])
    found = (QueueCache().jobs(["1"]) or {})["1"]
    assert (found.job, len(calls)) == (RUNNING, 2)
