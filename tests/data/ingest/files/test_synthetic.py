"""Images that this program generated are recognised; others are not."""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from gan.data.ingest.files.listing import list_folder
from gan.data.ingest.files.synthetic import is_synthetic_export
from gan.io.png import encode_png, read_text
from tests.support.image_files import random_image, write_class_folders

SYNTHETIC = {"Synthetic": "yes: made by a conditional GAN", "Condition": "böse"}


def test_real_images_are_not_taken_for_synthetic_ones(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"a": 3, "b": 3})
    (tmp_path / "manifest.json").write_text(json.dumps({"synthetic": False, "files": []}))
    (tmp_path / "labels.csv").write_text("file,class,seed\n")
    (tmp_path / "a/cut.png").write_bytes((tmp_path / "a/000.png").read_bytes()[:20])
    (tmp_path / "a/text.png").write_text("Synthetic")
    assert is_synthetic_export(list_folder(tmp_path)) == ""


def test_a_few_synthetic_images_among_many_are_seen_by_their_names(tmp_path: Path) -> None:
    folder = write_class_folders(tmp_path / "set", {"a": 100})
    image = np.zeros((1, 8, 8), np.uint8)
    (folder / "a" / "cells_12000_s0_000007.png").write_bytes(encode_png(image, SYNTHETIC))
    assert "cells_12000_s0_000007.png" in is_synthetic_export(list_folder(folder))


def test_text_of_pngs_is_read_whoever_wrote_it(tmp_path: Path) -> None:
    (tmp_path / "ours.png").write_bytes(encode_png(np.zeros((3, 8, 8), np.uint8), SYNTHETIC))
    assert read_text(tmp_path / "ours.png") == SYNTHETIC
    info = PngInfo()
    info.add_text("Synthetic", "yes")
    random_image(1).save(tmp_path / "pillow.png", pnginfo=info)
    assert read_text(tmp_path / "pillow.png") == {"Synthetic": "yes"}
    Image.new("L", (8, 8)).save(tmp_path / "plain.png")
    assert read_text(tmp_path / "plain.png") == {}
    assert read_text(tmp_path / "absent.png") == {}
