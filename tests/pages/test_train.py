"""The train page: what a clone changes, the first batch as the network sees it, and what a start would wait for."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gan import jobs
from gan.config import options, settings
from gan.config.presets import PRESETS
from gan.config.run_config import DataConfig, JobConfig
from gan.data import catalogue, registry
from gan.data.ingest import accepted_sets
from gan.jobs import launch
from gan.runs import notes, sweeps
from gan.runs.run import find_run
from gan.training import measured_speed, recommend
from gan.training.measured_speed import MeasuredSpeed
from pages.ui import cache_images, fmt
from pages.ui.train import config_diff, lengths
from tests.support.celeba import write_celeba
from tests.support.image_files import class_files, zip_of
from tests.support.jobs import clean_up, submitted, wait_for_state, wait_until_begun
from tests.support.medmnist import write_medmnist
from tests.support.pages import buttons, ended, made, page, said
from tests.support.parent_runs import SEEN, finished_run, random_set
from tests.support.unlabelled import add_squares
from tests.support.uploads import add_zip


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """No test sees the sets of another's store."""
    cache_images.clear_catalogue()


def test_a_clone_lists_what_differs_while_it_is_typed() -> None:
    made("first", **{"train.batch": 48})
    at = page("train", clone="first")
    assert "All options are those of the run **first**." in said(at)
    at.number_input(key="option train.batch").set_value(32)
    at.toggle(key="option data.balance").set_value(True).run()
    assert "- Batch size: 48 → **32** images" in said(at)
    assert "- Balance classes: off → **on**" in said(at)
    assert "Learning rate" not in [line.split(":")[0] for line in said(at).split("- ")]


def test_a_link_followed_again_fills_the_form_again() -> None:
    made("first", **{"train.batch": 48})
    at = page("train", clone="first")
    at.number_input(key="option train.batch").set_value(8).run()
    assert at.number_input(key="option train.batch").value == 8  # within a visit, input stays
    at.query_params.clear()
    at.run()
    assert at.number_input(key="option train.batch").value == 8
    at.query_params["clone"] = "first"
    at.run()
    assert not at.exception
    assert at.number_input(key="option train.batch").value == 48


def test_a_clone_of_a_run_with_a_title_is_called_by_it() -> None:
    notes.update_about(made("first").path, title="The *best*")
    assert r"All options are those of the run **The \*best\***." in said(page("train", clone="first"))


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ({"optim.lr": 2e-4}, {"optim.lr": 1e-5}, "Learning rate: 0.0002 → **1e-05**"),
        ({"job.device": "auto"}, {"job.device": "cpu"}, "Device: auto → **cpu**"),
        ({"train.kimg": 200}, {"train.kimg": 1500}, "Length: 200 → **1,500** thousand images"),
        ({"data.name": "celeba"}, {"data.name": "celeba", "data.attributes": "Smiling"}, r"all → **Smiling**"),
    ],
)
def test_changes_are_told_as_people_read_them(before: dict[str, object], after: dict[str, object], text: str) -> None:
    found = options.differences(options.build_config(after), options.build_config(before))
    assert text in "\n".join(config_diff.change_text(*one) for one in found)


@pytest.mark.parametrize("data", [{"name": "celeba"}, {"name": "medmnist", "flag": "chestmnist"}])
def test_options_of_classes_are_not_offered_for_attributes(
    monkeypatch: pytest.MonkeyPatch, data: dict[str, object]
) -> None:
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    write_celeba(settings.public_data(), 60)
    write_medmnist("chestmnist", labels=14)
    registry.load_image_set(DataConfig.model_validate({"image_size": 32} | data))
    of_set = {f"data.{name}": value for name, value in data.items()}
    made("faces", **of_set | {"data.image_size": 32, "data.balance": True, "model.subclasses": 4})
    at = page("train", clone="faces")
    labels = {toggle.label for toggle in at.toggle} | {number.label for number in at.number_input}
    assert not {"Balance classes", "Subclasses"} & labels
    assert {"Augment for the discriminator", "Seed"} <= labels
    assert "model.subclasses takes 1" not in said(at)


