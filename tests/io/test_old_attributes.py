"""Readers of a live run on a network file system, which shows sizes, times and absences as they were a minute ago.

Each test patches the system's calls in a process of its own, as a client of NFS would lie to it.
"""

import os
from pathlib import Path

import pytest

from gan.config.options import config_to_json
from gan.config.run_config import RunConfig
from gan.io.atomic import file_version, write_json
from gan.runs.run import find_run
from tests.support.jobs import new_run, start_python

LIES = """
import os, sys
from pathlib import Path
store = os.environ["GAN_STORE"]
stat, fstat, open_, listdir = os.stat, os.fstat, os.open, os.listdir
missing = set(filter(None, os.environ["MISSING"].split(",")))

def smaller(result):  # the size and time of a minute ago
    if (result.st_mode & 0o170000) != 0o100000:
        return result
    values = list(result[:10])
    values[6], values[8] = values[6] // 2, values[8] - 60
    return os.stat_result(values, {"st_mtime_ns": result.st_mtime_ns - 60 * 10**9})

def refuse(path):
    if Path(os.fsdecode(path)).name in missing and str(path).startswith(store):
        raise FileNotFoundError(2, "No such file or directory", str(path))

def old_stat(path, *arguments, **more):
    if isinstance(path, (str, os.PathLike)):
        refuse(path)
    return smaller(stat(path, *arguments, **more))

def old_open(path, flags, *arguments, **more):
    if not flags & os.O_CREAT:
        refuse(path)
    return open_(path, flags, *arguments, **more)

def list_and_look(path="."):
    if str(path).startswith(store):
        missing.clear()  # the server is asked again where a folder is opened
    return listdir(path)

os.stat, os.open, os.listdir = old_stat, old_open, list_and_look
os.fstat = lambda descriptor: smaller(fstat(descriptor))
os.lstat = lambda path, **more: old_stat(path, follow_symlinks=False, **more)
"""


def lied_to(code: str, monkeypatch: pytest.MonkeyPatch, *arguments: str, missing: str = "") -> list[str]:
    """The lines that Python code prints while its system calls show old attributes and `missing` files."""
    monkeypatch.setenv("MISSING", missing)
    process = start_python(LIES + code, *arguments)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return output.splitlines()


def test_curves_stay_whole(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = new_run("run")
    (run.path / "metrics.jsonl").write_text("".join(f'{{"seen": {seen}}}\n' for seen in range(1, 100)))
    code = """
from gan.runs.metrics_table import MetricsReader
reader = MetricsReader(Path(sys.argv[1]))
print(len(reader.read()))
missing.add("metrics.jsonl")
print(len(reader.read()))
with open(sys.argv[1], "a") as file:
    file.write('{"seen": 100}\\n')
missing.add("metrics.jsonl")
print(len(reader.read()))
"""
    assert lied_to(code, monkeypatch, str(run.path / "metrics.jsonl"), missing="metrics.jsonl") == ["99", "99", "100"]


def test_a_resumed_run_keeps_its_points_and_drops_those_behind_its_snapshot(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run("run")
    (run.path / "metrics.jsonl").write_text("".join(f'{{"seen": {seen}}}\n' for seen in range(1, 9)))
    code = """
from gan.runs.metrics import MetricsWriter
writer = MetricsWriter(Path(sys.argv[1]), 4)
writer.append({"seen": 5})
writer.close()
"""
    lied_to(code, monkeypatch, str(run.path / "metrics.jsonl"), missing="metrics.jsonl")
    assert (run.path / "metrics.jsonl").read_text() == "".join(f'{{"seen": {seen}}}\n' for seen in range(1, 6))


def test_a_log_is_printed_once(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = new_run("run")
    (run.path / "log.txt").write_text("one\ntwo\n")
    code = """
from gan.jobs.logs import follow_log, log_tail
from gan.jobs import logs
logs.POLL_SECONDS = 0.01
looks = iter([True] * 5 + [False])
print(*follow_log(Path(sys.argv[1]) / "log.txt", lambda: next(looks)), sep="", end="")
print(log_tail(Path(sys.argv[1])))
"""
    assert lied_to(code, monkeypatch, str(run.path)) == ["one", "two", "one", "two"]


@pytest.mark.parametrize("missing", ["started.json", "end.json", "started.json,end.json"])
def test_a_run_of_another_machine_is_not_lost_while_its_files_are_seen_missing(
    missing: str, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run("run")
    write_json(run.path / "started.json", {"ticket": 1, "host": "elsewhere", "boot": "other"})
    write_json(run.path / "end.json", {"ticket": 1, "state": "finished"})
    code = "from gan.jobs import state; print(state(Path(sys.argv[1])).name)"
    assert lied_to(code, monkeypatch, str(run.path), missing=missing) == ["finished"]


def test_a_beating_heart_is_seen_whatever_the_age_of_its_file(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = new_run("run")
    write_json(run.path / "started.json", {"ticket": 1, "host": "elsewhere", "boot": "other"})
    write_json(run.path / "heartbeat.json", {"ticket": 1, "count": 1})
    os.utime(run.path / "heartbeat.json", (0, 0))  # the clocks of two machines may disagree by any time
    code = """
from gan.io.atomic import write_json
from gan.jobs import state
folder = Path(sys.argv[1])
print(state(folder).name)
write_json(folder / "heartbeat.json", {"ticket": 1, "count": 2})
os.utime(folder / "heartbeat.json", (0, 0))
print(state(folder).name)
"""
    assert lied_to(code, monkeypatch, str(run.path)) == ["unknown", "running"]


def test_a_file_that_is_replaced_within_one_tick_of_the_clock_is_read_again(store: Path) -> None:
    run = new_run("run")
    file, status = run.path / "config.json", (run.path / "config.json").stat()
    before = file_version(file)
    text = config_to_json(RunConfig.model_validate({"train": {"seed": 7}}))
    assert find_run("run").config.train.seed == 0
    temporary = run.path / "new"
    temporary.write_text(text.ljust(status.st_size)[: max(status.st_size, len(text))])
    temporary.replace(file)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.stat().st_size == status.st_size
    assert file_version(file) != before
    assert find_run("run").config.train.seed == 7
