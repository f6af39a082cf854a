"""How to read scores, the tests for copies, and the study."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ChartText:
    """What a chart or a result shows, how a good run looks, and the ways of going wrong."""

    what: str
    good: str
    bad: tuple[str, ...]


TEXTS = {
    "scores": ChartText(
        "Scores compare synthetic images with real ones that the run has never seen. Read each against the value that "
        "real images reach, which stands beside it, and not against 100%: even real images do not get that. The small "
        "numbers and the whiskers are 95% intervals; the line across a bar is the value of real images. A click on the "
        "name of a score shows what it means.",
        "Obedience and CAS come near the accuracy of a classifier trained on real images. Precision and coverage come "
        "near real against real, and diversity near 100%.",
        (
            "High precision and low coverage: good images, but whole kinds of them are missing.",
            "High obedience and low diversity: one image per condition, many times over.",
            "CAS near guessing: as training data these images teach nothing about the conditions.",
            "Wide intervals: too few real images to compare with. A small difference then means nothing.",
        ),
    ),
    "copies": ChartText(
        "Two tests ask whether the images give away the training images. The first looks for near copies, also moved, "
        "turned and mirrored. The second, the membership test, tries to tell from the generator which images it was "
        "trained on.",
        "No more near copies than among new real images, and no risk found by the membership test. Neither proves that "
        "the images are anonymous: both can miss something.",
        (
            "More near copies than among new real images: the generator repeats what it was trained on. Look at the "
            "pairs, leave the copies out, and train shorter or with augmentation.",
            "Risk found by the membership test: treat the generator and its images like the training images.",
        ),
    ),
    "study": ChartText(
        "The study answers whether the images help. It trains many classifiers on real images, with and without "
        "synthetic ones, and chooses the best way to use them on validation images. That way it tests once, on real "
        "test images, against the best ways that cost no generator, such as flips and shifts.",
        "Helps: the whole interval of the gain is above zero.",
        (
            "No gain of more than some points: a larger gain is ruled out, a smaller one is not.",
            "Cannot tell: too few test images or seeds to see a gain. The study says what would settle it.",
            "No room to gain: without synthetic images hardly anything is missing.",
            "Harmful: classifiers do worse with the images. Leave them out.",
        ),
    ),
}
"""The explanation of each part of an evaluation, by its key in a link."""
TOPICS = {"scores": "Scores", "copies": "Synthetic images", "study": "Study"}
"""The topic of the glossary with the terms of each."""
