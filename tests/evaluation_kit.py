"""What the tests of pages and reports share: a study's result with chosen numbers, as `study.py` would keep it."""

from gan.evaluation.study_results import VERSION, Arm, Gain, Left, Measured, Regime, StudyResult
from gan.runs import Run

NAMES = ("ill", "well")


def measured(mean: float, half: float = 0.02) -> Measured:
    return Measured(mean, mean - half, mean + half)


def arm(name: str, kind: str, ratio: float | None, accuracy: float, gain: float | None = None) -> Arm:
    """An arm of that balanced accuracy; with `gain`, over real images alone."""
    told = None
    if gain is not None:
        against = {"real": measured(gain)}
        span = (gain - 0.02, gain + 0.02, gain - 0.03, gain + 0.03)
        told = Gain(gain, *span, 0.01, 1.0, gain > 0.03, gain < -0.03, "real", against, dict.fromkeys(NAMES, gain))
    by_class = {name: measured(accuracy) for name in NAMES}
    return Arm(
        name=name,
        words=f"Real and {ratio:g} {kind}" if ratio else "Real images",
        kind=kind,
        ratio=ratio,
        fills=False,
        filtered=False,
        matches="duplicates" if kind == "synthetic" else None,
        added=dict.fromkeys(NAMES, 50) if ratio else {},
        balanced_accuracy=[accuracy, accuracy],
        validation=[accuracy, accuracy],
        balanced=measured(accuracy),
        auroc=measured(accuracy + 0.05),
        rarest_f1=measured(accuracy - 0.05),
        sensitivity=by_class,
        specificity=by_class,
        gain=told,
    )


def studied(run: Run, snapshot: int, verdict: str = "Helps: a good deal.", kind: str = "helps") -> StudyResult:
    """A study of a run's snapshot, kept in its folder: two controls and two ratios, on all and on a tenth."""
    arms = [
        arm("real", "real", None, 0.8),
        arm("duplicates-1", "duplicates", 1.0, 0.81),
        arm("synthetic-0.5", "synthetic", 0.5, 0.82, 0.01),
        arm("synthetic-1", "synthetic", 1.0, 0.85, 0.04),
    ]
    generator = {"name": run.name, "snapshot": snapshot, "sha256": "of the generator", "kimg": snapshot / 1000}
    regimes = [
        Regime(share, {"ill": 40, "well": 60}, 150, 32, generator, arms, None, verdict, kind) for share in (1.0, 0.1)
    ]
    test = {"images": 200, "groups": 90, "grouped": True, "per_class": {"ill": 80, "well": 120}}
    result = StudyResult(
        version=VERSION,
        run=run.name,
        snapshot=snapshot,
        title="A set",
        classifier="small",
        seeds=2,
        classes=list(NAMES),
        rarest="ill",
        test=test | {"groups_per_class": {"ill": 40, "well": 50}},
        regimes=regimes,
        left=[Left(0.25, "all arms", "They were left out here.")],
        verdict=verdict,
        verdict_kind=kind,
        notices=["2 seeds tell little."],
        minutes=3.0,
        made_with={"time": 1.0, "generator_sha256": "of the generator"},
    )
    result.save(run)
    return result