def test_the_way_of_upsampling_is_offered_to_the_family_that_has_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    made("nearest", **{"model.family": "projection", "model.upsampling": "nearest"})
    at = page("train", clone="nearest")
    assert at.selectbox(key="option model.upsampling").value == "nearest"
    at.selectbox(key="option model.family").set_value("dcgan").run()
    assert not at.error
    assert "option model.upsampling" not in {box.key for box in at.selectbox}


def test_the_first_batch_is_shown_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    registry.load_image_set(DataConfig.model_validate({"name": "digits"}))
    at = page("train", preset="digits-quick")
    at.number_input(key="option train.batch").set_value(80)
    at.toggle(key="first batch").set_value(True).run()
    assert not at.exception
    pictures = "".join(element.proto.body for element in at.get("html"))
    assert pictures.count("Real image of the first batch") == 64
    assert "16 more are not shown" in said(at)


def test_a_start_says_whom_it_waits_for(store: object) -> None:
    ended(made("over"), state="finished")
    assert "It will wait for" not in said(page("train"))
    try:
        first = submitted("first")
        wait_until_begun(first)
        assert "It will wait for the run first, and then start by itself." in said(page("train"))
        notes.update_about(first.path, title="My *cells*")
        assert r"It will wait for the run My \*cells\*, and" in said(page("train"))
        jobs.stop(find_run("first").path)
        wait_for_state(first, "stopped")
    finally:
        clean_up(find_run("first").path.parent)


