"""What a check says about single files: why they cannot be read, and that alpha is dropped."""

from pathlib import Path

import numpy as np
from PIL import Image

from gan.data.ingest.checks.check import check_images
from tests.support.image_files import finding, random_image, write_class_folders


def test_unreadable_files_are_listed_by_cause(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"a": 22, "b": 22})
    for name in ("x", "y"):
        (tmp_path / "a" / f"{name}.jpg").write_text("<!DOCTYPE html><html>log in</html>")
    (tmp_path / "b" / "z.png").write_bytes(b"")
    report = check_images(tmp_path)
    text = finding(report, "unreadable-files", "warning").text
    assert "(3)" in text
    assert text.index("a/x.jpg, a/y.jpg: it is a web page") < text.index("b/z.png: it is empty")
    assert set(report.unreadable) == {"a/x.jpg", "a/y.jpg", "b/z.png"}


def test_a_set_that_cannot_be_read_names_the_cause(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(3):
            (tmp_path / name / f"{number}.jpg").write_text("<html>log in</html>")
    assert "it is a web page" in finding(check_images(tmp_path), "no-readable-image", "error").text


def test_dropped_alpha_is_a_note_and_hidden_colours_are_a_warning(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"a": 22, "b": 22})
    random_image(900).convert("RGBA").save(tmp_path / "a" / "opaque.png")
    report = check_images(tmp_path)
    assert "a/opaque.png" in finding(report, "alpha-dropped", "note").text
    assert not [problem for problem in report.problems if problem.key == "alpha-hides-colours"]
    cut_out = np.array(random_image(901).convert("RGBA"))
    cut_out[:, :20, 3] = 0
    Image.fromarray(cut_out).save(tmp_path / "b" / "cut.png")
    report = check_images(tmp_path)
    assert "(1): b/cut.png" in finding(report, "alpha-hides-colours", "warning").text
