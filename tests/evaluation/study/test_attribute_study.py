"""Studies of sets of attributes on constructed generators, what they score, and what is too rare."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gan.data.image_set import ImageSet
from gan.errors import DataError
from gan.evaluation.records.intervals import score_with_interval
from gan.evaluation.records.study_text import study_text
from gan.evaluation.report import study_section
from gan.evaluation.report.external_section import external_methods
from gan.evaluation.study import divisions, study_plan
from gan.evaluation.study.external_test import map_external_set
from gan.evaluation.study.predictions import pool_truth
from gan.evaluation.study.study_options import StudyOptions
from tests.support.attribute_study import FINDINGS, finding_set, findings, held_out_like, repeated, shuffled
from tests.support.study import BRIEF, TWENTY_STEPS, TWO_STEPS, made_study, studied


def test_images_like_new_real_ones_help_with_attributes_too(tmp_path: Path) -> None:
    found = studied(finding_set(40, val=40, test=120), held_out_like, tmp_path, seeds=3, ratios=(4.0,))
    regime = found.regimes[0]
    assert (regime.images, regime.real) == (40, dict(zip(FINDINGS, (20, 16, 10), strict=True)))
    assert regime.gain.helps
    assert found.verdict_kind == "helps"
    assert found.verdict.startswith("Helps: adding 4 ")
    assert f"raises macro AUROC over 3 attributes by {100 * regime.gain.value:.1f} points" in found.verdict
    assert "points of AUROC, not tested" in found.verdict
    assert (regime.attributes, regime.rarest) == (list(FINDINGS), "Hernia")
    chosen = regime.tested_arm(regime.gain.arm)
    assert chosen.auroc.mean == pytest.approx(np.mean([one.mean for one in chosen.aurocs.values()]))
    assert chosen.average_precision.mean == pytest.approx(
        np.mean([one.mean for one in chosen.average_precisions.values()])
    )
    assert sum(chosen.plan.added.values()) == 160


def test_images_that_show_the_attributes_of_others_are_harmful(tmp_path: Path) -> None:
    longer = replace(TWENTY_STEPS, stopping=TWENTY_STEPS.stopping.extended(2.0))
    found = studied(
        finding_set(60, val=40, test=120), shuffled, tmp_path, seeds=3, ratios=(4.0,), keep_rates=(0.9,), budget=longer
    )
    assert found.verdict_kind == "harmful"
    assert "lowers macro AUROC over 3 attributes" in found.verdict


def test_repeated_images_help_with_no_attribute(tmp_path: Path) -> None:
    images = finding_set(40, test=60)
    found = studied(images, repeated(images), tmp_path, seeds=2, primary="average_precision", budget=TWO_STEPS)
    assert found.verdict_kind in ("none", "no-room", "unclear")
    assert "macro average precision over 3 attributes" in found.verdict
    assert "macro average precision over 3 attributes" in study_text(found)
    assert "Hernia, " in study_text(found)
    report, regime = study_section.section(found), found.regimes[0]
    for name in ("Macro average precision over 3 attributes", "Macro AUROC over 3 attributes", "F1, Hernia", "ECE"):
        assert f"<th>{name}</th>" in report
    table = report.partition('class="arms attributes"')[2].partition("</table>")[0]
    rarest_first = [f"{name}: {regime.real[name]} of 40 training images" for name in ("Hernia", "Effusion", "Nodule")]
    assert re.findall(r"<th colspan=.5.>(.*?)</th>", table) == rarest_first
    for arm in regime.tested:
        assert f"<td>{score_with_interval(arm.aurocs['Hernia'], 'auroc')}</td>" in table


def test_attributes_that_are_too_rare_are_left_out_and_named(tmp_path: Path) -> None:
    images = finding_set(100, test=120, shares=(0.5, 0.4, 0.05))  # five training images, six test images of Hernia
    found = studied(images, held_out_like, tmp_path, seeds=2, budget=TWO_STEPS, ratios=(0.5,))
    regime = found.regimes[0]
    assert regime.attributes == ["Nodule", "Effusion"]
    assert regime.rarest == "Effusion"
    assert "Hernia" not in regime.tested[0].aurocs
    assert any(notice.startswith("Metrics at 100% are means over 2 of 3 attributes") for notice in found.notices)
    assert any("Hernia" in notice for notice in found.notices)


def test_attributes_that_few_test_images_have_are_left_out_too(tmp_path: Path) -> None:
    images = finding_set(100, test=120, shares=(0.5, 0.4, 0.1))
    few = images.conditions.copy()
    few[images.rows("test")[np.flatnonzero(few[images.rows("test"), 2])[9:]], 2] = 0  # nine are left
    found = studied(replace(images, conditions=few), held_out_like, tmp_path, seeds=2, budget=TWO_STEPS, ratios=(0.5,))
    assert found.regimes[0].attributes == ["Nodule", "Effusion"]
    assert found.verdict.startswith(("Cannot tell with 120 test images: a gain", "No gain", "Helps", "Harmful"))


def test_folds_together_score_the_attributes_that_each_can() -> None:
    (division,) = divisions.divide(finding_set(60), 1.0)
    first, second = division.validation, replace(division.validation, scored=(0, 1), rarest=1)
    assert (first.scored, first.rarest) == ((0, 1, 2), 2)
    both = pool_truth([first, second])
    assert (both.scored, both.rarest) == ((0, 1), 1)  # the third cannot be the rarest of what is scored
    assert both.fold.tolist() == [0] * 60 + [1] * 60


def test_attributes_are_tested_by_folds_and_on_another_set_too(tmp_path: Path) -> None:
    images, theirs = finding_set(40, val=30, test=30), finding_set(0, val=0, test=90)
    theirs = replace(theirs, images=findings(theirs.conditions, 5), names=("nodule", "Fluid", "Mass"))
    external = map_external_set("hospital-b", theirs, False, {"Fluid": "Effusion"}, images)
    options = StudyOptions(2, (1.0,), (1.0,), (0.5,), budget=TWO_STEPS, selection_seeds=2, selector=BRIEF, folds=2)
    study = made_study(images, lambda *_: held_out_like, tmp_path, options, external=external)
    found = study.result("toy", 1)
    regime = found.regimes[0]
    assert (regime.test["images"], regime.test["folds"]) == (100, 2)
    assert regime.attributes == list(FINDINGS)
    assert found.external is not None
    assert (found.external.images, found.external.lacking) == (90, ["Hernia"])
    assert set(found.external.groups_per_class) == {"Nodule", "Effusion"}
    assert regime.external is not None
    assert "macro AUROC over 2 attributes" in regime.external.verdict
    assert "macro AUROC over 3 attributes" in regime.verdict
    assert "Attributes that only one of the two sets has were not scored" in external_methods(found)


def rare_only(images: ImageSet) -> ImageSet:
    """With attributes that hardly any training image has."""
    conditions = np.zeros_like(images.conditions)
    conditions[::30] = 1
    return replace(images, conditions=conditions)


def test_a_set_of_rare_attributes_alone_cannot_be_studied() -> None:
    with pytest.raises(DataError, match="Findings has no attribute with 8 training images that have it"):
        divisions.check_study_data(rare_only(finding_set(60)))
    divisions.check_study_data(finding_set(60))


def test_rare_attributes_are_filled_up_and_small_regimes_score_what_they_can() -> None:
    images = finding_set(400, shares=(0.5, 0.4, 0.05))
    plans, _ = study_plan.plan_regimes(images, StudyOptions())
    assert [plan.share for plan in plans] == [1.0, 0.25, 0.1]
    assert plans[0].images == 400
    names = {arm.name: arm for arm in plans[0].divisions[0].arms}
    filled = names["synthetic-filled"]
    assert filled.added == {"in proportion": 0, "with rare attributes": round(20 * (2**0.5 - 1))}
    assert filled.matched == "duplicates-filled"
    assert names["duplicates-filled-classical"].words.startswith("Duplicated real images, filled up")
    assert "balanced" not in names
    assert [plan.divisions[0].division.scored for plan in plans] == [(0, 1, 2), (0, 1), (0, 1)]
    even, skipped = study_plan.plan_regimes(finding_set(400), StudyOptions())
    assert not any(arm.fills for arm in even[0].divisions[0].arms)
    assert skipped[0].arms == "rare attributes filled up"


def test_fewer_real_images_keep_patients_whole_and_attributes_in_proportion() -> None:
    images = finding_set(200, grouped=True)
    (division,) = divisions.divide(images, 0.25)
    assert images.group is not None
    inside, outside = set(images.group[division.train]), set(images.group) - set(images.group[division.train])
    assert not inside & outside
    assert division.real.tolist() == pytest.approx([25, 20, 12.5], rel=0.2)
