"""`diagnose` applies every rule to the observations of a run and gives its findings, the most pressing first."""

from collections.abc import Callable

from gan.evaluation.records import interpretation
from gan.evaluation.records.results import EvaluationResult
from gan.evaluation.records.study_results import StudyResult
from gan.evaluation.study.verdict import VERDICT_NAMES
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
    image_rules.past_best,
)
"""Findings of one level keep this order: the most telling cause first."""
ORDER: tuple[Level, ...] = ("error", "warning", "good", "neutral", "wait")
YOUNG = 1 / 3
"""Share of a run's length before anything good is said of it: losses balance long before images are good."""


def diagnose(observations: Observations) -> list[Finding]:
    """All findings on a run, the most pressing first; without trouble, one on its evaluation or its balance."""
    findings = [finding for rule in RULES if (finding := rule(observations)) is not None]
    if not any(finding.level in ("error", "warning") for finding in findings):
        findings.append(_without_trouble(observations))
    return sorted(findings, key=lambda finding: ORDER.index(finding.level))


def warning_onsets(observations: Observations, findings: list[Finding], moments: int = 24) -> dict[str, int]:
    """Images seen since which each present warning about the curves has held without a break, by the finding's key.

    `findings` are those of `diagnose` for the same observations. They are repeated at `moments` equal steps of the run.
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
    return in_balance(observations) if result is None else evaluated(result, observations.study)


def too_early(observations: Observations) -> Finding:
    """The finding on a run with few points, or in the first third of its length."""
    if early(observations):
        text = (
            "At first the discriminator is far ahead in every run, because noise is easy to tell from images. The "
            f"curves become meaningful after about {EARLY_IMAGES:,} images."
        )
    else:
        text = (
            f"{observations.last:,} of {observations.total:,.0f} images, no sign of trouble. Losses balance long "
            "before images are good: the samples may still be blurred."
        )
    return Finding("early", "wait", "Too early to tell", text, "")


def in_balance(observations: Observations) -> Finding:
    """The finding on a run without trouble and without an evaluation."""
    real, fake, share = observations.mean(D_X), observations.mean(D_G_Z1), observations.diversity_ratio
    parts = ["Neither network has run away from the other"]
    if real is not None and fake is not None and D_X in equilibrium.equilibrium_values(observations.config.loss):
        parts.append(f"the discriminator answers {real:.2f} to real and {fake:.2f} to generated images")
    if share is not None:
        parts.append(f"the few sample images of one condition differ {min(share, 9.99):.0%} as much as real ones do")
    text = "; ".join(parts) + "."
    do = "The curves do not show whether the images are good: look at the samples, and evaluate a snapshot."
    return Finding("balanced", "neutral", "Losses in balance", text, do, seen_in="answers")


def evaluated(result: EvaluationResult, study: StudyResult | None = None) -> Finding:
    """The finding on a run without trouble that was evaluated: how much do its images teach a classifier?

    `study` is one of the run, of any snapshot.
    """
    text = (
        f"A classifier trained only on images of the snapshot after {result.snapshot:,} is right on "
        f"{result.cas_balanced:.0%} of real ones, one trained on real images on {result.real_accuracy_balanced:.0%}; "
        f"guessing reaches {result.chance:.0%}."
    )
    value = interpretation.training_value(result)
    if value == "good":
        do = _whether_they_help(study)
        return Finding("well", "good", "Learning well", text, do, seen_in="samples", basis="test")
    if value == "weak":
        do = f"Train longer where the samples still improve. {_whether_they_help(study)}"
        return Finding("weak", "neutral", "Weaker than real images so far", text, do, "samples", "test")
    do = "Train longer where the samples still improve, then evaluate again."
    if value == "unknown":
        do = "Check the labels: not even a classifier trained on real images beats chance."
    return Finding("not-better-than-guessing", "neutral", "No better than guessing so far", text, do, "samples", "test")


def _whether_they_help(study: StudyResult | None) -> str:
    if study is None:
        return "Only the study can show whether adding these images to real ones helps."
    found = VERDICT_NAMES[study.verdict_kind].lower()
    return f"See the study of the snapshot after {study.snapshot:,} images on whether they help: {found}."
