"""RunConfig: START HERE. One typed object drives the command line, the form, validation, the run file and the README.

Type, default, limits, unit and help stand on the field, once. `options.py` walks the fields; the command line
(`cli/`), the page's form (`pages/ui/train/form.py`) and the options table of the README are made from that walk and add
nothing of their own. What needs the machine to be judged (no GPU, absent data, too little disk) is in `problems.py`.

"""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

DataName = Literal["digits", "mnist", "celeba", "medmnist", "folder"]
ImageSize = Literal[32, 64, 128]
OWN_SIZES: dict[str, ImageSize] = {"digits": 32, "mnist": 32, "celeba": 64, "medmnist": 32, "folder": 64}


def option(
    default: Any,
    help: str,
    *,
    label: str,
    unit: str = "",
    advanced: bool = False,
    only_for: tuple[str, ...] = (),
    takes: str = "",
    **limits: Any,
) -> Any:
    """A field with all that any surface shows of it.

    `only_for` names the data sets it applies to (none: all); `takes` says what a text may be, for the error message.
    """
    extra: dict[str, Any] = {"label": label, "unit": unit, "advanced": advanced, "takes": takes}
    extra |= {"only_for": list(only_for), "limits": limits}
    return Field(default, description=help, json_schema_extra=extra, validate_default=True, **limits)


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DataConfig(Section):
    """Which images, and how they are brought to the network."""

    name: DataName = option("digits", "Where the images come from.", label="Data set")
    flag: str = option(
        "breastmnist",
        "Which MedMNIST v2 set, by its flag, such as breastmnist or pneumoniamnist.",
        label="MedMNIST set",
        only_for=("medmnist",),
        takes="the flag of a MedMNIST set, such as breastmnist",
        pattern=r"^[a-z0-9]+$",
    )
    medmnist_size: Literal[28, 64, 128] = option(
        28, "Which size of the MedMNIST files to read.", label="File size", unit="px", only_for=("medmnist",)
    )
    path: str = option(
        "",
        "Your own images: the name of a set added in the browser, or a folder on this machine.",
        label="Folder or added set",
        takes="the name of an added set, or a folder",
        only_for=("folder",),
    )
    attributes: tuple[str, ...] = option(
        (),
        "The CelebA attributes to condition on, separated by commas; empty takes all 40.",
        label="Attributes",
        only_for=("celeba",),
    )
    image_size: ImageSize = option(
        32,
        "Side of the square images that the networks see. Larger shows more detail and takes about four times as long "
        "for each doubling. Left out, it is the data set's usual size.",
        label="Image size",
        unit="px",
    )
    balance: bool = option(
        False,
        "Draw the classes equally often in training, so that a rare class is learnt as well as a common one. "
        "Its few images are then seen more often.",
        label="Balance classes",
    )
    workers: int = option(
        0,
        "Processes that fetch images where the set is too large for the device's memory. 0: the trainer does it.",
        label="Loading workers",
        advanced=True,
        ge=0,
        le=32,
    )

    @model_validator(mode="before")
    @classmethod
    def _usual_size(cls, values: Any) -> Any:
        """Give the data set's usual size where none was asked for, so that config.json always holds a number."""
        if isinstance(values, dict) and "image_size" not in values:
            return values | {"image_size": OWN_SIZES.get(values.get("name", "digits"), 32)}
        return values

    @property
    def slug(self) -> str:
        """The set's name in links and lists, such as digits, medmnist-breastmnist or folder-my-cells."""
        part = {"medmnist": self.flag, "folder": Path(self.path).name}.get(self.name)
        return f"{self.name}-{part}" if part else self.name


class ModelConfig(Section):
    """The two networks."""

    family: Literal["dcgan", "projection"] = option(
        "dcgan",
        "The networks: dcgan is the deep convolutional GAN of Radford 2016, as in the report; projection brings the "
        "condition in at every level of it, for images that follow the class better and vary more.",
        label="Networks",
    )
    latent: int = option(
        100,
        "Length of the noise vector z. Each image of a condition comes from one such vector.",
        label="Latent size",
        advanced=True,
        ge=2,
        le=1024,
    )
    width: int = option(
        64,
        "Feature maps at the finest level; coarser ones have multiples of it. Wider learns finer detail, slower.",
        label="Width",
        ge=8,
        le=256,
        multiple_of=8,
    )
    subclasses: int = option(
        1,
        "K-means clusters within each class; both networks are conditioned on them. Images of a class then come from "
        "each cluster as often as in training, so that rare ones are not left out. A class has at most one cluster for "
        "each 50 of its training images. 1: none. For sets with classes.",
        label="Subclasses",
        ge=1,
        le=64,
    )


class LossConfig(Section):
    """What the two networks minimise."""

    name: Literal["bce"] = option(
        "bce",
        "bce is the binary cross-entropy of Goodfellow 2014, with the non-saturating generator loss.",
        label="Loss",
    )
    mismatched: float = option(
        0.0,
        "Share of the discriminator's false examples that are real images under the condition of another one, "
        "subclasses included (Reed 2016). It then looks at whether image and condition agree, and the images "
        "follow their class; they vary a little less.",
        label="Mismatched pairs",
        ge=0.0,
        le=0.9,
    )


