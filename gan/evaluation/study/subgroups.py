"""The confirmed comparison within subgroups of the test images, such as a sex or a scanner. Exploratory. No torch.

Letters: n test images, S seeds.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gan.evaluation.number_format import points_interval, within_sentence
from gan.evaluation.records.intervals import MeanInterval
from gan.evaluation.records.subgroup_results import SubgroupGain, Subgroups
from gan.evaluation.study import comparisons
from gan.evaluation.study.analysis import PlannedArms
from gan.evaluation.study.predictions import GroundTruth
from gan.evaluation.study.study_options import metric_name
from gan.evaluation.study.verdict import MIN_GROUPS

Mask = NDArray[np.bool_]


def compare_subgroups(tested: PlannedArms, metric: str, generators: int = 1) -> Subgroups:
    """The chosen arm against the strongest control on the test images of each value of each subgroup.

    A value with fewer than MIN_GROUPS test groups of some class is left out and named, as are images without a value.
    Of attributes, those are scored that MIN_GROUPS groups with the value have, and as many lack.
    """
    compared, left_out = [], []
    truth = tested.chosen.truth
    for name, value, images in _values(truth):
        if not value:
            left_out.append(f"{name} missing ({int(images.sum()):,} images)")
            continue
        rankable = images & _in_folds_of_all_classes(truth, images)
        part = tested.part(rankable).scoring_common(MIN_GROUPS)
        scarce = _too_few(part.chosen.truth)
        if scarce:
            left_out.append(f"{name} {value} ({scarce})")
        else:
            compared.append(_compare(name, value, part, metric, generators))
    return Subgroups(compared, left_out, _worse_off(compared, tested, metric))


def _values(truth: GroundTruth) -> Iterator[tuple[str, str, Mask]]:
    """The name, value and images (n,) of each subgroup; a value "" is missing."""
    for name, values in truth.subgroups.items():
        for value in sorted(set(values.tolist()), key=lambda value: (not value, value)):
            yield name, value, values == value


def _in_folds_of_all_classes(truth: GroundTruth, images: Mask) -> Mask:
    """The images (n,) of folds in which these `images` show all the classes: in others nothing can be ranked.

    Each attribute is ranked in the folds that can.
    """
    if truth.kind == "attributes":
        return images
    shown = np.unique(truth.labels[images])
    whole = [fold for fold in truth.folds if np.isin(shown, truth.labels[images & (truth.fold == fold)]).all()]
    return np.isin(truth.fold, whole)


def _too_few(truth: GroundTruth) -> str:
    """The class with the fewest groups, `4 groups of malignant`; "" where each class has enough."""
    groups = truth.groups_per_class()
    scarce = min(groups, key=lambda name: groups[name])
    unit = "images" if truth.group is None else "groups"
    return f"{groups[scarce]} {unit} of {scarce}" if groups[scarce] < MIN_GROUPS else ""


def _compare(name: str, value: str, tested: PlannedArms, metric: str, generators: int) -> SubgroupGain:
    truth, pair = tested.chosen.truth, (tested.chosen, tested.strongest)
    means = comparisons.means([arm.primary(metric) for arm in pair], truth.sample)
    chosen, strongest = (
        MeanInterval(mean.value, max(0.0, mean.interval()[0]), min(1.0, mean.interval()[1])) for mean in means
    )
    gain = tested.compared(metric, generators).strongest
    return SubgroupGain(
        subgroup=name,
        value=value,
        images=len(truth.targets),
        groups=len(truth.targets) if truth.group is None else len(np.unique(truth.group)),
        chosen=chosen,
        strongest=strongest,
        gain=MeanInterval(gain.value, *gain.interval()),
        attributes=truth.attributes,
    )


def _worse_off(compared: list[SubgroupGain], tested: PlannedArms, metric: str) -> str:
    """The subgroup that loses most, where its interval is below 0, in one sentence; else ""."""
    worst = min(compared, key=lambda one: one.gain.mean, default=None)
    if worst is None or worst.gain.high >= 0:
        return ""
    words = tested.strongest.plan.words
    return (
        f"In {worst.subgroup} {worst.value} the chosen arm is {abs(worst.gain.mean) * 100:.1f} points of "
        f"{metric_name(metric, worst.attributes)} below {within_sentence(words)} (95% interval "
        f"{points_interval(worst.gain.low, worst.gain.high)}, not corrected, exploratory)."
    )
