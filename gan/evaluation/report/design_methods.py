"""The design of a study for the methods paragraph: folds, generators, guard and looks. No torch."""

from gan.evaluation.records.study_results import StudyResult

PAPERS = {"DerSimonian and Laird 1986": "Meta-analysis in clinical trials, Control. Clin. Trials 7, 177"}
"""Cited where a design has folds or several generators."""

BETWEEN = (
    "The variance of a difference has a third part, between {what} beyond what images and seeds explain (the moment "
    "estimate of DerSimonian and Laird 1986), with {dof} degree{s} of freedom"
)


def design_methods(study: StudyResult) -> str:
    """How the real images were divided, and which generators made the synthetic ones."""
    parts = [_folds(study.folds)] if study.folds > 1 else [_generators(study), _more_test_images(study)]
    parts.append(_guard(study))
    if study.looks > 1:
        parts.append(
            f"This was look {study.looks} at these test images, by studies and scores of one store; nothing corrects "
            "for the looks before."
        )
    return " " + " ".join(part for part in parts if part)


def _folds(folds: int) -> str:
    between = BETWEEN.format(what="folds", dof=folds - 1, s="" if folds == 2 else "s")
    return (
        f"Every real image was tested once, in {folds} folds; patients or other groups were kept whole where known. In "
        "each fold, the generators, the filter and the classifiers were trained, and the sets to test chosen, without "
        "its images: what is tested is choosing by validation images, not one generator. A score is computed within "
        f"each fold and averaged by the folds' numbers of images. {between}. Training sets of folds overlap, so that "
        "intervals are approximate."
    )


def _generators(study: StudyResult) -> str:
    if study.generators == 1:
        return "Each share has one generator: the intervals do not include the variation from training another."
    between = BETWEEN.format(what="generators", dof=study.generators - 1, s="" if study.generators == 2 else "s")
    return f"Each share has {study.generators} generators, which the seeds used in turn. {between}."


def _more_test_images(study: StudyResult) -> str:
    more = [regime for regime in study.regimes if regime.own_test is not None]
    if not more:
        return ""
    shares = " and ".join(f"{regime.share:.0%} ({regime.test['images']:,} test images)" for regime in more)
    return f"Real training images that a share does not use were tested too, after the test split: at {shares}."


def _guard(study: StudyResult) -> str:
    copies, kept = (sum(regime.guard[key] for regime in study.regimes) for key in ("near_copies", "kept"))
    if not copies:
        return "By the check of exports, no synthetic image was a near copy of a training image."
    left = f"; {kept:,} stayed near copies and were used" if kept else ""
    return f"As in an export, near copies of training images were generated again, up to ten times{left}."
