"""Whether a run's images are right, varied, and not copies: measured on real images that the run has not seen.

    results.py       what an evaluation says, in the run's `evaluation/`; the best snapshot; no torch
    job.py           evaluations as background jobs; tasks.py does the work of each kind
    quick.py         one evaluation of one snapshot, from generating to its result
    reference.py     the real-trained classifier of a data set, kept in the cache
    compare.py       the scores of two sets side by side, and their real-vs-real floor
    classifier.py    the small network whose features and verdicts the scores use
    imagenet.py      a large network's features instead, as an option
    scores.py        distances between sets of images, by their papers
    per_condition.py the scores of each class or attribute by itself
    combinations.py  pairs of attributes that no real image shows
    pairs.py         the closest pairs of a synthetic and a real image, kept to be shown
    near_copies.py   synthetic images that lie as close to a training image as new real ones never do; with it
                     calibration.py, how close is too close, and planted.py, copies made on purpose
    selection.py     which images to keep: label confidence and typicality
    membership.py    whether samples betray training images; membership_results.py is what it says, no torch
    study.py         the augmentation study: do classifiers do better with synthetic images? Its docstring goes on

Start with `results.py`; the others follow in the order of this list.
"""
