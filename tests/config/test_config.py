"""One object drives every surface: what it takes, what it says of a mistake, and that it survives being written."""

import json

import pytest

from gan.config import options
from gan.config.options import Change
from gan.config.presets import PRESETS, find_preset
from gan.config.run_config import RunConfig
from gan.errors import ConfigError
from gan.models.build import FAMILIES
from gan.monitoring.equilibrium import EQUILIBRIA
from gan.training.losses import LOSSES


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_its_file_and_its_command_line(name: str) -> None:
    config = find_preset(name).config
    assert options.config_from_json(options.config_to_json(config)) == config
    arguments = options.to_arguments(config, RunConfig())
    pairs = {path.removeprefix("--"): text for path, text in zip(arguments[::2], arguments[1::2], strict=True)}
    assert options.build_config(pairs) == config


def test_an_image_size_left_out_is_the_sets_own() -> None:
    assert options.build_config({"data.name": "celeba"}).data.image_size == 64
    assert options.build_config({"data.name": "celeba", "data.image_size": "32"}).data.image_size == 32
    assert RunConfig().data.image_size == 32


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"train.bach": "1"}, "There is no option train.bach. Did you mean train.batch?"),
        ({"train.batch": "0"}, "train.batch is 0: it takes a whole number from 2 to 4,096."),
        ({"train.batch": "64.5"}, "train.batch is 64.5: it takes a whole number from 2 to 4,096."),
        ({"data.image_size": "50"}, "data.image_size is 50: it takes one of 32, 64, 128."),
        ({"optim.lr": "fast"}, "optim.lr is fast: it takes a number from 1e-06 to 0.1."),
        ({"optim.lr": "nan"}, "optim.lr is nan: it takes a number from 1e-06 to 0.1."),
        ({"model.width": "33"}, "model.width is 33: it takes a whole number from 8 to 256, in steps of 8."),
        ({"data.balance": "maybe"}, "data.balance is maybe: it takes true or false."),
        ({"data.flag": ""}, "data.flag is empty: it takes the flag of a MedMNIST set, such as breastmnist."),
        ({"job.device": "tpu"}, "job.device is tpu: it takes auto, cpu, mps, cuda, or one GPU such as cuda:1."),
        ({"train.kimg": "0.01"}, "train.kimg is 0.01: shorter than one batch of 64 images."),
    ],
)
def test_a_bad_value_is_named_with_what_is_taken(values: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        options.build_config(values)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 1, "data": 3}', '{"version": 1, "data": {"name": "digits"']
)
def test_a_damaged_config_file_is_an_error_of_ours(text: str) -> None:
    with pytest.raises(ConfigError, match="damaged"):
        options.config_from_json(text)


def test_a_config_from_a_newer_version_is_refused() -> None:
    with pytest.raises(ConfigError, match="version 99"):
        options.config_from_json('{"version": 99}')


def test_a_run_of_an_earlier_version_opens_after_fields_were_renamed_removed_and_added() -> None:
    document = json.loads(options.config_to_json(options.build_config({"train.batch": 48, "optim.lr": 1e-3})))
    document["version"] = 1
    document["train"]["batch_size"] = document["train"].pop("batch")  # renamed since, in two steps
    document["loss"]["smoothing"] = 0.1  # removed since
    del document["train"]["seed"]  # added since
    changes = (
        Change(renamed={"train.batch_size": "train.images"}),
        Change(renamed={"train.images": "train.batch"}, removed=("loss.smoothing",)),
    )
    config = options.config_from_json(json.dumps(document), changes)
    assert (config.train.batch, config.optim.lr, config.train.seed) == (48, 1e-3, 0)
    with pytest.raises(ConfigError, match="There is no option"):
        options.config_from_json(json.dumps(document), changes[:1])


def test_every_option_has_words_and_limits() -> None:
    for option in options.all_options():
        assert option.help.endswith("."), option.path
        assert option.label, option.path
        numeric = option.kind in (int, float) and not option.choices
        assert not numeric or (option.minimum is not None and option.maximum is not None), option.path


def test_registries_hold_exactly_what_the_config_offers() -> None:
    offered = {option.path: set(option.choices) for option in options.all_options()}
    assert set(FAMILIES) == offered["model.family"]
    assert set(LOSSES) == set(EQUILIBRIA) == offered["loss.name"]
