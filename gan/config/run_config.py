"""RunConfig: START HERE. One typed object drives the command line, the form, validation, the run file and the README.

Each field holds its type, default, limits, unit and help, once. `options.py` walks the fields; the command line
(`gan/cli/`), the form (`pages/ui/train/form.py`) and the README's table of options are made from that walk and add
nothing of their own. Checks that depend on the machine (no GPU, absent data, a full disk) are in
`gan/training/preflight.py`.
"""

from pathlib import Path
from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

DataName = Literal["digits", "mnist", "celeba", "medmnist", "folder"]
ImageSize = Literal[16, 32, 64, 128, 256]
SIZES: tuple[ImageSize, ...] = get_args(ImageSize)
DEFAULT_SIZES: dict[str, ImageSize] = {"digits": 32, "mnist": 32, "celeba": 64, "medmnist": 32, "folder": 64}


def option(
    default: Any,
    help: str,
    *,
    label: str,
    unit: str = "",
    advanced: bool = False,
    only_for: tuple[str, ...] = (),
    takes: str = "",
    names: bool = False,
    **limits: Any,
) -> Any:
    """A field with all that the command line, the form and the README show of it.

    `only_for` names the data sets that the option applies to (empty: all). `takes` describes a valid text, for errors.
    `names` marks a number that is a name and no amount, such as a seed: it is written without thousands separators.
    """
    extra: dict[str, Any] = {"label": label, "unit": unit, "advanced": advanced, "takes": takes, "names": names}
    extra |= {"only_for": list(only_for), "limits": limits}
    return Field(default, description=help, json_schema_extra=extra, validate_default=True, **limits)


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DataConfig(Section):
    """The images, and how they reach the networks."""

    name: DataName = option("digits", "The data set: a public one, or folder for your own images.", label="Data set")
    flag: str = option(
        "breastmnist",
        "The MedMNIST v2 set, by its flag, such as breastmnist or pneumoniamnist.",
        label="MedMNIST set",
        only_for=("medmnist",),
        takes="the flag of a MedMNIST set, such as breastmnist",
        pattern=r"^[a-z0-9]+$",
    )
    medmnist_size: Literal[28, 64, 128] = option(
        28,
        "Side of the images in the MedMNIST file that is read.",
        label="File size",
        unit="px",
        only_for=("medmnist",),
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
        "The CelebA attributes to condition on, separated by commas. Empty: all 40.",
        label="Attributes",
        only_for=("celeba",),
    )
    image_size: ImageSize = option(
        32,
        "Side of the square images that the networks see. Each doubling shows more detail and takes about four times "
        "as long. Default: the data set's usual size; for your own images, the one that fits them, up to 128.",
        label="Image size",
        unit="px",
    )
    balance: bool = option(
        False,
        "Sample the classes equally often in training, so that a rare class is learnt as well as a common one. "
        "Its few images are then seen more often.",
        label="Balance classes",
    )
    pseudo_labels: bool = option(
        False,
        "A semi-supervised classifier gives a class to those unlabelled images of which it is sure (Sohn 2020); both "
        "networks then learn them as labelled ones (Lucic 2019). For sets with classes.",
        label="Learn unlabelled images too",
        only_for=("folder",),
    )
    workers: int = option(
        0,
        "Processes that load images when the set does not fit into the device's memory. 0: the training process does.",
        label="Loading workers",
        advanced=True,
        ge=0,
        le=32,
    )

    @model_validator(mode="before")
    @classmethod
    def _usual_size(cls, values: Any) -> Any:
        """Fill in the data set's usual size, so that config.json always holds a number."""
        if not isinstance(values, dict) or "image_size" in values:
            return values
        name, file_size = values.get("name", "digits"), values.get("medmnist_size")
        if name == "medmnist" and file_size in SIZES:
            return values | {"image_size": file_size}
        return values | {"image_size": DEFAULT_SIZES.get(name, 32)}

    @property
    def slug(self) -> str:
        """The set's name in URLs and lists, such as digits, medmnist-breastmnist or folder-my-cells."""
        part = {"medmnist": self.flag, "folder": Path(self.path).name}.get(self.name)
        return f"{self.name}-{part}" if part else self.name


class ModelConfig(Section):
    """The two networks."""

    family: Literal["dcgan", "projection", "fastgan"] = option(
        "dcgan",
        "dcgan is the deep convolutional GAN of Radford 2016, as in the report. projection conditions every level of "
        "it: its images follow the class better and vary more. fastgan is a light FastGAN (Liu 2021) whose "
        "discriminator sees images through a network pretrained on ImageNet (Sauer 2021): for colour and 64 px or "
        "more, several times slower, best on a GPU. It takes the extra features.",
        label="Networks",
        advanced=True,
    )
    latent: int = option(
        100,
        "Length of the noise vector z. Each image comes from one z and a condition.",
        label="Latent size",
        advanced=True,
        ge=2,
        le=1024,
    )
    width: int = option(
        64,
        "Feature maps at the finest level; coarser levels have multiples of it. Wider learns more detail, slower.",
        label="Width",
        advanced=True,
        ge=8,
        le=256,
        multiple_of=8,
    )
    upsampling: Literal["transposed", "nearest"] = option(
        "transposed",
        "How the generator of the projection GAN doubles its maps. transposed: by transposed convolutions, as the "
        "DCGAN; images have a fine checkerboard, the more the shorter the training. nearest: by nearest neighbours and "
        "a convolution, without one (Odena 2016).",
        label="Upsampling",
        advanced=True,
    )
    subclasses: int = option(
        1,
        "K-means clusters within each class; both networks are conditioned on them. Samples of a class then cover its "
        "clusters as often as the training images do, rare ones included. A class has at most one cluster per 50 "
        "training images. 1: none. For sets with classes.",
        label="Subclasses",
        advanced=True,
        ge=1,
        le=64,
    )


