"""Damaged and forged files in a run folder, an added set and a cache: our own error, or a harmless reading.

Hypothesis damages one file at a time, and every reader that pages and commands use is called.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gan.evaluation import reader_study
from gan.evaluation.records import membership_results, results, stored_studies
from gan.export import exports
from gan.export.size_estimate import timed_exports
from gan.runs.run import Run
from gan.sampling import marks
from tests.support.hostile import DEEP, SNAPSHOT, added_set, copied_run, read_run, read_set, untouched

PROFILE = settings(
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],  # no shrinking: a failure must not take minutes
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
VALUES = st.sampled_from(
    [
        None,
        True,
        -1,
        0,
        10**18,
        10**30,
        1e300,
        -0.5,
        "",
        "x" * 3000,
        "../../outside/secret",
        "/etc/passwd",
        "\0",
        [],
        {},
        [[]],
        {"a": []},
        "NaN",
        [None],
        [{}],
        [1, 2, 3],
        ["\u2028"],
        {"": ""},
    ]
)
TEXTS = st.sampled_from(
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"3",
        b'"x"',
        b"\xff\xfe\x00",
        b"{",
        b'{"a": NaN}',
        b'{"version": 1e999}',
        b"\xef\xbb\xbf{}",
        DEEP.encode(),
        b"9" * 5000,
        b'{"seen": 1}' * 3,
        b"\n\n",
        b'"\\ud800"',
        b"PK\x03\x04",
        b"\x89PNG\r\n\x1a\n",
    ]
)
WAYS = ("value", "value", "value", "gone", "key", "text", "cut", "flip", "link", "folder", "fifo", "parent")


def files_below(folder: Path) -> list[str]:
    """Every file of a folder, by its path in it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def values_in(document: Any) -> list[tuple[Any, Any]]:
    """The container and the key of every value in a document."""
    found: list[tuple[Any, Any]] = []
    pairs = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in pairs:
        found.append((document, key))
        found += values_in(value)
    return found


def forged_json(content: bytes, draw: st.DataObject, way: str) -> bytes:
    """A JSON document with one value changed or gone; of JSON lines, the last one."""
    before, _, line = content.rstrip().rpartition(b"\n") if content.count(b"}\n") > 1 else (b"", b"", content)
    try:
        document = json.loads(content)
        before = b""
    except ValueError:
        document = json.loads(line)
    positions = values_in(document)
    if positions:
        container, key = positions[draw.draw(st.integers(0, len(positions) - 1))]
        if way == "value":
            container[key] = draw.draw(VALUES)
        elif way == "key" and isinstance(container, dict):
            container["forged"] = draw.draw(VALUES)
        else:
            del container[key]
    return before + (b"\n" if before else b"") + json.dumps(document).encode() + b"\n"


def damage(path: Path, below: Path, outside: Path, draw: st.DataObject) -> None:
    """Damage or forge one file in a way that Hypothesis chooses; a folder of its path in `below` may become a link."""
    content, way = path.read_bytes(), draw.draw(st.sampled_from(WAYS))
    secret = outside / "secret"
    shutil.rmtree(secret, ignore_errors=True)
    secret.mkdir()
    (secret / path.name).write_bytes(content)
    if way in ("value", "gone", "key") and path.suffix in (".json", ".jsonl"):
        path.write_bytes(forged_json(content, draw, way))
    elif way == "cut":
        path.write_bytes(content[: draw.draw(st.integers(0, len(content)))])
    elif way == "flip":
        at = draw.draw(st.integers(0, min(len(content), 400)))
        path.write_bytes(content[:at] + draw.draw(st.binary(min_size=1, max_size=8)) + content[at + 1 :])
    elif way == "parent" and len(path.relative_to(below).parts) > 1:
        moved = secret / "moved"
        path.parent.rename(moved)
        path.parent.symlink_to(moved)
    elif way in ("link", "folder", "fifo"):
        path.unlink()
        if way == "link":
            path.symlink_to(secret / path.name)
        elif way == "folder":
            path.mkdir()
        else:
            os.mkfifo(path)
    else:
        path.write_bytes(draw.draw(TEXTS))


def restore(target: Path, pristine: Path) -> None:
    """Put back what was damaged."""
    if target.is_symlink():
        target.unlink()
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(pristine, target)


def test_a_run_folder_with_a_forged_file_is_read_without_harm(watched: Path, store: Path, tmp_path: Path) -> None:
    run, pristine = copied_run(store), tmp_path / "pristine"
    run.path.rename(pristine)
    files = files_below(pristine)

    @settings(PROFILE, max_examples=200)
    @given(st.data())
    def check_one(draw: st.DataObject) -> None:
        restore(run.path, pristine)
        name = draw.draw(st.sampled_from(files))
        damage(run.path / name, run.path, watched, draw)
        with untouched(watched):
            read_run(Run(run.path))

    check_one()


def test_an_added_set_and_a_cache_with_a_forged_file_are_read_without_harm(
    watched: Path, store: Path, tmp_path: Path
) -> None:
    config = added_set()
    pristine, kept = tmp_path / "pristine", store / ".data"
    shutil.copytree(kept, pristine)
    files = [name for name in files_below(pristine) if not name.endswith(".lock")]

    @settings(PROFILE, max_examples=120)
    @given(st.data())
    def check_one(draw: st.DataObject) -> None:
        restore(kept, pristine)
        path = kept / draw.draw(st.sampled_from(files))
        damage(path, kept.joinpath(*path.relative_to(kept).parts[:2]), watched, draw)
        with untouched(watched):
            read_set(config)

    check_one()


def test_what_is_whole_is_read_without_an_error(watched: Path, store: Path) -> None:
    """The readers above do read: none of them answers a whole folder with an error."""
    run, config = copied_run(store), added_set()
    with untouched(watched):
        assert read_run(run) == []
        assert read_set(config) == []
    assert len(marks.load(run)) == 2
    assert (
        len(results.list_results(run))
        == len(stored_studies.list_studies(run))
        == len(reader_study.list_readings(run))
        == 1
    )
    assert membership_results.load_membership(run, SNAPSHOT) is not None
    assert exports.list_exports(run)[0].result is not None
    assert len(timed_exports(run)) == 1
