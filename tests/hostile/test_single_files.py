"""Single hostile files: a record without a part, a line without end, a plan and links that point outside."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from gan.config import settings
from gan.data import registry
from gan.errors import DamagedFileError, DataError, RunError
from gan.evaluation.records import stored_studies, study_results
from gan.io.atomic import append_json_line, write_json
from gan.io.json_files import read_json
from gan.runs import events, notes
from gan.runs.metrics_table import MetricsReader
from gan.sampling import marks
from gan.sampling.provenance import Origin
from tests.support.hostile import SET, SNAPSHOT, added_set, collect_errors, copied_run, untouched


@pytest.mark.parametrize(
    "path",
    [("test", key) for key in ("images", "groups", "grouped", "groups_per_class", "near_copies")]
    + [("regimes", 0, "generator", "kimg")],
)
def test_a_study_without_a_part_that_reports_show_is_skipped(path: tuple[str | int, ...], store: Path) -> None:
    run = copied_run(store)
    file = study_results.study_path(run, SNAPSHOT)
    document: Any = read_json(file)
    container = document
    for key in path[:-1]:
        container = container[key]
    del container[path[-1]]
    write_json(file, document)
    assert stored_studies.list_studies(run) == []


def test_a_line_of_any_length_and_a_file_without_end_cost_no_memory(store: Path) -> None:
    run = copied_run(store)
    path = run.path / "metrics.jsonl"
    with open(path, "wb") as file:
        file.write(b'{"seen": 1}\n')
        file.seek(2**30)  # a hole: a line of a gigabyte
        file.write(b'\n{"seen": 2}\n')
    columns = MetricsReader(path)
    assert list(columns.read().seen) == [1]
    path.write_bytes(b'{"seen": 1}\n' + b"x" * 200_000 + b'\n{"seen": 2}\n' + b"y" * 200_000)
    reading = MetricsReader(path)
    assert [row["seen"] for row in reading.read()] == [1, 2]
    with open(path, "ab") as file:
        file.write(b'z\n{"seen": 3}\n')
    assert [row["seen"] for row in reading.read()] == [1, 2, 3]


@pytest.mark.parametrize("root", ["/etc", "..", "images/../..", "\0", "~"])
def test_a_plan_that_points_outside_is_refused(root: str, watched: Path) -> None:
    config = added_set()
    path = settings.added_sets() / SET / "plan.json"
    write_json(path, (read_json(path) or {}) | {"root": root})
    assert registry.problem(config) is not None
    with untouched(watched), pytest.raises(DataError):
        registry.load_image_set(config.model_copy(update={"image_size": 64}))


def test_a_link_among_the_images_of_an_added_set_is_not_followed(watched: Path) -> None:
    config = added_set()
    image = settings.added_sets() / SET / "images" / "a" / "0.png"
    image.rename(watched / "0.png")
    image.symlink_to(watched / "0.png")
    with untouched(watched), pytest.raises(DataError, match=r"0\.png"):
        registry.load_image_set(config.model_copy(update={"image_size": 64}))


def test_what_is_written_to_a_run_does_not_follow_its_links(watched: Path, store: Path) -> None:
    run = copied_run(store)
    for name in ("events.jsonl", "about.lock", "marks.lock", "exports/ledger.jsonl"):
        (run.path / name).unlink(missing_ok=True)
        (run.path / name).symlink_to(watched / Path(name).name)
    with untouched(watched):
        errors = collect_errors(
            lambda: events.record_resumption(run, 5),
            lambda: notes.update_about(run.path, title="x"),
            lambda: marks.change(run, {Origin(SNAPSHOT, 1, 9, "3"): "keep"}),
            lambda: append_json_line(run.path / "exports" / "ledger.jsonl", {}),
        )
    assert [type(error) for error in errors] == [DamagedFileError] * 4
    shutil.rmtree(run.path / "samples")
    (run.path / "samples").symlink_to(watched)
    with untouched(watched), pytest.raises(DamagedFileError):
        write_json(run.path / "samples" / "columns.json", {})


def test_a_damaged_file_is_named_with_what_to_do(store: Path) -> None:
    run = copied_run(store)
    (run.path / "data.json").write_text('{"names": 3}')
    with pytest.raises(RunError, match=r"data\.json is damaged \(names: .*\): put back a whole copy"):
        run.info()
