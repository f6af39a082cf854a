"""The rules on recorded curves of real good and bad runs, on a run trained here, and on numbers worked out by hand."""

import dataclasses
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan import jobs
from gan.config import options
from gan.evaluation.records.results import EvaluationResult
from gan.io.atomic import write_json
from gan.io.contact_sheet import make_grid
from gan.jobs import State
from gan.monitoring import equilibrium, reference_curves, sample_diversity
from gan.monitoring.curve_rules import Finding
from gan.monitoring.diagnosis import diagnose, warning_onsets
from gan.monitoring.observations import observations_from_rows, observations_from_run
from gan.runs.metrics_table import MetricsReader
from tests.conftest import trained
from tests.support.evaluation import studied
from tests.support.pages import ROW

GOOD = [key for key in reference_curves.recording_names() if key.startswith("good-")]
BAD = {
    "discriminator-wins": "discriminator-wins",
    "generator-wins": "generator-wins",
    "oscillating": "oscillating",
    "one-image": "one-image",
    "memorising": "memorising",
    "not-a-number": "nan",
    "nothing-learnt": "nothing-learnt",
}
RUNNING = State("running")


def found(key: str, until: float = 1.0) -> list[str]:
    whole = reference_curves.load_recording(key).observations()
    looked_at = whole if until == 1.0 else whole.until(until * whole.last)
    return [finding.key for finding in diagnose(looked_at)]


def rows(points: int = 40, **columns: Any) -> list[dict[str, Any]]:
    return [ROW | {"seen": number * 1000, "seconds": float(number)} | columns for number in range(1, points + 1)]


def looked_at(points: int = 40, config: dict[str, Any] | None = None, **known: Any) -> list[Finding]:
    columns = {name: known.pop(name) for name in (*ROW, "d_val") if name in known}
    return diagnose(
        observations_from_rows(
            rows(points, **columns), options.build_config({"train.kimg": 40} | (config or {})), **known
        )
    )


