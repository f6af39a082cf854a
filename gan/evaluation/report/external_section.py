"""How a study used an external test set, for the methods paragraph. No torch."""

from gan.evaluation.records.study_results import StudyResult


def external_methods(study: StudyResult) -> str:
    """How the external test set was used; "" without one."""
    found = study.external
    if found is None:
        return ""
    folds = any(len(regime.choice.divisions) > 1 for regime in study.regimes)
    shared = (
        " The classifiers of every fold predicted all of these images: a score is the mean over the folds, and its "
        "variance over images that of an image's mean influence, since the folds share the images."
    )
    left_out = (
        "Attributes that only one of the two sets has were not scored there; near copies of training images were"
        if study.regimes[0].attributes
        else "Images of classes that the run does not have, and near copies of training images, were"
    )
    return (
        f" The same classifiers were tested on {found.images:,} images of the external test set {found.name}, which "
        f"nothing had read before the plan was written. {left_out} left out.{shared if folds else ''} The "
        "correction is over both test sets."
    )
