"""What the curves of a run say, in words: `diagnose` gives findings, the most pressing first.

No torch.
"""

from collections.abc import Callable

from gan.evaluation.records import interpretation
from gan.evaluation.records.results import EvaluationResult
from gan.monitoring import curve_rules, equilibrium, image_rules
from gan.monitoring.curve_rules import EARLY_IMAGES, Finding, Level, early
from gan.monitoring.observations import Observations
from gan.runs.metrics import D_G_Z1, D_X

RULES: tuple[Callable[[Observations], Finding | None], ...] = (
    curve_rules.not_a_number,
    curve_rules.silent,
    curve_rules.nothing_learnt,
    image_rules.memorising,
    curve_rules.discriminator_wins,
    curve_rules.generator_wins,
    image_rules.one_image_per_condition,
    curve_rules.oscillating,
    image_rules.overdrawn,
    image_rules.condition_ignored,
)
"""In the order in which findings of one level are told: what says most about the cause first."""
ORDER: tuple[Level, ...] = ("error", "warning", "good", "neutral", "wait")
YOUNG = 1 / 3
"""Share of a run's length before which nothing good is said of it: losses in balance come long before good images."""


def diagnose(observations: Observations) -> list[Finding]:
    """All that can be said of a run, the most pressing first; never empty: without trouble its evaluation speaks."""
    found = [finding for rule in RULES if (finding := rule(observations)) is not None]
    if not any(finding.level in ("error", "warning") for finding in found):
        found.append(_without_trouble(observations))
    return sorted(found, key=lambda finding: ORDER.index(finding.level))


def warning_onsets(observations: Observations, findings: list[Finding], moments: int = 24) -> dict[str, int]:
    """Since how many images seen each warning about the curves has held without a break, to a 24th of what was seen.

    `findings` are what `diagnose` says of the same observations.
    """
    lasting = {finding.key for finding in findings if finding.level == "warning"}
    since: dict[str, int] = {}
    for share in range(moments, 0, -1):
        if not lasting:
            break
        past = observations.until(observations.last * share / moments)
        lasting &= {finding.key for finding in diagnose(past)}
        since |= dict.fromkeys(lasting, past.last)
    return since


def _without_trouble(observations: Observations) -> Finding:
    if early(observations) or observations.last < YOUNG * observations.total:
        return too_early(observations)
    result = observations.evaluation
    return in_balance(observations) if result is None else evaluated(result)


def too_early(observations: Observations) -> Finding:
    """The word on a run of which little is known yet, or that is in the first third of its length."""
    if early(observations):
        text = (
            "At first the discriminator is far ahead in every run, because noise is easily told from images. The "
            f"curves begin to say something after some {EARLY_IMAGES:,} images."
        )
    else:
        text = (
            f"{observations.last:,} of {observations.total:,.0f} images, and no sign of trouble. Losses in balance "
            "come long before good images: the samples may still be blurs."
        )
    return Finding("early", "wait", "Too early to tell", text, "")


def in_balance(observations: Observations) -> Finding:
    """The word on a run without trouble of which nothing but curves and samples is known: nothing of its images."""
    real, fake, share = observations.mean(D_X), observations.mean(D_G_Z1), observations.diversity_ratio
    parts = ["Neither network has run away from the other"]
    if real is not None and fake is not None and D_X in equilibrium.equilibrium_values(observations.config.loss):
        parts.append(f"the discriminator answers {real:.2f} to real and {fake:.2f} to generated images")
    if share is not None:
        parts.append(f"the few sample images of one condition differ {min(share, 9.99):.0%} as much as real ones do")
    text = "; ".join(parts) + "."
    do = "Whether the images are good, the curves cannot say: look at the samples, and evaluate a snapshot."
    return Finding("balanced", "neutral", "Losses in balance", text, do, seen_in="answers")


def evaluated(result: EvaluationResult) -> Finding:
    """The word on a run without trouble that was evaluated: it learns well where its images teach a classifier."""
    text = (
        f"A classifier that saw only the images of the snapshot after {result.snapshot:,} is right in "
        f"{result.cas_balanced:.0%} of real ones, one trained on real images in {result.real_accuracy_balanced:.0%}; "
        f"guessing reaches {result.chance:.0%}."
    )
    if not interpretation.real_accuracy_beats_chance(result):
        do = "Look at the labels: not even real images could be shown to teach them."
    elif not interpretation.cas_beats_chance(result):
        do = "Train longer where the samples still improve, then evaluate again."
    else:
        do = "Whether adding these images to real ones helps, only the study can say."
        return Finding("well", "good", "Learning well", text, do, seen_in="samples", basis="test")
    return Finding("not-better-than-guessing", "neutral", "No better than guessing so far", text, do, "samples", "test")