@pytest.mark.parametrize("key", GOOD)
@pytest.mark.parametrize("until", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
def test_a_good_run_is_never_accused_at_any_moment(key: str, until: float) -> None:
    assert found(key, until) in (["early"], ["balanced"])


@pytest.mark.parametrize("key", GOOD)
def test_a_good_run_is_in_balance_at_its_end(key: str) -> None:
    assert found(key) == ["balanced"]


@pytest.mark.parametrize(("key", "named"), BAD.items())
def test_a_bad_run_is_headed_by_what_is_wrong_with_it(key: str, named: str) -> None:
    assert found(key)[0] == named


def test_every_recording_is_of_one_kind_and_names_how_it_was_made() -> None:
    assert set(reference_curves.recording_names()) == {*GOOD, *BAD}
    assert len(GOOD) >= 3
    for key in reference_curves.recording_names():
        one = reference_curves.load_recording(key)
        assert one.title
        assert one.setup
        assert one.rows


def test_every_finding_says_what_it_means_and_what_to_do_with_options_that_there_are() -> None:
    for key in BAD:
        one = reference_curves.load_recording(key).observations()
        for finding in diagnose(one):
            assert finding.level in ("warning", "error")
            assert finding.meaning
            assert finding.do
            assert options.replace_options(one.config, finding.advice) != one.config or finding.key == "overdrawn"


def test_against_memorising_augmentation_comes_first_and_narrower_networks_where_it_is_on_already() -> None:
    (first,) = [finding.advice for finding in looked_at(loss_d=0.5, d_x=0.9, d_g_z1=0.1, d_val=0.6)]
    assert first == {"train.augment": True}
    recorded = reference_curves.load_recording("memorising").observations()
    augmented = replace(recorded, config=options.replace_options(recorded.config, first))
    (second,) = [finding.advice for finding in diagnose(augmented) if finding.key == "memorising"]
    assert second == {"model.width": 8}


def test_before_enough_was_seen_nothing_is_claimed() -> None:
    assert [finding.key for finding in looked_at(5)] == ["early"]
    assert [finding.key for finding in diagnose(observations_from_rows([], options.build_config({})))] == ["early"]


def test_losses_in_balance_give_the_numbers_that_they_go_by() -> None:
    (finding,) = looked_at(d_x=0.63, d_g_z1=0.37, diversity={40_000: 0.12}, real_diversity=0.15)
    assert (finding.headline, finding.level) == ("Losses in balance", "neutral")
    assert "0.63 to real and 0.37 to generated" in finding.meaning
    assert "80% as much" in finding.meaning


def test_a_generator_is_said_to_win_by_its_lead_and_not_by_a_tie() -> None:
    assert looked_at(d_x=0.500, d_g_z1=0.505)[0].key == "balanced"
    assert looked_at(d_x=0.500, d_g_z1=0.520)[0].key == "generator-wins"


def test_a_discriminator_is_said_to_win_below_a_tenth_of_the_ideal_loss() -> None:
    assert looked_at(loss_d=0.15)[0].key == "balanced"
    assert looked_at(loss_d=0.13)[0].key == "discriminator-wins"


def test_overfitting_is_measured_from_training_images_towards_generated_ones() -> None:
    # D: training 0.9, validation 0.5, generated 0.1: half of the way, then three quarters of it.
    assert looked_at(loss_d=0.5, d_x=0.9, d_g_z1=0.1, d_val=0.4)[0].key == "balanced"
    assert looked_at(loss_d=0.5, d_x=0.9, d_g_z1=0.1, d_val=0.6)[0].key == "memorising"
    assert looked_at(loss_d=1.2, d_x=0.55, d_g_z1=0.45, d_val=0.08)[0].key == "balanced"


def test_a_spread_that_still_grows_is_no_collapse() -> None:
    assert looked_at(loss_d=0.9, diversity={20_000: 0.03, 40_000: 0.05}, real_diversity=0.15)[0].key == "balanced"
    assert looked_at(loss_d=0.9, diversity={20_000: 0.03, 40_000: 0.04}, real_diversity=0.15)[0].key == "one-image"


def test_one_image_of_each_kind_is_not_taken_for_variety() -> None:
    """Kinds that lie 0.7 of the spread apart: 0.75 of it are 0.38 of what is left, and 0.8 are 0.54."""

    def found(share: float, apart: float) -> str:
        return looked_at(loss_d=0.9, evaluation=result(diversity={"ratio": share}), subclass_separation=apart)[0].key

    assert found(0.75, 0.7) == "one-image"
    assert found(0.7, 0.7) == "one-image"
    assert found(0.8, 0.7) == found(0.75, 0.0) == "well"
    few = {"loss_d": 0.9, "diversity": {40_000: 0.06}, "real_diversity": 0.2}
    assert looked_at(**few)[0].key == "one-image"
    assert looked_at(**few, subclass_separation=0.7)[0].key == "balanced"  # eight samples of a class do not tell


def test_images_that_differ_more_than_real_ones_are_overdrawn_by_samples_or_by_an_evaluation() -> None:
    def found(**known: Any) -> list[str]:
        return [finding.key for finding in looked_at(loss_d=0.9, real_diversity=0.2, **known)]

    assert found(diversity={40_000: 0.2 * 1.1}) == ["balanced"]
    assert found(diversity={40_000: 0.2 * 1.2}) == ["overdrawn"]
    assert found(diversity={40_000: 0.2 * 1.2}, evaluation=result(diversity={"ratio": 1.0})) == ["well"]
    assert found(diversity={40_000: 0.2 * 1.0}, evaluation=result(diversity={"ratio": 1.2})) == ["overdrawn"]
    assert found(diversity={20_000: 0.2 * 1.2, 40_000: 0.2}) == ["balanced"]  # such a stretch can end


def result(**values: Any) -> EvaluationResult:
    every = {field.name: 0.5 for field in dataclasses.fields(EvaluationResult)}
    condition = [{"name": "a"}, {"name": "b"}]
    copies = {"count": 0, "checked": 1000, "held_out": {"count": 1, "checked": 180}}
    known = {"diversity": {"ratio": 0.9}, "near_copies": copies, "per_condition": condition}
    balanced = {"obedience_balanced": 0.9, "cas_balanced": 0.88, "real_accuracy_balanced": 0.95}
    balanced |= {name: value for name, value in values.items() if name in balanced}
    intervals = {name: (value - 0.02, value + 0.02) for name, value in balanced.items()}
    return EvaluationResult(**(every | known | balanced | {"intervals": intervals} | values))  # type: ignore[arg-type]


UNLEARNABLE = {
    "obedience_balanced": 0.45,
    "real_accuracy_balanced": 0.55,
    "intervals": dict.fromkeys(("cas_balanced", "obedience_balanced", "real_accuracy_balanced"), (0.47, 0.63)),
}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({}, "well"),
        ({"diversity": {"ratio": 0.3}}, "one-image"),
        ({"near_copies": {"count": 30, "checked": 1000, "held_out": {"count": 1, "checked": 500}}}, "memorising"),
        ({"obedience_balanced": 0.8}, "condition-ignored"),  # above chance 0.3, of real images 0.45: two thirds
        ({"cas_balanced": 0.7}, "weak"),  # above chance 0.2, of real images 0.45
        (UNLEARNABLE, "not-better-than-guessing"),
    ],
)
def test_an_evaluation_adds_what_curves_do_not_show(values: dict[str, Any], named: str) -> None:
    assert looked_at(evaluation=result(**values))[0].key == named


