"""In which features images are compared, and that these choose the best snapshot."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan.data import registry
from gan.data.image_set import ImageSet
from gan.errors import UserError
from gan.evaluation import job
from gan.evaluation.budget import ClassifierBudget, EvaluationBudget, LightBudget
from gan.evaluation.classifiers.reference import native_images
from gan.evaluation.feature_choice import AUTO, chosen_features
from gan.evaluation.job import Request
from gan.evaluation.privacy import near_copies
from gan.evaluation.records import results
from gan.evaluation.records.best_snapshot import best_snapshot, best_text, like_newest
from gan.evaluation.records.light_scores import list_light_scores
from gan.evaluation.scores import light_score, score_snapshot
from gan.evaluation.scores.light_score import LightScorer
from gan.evaluation.scores.score_snapshot import evaluate_snapshot
from gan.models import efficientnet_weights
from gan.runs.run import Run
from gan.sampling.sampler import Sampler, load_generator
from tests.conftest import trained
from tests.support.evaluation import demo_scores
from tests.support.light_scores import light_score as saved_light_score

CLASSIFIER = ClassifierBudget(longest=8000)
BUDGET, LIGHT_BUDGET = EvaluationBudget(CLASSIFIER, checked=10), LightBudget(CLASSIFIER, compared=180, checked=10)


class Remembered(nn.Module):
    """A generator that gives training images of the requested digit, chosen by the noise.

    `checkerboard`: grey levels that are added to and taken from neighbouring pixels. Digits above `highest` are given
    as that one.
    """

    def __init__(self, images: ImageSet, checkerboard: int = 0, highest: int = 9):
        super().__init__()
        rows = images.rows("train")
        self._images = torch.from_numpy(native_images(images, rows)).float()
        self._labels = torch.from_numpy(images.labels()[rows])
        self._board = checkerboard * (2.0 * torch.from_numpy(np.indices(self._images.shape[2:]).sum(axis=0) % 2) - 1)
        self._highest = highest
        self.scale = nn.Parameter(torch.tensor(127.5))

    def forward(self, z: Tensor, conditions: Tensor) -> Tensor:
        chosen = []
        for noise, label in zip(z[:, 0], conditions.argmax(dim=1).clamp(max=self._highest), strict=True):
            members = torch.nonzero(self._labels == label)[:, 0]
            share = torch.special.ndtr(noise)  # uniform, as the noise is normal
            chosen.append(members[(share * len(members)).long().clamp(max=len(members) - 1)])
        pixels = (self._images[torch.stack(chosen)] + self._board).clamp(0, 255)
        return pixels / self.scale - 1


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run with two snapshots: the first gives real digits with a checkerboard, the second real digits without, but
    eights and nines as sevens."""
    run = trained("digits")
    images = registry.load_image_set(run.config.data)
    networks = {160: Remembered(images, checkerboard=10), 320: Remembered(images, highest=7)}

    def load(run: Run, snapshot: int | None = None, device: str = "cpu") -> Sampler:
        sampler = load_generator(run, snapshot, device)
        return replace(sampler, network=networks[sampler.seen])

    for module in (score_snapshot, light_score):
        monkeypatch.setattr(module, "load_generator", load)
    return run


def test_where_own_and_imagenet_features_disagree_imagenet_features_choose(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A classifier of the digits looks past a checkerboard: in its features missing digits are worse."""
    monkeypatch.setattr(near_copies, "TRAINING_QUERIES", 20)  # copies are not the point here
    monkeypatch.setattr(near_copies, "COPIED", 2)
    every = Request(job.BESIDE_TRAINING, every=True, light=True)
    with monkeypatch.context() as patch:
        patch.setattr(efficientnet_weights, "PACKAGE", "a_package_that_nobody_has")
        scorer = LightScorer(run, budget=LIGHT_BUDGET)
        own = [scorer.score(seen) for seen in run.snapshots()]
        assert [score.features for score in own] == ["own", "own"]
        assert own[0].kid < own[1].kid
        assert best_snapshot(run) == 160
        assert "in own features" in best_text(run)
        assert job.snapshots_to_score(run, every) == []
    assert job.snapshots_to_score(run, every) == [160, 320]  # the package was installed

    full = [evaluate_snapshot(run, seen, budget=BUDGET) for seen in run.snapshots()]
    assert [result.features for result in full] == ["imagenet", "imagenet"]
    assert full[0].kid > 5 * full[1].kid
    assert full[0].coverage < full[1].coverage
    assert full[0].per_condition[0]["coverage"] < full[1].per_condition[0]["coverage"]
    for result, score in zip(full, own, strict=True):
        assert result.own is not None  # beside it, for what own features are good at
        assert result.own["kid"] == pytest.approx(score.kid, rel=0.2)
        assert result.own["floor"]["kid"] == pytest.approx(score.floor["kid"])
    assert best_snapshot(run) == 320
    assert "in ImageNet features, scores on 180 images" in best_text(run)
    assert "compared in ImageNet features:" in full[1].as_text()
    assert job.snapshots_to_score(run, Request("scores", every=True)) == []
    assert job.snapshots_to_score(run, Request("scores", every=True, features="own")) == [160, 320]

    scorer = LightScorer(run, budget=LIGHT_BUDGET)
    light = [scorer.score(seen) for seen in run.snapshots()]
    assert [score.features for score in light] == ["imagenet", "imagenet"]
    assert [score.kid for score in light] == pytest.approx([result.kid for result in full], rel=0.2)
    assert [score.own and score.own["kid"] for score in light] == pytest.approx([score.kid for score in own])
    assert light[0].made_with["features_sha256"] == full[0].made_with["features_sha256"]
    assert "compared in ImageNet features:" in light[0].as_text()


def test_features_are_own_where_the_package_or_the_images_do_not_allow_others(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [chosen_features(AUTO, channels) for channels in (1, 3, 2)] == ["imagenet", "imagenet", "own"]
    assert chosen_features("own", 3) == "own"
    with pytest.raises(UserError, match="these have 4 channels: use own"):
        chosen_features("imagenet", 4)
    with pytest.raises(UserError, match="features is 'inception': it takes auto, imagenet or own"):
        chosen_features("inception", 3)
    monkeypatch.setattr(efficientnet_weights, "PACKAGE", "a_package_that_nobody_has")
    assert chosen_features(AUTO, 3) == "own"
    with pytest.raises(UserError, match=f"need a package with their weights: {efficientnet_weights.INSTALL}"):
        chosen_features("imagenet", 3)


def test_scores_in_other_features_than_the_newest_are_not_compared_with_it() -> None:
    run = trained("digits")
    demo_scores(run, 160, kid=0.1)
    demo_scores(run, 320, kid=0.2)
    newest = results.load_result(run, 320)
    made_with = newest.made_with | {"time": newest.made_with["time"] + 1, "features_sha256": "of the classifier"}
    replace(newest, features="own", made_with=made_with).save(run)
    assert [result.snapshot for result in like_newest(results.list_results(run))] == [320]
    for seen, features, time in ((160, "imagenet", 1.0), (320, "own", 2.0)):
        score = saved_light_score(run, seen, 0.1)
        made_with = score.made_with | {"features_sha256": f"of {features}", "time": time}
        replace(score, features=features, made_with=made_with).save(run)
    assert [score.snapshot for score in like_newest(list_light_scores(run))] == [320]