class OptimConfig(Section):
    """How the weights move."""

    lr: float = option(
        2e-4,
        "Learning rate of Adam, for both networks. Lower it when the losses jump.",
        label="Learning rate",
        ge=1e-6,
        le=1e-1,
    )
    beta1: float = option(
        0.5,
        "Adam's memory of the gradient. 0.5 is usual for GANs.",
        label="Adam beta 1",
        advanced=True,
        ge=0.0,
        le=0.9999,
    )
    beta2: float = option(
        0.999,
        "Adam's memory of the squared gradient.",
        label="Adam beta 2",
        advanced=True,
        ge=0.0,
        le=0.9999,
    )
    ema_kimg: float = option(
        10.0,
        "Half-life of the averaged generator, from which all samples come. Longer is smoother and slower to follow.",
        label="Averaging half-life",
        unit="thousand images",
        advanced=True,
        ge=0.001,
        le=10_000.0,
    )


class TrainConfig(Section):
    """How long, and how often to look."""

    kimg: float = option(
        200.0,
        "Length of the run, in thousands of training images seen.",
        label="Length",
        unit="thousand images",
        ge=0.001,
        le=1_000_000.0,
    )
    batch: int = option(
        64,
        "Images in one training step. Larger is steadier, and takes more memory.",
        label="Batch size",
        unit="images",
        ge=2,
        le=4096,
    )
    augment: bool = option(
        False,
        "Show the discriminator every image, real and generated, moved by up to an eighth and with a square painted "
        "over (DiffAugment, Zhao 2020), so that it cannot learn a few images by heart.",
        label="Augment for the discriminator",
    )
    noise: float = option(
        1.0,
        "Spread of the noise in training, of that from which images are made afterwards. Below 1 the images vary a "
        "little beyond what was learnt: rarer subclasses are reached, and more images go wrong.",
        label="Noise in training",
        advanced=True,
        ge=0.5,
        le=1.0,
    )
    snapshot_kimg: float = option(
        20.0,
        "How often the networks are saved and a sample picture is kept; a run that dies goes on from the last one.",
        label="Snapshot every",
        unit="thousand images",
        ge=0.001,
        le=100_000.0,
    )
    keep_snapshots: int = option(
        20,
        "Snapshots that are kept, spread evenly over the run, the newest always; sample pictures are all kept.",
        label="Snapshots kept",
        advanced=True,
        ge=2,
        le=10_000,
    )
    log_kimg: float = option(
        1.0,
        "How often a point is added to the curves; each is the average since the last.",
        label="Log every",
        unit="thousand images",
        advanced=True,
        ge=0.001,
        le=10_000.0,
    )
    seed: int = option(
        0,
        "Fixes the first weights, the order of the images and the noise. Change it to see how much is luck.",
        label="Seed",
        ge=0,
        le=2**31 - 1,
    )


class JobConfig(Section):
    """Where and how the run is computed."""

    device: str = option(
        "auto",
        "auto takes a CUDA GPU where there is one, else Apple's MPS, else the CPU.",
        label="Device",
        takes="auto, cpu, mps, cuda, or one GPU such as cuda:1",
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
    )
    precision: Literal["auto", "float32", "bfloat16"] = option(
        "auto",
        "Number format of the convolutions. auto takes bfloat16 where the hardware computes it faster.",
        label="Precision",
        advanced=True,
    )
    compile: Literal["auto", "on", "off"] = option(
        "auto",
        "Whether the networks are compiled before training. auto does so on a CUDA GPU where the run is long enough to "
        "repay it. It is decided once for a run, and where it fails the run goes on without.",
        label="Compile",
        advanced=True,
    )
    threads: int = option(
        0,
        "CPU threads the trainer may use; 0 takes one for each core. Exact resumption needs the same number.",
        label="CPU threads",
        advanced=True,
        ge=0,
        le=1024,
    )


class RunConfig(Section):
    """All that decides what a run computes."""

    data: DataConfig = Field(default_factory=lambda: DataConfig.model_validate({}))
    model: ModelConfig = Field(default_factory=ModelConfig)
    loss: LossConfig = Field(default_factory=LossConfig)
    optim: OptimConfig = Field(default_factory=OptimConfig)
    train: TrainConfig = Field(default_factory=TrainConfig)
    job: JobConfig = Field(default_factory=JobConfig)

    @field_validator("train")
    @classmethod
    def _one_batch(cls, train: TrainConfig) -> TrainConfig:
        if train.kimg * 1000 < train.batch:
            raise ValueError(f"train.kimg is {train.kimg:g}: shorter than one batch of {train.batch} images")
        return train

    def without_local_paths(self) -> dict[str, Any]:
        """All options by section, as JSON values; of own images the folder's name, without where it lies here."""
        document = self.model_dump(mode="json")
        document["data"]["path"] = Path(self.data.path).name
        return document

    def flat(self) -> dict[str, Any]:
        """Every option by its dotted path, such as `{"train.batch": 64}`."""
        return {f"{s}.{n}": value for s in type(self).model_fields for n, value in getattr(self, s)}