class LossConfig(Section):
    """The losses of the two networks."""

    name: Literal["bce"] = option(
        "bce",
        "bce is the binary cross-entropy of Goodfellow 2014, with the non-saturating generator loss.",
        label="Loss",
    )
    mismatched: float = option(
        0.0,
        "Share of the discriminator's negative examples that are real images with a wrong condition (Reed 2016), "
        "subclasses included. Images then follow their class better and vary a little less.",
        label="Mismatched pairs",
        advanced=True,
        ge=0.0,
        le=0.9,
    )


class OptimConfig(Section):
    """The optimiser."""

    lr: float = option(
        2e-4,
        "Learning rate of Adam, for both networks. Lower it when the losses jump.",
        label="Learning rate",
        advanced=True,
        ge=1e-6,
        le=1e-1,
    )
    decay_from: float = option(
        1.0,
        "Share of the run after which the learning rate falls evenly, to nothing at its end. Images of the second half "
        "then get better steadily. 1: it stays the same.",
        label="Learning rate falls from",
        advanced=True,
        ge=0.0,
        le=1.0,
    )
    beta1: float = option(
        0.5,
        "Adam's decay rate for the mean of the gradient. 0.5 is usual for GANs.",
        label="Adam beta 1",
        advanced=True,
        ge=0.0,
        le=0.9999,
    )
    beta2: float = option(
        0.999,
        "Adam's decay rate for the mean of the squared gradient.",
        label="Adam beta 2",
        advanced=True,
        ge=0.0,
        le=0.9999,
    )
    ema_kimg: float = option(
        10.0,
        "Half-life of the generator's moving average, which makes all samples. Longer is smoother and lags more.",
        label="Averaging half-life",
        unit="thousand images",
        advanced=True,
        ge=0.001,
        le=10_000.0,
    )


class TrainConfig(Section):
    """Length, batches, snapshots and logging."""

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
        "Images per training step. Larger batches are steadier and take more memory.",
        label="Batch size",
        advanced=True,
        unit="images",
        ge=2,
        le=4096,
    )
    augment: bool = option(
        False,
        "Show the discriminator every image, real and synthetic, shifted by up to an eighth and with a square cut out "
        "(DiffAugment, Zhao 2020), so that it cannot memorise a small training set.",
        label="Augment for the discriminator",
        advanced=True,
    )
    start_from: str = option(
        "",
        "A run to start from instead of random weights, such as one on a related and larger set: RUN, or RUN@IMAGES "
        "for one of its snapshots. What does not fit, as of another size or other classes, starts anew.",
        label="Start from run",
        takes="the name of a run, or RUN@IMAGES",
        advanced=True,
        pattern=r"^([a-z0-9][a-z0-9_-]{0,63}(@\d{1,12})?)?$",
    )
    freeze_d: int = option(
        0,
        "Convolutions of the discriminator, from the image on, that stay as those of the run it starts from (FreezeD, "
        "Mo 2020): with few images it then overfits later.",
        label="Frozen levels of the discriminator",
        advanced=True,
        ge=0,
        le=5,
    )
    noise: float = option(
        1.0,
        "Standard deviation of z in training, as a share of that in sampling. Below 1 the samples go a little beyond "
        "what was learnt: they reach rarer subclasses, and more of them fail.",
        label="Noise scale in training",
        advanced=True,
        ge=0.5,
        le=1.0,
    )
    snapshot_kimg: float = option(
        20.0,
        "How often to save the networks and a sample sheet. An interrupted run resumes from its last snapshot. There "
        "are sample sheets after 1, 2, 4 and 8 thousand images too.",
        label="Snapshot every",
        unit="thousand images",
        ge=0.001,
        le=100_000.0,
    )
    keep_snapshots: int = option(
        20,
        "Snapshots to keep, spread evenly over the run, always with the newest. All sample sheets are kept.",
        label="Snapshots kept",
        advanced=True,
        ge=2,
        le=10_000,
    )
    score: Literal["off", "light", "full"] = option(
        "light",
        "Score every snapshot by itself while the run trains, in the background on the CPU. light: on up to 500 "
        "validation images, a few seconds of one core each; where the run itself is on the CPU, within 5% of its time, "
        "and the rest after its end. full: the scores of the Evaluate page, minutes each. Not in jobs of Slurm.",
        label="Score snapshots",
    )
    patience: int = option(
        0,
        "End the run by itself after so many scored snapshots in a row that are not better, by their kernel distance "
        "to real validation images, than the best. 0: never.",
        label="Patience",
        unit="snapshots",
        advanced=True,
        ge=0,
        le=10_000,
    )
    log_kimg: float = option(
        1.0,
        "How often to add a point to the curves. Each point is the average since the last.",
        label="Log every",
        unit="thousand images",
        advanced=True,
        ge=0.001,
        le=10_000.0,
    )
    seed: int = option(
        0,
        "Fixes the initial weights, the order of the images and the noise. Change it to see how much is chance.",
        label="Seed",
        names=True,
        ge=0,
        le=2**31 - 1,
    )


