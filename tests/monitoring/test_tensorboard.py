"""Event files, read back by TensorBoard itself, and what happens where it is not installed; the CSV of the curves."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest

from gan.config import settings
from gan.errors import UserError
from gan.monitoring import tensorboard
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run
from tests.conftest import trained


def test_tensorboard_reads_the_curves_and_pictures_of_a_run(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = trained("written")
    assert tensorboard.write_event_files(run, tmp_path / "events") == 5
    read = EventAccumulator(str(tmp_path / "events"))
    read.Reload()
    rows = MetricsReader(run.path / "metrics.jsonl").read()
    for metric in ("loss_d", "d_g_z2"):
        found = [(one.step, one.value) for one in read.Scalars(metric)]
        assert [step for step, _ in found] == [row["seen"] for row in rows]
        assert [value for _, value in found] == pytest.approx([row[metric] for row in rows])
    shown = read.Images("samples")
    assert [(one.step, one.encoded_image_string) for one in shown] == [
        (seen, path.read_bytes()) for seen, path in run.samples().items()
    ]


def test_event_files_are_never_added_to_others(tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    with pytest.raises(UserError, match="empty or new folder"):
        tensorboard.write_event_files(Run(tmp_path / "run"), tmp_path)


def test_where_tensorboard_is_missing_the_error_names_the_command(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['tensorboard'] = None\n"
        "from pathlib import Path\nfrom gan.monitoring import tensorboard\nfrom gan.runs.run import Run\n"
        "from gan.errors import UserError\n"
        "try:\n    tensorboard.write_event_files(Run(Path('x')), Path(sys.argv[1]))\n"
        "except UserError as error:\n    print(error)\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "events")],
        cwd=settings.ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "`pip install tensorboard`" in done.stdout


def test_the_table_holds_every_point_and_opens_again(store: Path) -> None:
    run = trained("table")
    rows = MetricsReader(run.path / "metrics.jsonl").read()
    read = list(csv.DictReader(io.StringIO(MetricsReader(run.path / "metrics.jsonl").read().to_csv())))
    assert [int(one["seen"]) for one in read] == [row["seen"] for row in rows]
    assert [float(one["loss_g"]) for one in read] == [row["loss_g"] for row in rows]