def test_good_scores_send_nobody_to_a_study_that_is_there() -> None:
    assert looked_at(evaluation=result())[0].do.startswith("Only the study can show")
    run = trained("digits")
    studied(run, 160, kind="no-room")
    study = observations_from_run(run, rows(), RUNNING).study
    for values, begins in (({}, "See the study"), ({"cas_balanced": 0.7}, "Train longer")):
        (finding,) = looked_at(evaluation=result(**values), study=study)
        assert finding.do.startswith(begins)
        assert finding.do.endswith("study of the snapshot after 160 images on whether they help: no room to gain.")


def test_attributes_are_judged_against_half_and_classes_against_one_of_them() -> None:
    """78% where real images come to 90%: 70% of what is above guessing for attributes, 85% for ten classes."""
    found = {"obedience_balanced": 0.78, "real_accuracy_balanced": 0.9}
    assert looked_at(evaluation=result(**found, chance=0.5, per_condition=[{}] * 10))[0].key == "condition-ignored"
    assert looked_at(evaluation=result(**found, chance=0.1, per_condition=[{}] * 10))[0].key == "well"


def test_a_young_run_is_not_praised_whatever_is_known_of_it() -> None:
    """At an eighth of its length losses are in balance, and samples blurs."""
    config = {"train.kimg": 320}
    assert [finding.key for finding in looked_at(config=config)] == ["early"]
    young = looked_at(config=config, evaluation=result())
    assert [finding.headline for finding in young] == ["Too early to tell"]
    assert looked_at(config={"train.kimg": 100}, evaluation=result())[0].key == "well"


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_the_picture_from_before_training_accuses_no_run_that_has_no_other_yet(share: float) -> None:
    """As between ten thousand images and the first snapshot, after fourteen thousand."""
    config = {"loss.mismatched": share, "train.kimg": 30}
    columns = {"loss_d": 1.36, "loss_g": 0.8, "d_x": 0.54, "d_g_z1": 0.48, "d_g_z2": 0.47}
    found = looked_at(13, config, diversity={0: 0.002}, real_diversity=0.2, **columns)
    assert [finding.key for finding in found] == ["balanced"]
    assert "as real ones do" not in found[0].meaning


def test_with_mismatched_pairs_a_discriminator_that_tells_generated_images_has_learnt_something() -> None:
    """Where it tells all generated images and no wrong condition, its loss is (log 3 + 2 log 1.5) / 2 = 0.955."""
    known = {"loss_d": 0.955, "d_x": 0.66, "d_g_z1": 0.01, "diversity": {40_000: 0.03}, "real_diversity": 0.15}
    found = [finding.key for finding in looked_at(config={"loss.mismatched": 0.5}, **known)]
    assert found == ["one-image"]


