"""Every synthetic picture that leaves the program says so, to people and to programs: files, documents and pages."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest

from gan.config.settings import ROOT
from gan.data.ingest.checks.check import check_images
from gan.export.formats import FORMATS
from gan.export.request import ExportRequest
from gan.export.writer import write_export
from gan.io import png
from gan.monitoring import tensorboard
from gan.monitoring.comparison_page import comparison_html
from gan.runs.run import Run
from gan.sampling import marks
from gan.sampling.provenance import Origin
from pages.ui import cache
from tests.conftest import trained
from tests.support.pages import page
from tests.support.synthetic_marks import GENERATED, assert_marked, pictures_of, pictures_on, source_type


@pytest.fixture
def run() -> Run:
    """A run with subclasses."""
    return trained("divided", model__subclasses=2)


def test_each_image_of_a_page_is_marked_as_it_is_saved_from_there(run: Run) -> None:
    marks.change(run, {Origin(320, 0, 2, "3"): "keep"})
    shown = {"overview": (page("overview"), 1), "progress": (page("progress", run=run.name), 1)}
    for view, fewest in (("Look", 10), ("Compare", 10), ("Walk", 3), ("Basket", 1), ("Subclasses", 10)):
        shown[view] = page("gallery", run=run.name, view=view), fewest
    for at, fewest in shown.values():
        assert_marked(pictures_on(at), fewest=fewest)


def test_the_film_of_a_run_and_the_strips_of_a_sheet_are_marked(run: Run) -> None:
    sheet = run.samples()[320]
    found = [cache.samples_gif(run, None), cache.samples_gif(run, (8, 10)), cache.thumbnail(sheet, 10)]
    found += [sheet.read_bytes(), *cache.sheet_strips(sheet, 10)]
    assert_marked([("", content) for content in found], fewest=14)


def test_the_sheets_in_event_files_are_marked(run: Run) -> None:
    values = [value for event in tensorboard.sample_events(run) for value in event.summary.value]
    assert_marked([(value.tag, value.image.encoded_image_string) for value in values], fewest=len(run.samples()))


def test_a_gif_says_it_to_the_programs_of_others(run: Run, tmp_path: Path) -> None:
    (tmp_path / "film.gif").write_bytes(cache.samples_gif(run, None))
    command = ["exiftool", "-json", "-n", "-warning", "-Comment", "-XMP-iptcExt:DigitalSourceType"]
    (read,) = json.loads(subprocess.run([*command, tmp_path / "film.gif"], capture_output=True, check=True).stdout)
    assert read["DigitalSourceType"] == GENERATED
    assert "made by a conditional GAN" in read["Comment"]
    assert "Warning" not in read


def test_a_comparison_says_it_of_each_picture_and_in_words(run: Run) -> None:
    comparison = comparison_html([run, run])
    assert_marked(pictures_of(comparison), fewest=2)
    assert "images are synthetic" in comparison


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_of_a_download_is_marked_and_its_files_are_refused_as_real_images(
    tmp_path: Path, format: str
) -> None:
    request = ExportRequest((("3", 12), ("7", 12)), format=format, with_near_copies=True)
    write_export(trained("digits"), request, tmp_path / "out")
    alone = tmp_path / "alone"
    alone.mkdir()
    for number, file in enumerate(sorted((tmp_path / "out").rglob("*.*"))):  # without manifest and labels, renamed
        if file.suffix == ".npz":
            assert "made by a conditional GAN" in str(np.load(file)["synthetic"])
        elif file.suffix == ".dcm":
            assert pydicom.dcmread(file).SyntheticData == "YES"
        elif file.suffix == ".png":
            assert source_type(file.read_bytes()) == GENERATED
        else:
            continue
        kind = alone / ("a" if number % 2 and file.suffix != ".npz" else "b")
        kind.mkdir(exist_ok=True)
        file.rename(kind / f"image{number}{file.suffix}")
    if format == "npz":
        (packed,) = alone.rglob("*.npz")
        alone = packed
    report = check_images(alone, choose=lambda ways: ways[0].reading)
    findings = {finding.key for finding in report.problems}
    assert findings & {"synthetic-images", "dicom-synthetic"}, findings


def test_each_png_of_a_download_is_read_by_the_programs_of_others_and_its_bytes_are_reproducible(
    tmp_path: Path,
) -> None:
    digits, request = trained("digits"), ExportRequest((("3", 2), ("7", 1)), with_near_copies=True)
    for name in ("first", "second"):
        write_export(digits, request, tmp_path / name)
    files = sorted((tmp_path / "first").rglob("*.png"))
    assert len(files) == 3
    for file in files:
        assert file.read_bytes() == (tmp_path / "second" / file.relative_to(tmp_path / "first")).read_bytes()
    command = ["exiftool", "-json", "-n", "-warning", "-XMP-iptcExt:DigitalSourceType", *files]
    read = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert [row["DigitalSourceType"] for row in read] == [GENERATED] * 3
    assert not any("Warning" in row for row in read)


def test_the_pictures_that_come_with_the_project_are_marked() -> None:
    files = [*(ROOT / "docs" / "grids").glob("*.png"), *(ROOT / "checkpoints").glob("demo-*/samples/*.png")]
    assert_marked([(file.name, file.read_bytes()) for file in files], fewest=20)
    assert "Synthetic" in png.read_text(files[0])


WRITERS = {
    "gan/io/png.py": "PNG, for which every caller names the text",
    "gan/io/animation.py": "GIF, always marked",
    "gan/evaluation/privacy/altered_copies.py": "real images, in memory",
    "gan/bench/checking_speed.py": "noise, for timing",
    "gan/bench/reading_speed.py": "noise, for timing",
    "gan/bench/page_speed.py": "noise, for timing",
    "pages/ui/data/suspect_labels.py": "real images",
}
"""The files that may encode pictures themselves."""


def test_pictures_are_encoded_where_their_mark_is_asked_for() -> None:
    found = set()
    for path in (*(ROOT / "gan").rglob("*.py"), *(ROOT / "pages").rglob("*.py")):
        source = path.read_text()
        if re.search(r"from PIL|import contact_sheet|make_grid", source) and re.search(r"\.save\(|st\.image\(", source):
            found.add(path.relative_to(ROOT).as_posix())
    assert found <= WRITERS.keys(), "use encode_picture or encode_gif"
