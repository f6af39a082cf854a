"""Each image says to programs of others that it is synthetic."""

import json
import subprocess
from pathlib import Path

from PIL import Image

from gan.export.request import ExportRequest
from gan.export.writer import write_export
from tests.conftest import trained

TRAINED_ALGORITHMIC_MEDIA = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def test_each_png_names_its_digital_source_type_in_xmp_and_its_bytes_are_reproducible(tmp_path: Path) -> None:
    run, request = trained("digits"), ExportRequest((("3", 2), ("7", 1)), with_near_copies=True)
    for name in ("first", "second"):
        write_export(run, request, tmp_path / name)
    files = sorted((tmp_path / "first").rglob("*.png"))
    assert len(files) == 3
    for file in files:
        assert file.read_bytes() == (tmp_path / "second" / file.relative_to(tmp_path / "first")).read_bytes()
        with Image.open(file) as image:
            description = image.getxmp()["xmpmeta"]["RDF"]["Description"]
        assert description["DigitalSourceType"] == TRAINED_ALGORITHMIC_MEDIA
    command = ["exiftool", "-json", "-n", "-warning", "-XMP-iptcExt:DigitalSourceType", *files]
    read = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert [row["DigitalSourceType"] for row in read] == [TRAINED_ALGORITHMIC_MEDIA] * 3
    assert not any("Warning" in row for row in read)
