"""The training size that is proposed from the images' own sides, on the command line and for an added set."""

from pathlib import Path

import pytest

from gan.cli.arguments import config_from_arguments
from gan.cli.main import build_parser, main
from gan.config.run_config import DataConfig, RunConfig
from gan.data import catalogue
from gan.data.ingest import accepted_sets
from gan.data.sources.folder import image_sides
from gan.data.training_size import Sides, proposed_size, sides_of, size_reason
from tests.support.image_files import class_files, write_class_folders, zip_of
from tests.support.uploads import add_zip


@pytest.mark.parametrize(
    ("side", "size"),
    [(1, 16), (5, 16), (16, 16), (18, 16), (20, 32), (28, 32), (36, 32), (38, 64), (48, 64), (64, 64), (70, 64),
     (100, 128), (128, 128), (224, 128), (600, 128), (5000, 128)],
)  # fmt: skip
def test_the_size_is_the_smallest_that_keeps_three_quarters_of_the_pixels(side: int, size: int) -> None:
    assert proposed_size(Sides(side, side, side)) == size


def test_the_median_of_mixed_sides_decides() -> None:
    sides = sides_of([(40, 30), (200, 60), (900, 1000)])
    assert sides == Sides(30, 60, 900)
    assert sides.common is None
    assert proposed_size(sides) == 64
    assert sides_of([(40, 30), (200, 60), (900, 1000)], "pad") == Sides(40, 200, 1000)
    assert sides_of([(28, 28), (30, 28)]).common == 28


def test_the_reason_gives_the_detail_that_is_lost_or_made_up() -> None:
    assert "padded" in size_reason(Sides(28, 28, 28), 32)
    assert "enlarged 1.3 times" in size_reason(Sides(48, 48, 48), 64)
    assert "67% of the pixels of the median image" in size_reason(Sides(20, 28, 40), 16)
    large = size_reason(Sides(600, 600, 600), 128)
    assert "95% of the pixels" in large
    assert "256 px" in large
    assert "256 px keep" not in size_reason(Sides(600, 600, 600), 256)
    assert "256 px" not in size_reason(Sides(130, 130, 130), 128)


def config_of(*arguments: str) -> RunConfig:
    """The config that `gan submit` makes of these arguments."""
    return config_from_arguments(build_parser().parse_args(["submit", *arguments]))


@pytest.mark.parametrize(("native", "size"), [(28, 32), (10, 16), (48, 64)])
def test_a_folder_is_trained_at_the_size_of_its_images(
    tmp_path: Path, native: int, size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    write_class_folders(tmp_path / "own", {"a": 24, "b": 24}, side=native)
    path = ["--data.path", str(tmp_path / "own")]
    assert config_of("--data.name", "folder", *path).data.image_size == size
    assert f"data.image_size {size}: " in capsys.readouterr().err
    assert config_of("--preset", "own-images", *path).data.image_size == size
    assert config_of("--data.name", "folder", *path, "--data.image_size", "128").data.image_size == 128
    auto = config_of("--preset", "auto", "--data.name", "folder", *path, "--job.device", "cpu")
    assert (auto.data.image_size, auto.model.family) == (size, "projection")


def test_images_that_cannot_be_listed_are_named_where_they_are_read(tmp_path: Path) -> None:
    assert config_of("--data.name", "folder", "--data.path", str(tmp_path)).data.image_size == 64
    assert main(["submit", "--data.name", "folder", "--data.path", str(tmp_path)]) == 2


def test_an_added_set_is_offered_at_the_size_of_its_images() -> None:
    report = add_zip("cells", zip_of(class_files()))  # of 24 px
    assert report.plan is not None
    assert report.plan.sides == Sides(24, 24, 24)
    accepted_sets.accept(report)
    entry = catalogue.find_entry("folder-cells")
    assert entry.sides == image_sides(entry.config) == Sides(24, 24, 24)
    assert entry.config.image_size == 32
    assert config_of("--data.name", "folder", "--data.path", "cells").data.image_size == 32


def test_a_medmnist_set_is_trained_at_the_size_of_its_file() -> None:
    def size(**values: object) -> int:
        return DataConfig.model_validate({"name": "medmnist"} | values).image_size

    assert [size(), size(medmnist_size=28), size(medmnist_size=64), size(medmnist_size=128)] == [32, 32, 64, 128]
    assert size(medmnist_size=128, image_size=32) == 32
    assert DataConfig.model_validate({"name": "digits", "medmnist_size": 64}).image_size == 32
