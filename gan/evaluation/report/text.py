"""What a report says that is not a number: its limits, its methods with their papers, and its look."""

import html

from gan.evaluation.records.results import FEATURES, EvaluationResult
from gan.evaluation.records.study_results import StudyResult

PAPERS = {
    "Ravuri and Vinyals 2019": "Classification Accuracy Score, arXiv:1905.10887",
    "Kynkaanniemi et al. 2019": "Improved precision and recall, arXiv:1904.06991",
    "Naeem et al. 2020": "Density and coverage, arXiv:2002.09797",
    "Binkowski et al. 2018": "Kernel distance (squared MMD with a cubic kernel), arXiv:1801.01401",
    "Heusel et al. 2017": "Frechet distance of Gaussians, arXiv:1706.08500",
    "Carlini et al. 2023": "Closeness relative to the next neighbours, arXiv:2301.13188",
    "He et al. 2016": "Residual networks, arXiv:1512.03385",
    "Wilson 1927": "Interval of a share, J. Am. Stat. Assoc. 22, 209",
}
OF_STUDY = {
    "Holm 1979": "Correction for several comparisons, Scand. J. Stat. 6, 65",
    "Xue et al. 2021": "Selective synthetic augmentation with HistoGAN, arXiv:2111.06399",
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
.verdict { font-weight: 600; border-left: 4px solid #2b8cc9; background: var(--soft); padding: 0.75rem 1rem; }
.verdict.helps { border-color: #009e73; } .verdict.harmful { border-color: #c63d2f; }
.verdict.unclear { border-color: #b97f00; }
.notice { border-left: 4px solid #b97f00; background: var(--soft); padding: 0.5rem 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.75rem 0.35rem 0; }
th, td { border-bottom: 1px solid var(--line); }
.arms { font-size: 0.78rem; } .arms th, .arms td { padding-right: 0.5rem; }
.arms td:first-child { min-width: 12rem; } .arms td + td { white-space: nowrap; }
.arms .group th { padding-top: 1rem; } .arms td:nth-child(4) { font-weight: 600; }
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
    """What the numbers do not say, the same for every run and what is special to this one."""
    points = [
        f"Scores of one data set in {FEATURES[result.features]}: they compare snapshots and runs on this set, and are "
        "not the FID or KID of the literature.",
        "Intervals hold the classifier and the generator fixed: the luck of training either again is not in them.",
        "The validation split chose the snapshot, so that scores on it flatter a little.",
        "The search for near copies does not see copies that are turned, cut or redrawn. It proves no privacy.",
        "A generator shows what its training images show, their gaps and mistakes included.",
    ]
    if result.split == "test":
        points[2] = "The test split was read for this report: choosing by it from here on would spoil it."
    if study is None:
        points.append("Looking right is not being useful: without a study nobody knows whether adding images helps.")
    else:
        points.append(
            f"The study speaks of the classifier {study.classifier}, this data set and these ratios; another "
            "classifier or hospital may find otherwise."
        )
    return f"<ul>{''.join(f'<li>{html.escape(point)}</li>' for point in points)}</ul>"


def methods(result: EvaluationResult, study: StudyResult | None) -> str:
    """A paragraph as a methods section takes it, and the papers that it names."""
    taught, compared, k = result.n["training"], result.n["scores"], result.made_with["neighbours"]
    text = (
        f"A small residual network (He et al. 2016) was trained on {taught:,} real training images. Obedience is its "
        f"balanced accuracy on {result.n['obedience']:,} generated images; CAS (Ravuri and Vinyals 2019) is the "
        f"balanced accuracy, on {compared:,} held-out real images, of the same network trained on {taught:,} generated "
        "images alone. Precision and recall (Kynkaanniemi et al. 2019) and density and coverage (Naeem et al. 2020), "
        f"with k = {k}, the kernel distance (Binkowski et al. 2018) and the Frechet distance (Heusel et al. 2017) "
        f"compare {compared:,} real with as many generated images of the same conditions, and two halves of the real "
        "images as a floor. Intervals are 95%, by bootstrap over images, or over patients where they are known; those "
        "of shares within a condition and of near copies by Wilson (1927). Near copies are images whose correlation "
        "distance to the nearest training image, best over small shifts and mirroring, is small relative to the next "
        "thirty (Carlini et al. 2023); how small is read off real images."
    )
    if study is not None:
        shares = ", ".join(f"{one.share:.0%}" for one in study.regimes)
        text += (
            f" In the augmentation study the classifier {study.classifier} was trained {study.seeds} times for each "
            f"training set and share of the real images ({shares}), for the same number of steps, and tested on "
            f"{study.test['images']:,} sealed real test images, with synthetic images added as they are and with "
            "classical augmentation of all images, real and synthetic (turned, scaled, shifted, brightened a little). "
            "A gain is balanced accuracy over the best of real images alone, with classical augmentation, with as many "
            "duplicated real images and, where classes are filled up, with such duplicates under classical "
            "augmentation; its interval is by bootstrap over test groups and seeds together, Holm-corrected (Holm "
            "1979) over the arms. Harm is being worse than every comparator that was trained alike. Keep rates, by "
            "label confidence and typicality (after Xue et al. 2021), were compared with keeping all at as many images "
            "added, paired by seed and test image, as the mean of training with and without classical augmentation, "
            "Holm-corrected over the rates."
        )
    papers = PAPERS | (OF_STUDY if study is not None else {})
    cited = "".join(f"<li>{html.escape(who)}. {html.escape(what)}.</li>" for who, what in papers.items())
    return f'<p>{html.escape(text)}</p><ul class="quiet">{cited}</ul>'
