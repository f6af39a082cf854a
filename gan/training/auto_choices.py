"""What `--preset auto` takes for each option, when, and why, with the section of docs/results.md that measured it.

The table in docs/auto.md is made of it: `python -m docs.make_readme`. No torch.
"""

from dataclasses import dataclass

from gan.config import settings
from gan.data.subclasses import MIN_IMAGES_PER_SUBCLASS
from gan.data.training_size import LARGEST_PROPOSED, MAX_LOST
from gan.training.recommend import (
    AUGMENT_BELOW,
    AUGMENTED_LENGTH,
    DECAY_FROM,
    LARGE_SET,
    LEARNING_RATE,
    MAX_IMBALANCE,
    MISMATCHED_SHARE,
    NARROW_WIDTH,
    SUBCLASSES,
    TRAINING_NOISE,
    WIDTH,
)

VARIANTS = "Which recipe: variants on the validation split"
RECOMMENDED = "What the recommended recipe reaches: `--preset auto`"
FASTGAN = "A third family: `--model.family fastgan`"
UNLABELLED = "Unlabelled images: `--data.pseudo_labels true`"
PARENT = "Starting from another run: `--train.start_from RUN`"
SNAPSHOTS = "Scores of snapshots: what they cost, and in which features they rank"
SPEED = f"Training speed: `{settings.PROGRAM} bench --export`"


@dataclass(frozen=True)
class Choice:
    """What `auto` takes for one option, by its path, and why; `measured` has titles of sections of docs/results.md,
    none where nothing was measured."""

    option: str
    takes: str
    why: str
    measured: tuple[str, ...] = ()


