"""The fixed text of a report: limits, methods with references, and style sheet."""

import html

from gan.evaluation.records.results import FEATURES, EvaluationResult
from gan.evaluation.records.study_results import StudyResult
from gan.evaluation.report import design_methods
from gan.evaluation.report.external_section import external_methods
from gan.evaluation.study.arms import PRETRAINED, SEMI_SUPERVISED
from gan.evaluation.study.confirmation_plan import COMPARED

PAPERS = {
    "Ravuri and Vinyals 2019": "Classification accuracy score, arXiv:1905.10887",
    "Kynkaanniemi et al. 2019": "Improved precision and recall, arXiv:1904.06991",
    "Naeem et al. 2020": "Density and coverage, arXiv:2002.09797",
    "Binkowski et al. 2018": "Kernel distance (squared MMD with a cubic kernel), arXiv:1801.01401",
    "Heusel et al. 2017": "Frechet distance of Gaussians, arXiv:1706.08500",
    "Carlini et al. 2023": "Closeness relative to the next neighbours, arXiv:2301.13188",
    "Lucas and Kanade 1981": "An iterative image registration technique, IJCAI, 674",
    "He et al. 2016": "Residual networks, arXiv:1512.03385",
    "Tan and Le 2019": "EfficientNet, arXiv:1905.11946",
    "Kott 2001": "The delete-a-group jackknife, J. Off. Stat. 17, 521",
    "Wilson 1927": "Interval of a share, J. Am. Stat. Assoc. 22, 209",
}

STUDY_PAPERS = {
    "DeLong et al. 1988": "Comparing areas under correlated ROC curves, Biometrics 44, 837",
    "Obuchowski 1997": "Nonparametric analysis of clustered ROC curve data, Biometrics 53, 567",
    "Hägele et al. 2024": "Scaling laws beyond fixed training durations, arXiv:2405.18392",
    "Müller and Hutter 2021": "TrivialAugment, arXiv:2103.10158",
    "Zhang et al. 2018": "mixup, arXiv:1710.09412",
    "Yun et al. 2019": "CutMix, arXiv:1905.04899",
    "Lin et al. 2017": "Focal loss, arXiv:1708.02002",
    "Lee 2013": "Pseudo-label, ICML Workshop on Challenges in Representation Learning",
    "Sohn et al. 2020": "FixMatch, arXiv:2001.07685",
    "Smyth 2004": "Linear models and empirical Bayes methods, Stat. Appl. Genet. Mol. Biol. 3, 3",
    "Holm 1979": "Correction for multiple comparisons, Scand. J. Stat. 6, 65",
    "Xue et al. 2021": "Selective synthetic augmentation with HistoGAN, arXiv:2111.06399",
    "Boyd et al. 2013": "Area under the precision-recall curve, ECML PKDD, 451",
    "Gupta et al. 2019": "Repeat-factor sampling, in LVIS, arXiv:1908.03195",
    **design_methods.PAPERS,
}
COMPARED_IN = {
    "imagenet": (
        "the features of EfficientNet-Lite0 (Tan and Le 2019) trained on ImageNet, which sees images at twice their "
        "side, 224 px at most, and in own features, those of the network that was trained on real images"
    ),
    "own": "own features, those of the network that was trained on real images",
}
"""The features in which images are compared, by key, in words for a paper."""
RARELY_CITED = (
    *("Boyd et al. 2013", "Gupta et al. 2019"),
    *("Lin et al. 2017", "Tan and Le 2019", "Lee 2013", "Sohn et al. 2020"),
    *design_methods.PAPERS,
)
"""Papers of methods that not every study uses."""
OPTIONAL_CONTROLS = {
    "balanced": "with class-balanced sampling",
    "focal": "with a weighted and a focal loss (Lin et al. 2017)",
    "duplicates-filled": "with what is rare filled up with duplicates",
    PRETRAINED: "with EfficientNet-Lite0 (Tan and Le 2019) fine-tuned from its ImageNet weights",
    SEMI_SUPERVISED: (
        "with unlabelled images, for a fixed number of steps: where the classifier was confident of an image's class, "
        "it had to find it in a strongly augmented view too (FixMatch, Sohn et al. 2020)"
    ),
    "self-trained": (
        "with unlabelled images, whose labels a classifier of the real images gave with a confidence of at least 95% "
        "(self-training, Lee 2013, Sohn et al. 2020)"
    ),
}
"""Controls that not every study has, by the name of an arm; "self-trained" is one of earlier studies."""
ATTRIBUTE_METHODS = (
    " Each attribute was classified by itself, with binary cross-entropy. Attributes that too few training, validation "
    "or test images have, or lack, are left out of the means. Added images have the attributes of real training "
    "images, in the same proportions, or by repeat-factor sampling (Gupta et al. 2019) where rare ones are filled up."
)

