"""The product's terms, each with its meaning in a sentence. Pages, reports, `--help` and the README use it.

A thing has one name everywhere: the one in this table.
"""

import textwrap

GLOSSARY: dict[str, dict[str, str]] = {
    "Data": {
        "Condition": "What an image is asked to show: a class, or attributes that are on or off.",
        "Training split": "The real images that a run learns from.",
        "Validation split": "Real images kept out of training, on which snapshots are scored and choices are made.",
        "Test split": "Real images kept for the final result, looked at once every choice is made.",
        "Group": "A patient or slide: all its images are in one split.",
    },
    "Training": {
        "Run": "One training with its options, curves and snapshots, in a folder of its own.",
        "Generator": "The network that turns noise and a condition into an image; it never sees a real one.",
        "Discriminator": "The network that says how sure it is that an image is real; only training needs it.",
        "Images seen": "Training images shown to the networks so far, repeats counted; 1 kimg is a thousand.",
        "Snapshot": "The networks as saved at one point of the training; every synthetic image comes from one.",
        "Subclass": "A group of similar images within a class, found by k-means.",
    },
    "Synthetic images": {
        "Seed": "The number that the noise comes from: the same seed gives the same images.",
        "Truncation": "Below 1, extreme noise is sampled again: images become more typical and less diverse.",
        "Keep rate": (
            "The share of generated images that is kept: those a classifier trained on real images is surest of, and "
            "that look typical."
        ),
        "Near copies": "Synthetic images that are closer to a training image than new real images are.",
        "Membership test": "Whether somebody with the generator could tell which images it was trained on.",
    },
    "Scores": {
        "Obedience": (
            "How often a classifier trained on real images sees the requested condition in a generated image."
        ),
        "Obedience, real images": "How often the same classifier sees the condition in real images that have it.",
        "CAS": (
            "Classification accuracy score: the accuracy on real images of a classifier trained on synthetic images "
            "only, beside one trained on real images."
        ),
        "Real-trained accuracy": "The accuracy on other real images of a classifier trained on real images.",
        "Precision": "The share of generated images that look like real ones.",
        "Recall": "The share of real images that lie within the diversity of the generated ones.",
        "Density": "How densely real images surround generated ones: about 1 for real images, lower for unlike images.",
        "Coverage": "The share of real images with a generated image close by: low where kinds of images are missing.",
        "Kernel distance": (
            "How far apart the two sets are, computed as KID is; 0 if alike. The best snapshot has the lowest."
        ),
        "Frechet distance": (
            "How far apart their means and covariances are, computed as FID is; grows by itself with fewer images."
        ),
        "Features": (
            "What images are compared by: numbers that a network finds in them. ImageNet features are those of a "
            "network trained on ImageNet, where the extra `features` is installed; own features are those of a "
            "classifier trained on the set, which tell its classes apart and little else. Snapshots are ranked in the "
            "first where both are there."
        ),
        "Diversity": (
            "How much images of one condition differ, relative to real ones. Far below 100%, the generator repeats "
            "itself."
        ),
        "Real against real": "The same score of one half of the real images against the other: what is within reach.",
        "95% interval": "The values that fit what was measured; where two overlap, the difference may be chance.",
    },
    "Study": {
        "Study": "Trains classifiers with and without the synthetic images and compares them on real test images.",
        "Arm": "One way to train a classifier in a study, such as real images alone, or with synthetic ones added.",
        "Control": "An arm without synthetic images, such as flips and shifts. Synthetic images have to beat the best.",
        "Gain": "The score of the chosen arm minus that of the best control, on real test images.",
        "Verdict": "What a study concludes: helps, harms, no gain, or cannot tell.",
        "AUROC": (
            "How well a classifier ranks images with a condition above those without: 0.5 is guessing, 1 is perfect."
        ),
    },
}
"""The meaning of each term, by topic."""

_MEANINGS = {term: text for terms in GLOSSARY.values() for term, text in terms.items()}


def meaning(term: str) -> str:
    """What a term means, in one sentence; KeyError for a term that is not in the glossary."""
    return _MEANINGS[term]


def help_text(*topics: str) -> str:
    """The terms of some topics with their meanings, as paragraphs of at most 80 columns, for `--help`."""
    lines = [f"{term}: {text}" for topic in topics for term, text in GLOSSARY[topic].items()]
    return "\n".join(textwrap.fill(line, 80, initial_indent="  ", subsequent_indent="      ") for line in lines)