@pytest.mark.parametrize(("share", "changed"), [(0.0, "loss.mismatched"), (0.5, "train.kimg")])
def test_a_condition_that_is_not_obeyed_is_taught_by_mismatched_pairs_first(share: float, changed: str) -> None:
    ignored = looked_at(config={"loss.mismatched": share}, evaluation=result(obedience_balanced=0.6))[0]
    assert (ignored.key, list(ignored.advice)) == ("condition-ignored", [changed])


def test_a_running_trainer_that_went_silent_is_told() -> None:
    run = trained("silent")
    here = MetricsReader(run.path / "metrics.jsonl").read()
    write_json(run.path / "status.json", {"phase": "training", "done": 320, "total": 320, "time": 1000.0})
    late, soon = (observations_from_run(run, here, RUNNING, now=moment) for moment in (1000.0 + 601, 1000.0 + 30))
    assert diagnose(late)[0].key == "silent"
    assert "10 minutes" in diagnose(late)[0].meaning
    assert "silent" not in [finding.key for finding in diagnose(soon)]
    assert observations_from_run(run, here, jobs.state(run.path), now=time.time() + 1e6).silent is None


def test_a_real_run_is_judged_from_its_folder_alone() -> None:
    run = trained("short")
    gathered = observations_from_run(run, MetricsReader(run.path / "metrics.jsonl").read(), jobs.state(run.path))
    assert list(gathered.diversity) == list(run.samples())
    assert [finding.key for finding in diagnose(gathered)] == ["early"]


@pytest.mark.parametrize("key", [key for key in BAD if key != "not-a-number"])
def test_a_warning_has_the_moment_from_which_it_has_held(key: str) -> None:
    whole = reference_curves.load_recording(key).observations()
    since = warning_onsets(whole, diagnose(whole))
    first = diagnose(whole)[0].key
    assert whole.last / 3 - 1 <= since[first] <= whole.last
    assert first in [finding.key for finding in diagnose(whole.until(since[first]))]


def test_a_good_run_has_no_moment_of_a_warning() -> None:
    good = reference_curves.load_recording("good-digits").observations()
    assert warning_onsets(good, diagnose(good)) == {}


def test_a_loss_without_ideals_is_judged_by_what_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equilibrium, "EQUILIBRIA", {})
    assert looked_at(loss_d=0.001)[0].key == "balanced"
    assert looked_at(d_x=-1.0, d_g_z1=2.0)[0].key == "generator-wins"


def test_the_spread_of_a_sheet_is_that_of_its_columns(tmp_path: Any) -> None:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (8, 3, 1, 16, 16), dtype=np.uint8)  # 8 rows, 3 columns
    images[:, 1] = images[:1, 1]  # one image, eight times
    make_grid(images.reshape(24, 1, 16, 16), 3).save(tmp_path / "sheet.png")
    by_hand = [(images[:, column] / 255).std(axis=0, ddof=1).mean() for column in (0, 1, 2)]
    assert by_hand[1] == pytest.approx(0)
    assert sample_diversity.sheet_diversity(tmp_path / "sheet.png", 3, 8) == pytest.approx(np.mean(by_hand), abs=1e-6)
    colour = images.repeat(3, axis=2).reshape(24, 3, 16, 16)
    make_grid(colour, 3).save(tmp_path / "colour.png")
    assert sample_diversity.sheet_diversity(tmp_path / "colour.png", 3, 8) == pytest.approx(np.mean(by_hand), abs=1e-6)


def test_the_spread_of_a_sheet_that_was_written_anew_is_the_new_one(tmp_path: Path) -> None:
    make_grid(np.random.default_rng(0).integers(0, 256, (8, 1, 16, 16), dtype=np.uint8), 1).save(tmp_path / "sheet.png")
    assert sample_diversity.sheet_diversity(tmp_path / "sheet.png", 1, 8) > 0.2
    make_grid(np.zeros((8, 1, 16, 16), np.uint8), 1).save(tmp_path / "sheet.png")
    assert sample_diversity.sheet_diversity(tmp_path / "sheet.png", 1, 8) == 0
