"""Named RunConfigs to start from; the command line and the form change single options of them."""

from dataclasses import dataclass

from gan.config.options import build_config
from gan.config.run_config import RunConfig
from gan.errors import ConfigError

AUTO = "auto"
"""`--preset auto`: the config that `gan.training.recommend` fits to the data set."""


@dataclass(frozen=True)
class Preset:
    title: str
    why: str
    config: RunConfig


PRESETS = {
    "digits-quick": Preset(
        "Digits, quick",
        "The whole journey in a few minutes on any computer: 1,797 small digits, no download.",
        build_config(
            {
                "data.name": "digits",
                "model.family": "projection",
                "model.width": 16,
                "optim.lr": 5e-4,
                "optim.decay_from": 0.5,
                "train.kimg": 100,
                "train.augment": True,
                "train.batch": 32,
                "train.snapshot_kimg": 10,
            }
        ),
    ),
    "mnist": Preset(
        "MNIST",
        "The report's first experiment: 60,000 handwritten digits by class, in minutes on a CPU.",
        build_config(
            {"data.name": "mnist", "model.width": 32, "train.kimg": 400, "train.batch": 128, "train.snapshot_kimg": 40}
        ),
    ),
    "celeba-64": Preset(
        "CelebA faces, 64 px",
        "The report's second experiment: faces by 40 attributes. Made for a GPU; for non-commercial research only.",
        build_config({"data.name": "celeba", "train.kimg": 4000, "train.batch": 128, "train.snapshot_kimg": 200}),
    ),
    "own-images": Preset(
        "Your own images",
        "A few hundred to a few thousand labelled images of your own, sampled equally often from each class.",
        build_config(
            {
                "data.name": "folder",
                "data.balance": True,
                "model.family": "projection",
                "model.width": 32,
                "loss.mismatched": 0.5,
                "optim.lr": 5e-4,
                "optim.decay_from": 0.5,
                "train.kimg": 200,
                "train.augment": True,
                "train.snapshot_kimg": 20,
            }
        ),
    ),
}


def find_preset(name: str, beside: str = "") -> Preset:
    """The preset of that name; raises ConfigError that lists them, and what is offered `beside` them."""
    if name not in PRESETS:
        raise ConfigError(f"There is no preset {name}: it takes one of {', '.join(PRESETS)}{beside}.")
    return PRESETS[name]
