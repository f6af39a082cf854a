"""What the curves of a run say, in words: `diagnose` gives findings, the most pressing first.

No torch. Read next: `symptoms.py` and `symptoms_of_images.py`, the rules; `evidence.py`, what they look at.
"""

from collections.abc import Callable

from gan import ideals, symptoms, symptoms_of_images
from gan.evidence import Evidence
from gan.symptoms import EARLY_IMAGES, Finding, Level, early

RULES: tuple[Callable[[Evidence], Finding | None], ...] = (
    symptoms.not_a_number,
    symptoms.silent,
    symptoms.nothing_learnt,
    symptoms_of_images.memorising,
    symptoms.discriminator_wins,
    symptoms.generator_wins,
    symptoms_of_images.one_image_per_condition,
    symptoms.oscillating,
    symptoms_of_images.overdrawn,
    symptoms_of_images.condition_ignored,
)
"""In the order in which findings of one level are told: what says most about the cause first."""
ORDER: tuple[Level, ...] = ("error", "warning", "good", "wait")


def diagnose(evidence: Evidence) -> list[Finding]:
    """All that can be said of a run, the most pressing first; never empty: a run without trouble learns well."""
    found = [finding for rule in RULES if (finding := rule(evidence)) is not None]
    if not any(finding.level in ("error", "warning") for finding in found):
        found.append(too_early() if early(evidence) else learning_well(evidence))
    return sorted(found, key=lambda finding: ORDER.index(finding.level))


def onsets(evidence: Evidence, findings: list[Finding], moments: int = 24) -> dict[str, int]:
    """Since how many images seen each warning about the curves has held without a break, to a 24th of what was seen.

    `findings` are what `diagnose` says of the same evidence.
    """
    lasting = {finding.key for finding in findings if finding.level == "warning"}
    since: dict[str, int] = {}
    for share in range(moments, 0, -1):
        if not lasting:
            break
        past = evidence.until(evidence.last * share / moments)
        lasting &= {finding.key for finding in diagnose(past)}
        since |= dict.fromkeys(lasting, past.last)
    return since


def too_early() -> Finding:
    """The word on a run of which little is known yet."""
    return Finding(
        "early",
        "wait",
        "Too early to say",
        "At first the discriminator is far ahead in every run, because noise is easily told from images. The curves "
        f"begin to say something after some {EARLY_IMAGES:,} images.",
        "",
    )


def learning_well(evidence: Evidence) -> Finding:
    """The word on a run of which no rule had anything to say."""
    real, fake, share = evidence.mean("d_x"), evidence.mean("d_g_z1"), evidence.spread_share
    parts = ["Neither network has run away from the other"]
    if real is not None and fake is not None and "d_x" in ideals.lines(evidence.config.loss):
        parts.append(f"the discriminator answers {real:.2f} to real and {fake:.2f} to generated images")
    if share is not None:
        parts.append(f"the images of one condition differ {min(share, 9.99):.0%} as much as real ones do")
    text = "; ".join(parts) + "."
    do = "Whether the images are good, the curves cannot say: look at the samples, and evaluate a snapshot."
    return Finding("well", "good", "Learning well", text, do, seen_in="answers")