def test_a_start_with_three_seeds_leads_to_their_comparison(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    ended(made("over"), state="finished")
    at = page("train", set=["train.seed:5", "data.image_size:16"])
    at.segmented_control(key="repeat seeds").set_value(3)
    at.text_input(key="run name").set_value("three").run()
    start = next(button for button in at.button if button.label == "Start training")
    start.click().run()
    assert not at.exception
    assert at.title[0].value == "Compare"
    assert at.query_params["sweep"] == "three"
    runs = sweeps.find_sweep("three")
    assert [(run.name, run.config.train.seed) for run in runs] == [(f"three-seed{n}", n) for n in (5, 6, 7)]
    assert [jobs.state(run.path).name for run in runs] == ["queued"] * 3
    assert [run.about.title for run in runs] == [""] * 3


def test_a_start_with_seeds_keeps_the_title_and_counts_all_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    registry.load_image_set(DataConfig.model_validate({"name": "digits"}))
    at = page("train", preset="digits-quick")
    of_one = {metric.label: metric.value for metric in at.metric}
    at.segmented_control(key="repeat seeds").set_value(3)
    at.text_input(key="run name").set_value("My cells (2026)").run()
    of_three = {metric.label: metric.value for metric in at.metric}
    assert of_three["Disk"] != of_one["Disk"]
    assert of_three["Memory"] == of_one["Memory"]
    assert "Time and disk are those of 3 runs" in said(at)
    command = next(code.value for code in at.code if "-m gan" in code.value)
    assert " sweep " in command
    assert "--grid train.seed=0,1,2" in command
    next(button for button in at.button if button.label == "Start training").click().run()
    assert not at.exception
    assert [run.title for run in sweeps.find_sweep("my-cells-2026")] == [
        f"My cells (2026) (seed {n})" for n in range(3)
    ]


def test_the_recipe_fitted_to_the_images_is_shown_with_its_reason_and_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    registry.load_image_set(DataConfig.model_validate({"name": "digits"}))
    at = page("train", preset="digits-quick")
    assert "Fitted to your images" in said(at)
    assert "For 1,438 grey images of 32 px" in said(at)
    assert "Do not train yet" not in said(at)
    at.button(key="use fitted").click().run()
    assert not at.exception
    digits = DataConfig.model_validate({"name": "digits"})
    wanted = recommend.recommend(digits, registry.load_image_set(digits), JobConfig()).config
    assert at.selectbox(key="option model.family").value == wanted.model.family
    assert at.number_input(key="option train.kimg").value == wanted.train.kimg
    assert at.button(key="use fitted").disabled


def test_a_run_to_start_from_is_proposed_and_taken_by_a_click_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    registry.load_image_set(DataConfig())
    parent = finished_run("parent", random_set(recommend.AUGMENT_BELOW, ("1", "2"), held_out=0), width=64)
    notes.update_about(parent.path, title="Digits *by hand*")
    at = page("train", data="digits")
    start, box = "option train.start_from", "start from the proposed run"
    assert at.text_input(key=start).value == ""
    assert at.checkbox(key=box).label == r"Start from **Digits \*by hand\*** (Set 0, 2,000 images)"
    assert "Licence of its images: CC BY 4.0." in said(at)
    at.checkbox(key=box).check().run()
    assert not at.exception
    assert (at.text_input(key=start).value, at.number_input(key="option model.width").value) == (f"parent@{SEEN}", 64)
    assert at.button(key="use fitted").disabled  # it is still the recipe
    at.checkbox(key=box).uncheck().run()
    assert (at.text_input(key=start).value, at.number_input(key="option model.width").value) == ("", 32)
    at.checkbox(key=box).check().run()
    at.number_input(key="option train.kimg").set_value(7.0).run()
    assert at.checkbox(key=box).value
    at.selectbox(key="chosen set").set_value("mnist").run()  # of which the run is no proposed start
    assert not at.exception
    assert at.text_input(key=start).value == ""
    assert box not in [checkbox.key for checkbox in at.checkbox]


def test_without_a_fitting_run_no_start_is_proposed() -> None:
    registry.load_image_set(DataConfig())
    finished_run("parent", random_set(recommend.AUGMENT_BELOW, held_out=0), width=16)
    assert not page("train", data="digits").checkbox


def test_a_link_that_names_nothing_here_is_told_and_the_form_stays_in_reach() -> None:
    at = page("train", data="no-such-set")
    assert "There is no data set no-such-set" in at.error[0].value
    at.number_input(key="option train.batch").set_value(48).run()
    assert len(at.error) == 1
    assert at.number_input(key="option train.batch").value == 48
    assert "Start training" in buttons(at)
    at = page("train", clone="no-such-run")
    assert len(at.error) == 1
    assert "Start training" in buttons(at)


def test_only_presets_of_the_chosen_set_are_cards_and_the_one_in_use_is_marked() -> None:
    def labels(at: AppTest) -> dict[str, str]:
        cards = {f"use {name}": name for name in PRESETS}
        return {cards[button.key]: button.label for button in at.button if button.key in cards}

    at = page("train")
    assert labels(at) == {"digits-quick": "In use"}
    at.selectbox(key="chosen set").set_value("mnist").run()
    assert not at.exception
    assert labels(at) == {"mnist": "In use"}
    at.number_input(key="option train.batch").set_value(48).run()
    assert labels(at) == {"mnist": "Use"}
    at.selectbox(key="chosen set").set_value("digits").run()  # what was changed by hand stays
    assert labels(at) == {"digits-quick": "Use"}
    assert at.number_input(key="option train.batch").value == 48


def test_a_set_of_ones_own_is_chosen_with_its_recipe_and_three_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    accepted_sets.accept(add_zip("cells", zip_of(class_files(120))))
    config = catalogue.find_entry("folder-cells").config
    at = page("train", data="folder-cells")
    assert at.button(key="use own-images").label == "In use"  # until the images are read
    image_set = registry.load_image_set(config)
    wanted = recommend.recommend(config, image_set, JobConfig()).config
    at.run()
    assert at.button(key="use fitted").disabled
    assert at.number_input(key="option train.kimg").value == wanted.train.kimg
    folder = measured_speed.timing_folder(wanted)
    assert folder is not None
    assert jobs.state(folder).name == "queued"
    assert "Measuring how fast this machine trains" in said(at)
    measured_speed.save_speed(folder, MeasuredSpeed(100.0, shared=False))
    at.run()
    assert at.button_group(key="length to choose").value == "recommended"
    assert at.metric[0].value == fmt.duration(wanted.train.kimg * 10)
    at.button_group(key="length to choose").set_value("quick").run()
    assert not at.exception
    assert at.number_input(key="option train.kimg").value == 18
    assert at.number_input(key="option train.snapshot_kimg").value == 1.8
    assert at.button(key="use fitted").disabled  # a length is no other recipe


def test_counts_and_warnings_stay_when_the_image_size_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    accepted_sets.accept(add_zip("few", zip_of(class_files(60))))
    registry.load_image_set(catalogue.find_entry("folder-few").config)
    at = page("train", data="folder-few")
    text = "to train on: "
    before = next(caption.value for caption in at.caption if text in caption.value)
    warnings = [warning.value for warning in at.warning]
    at.selectbox(key="option data.image_size").set_value(64).run()
    assert not at.exception
    assert next(caption.value for caption in at.caption if text in caption.value) == before
    assert [warning.value for warning in at.warning] == warnings
    assert "Fitted to your images" in said(at)
    assert "at 64 px" in said(at)


def test_a_grey_start_says_why() -> None:
    at = page("train", set=["job.device:cuda:9"])
    start = next(button for button in at.button if button.label == "Start training")
    assert start.disabled
    assert "no device cuda\\:9" in start.help  # Markdown


def test_an_invalid_option_is_named_as_it_is_written() -> None:
    at = page("train")
    at.text_input(key="option job.device").set_value("*cpu*").run()
    assert r"job.device is \*cpu\*" in at.error[0].value  # Markdown


def test_too_few_images_are_advised_against_clearly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    accepted_sets.accept(add_zip("few", zip_of(class_files())))
    registry.load_image_set(catalogue.find_entry("folder-few").config)
    at = page("train", data="folder-few")
    assert any(warning.value.startswith("Do not train yet") for warning in at.warning)


def test_images_that_were_not_read_are_read_from_here(monkeypatch: pytest.MonkeyPatch) -> None:
    accepted_sets.accept(add_zip("unread", zip_of(class_files())))
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    at = page("train", data="folder-unread")
    at.button(key="read chosen set").click().run()
    assert not at.exception
    assert jobs.state(settings.tasks() / "prepare-folder-unread").name == "queued"


def test_an_added_set_is_trained_at_the_size_of_its_images_with_the_reason() -> None:
    accepted_sets.accept(add_zip("small", zip_of(class_files())))  # of 24 px
    at = page("train", data="folder-small")
    assert at.selectbox(key="option data.image_size").value == 32
    assert any("24 px; at 32 px" in caption.value for caption in at.caption)
    at.selectbox(key="option data.image_size").set_value(16).run()
    assert any("56% of the pixels" in caption.value for caption in at.caption)
    assert at.button(key="use own-images").label == "In use"


@pytest.mark.parametrize(("seconds", "text"), [(1200.0, "Longest · 20 min"), (8 * 3600.0, "Overnight · 8 h")])
def test_only_a_run_of_hours_is_called_overnight(seconds: float, text: str) -> None:
    assert lengths.length_text(recommend.Length("night", 1940.0, 190.0, seconds)) == text


def test_the_digits_are_just_there() -> None:
    at = page("train")
    assert not at.exception
    assert "read chosen set" not in [button.key for button in at.button]
    assert at.button(key="use fitted")
    assert registry.cached_image_set(DataConfig()) is not None


def test_unlabelled_images_are_offered_beside_their_number_where_a_set_has_some(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    add_squares("own")
    key = "option data.pseudo_labels"
    at = page("train", data="folder-own")
    assert at.toggle(key=key).label == "Learn unlabelled images too (24)"
    at.toggle(key=key).set_value(True).run()
    assert not at.exception
    assert "the classes of 24 unlabelled ones" in said(at)
    assert "24 of them with a class that is inferred" in said(at)  # the recipe is fitted to them too
    assert "--data.pseudo_labels true" in at.code[-1].value
    at = page("train", data="digits", set=["data.pseudo_labels:true"])
    assert not at.exception
    assert key not in {toggle.key for toggle in at.toggle}
    assert "--data.pseudo_labels" not in at.code[-1].value
