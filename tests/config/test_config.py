"""RunConfig: what it takes, its error messages, and round trips through config.json and the command line."""

from pathlib import Path

import pytest

from gan.config import options, settings
from gan.config.presets import PRESETS, find_preset
from gan.config.run_config import RunConfig
from gan.errors import ConfigError
from gan.models.build import FAMILIES
from gan.monitoring.equilibrium import EQUILIBRIA
from gan.training.losses import LOSSES


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_round_trips_through_json_and_arguments(name: str) -> None:
    config = find_preset(name).config
    assert options.config_from_json(options.config_to_json(config)) == config
    arguments = options.to_arguments(config, RunConfig())
    pairs = {path.removeprefix("--"): text for path, text in zip(arguments[::2], arguments[1::2], strict=True)}
    assert options.build_config(pairs) == config


def test_the_image_size_defaults_to_the_data_sets() -> None:
    assert options.build_config({"data.name": "celeba"}).data.image_size == 64
    assert options.build_config({"data.name": "celeba", "data.image_size": "32"}).data.image_size == 32
    assert RunConfig().data.image_size == 32


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"train.bach": "1"}, "There is no option train.bach. Did you mean train.batch?"),
        ({"train.batch": "0"}, "train.batch is 0: it takes a whole number from 2 to 4,096."),
        (
            {"train.patience": "3", "train.score": "off"},
            "train.patience is 3 and train.score is off: nothing would tell when to end. Set train.patience to 0.",
        ),
        ({"train.batch": "64.5"}, "train.batch is 64.5: it takes a whole number from 2 to 4,096."),
        ({"data.image_size": "50"}, "data.image_size is 50: it takes one of 16, 32, 64, 128, 256."),
        ({"optim.lr": "fast"}, "optim.lr is fast: it takes a number from 1e-06 to 0.1."),
        ({"optim.lr": "nan"}, "optim.lr is nan: it takes a number from 1e-06 to 0.1."),
        ({"model.width": "33"}, "model.width is 33: it takes a whole number from 8 to 256, in steps of 8."),
        ({"data.balance": "maybe"}, "data.balance is maybe: it takes true or false."),
        ({"data.flag": ""}, "data.flag is empty: it takes the flag of a MedMNIST set, such as breastmnist."),
        ({"job.device": "tpu"}, "job.device is tpu: it takes auto, cpu, mps, cuda, or one GPU such as cuda:1."),
        (
            {"train.start_from": "run", "train.freeze_d": "1", "model.family": "fastgan"},
            "train.freeze_d is 1 and model.family is fastgan: what its discriminator sees in detail is frozen in every "
            "run. Set train.freeze_d to 0.",
        ),
        ({"train.kimg": "0.01"}, "train.kimg is 0.01: shorter than one batch of 64 images."),
    ],
)
def test_an_invalid_value_is_named_with_what_the_option_takes(values: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        options.build_config(values)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 1, "data": 3}', '{"version": 1, "data": {"name": "digits"']
)
def test_a_damaged_config_is_a_config_error(text: str) -> None:
    with pytest.raises(ConfigError, match="damaged"):
        options.config_from_json(text)


def test_a_config_from_a_newer_version_is_refused() -> None:
    with pytest.raises(ConfigError, match="version 99"):
        options.config_from_json('{"version": 99}')


def test_every_option_has_help_a_label_and_limits() -> None:
    for option in options.all_options():
        assert option.help.endswith("."), option.path
        assert option.label, option.path
        numeric = option.value_type in (int, float) and not option.choices
        assert not numeric or (option.minimum is not None and option.maximum is not None), option.path


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("train.kimg", 12800.0, "12,800"),
        ("train.kimg", 1e6, "1,000,000"),
        ("train.seed", 1234, "1234"),  # a name: no amount
        ("optim.lr", 0.0002, "0.0002"),
        ("data.balance", True, "true"),
        ("data.attributes", ("a", "b"), "a, b"),
        ("data.attributes", (), "all"),
    ],
)
def test_values_for_readers_have_separated_thousands_and_all_digits(path: str, value: object, text: str) -> None:
    (option,) = (option for option in options.all_options() if option.path == path)
    assert options.readable_value(option, value) == text


def test_registries_have_the_keys_that_the_config_offers() -> None:
    offered = {option.path: set(option.choices) for option in options.all_options()}
    assert set(FAMILIES) == offered["model.family"]
    assert set(LOSSES) == set(EQUILIBRIA) == offered["loss.name"]


def test_messages_for_readers_elsewhere_have_no_path_of_the_store(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GAN_STORE", str(tmp_path))
    store = settings.store()
    for message, shown in (
        (f"There is no run cells in {store}. List them.", "There is no run cells in the store. List them."),
        (f"{store}/.data/sets/cells and {store}/cells/end.json", ".data/sets/cells and cells/end.json"),
        (f"{store}-2/cells and {store}", f"{store}-2/cells and the store"),
    ):
        assert settings.below_store(message) == shown
