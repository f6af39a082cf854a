"""Uploads as a visitor makes them, checked at once instead of in a background job."""

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from gan.data.ingest import staging, upload_check
from gan.data.ingest.checks.report import CheckReport


def add_zip(name: str, file: BinaryIO | Path) -> CheckReport:
    """Store a ZIP and check it."""
    return upload_check.check_upload(staging.stage_archive(name, file))


def add_files(name: str, files: Iterable[tuple[str, BinaryIO]]) -> CheckReport:
    """Store single files and check them."""
    return upload_check.check_upload(staging.stage_files(name, files))


def add_folder(name: str, path: Path) -> CheckReport:
    """Check a folder on the server."""
    return upload_check.check_upload(staging.stage_folder(name, path))