CHOICES = (
    Choice(
        "data.image_size",
        f"a public set's usual size; for your own images the smallest that keeps {1 - MAX_LOST:.0%} of the pixels of "
        f"the median image, at most {LARGEST_PROPOSED} px",
        "Each doubling takes about four times as long. 256 px are for you to choose.",
    ),
    Choice(
        "data.balance",
        f"on where the largest class has more than {MAX_IMBALANCE:g} times the images of the smallest",
        "A rare class is learnt as well as a common one. On BreastMNIST CAS was 78.0% with it and 73.3% without.",
        (VARIANTS,),
    ),
    Choice(
        "data.pseudo_labels",
        "as you choose, off if you do not; the other options then follow from all images that are learned",
        "Images vary more: with 200 labelled digits and 20,000 unlabelled ones coverage was 0.73 to 0.77 instead of "
        "0.49 to 0.52, and CAS 94 to 95% instead of 82 to 89%; with 100 labelled X-rays and 4,608 unlabelled ones CAS "
        "was 91 to 92% instead of 87 to 90%.",
        (UNLABELLED,),
    ),
    Choice(
        "model.family",
        "`projection`",
        "Its images followed the class and varied best: on MNIST CAS was 91.4% where `dcgan` came to 88.9%, at equal "
        "learning rates. `fastgan` learns from fewer images seen (blood cells of 64 px, three seeds: kernel distance "
        "0.013 to 0.018 after 77 thousand, where `projection` has 0.2 to 0.3 after 170), and its images taught a "
        "classifier as much (CAS 96.5 and 98.0% after 102 thousand, against 96.8 and 97.6%), but it took three times "
        "as long on a CPU, and was measured on one set and on no GPU.",
        (VARIANTS, FASTGAN),
    ),
    Choice(
        "model.width",
        f"{WIDTH}; {NARROW_WIDTH} on a CPU below {LARGE_SET:,} training images",
        f"With 54,000 digits on a CPU, networks of {NARROW_WIDTH} maps came to a CAS of 97.3% and those of {WIDTH} to "
        "97.7% in five minutes; the wide ones went on to 98.1%.",
        (VARIANTS,),
    ),
    Choice(
        "model.upsampling",
        f"`nearest` in colour, and below {LARGE_SET:,} training images; else `transposed`",
        "Images have no checkerboard. Blood cells of 32 px, one seed: kernel distance 4.3 instead of 5.5 in ImageNet "
        "features after 100 thousand images. On MNIST nothing was gained.",
        (RECOMMENDED,),
    ),
    Choice(
        "model.subclasses",
        f"{SUBCLASSES} from {LARGE_SET:,} training images on, where a class has {2 * MIN_IMAGES_PER_SUBCLASS} or more; "
        "else 1",
        "Rare ways of writing a digit are kept: CAS 98.3% instead of 97.6%. On 4,708 X-rays no difference could be "
        "shown.",
        (VARIANTS,),
    ),
    Choice("model.latent", "its default", "No other length was measured."),
    Choice(
        "loss.mismatched",
        f"{MISMATCHED_SHARE:g} below {AUGMENT_BELOW:,} training images of several conditions; else 0",
        "With 437 ultrasound images 97 to 99% of the images followed their class instead of 77 to 83%. On MNIST they "
        "cost variety and taught a classifier no more.",
        (VARIANTS,),
    ),
    Choice("loss.name", "`bce`", "The hinge loss and a relativistic loss with R1 and R2 were no better.", (VARIANTS,)),
    Choice(
        "optim.lr",
        f"{LEARNING_RATE:g}",
        "CAS on MNIST 96.4% instead of 91.4% with 0.0002; twice as much came to 94.9%.",
        (VARIANTS,),
    ),
    Choice(
        "optim.decay_from",
        f"{DECAY_FROM:g} below {LARGE_SET:,} training images; else 1",
        "At a constant rate D got ahead late in a run, and images got worse. Blood cells of 32 px, one seed: together "
        "with upsampling by nearest neighbours coverage was 0.94 at the end instead of 0.70. On MNIST nothing was "
        "gained.",
        (RECOMMENDED,),
    ),
    Choice("optim.beta1", "its default", "No other value was measured."),
    Choice("optim.beta2", "its default", "0.99 made bad stretches worse, with one seed.", (RECOMMENDED,)),
    Choice("optim.ema_kimg", "its default", "No other half-life was measured."),
    Choice(
        "train.kimg",
        f"{40 * AUGMENTED_LENGTH} thousand images for 100 training images (with augmentation), growing with their cube "
        f"root; from {AUGMENT_BELOW:,} training images on, without augmentation, half of that; 4 times "
        "as many on a GPU; the Train page offers a quick look and a night too",
        "About 270 passes over 500 images, 30 over 5,000 and 6 over 50,000 reach what the table of results shows. With "
        "augmentation D learns less from each image and goes on learning. The length on a GPU is not measured.",
        (RECOMMENDED,),
    ),
    Choice(
        "train.batch",
        "64 on a CPU, 128 on a GPU, a quarter of it at 256 px; fewer where the set would not fill it four times",
        "Memory at 256 px is then that of 128 px. 128 instead of 64 made bad stretches milder on a CPU, with one seed.",
        (RECOMMENDED,),
    ),
    Choice(
        "train.augment",
        f"on below {AUGMENT_BELOW:,} training images",
        "With 546 images D knew them by heart within 160 thousand seen: its gap between training and validation images "
        "was 0.67, with augmentation -0.02.",
        (VARIANTS,),
    ),
    Choice(
        "train.start_from",
        f"never by itself; below {AUGMENT_BELOW:,} training images a fitting run of yours is proposed: finished, not "
        "judged bad, networks of the same family and at least as wide, as many training images or more, "
        "none of them known to be a validation or test image here",
        "98 digits after 5 thousand images seen: CAS 57 to 68% from a run on MNIST, 12 to 20% from random weights; 25 "
        "white blood cells: kernel distance 1.7 to 1.9 instead of 2.1 to 2.3. Only you know which sets are related.",
        (PARENT,),
    ),
    Choice(
        "train.freeze_d",
        "0",
        "Freezing two levels did not help with 98 digits (CAS 49 to 58% instead of 57 to 68%), and helped with 25 "
        "white blood cells in two of three seeds.",
        (PARENT,),
    ),
    Choice(
        "train.noise",
        f"{TRAINING_NOISE:g} from {LARGE_SET:,} training images on; else 1",
        "Sampling then reaches rarer ways of writing a digit: CAS 98.1 and 98.2% became 98.3 and 98.4% (two seeds). "
        "With few images no gain could be shown.",
        (RECOMMENDED,),
    ),
    Choice("train.snapshot_kimg", "a tenth of the length", "Ten snapshots to choose the best from."),
    Choice("train.keep_snapshots", "its default", "More than a run of this recipe makes: all are kept."),
    Choice(
        "train.score",
        "`light`",
        "The best snapshot is found without asking, within 5% of the time on a CPU. It is often not the last.",
        (SNAPSHOTS,),
    ),
    Choice("train.patience", "0", "Scores can get better again after a bad stretch, so ending early is your choice."),
    Choice("train.log_kimg", "its default", "It changes the curves only."),
    Choice("train.seed", "its default", "Another seed shows how much is chance."),
    Choice("job.device", "as requested; `auto` prefers a GPU", "Width, batch and length follow from it."),
    Choice(
        "job.precision",
        "`auto`",
        "bfloat16 where the hardware computes it faster: CUDA GPUs that have it, and CPUs with AMX.",
        (SPEED,),
    ),
    Choice(
        "job.compile",
        "`auto`",
        "Long runs on a CUDA GPU are compiled; on a CPU compiling gave next to nothing.",
        (SPEED,),
    ),
)