FOLD_PAPERS = {
    "DerSimonian and Laird 1986": "Meta-analysis in clinical trials, Controlled Clinical Trials 7, 177",
    "Bates et al. 2021": "Cross-validation: what does it estimate and how well does it do it?, arXiv:2104.00673",
}

STYLE = """
:root { color-scheme: light dark; --text: #1c2b2f; --ground: #fff; --line: #d5dedf; --quiet: #52636a; --soft: #f3f6f6; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edee; --ground: #12191b; --line: #314044; --quiet: #a3b3b7; --soft: #1b2528; }
}
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0; } h2 { font-size: 1.25rem; margin: 2.5rem 0 0.5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 0.25rem; }
.quiet { color: var(--quiet); font-size: 0.85rem; }
.verdict { border-left: 4px solid #2b8cc9; background: var(--soft); padding: 0.75rem 1rem; }
.verdict.good, .verdict.helps { border-color: #009e73; }
.verdict.bad, .verdict.harmful { border-color: #c63d2f; }
.verdict.caution, .verdict.none, .verdict.no-room { border-color: #b97f00; }
.notice { border-left: 4px solid #b97f00; background: var(--soft); padding: 0.5rem 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.75rem 0.35rem 0; }
th, td { border-bottom: 1px solid var(--line); }
.arms { font-size: 0.78rem; } .arms th, .arms td { padding-right: 0.5rem; }
.arms td:first-child { min-width: 12rem; } .arms td + td { white-space: nowrap; }
.arms .group th { padding-top: 1rem; } .tested { margin: 0.5rem 0 1rem; }
.images th, .images td { vertical-align: middle; }
img { image-rendering: pixelated; display: block; border-radius: 4px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1rem; }
svg.chart { width: 100%; max-width: 46rem; height: auto; font: 12px system-ui, sans-serif; }
svg.chart text { fill: var(--quiet); } .grid { stroke: var(--line); fill: none; }
.level { stroke: var(--quiet); stroke-dasharray: 5 4; fill: none; }
code, pre { font-size: 0.8rem; background: var(--soft); } pre { padding: 0.75rem; overflow-x: auto; }
@media print { main { max-width: none; } section { break-inside: avoid; } }
"""


def limits(result: EvaluationResult, study: StudyResult | None) -> str:
    """The limits of the numbers, as a list."""
    points = [
        f"Precision, recall, density, coverage and the two distances are in {FEATURES[result.features]}. They compare "
        "snapshots and runs on this data set, and are not comparable with the FID or KID of the literature.",
        "Intervals hold the classifier and the generator fixed. They do not include the variation from training either "
        "again.",
        "The snapshot was chosen on the validation split, so scores on it are slightly optimistic.",
        "The search for near copies can miss copies that are cropped, redrawn or mixed with other images. It does not "
        "prove privacy.",
        "A generator reproduces its training images, including their gaps and errors.",
    ]
    if result.split == "test":
        points[2] = "The test split was read for this report. Do not use it to choose anything from now on."
    if study is None:
        points.append("Realistic images are not necessarily useful. Only a study shows whether adding them helps.")
    else:
        points.append(
            f"The study holds for the classifier {study.classifier}, this data set and these ratios. Results with "
            "another classifier or from another hospital may differ."
        )
    return f"<ul>{''.join(f'<li>{html.escape(point)}</li>' for point in points)}</ul>"


def methods(result: EvaluationResult, study: StudyResult | None) -> str:
    """A methods paragraph for a paper, and its references."""
    trained, compared, k = result.n["training"], result.n["scores"], result.made_with["neighbours"]
    text = (
        f"A small residual network (He et al. 2016) was trained on {trained:,} real training images. Obedience is its "
        f"balanced accuracy on {result.n['obedience']:,} generated images; CAS (Ravuri and Vinyals 2019) is the "
        f"balanced accuracy, on {compared:,} held-out real images, of the same network trained only on {trained:,} "
        "generated images. Precision and recall (Kynkaanniemi et al. 2019) and density and coverage (Naeem et al. "
        f"2020), with k = {k}, the kernel distance (Binkowski et al. 2018) and the Frechet distance (Heusel et al. "
        f"2017) compare {compared:,} real images with as many generated images of the same conditions, in "
        f"{COMPARED_IN[result.features]}; two halves of the real images give the floor. Intervals are 95%. Those of "
        "accuracies are by bootstrap over images, or over patients where they are known. Those of precision, recall, "
        "density, coverage and the kernel distance are by a jackknife that leaves out blocks of images of both sets "
        "(Kott 2001), whole patients where known; they are rather too wide than too narrow. For obedience within a "
        "condition and for near copies they are Wilson intervals (Wilson 1927). Near copies "
        "are images whose correlation distance to the nearest training image, minimised over mirror images, turns by "
        "right angles, shifts by up to an eighth of the side, and small turns and zooms (Lucas and Kanade 1981), is "
        "small relative to the next thirty (Carlini et al. 2023); the threshold is calibrated on real images."
    )
    if study is not None:
        text += _study_methods(study) + design_methods.design_methods(study) + external_methods(study)
    papers = PAPERS | (STUDY_PAPERS if study is not None else {})
    papers |= FOLD_PAPERS if study is not None and study.folds * study.generators > 1 else {}
    papers = {who: what for who, what in papers.items() if who not in RARELY_CITED or who in text}
    cited = "".join(f"<li>{html.escape(who)}. {html.escape(what)}.</li>" for who, what in papers.items())
    return f'<p>{html.escape(text)}</p><ul class="quiet">{cited}</ul>'