class JobConfig(Section):
    """Engine, device and precision."""

    engine: Literal["local", "slurm"] = option(
        "local",
        "Where the run and its evaluations work. local: on this machine. slurm: on the cluster, as jobs of sbatch; the "
        "installation's settings (GAN_SLURM_*) choose the partition and more.",
        label="Engine",
        advanced=True,
    )
    device: str = option(
        "auto",
        "auto: a CUDA GPU if there is one, else Apple's MPS, else the CPU.",
        label="Device",
        takes="auto, cpu, mps, cuda, or one GPU such as cuda:1",
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
    )
    gpus: int = option(
        1,
        "GPUs that train the run together, each in a process with a part of every batch: faster for large images, "
        "networks and batches. With job.device cpu: processes that share the CPU, to try it out, which is slower than "
        "one.",
        label="GPUs",
        advanced=True,
        ge=1,
        le=64,
    )
    precision: Literal["auto", "float32", "bfloat16"] = option(
        "auto",
        "Number format of the convolutions. auto: bfloat16 where the hardware computes it faster.",
        label="Precision",
        advanced=True,
    )
    compile: Literal["auto", "on", "off"] = option(
        "auto",
        "Compile the networks before training. auto: on a CUDA GPU, if the run is long enough to gain from it. Decided "
        "once per run; if compilation fails, the run goes on without it.",
        label="Compile",
        advanced=True,
    )
    threads: int = option(
        0,
        "CPU threads of a training process. 0: one per core, divided among the processes that share the CPU. Exact "
        "resumption needs the same number.",
        label="CPU threads",
        advanced=True,
        ge=0,
        le=1024,
    )

    @model_validator(mode="after")
    def _several_gpus(self) -> Self:
        if self.gpus > 1 and (self.device == "mps" or self.device.startswith("cuda:")):
            raise ValueError(
                f"job.gpus is {self.gpus} and job.device names one device, {self.device}: "
                "set job.device to cuda or auto"
            )
        return self


class RunConfig(Section):
    """Everything that decides what a run computes."""

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

    @model_validator(mode="after")
    def _frozen_from_a_run(self) -> Self:
        if self.train.freeze_d and not self.train.start_from:
            raise ValueError(
                f"train.freeze_d is {self.train.freeze_d} and train.start_from is empty: random weights would stay "
                "random. Name a run to start from, or set train.freeze_d to 0"
            )
        return self

    @model_validator(mode="after")
    def _upsampling_of_projection(self) -> Self:
        if self.model.upsampling == "nearest" and self.model.family != "projection":
            fixed = "by transposed convolutions" if self.model.family == "dcgan" else "by nearest neighbours anyway"
            raise ValueError(
                f"model.upsampling is nearest and model.family is {self.model.family}, which upsamples {fixed}. Set "
                "model.family to projection, or model.upsampling to transposed"
            )
        return self

    @model_validator(mode="after")
    def _frozen_already(self) -> Self:
        if self.train.freeze_d and self.model.family == "fastgan":
            raise ValueError(
                f"train.freeze_d is {self.train.freeze_d} and model.family is fastgan: what its discriminator sees in "
                "detail is frozen in every run. Set train.freeze_d to 0"
            )
        return self

    @model_validator(mode="after")
    def _patience_with_scores(self) -> Self:
        if self.train.patience and (self.train.score == "off" or self.job.engine == "slurm"):
            why = "train.score is off" if self.train.score == "off" else "jobs of Slurm do not score their snapshots"
            raise ValueError(
                f"train.patience is {self.train.patience} and {why}: nothing would tell when to end. Set "
                "train.patience to 0"
            )
        return self

    @model_validator(mode="after")
    def _image_for_each_gpu(self) -> Self:
        if self.train.batch < self.job.gpus:
            raise ValueError(
                f"train.batch is {self.train.batch} and job.gpus {self.job.gpus}: a batch has at least one image for "
                "each GPU"
            )
        return self

    def without_local_paths(self) -> dict[str, Any]:
        """All options by section as JSON values; of a local image folder only its name."""
        document = self.model_dump(mode="json")
        document["data"]["path"] = Path(self.data.path).name
        return document

    def flat(self) -> dict[str, Any]:
        """The value of every option by dotted path, such as `{"train.batch": 64}`."""
        return {f"{s}.{n}": value for s in type(self).model_fields for n, value in getattr(self, s)}
