"""A run's curves as a table for a spreadsheet. No torch."""

import csv
import io

from gan.runs.metrics_table import Columns


def as_csv(columns: Columns) -> str:
    """All points as CSV, a column a metric, `seen` first; empty where a point does not have it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ["seen", *columns.names], lineterminator="\n")
    writer.writeheader()
    writer.writerows(dict(row) for row in columns)
    return text.getvalue()
