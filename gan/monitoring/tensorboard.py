"""A run's curves, scores and sample sheets as TensorBoard event files, written on demand. No torch.

TensorBoard is an optional dependency, imported only here and only when used.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gan.errors import UserError
from gan.io import contact_sheet
from gan.io.untrusted_files import read_bytes
from gan.monitoring.tracked_points import Point, tracked_points
from gan.runs.run import Run

INSTALL = "pip install tensorboard"


def write_event_files(run: Run, folder: Path) -> int:
    """Write the curves, scores and samples of a run as event files into `folder`; returns the number of points.

    The step is the number of images seen; the wall time is the run's creation time plus its seconds of training. Raises
    UserError where TensorBoard is not installed, or `folder` is not empty: TensorBoard merges all files of a folder.
    """
    try:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter
    except ImportError:
        raise UserError(f"TensorBoard is not installed: run `{INSTALL}`.") from None
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is not empty: event files take an empty or new folder.")
    points = tracked_points(run)
    writer = EventFileWriter(str(folder))
    try:
        for event in (*metric_events(points), *sample_events(run)):
            writer.add_event(event)
    finally:
        writer.close()
    return len(points)


def metric_events(points: list[Point]) -> Iterator[Any]:
    """One event per point, with all its metrics."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    for point in points:
        values = [Summary.Value(tag=name, simple_value=value) for name, value in point.values.items()]
        yield Event(step=point.seen, wall_time=point.time, summary=Summary(value=values))


def sample_events(run: Run) -> Iterator[Any]:
    """One event per sample sheet, with its PNG unchanged."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    for seen, path in run.samples().items():
        sheet = contact_sheet.read_sheet(path)
        image = Summary.Image(
            width=sheet.width,
            height=sheet.height,
            colorspace=len(sheet.getbands()),
            encoded_image_string=read_bytes(path),
        )
        summary = Summary(value=[Summary.Value(tag="samples", image=image)])
        yield Event(step=seen, wall_time=path.stat().st_mtime, summary=summary)
