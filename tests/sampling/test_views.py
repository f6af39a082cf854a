"""The gallery: the images of an export, and the same noise under conditions that differ."""

from pathlib import Path

import numpy as np
import pytest

from gan.runs.run import Run
from gan.sampling import conditions, subclass_sampling, views
from gan.sampling.conditions import POSITIONS, Condition
from gan.sampling.provenance import Origin
from gan.sampling.sampler import load_generator
from tests.conftest import trained
from tests.support.celeba import write_celeba


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    write_celeba(tmp_path, 40)
    monkeypatch.setenv("GAN_DATA", str(tmp_path))
    return trained("faces", data__name="celeba", data__image_size=32)


def close(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether images are the same to one grey level."""
    return bool(np.abs(first.astype(int) - second.astype(int)).max() <= 1)


def test_a_class_has_its_own_part_of_the_stream_and_every_image_can_be_made_again() -> None:
    sampler = load_generator(trained("looked"))
    threes, eights = views.first_groups(sampler, ["3", "8"], 2, seed=4, skip=10, truncation=0.8)
    assert (threes.label, eights.label) == ("3", "8")
    assert threes.origins == tuple(Origin(sampler.seen, 4, 3 * POSITIONS + k, "3", 0.8) for k in (10, 11))
    (alone,) = views.first_groups(sampler, ["8"], 12, seed=4, truncation=0.8)
    assert alone.origins[10:] == eights.origins  # whatever is shown beside it, and however many
    assert close(alone.images[10:], eights.images)
    for group in (threes, eights):
        for origin, image in zip(group.origins, group.images, strict=True):
            assert close(views.regenerate(sampler, origin), image)


def test_combinations_of_attributes_have_parts_of_the_stream_that_do_not_meet(faces: Run) -> None:
    sampler = load_generator(faces)
    groups = views.first_groups(sampler, ["Smiling=1", "Smiling=0", "any"], 3, seed=4)
    positions = [origin.index for group in groups for origin in group.origins]
    assert len(set(positions)) == 9
    assert positions[6:] == [0, 1, 2]
    (alone,) = views.first_groups(sampler, ["Smiling=0"], 3, seed=4)
    assert alone.origins == groups[1].origins


def test_the_same_noise_under_other_classes_differs_in_the_class_alone() -> None:
    sampler = load_generator(trained("looked"))
    groups = views.same_noise_groups(sampler, conditions.single_conditions(sampler.info), 3, seed=1)
    assert [group.label for group in groups] == list(sampler.info.names)
    assert {tuple(origin.index for origin in group.origins) for group in groups} == {(0, 1, 2)}
    assert [group.origins[0].condition for group in groups] == list(sampler.info.names)


def test_images_of_a_subclass_are_of_it_alone_and_can_be_made_again() -> None:
    sampler = load_generator(trained("divided", model__subclasses=2))
    groups = views.first_groups(sampler, ["4, subclass 1", "4, subclass 2", "4"], 5, seed=3, truncation=0.9)
    assert [group.label for group in groups] == ["4, subclass 1", "4, subclass 2", "4"]
    positions = [origin.index for group in groups for origin in group.origins]
    assert len(set(positions)) == 15
    for group in groups:
        assert {origin.condition for origin in group.origins} == {group.label}
        for origin, image in zip(group.origins, group.images, strict=True):
            assert close(views.regenerate(sampler, origin), image)
    four = np.eye(10, dtype=np.float32)[[4]]
    drawn = subclass_sampling.sample_subclasses(sampler.info, four.repeat(5, axis=0), 3, positions[10:])
    for position, subclass, image in zip(positions[10:], drawn.tolist(), groups[2].images, strict=True):
        asked, other = (sampler.generate(four, 3, position, 0.9, chosen)[0] for chosen in (subclass, 1 - subclass))
        assert close(asked, image)
        assert (other != image).any()


def test_the_same_noise_with_an_attribute_off_and_on_differs_in_that_attribute_alone(faces: Run) -> None:
    sampler = load_generator(faces)
    smiling = sampler.info.names.index("Smiling")
    values = [Condition.of_attributes({smiling: value}) for value in (0, 1)]
    off, on = views.same_noise_groups(sampler, values, 4, seed=2)
    for without, with_it in zip(off.origins, on.origins, strict=True):
        assert without.condition.replace("Smiling=0", "Smiling=1") == with_it.condition
        assert close(views.regenerate(sampler, with_it), on.images[with_it.index])


def test_conditions_alternate() -> None:
    info = trained("looked").info()
    rows = views.alternating_conditions([Condition.from_text(name, info) for name in ("7", "2")], 5, 0, info)
    assert rows.argmax(axis=1).tolist() == [7, 2, 7, 2, 7]
