"""`gan bench --loading`: how fast files are checked, beside how fast the disk gives them.

20,000 small PNGs (28 px, grey), where the time goes to opening and comparing files, and 200 large JPEGs (2,048 px,
colour, about 1 MB each), where it goes to decoding. The system forgets the files before each measurement.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from gan.bench.reading_speed import forget_files
from gan.data.ingest.checks.check import check_images

SMALL_COUNT, SMALL_SIDE = 20_000, 28
LARGE_COUNT, LARGE_SIDE = 200, 2_048


@dataclass(frozen=True)
class CheckingSpeed:
    """Speed of a check of `files` files with `bytes` in all, and of merely reading the same files one by one.

    files_per_second, bytes_per_second  of the check
    core_seconds_per_file               time on a core, user and system, that the check takes for a file
    reading_bytes_per_second            of reading alone
    reading_core_seconds_per_file       time on a core that reading alone takes for a file
    """

    kind: str
    files: int
    bytes: int
    files_per_second: float
    bytes_per_second: float
    core_seconds_per_file: float
    reading_bytes_per_second: float
    reading_core_seconds_per_file: float


@dataclass(frozen=True)
class CheckingSpeeds:
    """The speeds for small and for large files."""

    small: CheckingSpeed
    large: CheckingSpeed


def measure_checking(
    show: Callable[[str], None], small: int = SMALL_COUNT, large: int = LARGE_COUNT, large_side: int = LARGE_SIDE
) -> CheckingSpeeds:
    """Write files, read them, and check them: `small` PNGs, and `large` JPEGs of `large_side` px."""
    return CheckingSpeeds(
        _measure(f"PNGs of {SMALL_SIDE} px", lambda root: write_small(root, small), show),
        _measure(f"JPEGs of {large_side} px", lambda root: write_large(root, large, large_side), show),
    )


def _measure(kind: str, write: Callable[[Path], None], show: Callable[[str], None]) -> CheckingSpeed:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root)
        paths = sorted(path for path in root.rglob("*") if path.is_file())
        size = sum(path.stat().st_size for path in paths)
        forget_files(root)
        reading, reading_core = _timed(lambda: [len(path.read_bytes()) for path in paths])
        forget_files(root)
        checking, checking_core = _timed(lambda: _check(root))
    speed = CheckingSpeed(
        kind=kind,
        files=len(paths),
        bytes=size,
        files_per_second=len(paths) / checking,
        bytes_per_second=size / checking,
        core_seconds_per_file=checking_core / len(paths),
        reading_bytes_per_second=size / reading,
        reading_core_seconds_per_file=reading_core / len(paths),
    )
    show(
        f"checking: {speed.files:,} {kind}, {size / 1e6:,.0f} MB: {speed.files_per_second:,.0f} files/s, "
        f"{speed.bytes_per_second / 1e6:,.1f} MB/s, {1e3 * speed.core_seconds_per_file:.2f} ms of a core each; "
        f"reading alone {speed.reading_bytes_per_second / 1e6:,.1f} MB/s, "
        f"{1e3 * speed.reading_core_seconds_per_file:.2f} ms"
    )
    return speed


def _check(root: Path) -> None:
    report = check_images(root)
    assert report.plan is not None, "the files have no fault"


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """The seconds that `work` takes, and those on a core."""
    began, core_began = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - core_began


def write_small(root: Path, count: int) -> None:
    """Different grey PNGs of SMALL_SIDE px in two class folders: soft shapes."""
    generator = np.random.default_rng(0)
    for number in range(count):
        coarse = Image.fromarray(generator.integers(0, 256, (5, 5), dtype=np.uint8))
        image = coarse.resize((SMALL_SIDE, SMALL_SIDE), Image.Resampling.BICUBIC)
        image.save(_path(root, number, ".png"))


def write_large(root: Path, count: int, side: int) -> None:
    """Different colour JPEGs in two class folders: blurred noise, with as many bytes for a pixel as photographs."""
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    blurred = np.asarray(Image.fromarray(noise).filter(ImageFilter.GaussianBlur(1.5)))
    for number in range(count):
        moved = np.roll(blurred, (17 * number, 31 * number), axis=(0, 1))
        Image.fromarray(moved).save(_path(root, number, ".jpg"), quality=90)


def _path(root: Path, number: int, suffix: str) -> Path:
    folder = root / "ab"[number % 2]
    folder.mkdir(exist_ok=True)
    return folder / f"{number:06d}{suffix}"
