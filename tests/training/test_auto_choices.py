"""The table of what `--preset auto` takes: a row for each option of the recipe, and places where it was measured."""

import re

import numpy as np
import pytest

from docs.make_readme import AUTO, update_choices
from gan.config import options, settings
from gan.config.run_config import DataConfig, JobConfig
from gan.data.image_set import ImageSet
from gan.training.auto_choices import CHOICES
from gan.training.recommend import AUGMENT_BELOW, LARGE_SET, recommend

SECTIONS = ("model", "loss", "optim", "train")
"""Sections of the config of which each option has a row."""
LISTED = [choice.option for choice in CHOICES]


def images(count: int) -> ImageSet:
    """Training images of two classes, the second of which has a third of them."""
    conditions = np.eye(2, dtype=np.float32)[(np.arange(count) % 3 == 0).astype(int)]
    pictures = np.zeros((count, 1, 32, 32), np.uint8)
    split = np.full(count, "train")
    return ImageSet(pictures, conditions, ("a", "b"), "class", split, None, 32, "Set", "", "")


def test_the_table_is_current() -> None:
    assert update_choices(AUTO.read_text()) == AUTO.read_text(), "run `python -m docs.make_readme`"


def test_every_option_of_the_recipe_has_one_row() -> None:
    paths = [option.path for option in options.all_options()]
    assert len(set(LISTED)) == len(LISTED)
    assert set(LISTED) <= set(paths)
    assert {path for path in paths if path.partition(".")[0] in SECTIONS} <= set(LISTED), "add it to auto_choices.py"


@pytest.mark.parametrize("count", [300, AUGMENT_BELOW, LARGE_SET])
def test_what_auto_sets_is_listed_and_what_is_at_its_default_is_left(count: int) -> None:
    set_by_auto = recommend(DataConfig(), images(count), JobConfig(device="cpu")).config.flat()
    defaults = {option.path: option.default for option in options.all_options()}
    left = {choice.option for choice in CHOICES if choice.takes == "its default"}
    changed = {path for path, value in set_by_auto.items() if value != defaults[path]}
    assert changed <= set(LISTED)
    assert not changed & left


def test_the_passes_and_lengths_that_are_named_are_those_of_a_recommendation() -> None:
    kimg = {
        count: recommend(DataConfig(), images(count), JobConfig(device="cpu")).config.train.kimg
        for count in (100, 500, 5000, 50_000)
    }
    (row,) = (choice for choice in CHOICES if choice.option == "train.kimg")
    assert f"{kimg[100]:g} thousand images for 100 training images (with augmentation)" in row.takes
    named = re.findall(r"(\d+) (?:passes )?over ([\d,]+)", row.why)
    passes = {int(count.replace(",", "")): int(number) for number, count in named}
    assert passes == {count: pytest.approx(1000 * kimg[count] / count, rel=0.1) for count in (500, 5000, 50_000)}


def test_every_place_of_a_measurement_is_a_section_of_the_results() -> None:
    titles = {
        line.removeprefix("## ")
        for line in (settings.ROOT / "docs/results.md").read_text().splitlines()
        if line.startswith("## ")
    }
    assert {title for choice in CHOICES for title in choice.measured} <= titles