def _study_methods(study: StudyResult) -> str:
    """The study's part of the methods paragraph."""
    shares = ", ".join(f"{regime.share:.0%}" for regime in study.regimes)
    steps = ", ".join(f"{regime.steps:,}" for regime in study.regimes)
    attributes = study.regimes[0].attributes
    mean = "mean over the attributes" if attributes else "one class against the rest, mean over the classes"
    primary = {
        "auroc": f"the area under the ROC curve ({mean})",
        "average_precision": f"average precision ({mean}; Boyd et al. 2013)",
        "balanced_accuracy": "balanced accuracy at the threshold that was best on validation images"
        + (" (mean over the attributes)" if attributes else ""),
    }[study.primary]
    return (
        f" In the augmentation study the classifier {study.classifier} was trained on each training set, with these "
        f"shares of the real images: {shares}. Each was trained until its AUROC on validation images stopped "
        "improving, by one rule for all: regular checks at a constant learning rate, then a falling rate from the best "
        f"state (Hägele et al. 2024); the mean number of optimiser steps was {steps}. The primary metric was {primary}"
        ". Synthetic images were added plain and with classical augmentation (small rotations, scalings, shifts and "
        "changes of brightness) of all images, real and synthetic; with it also as half of each batch, and before the "
        "real ones. The set to test was chosen by the primary metric on "
        f"{study.validation:,} validation images, with {study.selection_seeds} seeds, and so were the {COMPARED} "
        f"strongest of the sets without synthetic images: {_controls(study)}. Then these, and the set without "
        "synthetic images that is trained as the chosen one is, with "
        f"as many images added, were trained again with {study.seeds} other seeds and tested on "
        f"{study.test['images']:,} real test images. A gain is the difference from the best of the "
        f"{COMPARED}, each of which has to be beaten (intersection-union test: Berger 1982); a set is harmful if "
        "it is worse than the one that is trained as it is. The variance over test images, or whole groups, is that of "
        "the influence of each (for the AUROC DeLong et al. 1988; for groups Obuchowski 1997); the variance between "
        "seeds is that of each tested arm, moderated across these by empirical Bayes (Smyth 2004). The difference "
        "follows Student's t, with degrees of freedom after Satterthwaite. Intervals and decisions are Holm-corrected "
        "(Holm 1979) over the shares. " + _folds(study) + "Near copies of training images among the synthetic ones "
        "were replaced as in an export. Filtered sets keep images by label confidence and typicality (after Xue et al. "
        "2021) and add as many images as unfiltered ones."
    ) + (ATTRIBUTE_METHODS if attributes else "")


def _folds(study: StudyResult) -> str:
    """What folds, or several generators, add to the methods."""
    more = "the variance between {} beyond that was estimated by moments (DerSimonian and Laird 1986). "
    if study.folds > 1:
        return (
            f"Every image was tested once, in {study.folds} folds of whole groups: choices, generators and filters "
            "were made in each without it. Metrics that rank images are those within folds, averaged; "
            + more.format("folds")
            + "Training sets of folds overlap, so that these intervals are approximate (Bates et al. 2021). "
        )
    if study.generators > 1:
        return f"{study.generators} generators were trained; " + more.format("generators")
    return "Intervals hold the generator fixed. "


def _controls(study: StudyResult) -> str:
    """The sets without synthetic images that a study tried."""
    always = (
        "real images alone, with classical augmentation, TrivialAugment (Müller and Hutter 2021), MixUp (Zhang et al. "
        "2018) and CutMix (Yun et al. 2019), duplicated"
    )
    tried = {arm.plan.name for regime in study.regimes for arm in regime.arms}
    return ", ".join([always, *(what for name, what in OPTIONAL_CONTROLS.items() if name in tried)])
