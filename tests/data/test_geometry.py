"""The geometry of an added set: what is read, previewed and shown before it is accepted are the same images."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan.config import settings
from gan.config.run_config import DataConfig
from gan.data import registry
from gan.data.image_set import pixel_digests
from gan.data.ingest import accepted_sets
from gan.data.ingest.file_examples import example_files
from gan.data.ingest.import_plan import ImportPlan
from gan.data.training_size import Sides, sides_of
from gan.data.transform import Geometry, fit_image
from tests.support.image_files import class_files, random_image, read_folder, write_class_folders, zip_of
from tests.support.uploads import add_zip

CONFIG = DataConfig.model_validate({"name": "folder", "path": "cells", "image_size": 32})


def add_set(geometry: Geometry) -> ImportPlan:
    """An accepted set of images of 24 x 24 px and one of 30 x 24 px, read by this geometry."""
    files = class_files()
    wide = settings.store().parent / "wide.png"
    random_image(7).resize((30, 24)).save(wide)
    accepted_sets.accept(add_zip("cells", zip_of(files | {"a/wide.png": wide.read_bytes()})))
    folder = settings.added_sets() / "cells"
    plan = ImportPlan.load(folder)
    assert (plan.geometry, plan.sides) == ("crop", Sides(24, 24, 24))
    sides = sides_of([*[(24, 24)] * len(files), (30, 24)], geometry)
    dataclasses.replace(plan, geometry=geometry, sides=sides).save(folder)
    return ImportPlan.load(folder)


@pytest.mark.parametrize("geometry", ["crop", "pad", "squeeze"])
def test_images_are_read_and_previewed_alike(geometry: Geometry) -> None:
    plan = add_set(geometry)
    assert plan.geometry == geometry
    previewed, labels = registry.preview(CONFIG, 12)  # before the set is read
    images = registry.load_image_set(CONFIG)
    assert registry.preview(CONFIG, 12)[1] == labels
    assert (registry.preview(CONFIG, 12)[0] == previewed).all()
    assert images.digests is not None
    assert (images.digests == pixel_digests(images.images)).all()
    row = plan.files.index("a/wide.png")
    pixels = np.asarray(Image.open(plan.path("a/wide.png")).convert("RGB"))
    assert (images.images[row] == fit_image(pixels, 32, geometry, pad=geometry == "crop")).all()
    shown = {example.file: example.fitted for example in example_files(plan, 32, each=100)["a"]}
    assert (shown["a/wide.png"] == images.images[row]).all()
    assert {example.fitted.shape for example in example_files(plan)["a"]} == {(3, 32, 32)}  # the proposed size


def test_another_geometry_is_read_anew() -> None:
    add_set("crop")
    cropped = registry.load_image_set(CONFIG).images[:]
    folder = settings.added_sets() / "cells"
    plan = ImportPlan.load(folder)
    dataclasses.replace(plan, geometry="squeeze").save(folder)
    squeezed = registry.load_image_set(CONFIG).images[:]
    row = plan.files.index("a/wide.png")
    assert (cropped[row] != squeezed[row]).any()


def test_the_preview_of_a_folder_pads_only_images_of_one_side(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "one", {"a": 22, "b": 22}, side=28)
    write_class_folders(tmp_path / "two", {"a": 22, "b": 22}, side=28)
    random_image(99, side=30).save(tmp_path / "two" / "a" / "000.png")
    for name in ("one", "two"):
        config = CONFIG.model_copy(update={"path": str(tmp_path / name)})
        previewed = registry.preview(config, 44)[0]
        images = read_folder(tmp_path / name, 32)
        assert (images.native_size == 28) == (name == "one")
        in_set = {image.tobytes() for image in images.images}
        assert all(image.tobytes() in in_set for image in previewed)
