"""Pages and commands before run folders of junk, links, folders and FIFOs."""

import json
import os
from pathlib import Path

import pytest

from gan.cli.main import main
from gan.runs.run import Run
from tests.support.hostile import DEEP, EXPORT, copied_run, untouched
from tests.support.pages import page

JUNK: dict[str, bytes] = {
    "data.json": b'{"names": null, "kind": 3}',
    "about.json": b'{"created": 1e300, "title": ["x"], "tags": [1], "notes": {}}',
    "status.json": b'{"phase": "training", "done": "many", "total": null, "seconds_left": "x"}',
    "started.json": b'{"ticket": "1", "time": 1e300, "device": 3, "pid": -1, "arguments": 3}',
    "end.json": b'{"ticket": 1, "state": ["failed"], "cause": {}, "advice": 3}',
    "exit.json": b'{"ticket": "1", "code": "x"}',
    "marks.json": b'{"version": 1, "marks": [{"snapshot": "x", "mark": "buy"}, 3]}',
    "events.jsonl": b'{"seen": "x", "time": null}\n3\n{"seen": 1, "time": 1e300}\n',
    "metrics.jsonl": b'{"seen": 3, "loss_d": "x"}\n{"seen": true}\n{"seen": 4, "loss_g": 1e999}\n{"seen": -1}\n[]\n',
    "samples/columns.json": b'{"labels": 3, "rows": "x"}',
    "samples/000100032.png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x0f\xff\xff\x00\x0f\xff\xff\x08\x00\x00\x00\x00",
    "evaluation/000100032.json": b'{"version": 2}',
    "evaluation/000100032-study.json": b'{"version": 3, "regimes": [3]}',
    "evaluation/000100032-membership.json": b'{"version": 1}',
    f"evaluation/reader-{EXPORT}.json": b'{"version": 1}',
    "snapshots/000100032/ready.json": b"[]",
    "snapshots/000100032/generator.safetensors": b"\xff" * 64,
    "conditions.npz": b"PK",
    "subclasses.npz": b"PK",
    f"exports/{EXPORT}/request.json": b'{"items": [[1]], "basket": [{"snapshot": "x"}]}',
    f"exports/{EXPORT}/written.json": b'{"count": "x"}',
    "exports/ledger.jsonl": b'{"seconds": "x", "count": null}\n',
}


def hostile_runs(store: Path, outside: Path) -> list[Run]:
    """Four runs: one of junk but for its config, one of junk altogether, one of links, one of folders and FIFOs."""
    made = []
    for name in ("junk", "broken", "linked", "odd"):
        run = copied_run(store)
        run.path.rename(store / name)
        run = Run(store / name)
        for number, (file, content) in enumerate(JUNK.items()):
            path = run.path / file
            if name == "linked":
                target = outside / f"{number}-{path.name}"
                path.rename(target)
                path.symlink_to(target)
            elif name == "odd":
                path.unlink()
                os.mkfifo(path) if number % 2 else path.mkdir()
            else:
                path.write_bytes(content)
        made.append(run)
    (store / "broken" / "config.json").write_text(DEEP)
    return made


def test_pages_show_hostile_runs_as_broken_and_go_on(watched: Path, store: Path) -> None:
    runs = hostile_runs(store, watched)
    with untouched(watched):
        page("overview")
        for run in runs:
            for name in ("progress", "gallery", "evaluate"):
                page(name, run=run.name)
        page("compare", run=[run.name for run in runs])


def test_commands_answer_hostile_runs_in_words(
    watched: Path, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = hostile_runs(store, watched)
    with untouched(watched):
        assert main(["runs", "--json", "--disk"]) == 0
        listed = json.loads(capsys.readouterr().out)
        assert {row["name"] for row in listed} == {run.name for run in runs}
        for run in runs:
            for command in (
                ["logs", run.name],
                ["sample", run.name, "--out", str(tmp_path / "out"), "--condition", "3", "--count", "1"],
                ["log", run.name, "--to", "tensorboard", "--out", str(tmp_path / f"events-{run.name}")],
                ["evaluate", run.name, "--report", str(tmp_path / "report.html")],
            ):
                assert main(command) in (0, 2)
