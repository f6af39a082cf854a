"""The Evaluate page: what it says before and after scores are there, starting them, and what it concludes."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gan import jobs
from gan.config import settings
from gan.data.ingest import accepted_sets
from gan.evaluation import job, study_estimate
from gan.evaluation.classifiers import architectures
from gan.evaluation.job import Request
from gan.evaluation.records import interpretation, results, study_results
from gan.evaluation.records.external_results import ExternalImages
from gan.evaluation.records.intervals import MeanInterval
from gan.evaluation.records.membership_results import MembershipResult
from gan.evaluation.records.results import EvaluationResult
from gan.evaluation.records.study_results import ExternalResult
from gan.evaluation.records.subgroup_results import SubgroupGain, Subgroups
from gan.evaluation.study.study_options import PRIMARY_METRICS, StudyOptions
from gan.io.atomic import write_json
from gan.io.json_files import read_json
from gan.jobs import device_list
from gan.runs.run import Run
from pages.ui import cache_images, fmt
from pages.ui.evaluate import study_form
from tests.conftest import trained
from tests.support.celeba import write_celeba
from tests.support.evaluation import confirmed, demo_scores, measured, scored, studied, use_budget
from tests.support.image_files import class_files, zip_of
from tests.support.jobs import clean_up, wait_until
from tests.support.light_scores import light_score
from tests.support.pages import buttons, made, page, said
from tests.support.synthetic_marks import assert_marked, pictures_of
from tests.support.uploads import add_zip


@pytest.fixture
def scored_run(monkeypatch: pytest.MonkeyPatch) -> tuple[Run, EvaluationResult]:
    """A run with scores of both snapshots, by classifiers that saw 640 images."""
    use_budget(monkeypatch)
    run = trained("digits")
    scored(run, 160)
    return run, scored(run, 320)


def test_before_there_are_scores_it_says_what_they_are_for() -> None:
    trained("digits")
    at = page("evaluate", run="digits")
    assert not at.error
    assert at.button(key="score one").label == "Score this snapshot"  # its time is not known yet
    assert not at.get("download_button")
    assert at.button(key="score all").label.startswith("Score 2 snapshots")
    made("young")
    assert "has no snapshot yet" in said(page("evaluate", run="young"))


def test_light_scores_over_the_training_are_told_and_linked() -> None:
    run = trained("digits")
    light_score(run, 160, 0.25)
    assert "Score all snapshots to see which is best" in said(page("evaluate", run="digits"))
    light_score(run, 320, 0.5)
    at = page("evaluate", run="digits")
    assert "**Best** after 160 images: kernel distance 0.25" in said(at)
    (link,) = (one.proto for one in at.get("page_link") if one.proto.label == "Light scores over the training")
    assert (link.page.rpartition("/")[2], link.query_string) == ("progress", "run=digits")


def test_it_shows_every_score_beside_what_it_is_read_against(scored_run: tuple[Run, EvaluationResult]) -> None:
    run, result = scored_run
    counts = run.info().training_counts()
    at = page("evaluate", run="digits", snapshot="320")
    assert not at.error
    shown = "\n".join(str(part.proto.body) for part in at.get("html"))
    for score in interpretation.SCORES:
        assert score.name in shown
        assert score.says in shown
    assert f"{result.coverage:.1%}" in shown
    assert f"real against real <b>{result.floor['coverage']:.1%}</b>" in shown
    assert f"on real images <b>{result.real_accuracy_balanced:.1%}</b>" in shown
    assert shown.count('class="pair') - shown.count('class="pairs') == len(result.near_copies["pairs"])
    assert_marked(pictures_of(shown), fewest=len(result.near_copies["pairs"]))
    assert interpretation.conclusion(result, counts)[0] in said(at)
    assert at.get("download_button")[0].proto.label == "Report"
    table = at.dataframe[0].value
    assert len(table) == 10
    assert table["Training images"].is_monotonic_increasing  # the rarest first
    assert "score all" not in {button.key for button in at.button}  # nothing is left to score


def test_the_link_names_the_snapshot_and_the_best_one_is_the_default(scored_run: tuple[Run, EvaluationResult]) -> None:
    run, late = scored_run
    early = results.load_result(run, 160)
    replace(early, kid=late.kid - 1).save(run)
    at = page("evaluate", run="digits")
    assert at.selectbox(key="evaluated snapshot digits").value == 160
    assert "Best snapshot, by the lowest kernel distance on the validation split: after 160 images" in said(at)
    at.selectbox(key="evaluated snapshot digits").select(320).run()
    assert at.query_params["snapshot"] == "320"
    assert interpretation.conclusion(late, run.info().training_counts())[0] in said(at)
    at = page("evaluate", run="digits", snapshot="99")
    assert "has no snapshot 99: the link may be old" in at.warning[0].value


def test_scores_are_started_watched_and_stopped_from_the_page(store: Path) -> None:
    run = trained("digits")
    at = page("evaluate", run="digits")
    try:
        at.button(key="score all").click().run()
        assert not at.exception
        assert "stop scores" in {button.key for button in at.button}
        folder = job.job_folder(run, "scores")
        at.button(key="stop scores").click().run()
        wait_until(lambda: jobs.state(folder).name == "stopped", f"it stopped: {jobs.log_tail(folder)}", patience=60)
        at = page("evaluate", run="digits")
        assert any(label.startswith("Score this snapshot") for label in buttons(at))
    finally:
        clean_up(store)


def test_what_a_reader_should_conclude(scored_run: tuple[Run, EvaluationResult]) -> None:
    run, found = scored_run
    counts = run.info().training_counts()
    sure = {"cas_balanced": (0.84, 0.88), "real_accuracy_balanced": (0.88, 0.92)}
    good = replace(found, cas_balanced=0.86, real_accuracy_balanced=0.9, intervals=found.intervals | sure)
    assert (
        "right on 86.0% of real images (conditions weighed equally), one trained on real images on 90.0%; guessing "
        "reaches 10%. Above guessing, they teach 95% of what real images teach (90% to 100%)"
        in (interpretation.conclusion(good, counts)[0])
    )
    rare = min(found.per_condition, key=lambda row: counts[row["condition"]])
    counts |= {rare["condition"]: 20}
    assert (
        f"recognises {rare['condition']}, the rarest condition, in {rare['shown']:.1%} of the images generated for it"
        in (interpretation.conclusion(good, counts)[0])
    )
    copies = found.near_copies | {"count": 20, "checked": 100, "interval": [0.13, 0.29]}
    honest = copies | {"held_out": {"count": 1, "checked": 180}}
    assert (
        "20 of 100 generated images are near copies of training images, more than the 1 of 180 new real"
        in (interpretation.conclusion(replace(found, near_copies=honest), counts)[1])
    )
    like_real = copies | {"held_out": {"count": 36, "checked": 180}}
    assert (
        "the difference may be chance (p = 0.5"
        in interpretation.conclusion(replace(found, near_copies=like_real), counts)[1]
    )


def test_a_run_that_cannot_be_read_is_named() -> None:
    run = trained("digits")
    (run.path / "config.json").write_text("{")
    at = page("evaluate", run="digits")
    assert "cannot be read: config.json is damaged" in at.info[0].value


def test_a_study_shows_subgroups_and_an_external_test_set() -> None:
    run = trained("digits")
    study = studied(run, 320)
    women = SubgroupGain("sex", "F<", 50, 40, measured(0.7), measured(0.8), MeanInterval(-0.1, -0.18, -0.02))
    subgroups = Subgroups([women], ["sex M (4 groups of ill)"], "In sex F< the chosen arm is 10.0 points below.")
    scores = {one.plan.name: measured(0.77) for one in study.regimes[0].tested}
    external = ExternalResult(scores, confirmed(0.01, over="classical"), "On hospital-b: cannot tell.", "unclear")
    first = replace(study.regimes[0], subgroups=subgroups, external=external)
    counts = {"images": 90, "groups": 90, "grouped": False, "per_class": {}, "groups_per_class": {}}
    outside = ExternalImages("hospital-b", **counts, classes={}, left_out={}, lacking=[], near_copies=0, looks=1)
    replace(study, regimes=[first, study.regimes[1]], external=outside).save(run)
    at = page("evaluate", run="digits", snapshot="320")
    assert not at.exception
    assert "In sex F\\< the chosen arm is 10.0 points below." in said(at)
    assert "sex M (4 groups of ill)" in said(at)
    assert "On hospital-b: cannot tell." in said(at)
    tables = "".join(part.value for part in at.get("html") if 'class="arms' in part.value)
    assert "<td>sex: F&lt;</td><td>50</td><td>40</td><td>0.700 (0.680 to 0.720)</td>" in tables
    assert "<td>−10.0 (−18.0 to −2.0)</td>" in tables
    assert "AUROC on hospital-b" in tables
    assert '<td>0.770 (0.750 to 0.790)</td><td class="gain">+1.0 (−2.0 to +4.0)</td>' in tables


def test_a_study_is_told_by_its_verdict_first() -> None:
    run = trained("digits")
    at = page("evaluate", run="digits", snapshot="320")
    assert "No study of this snapshot yet" in said(at)
    study = studied(run, 320, "Harmful at every ratio tried: too much of it.", "harmful")
    at = page("evaluate", run="digits", snapshot="320")
    assert [box.value.partition(" Adding")[0] for box in at.error] == ["**Harmful.**"]
    headline = ":red[:material/trending_down:] **Harmful at every ratio tried: too much of it.**"
    assert [part.value for part in at.markdown].count(headline) == 1  # at the top
    plain = headline.replace("**", "")
    assert [part.value for part in at.markdown].count(plain) == len(study.regimes)
    tested, _, table = [part.value for part in at.get("html") if 'class="arms' in part.value][:3]
    for arm in study.regimes[0].arms:
        assert f"<td>{arm.plan.words if arm.gain is None else arm.plan.amount}</td>" in table
    for group in ("Without synthetic images", "Synthetic images and classical augmentation", "Only the better"):
        assert f">{group}" in table
    assert '<td class="gain">+4.0 (+1.0 to +7.0)</td>' in table
    assert "<td>0.800 (0.780 to 0.820)</td>" in table
    assert '<td class="gain">+5.0 (+2.0 to +8.0), helps</td>' in tested
    assert tested.count("<tr><td>") == 3  # the chosen set, the strongest control and the matched one
    plan = next(part.value for part in at.get("html") if 'class="plan"' in part.value)
    assert "<dt>To test</dt><dd>Synthetic images, 1 x</dd>" in plan
    assert "<dt>Against</dt><dd>Real images with classical augmentation</dd>" in plan
    assert "<dt>Expected to see</dt><dd>a gain of 6.0 points or more, with a power of 80%</dd>" in plan
    plots = [part.value for part in at.get("html") if 'class="forest"' in part.value]
    assert len(plots) == len(study.regimes)
    assert all(plot.count("+5.0 (+2.0 to +8.0)") == 2 for plot in plots)  # over both controls
    assert "Keep rate, exploratory: of the rates tried, the better 50% did best" in said(at)
    assert "2 seeds, classifier small, tested on 200 real test images of 90 patients or groups; 3 min" in said(at)
    assert "Not run on 25% of the real images: all arms. They were left out here." in said(at)
    assert "The snapshot after 320 images has one." in said(page("evaluate", run="digits", snapshot="160"))


def test_a_study_of_another_version_is_refused_in_words_and_the_gallery_repeats_what_a_study_found() -> None:
    run = trained("digits")
    studied(run, 320, "Harmful above ratio 0.5: too much of it.", "harmful")
    in_gallery = said(page("gallery", run="digits"))
    assert "Keep rate, exploratory: of the rates tried, the better 50% did best" in in_gallery
    assert "(The study after 320 images; its verdict on adding images: Harmful above ratio 0.5.)" in in_gallery
    kept = study_results.study_path(run, 320)
    write_json(kept, (read_json(kept) or {}) | {"version": 1})
    assert "The study of this snapshot was made by another version" in said(page("evaluate", run="digits"))
    assert "Keep rate" not in said(page("gallery", run="digits"))


def test_a_study_is_queued_with_what_was_chosen_and_cancelled(store: Path) -> None:
    run = trained("digits")
    accepted_sets.accept(add_zip("other-hospital", zip_of(class_files())))  # classes a and b
    cache_images.clear_catalogue()
    at = page("evaluate", run="digits", snapshot="160")
    slot = device_list.take_slot("cpu", "another")  # so that it waits
    assert slot is not None
    try:
        at.number_input(key="study seeds").set_value(6)
        at.toggle(key="study low data").set_value(False)
        at.number_input(key="study specificity").set_value(80)
        at.selectbox(key="study primary").set_value("balanced_accuracy").run()
        at.selectbox(key="study test set").set_value("folder-other-hospital").run()
        assert "say which is which" in said(at)
        at.toggle(key="study test split only").set_value(True)
        at.selectbox(key="study map folder-other-hospital b").set_value("3").run()
        assert "its b is 3" in said(at)
        at.button(key="start study").click().run()
        assert not at.exception
        folder = job.job_folder(run, "study")
        queued = read_json(folder / "queued.json")
        assert queued is not None
        assert job.load_request(run, "study") == Request(
            "study",
            160,
            study=StudyOptions(
                6,
                (1.0,),
                primary="balanced_accuracy",
                specificity=0.8,
                test_set="folder-other-hospital:test",
                class_map={"b": "3"},
            ),
        )
        assert at.button(key="stop study").label == "Cancel"
        at.button(key="stop study").click().run()
        assert jobs.state(folder).name == "stopped"
    finally:
        os.close(slot)
        clean_up(store)


def test_options_that_do_not_go_together_are_explained_before_a_study_starts() -> None:
    trained("digits")
    at = page("evaluate", run="digits", snapshot="320")
    at.number_input(key="study generators").set_value(3).run()
    assert "generators is 3 with 5 seeds" in at.warning[0].value
    assert "start study" not in {button.key for button in at.button}
    at.selectbox(key="study folds").select(5).run()
    assert at.number_input(key="study generators").disabled  # each fold has its own
    assert "start study" in {button.key for button in at.button}
    assert not at.warning


def test_a_running_study_shows_what_is_trained_and_says_that_it_is_no_result(store: Path) -> None:
    run = trained("digits")
    at = page("evaluate", run="digits", snapshot="320")
    slot = device_list.take_slot("cpu", "another")  # so that it waits
    assert slot is not None
    try:
        folder = study_results.study_folder(run, 320) / "100" / "selection"
        folder.mkdir(parents=True)
        for seed, auroc in enumerate((0.7, 0.8)):
            np.savez(folder / f"real-seed-{seed}.npz", words=np.array("Real images alone"), validation_auroc=auroc)
        at.button(key="start study").click().run()
        assert "This is not a result" in said(at)
        table = next(part.value for part in at.dataframe if "Classifiers" in part.value)
        assert table.to_dict("list") == {
            "Training set": ["Real images alone"], "AUROC": [pytest.approx(0.75)], "Classifiers": [2],
        }  # fmt: skip
    finally:
        os.close(slot)
        clean_up(store)


def test_the_form_offers_known_classifiers() -> None:
    assert set(study_form.CLASSIFIERS) <= set(architectures.CLASSIFIERS)


def test_a_run_with_attributes_offers_a_study_and_shows_it_by_attribute() -> None:
    write_celeba(settings.public_data(), 60)
    run = trained("faces", data__name="celeba", data__attributes="Smiling,Male", data__image_size=32)
    at = page("evaluate", run="faces")
    assert at.button(key="start study").label == "Start the study, time not measured"
    assert at.selectbox(key="study primary").options == list(PRIMARY_METRICS.values())
    assert "study test set" not in {box.key for box in at.selectbox}  # external sets are mapped class by class
    study = studied(run, run.snapshots()[-1])
    regime = replace(study.regimes[0], attributes=["ill", "well"], rarest="ill")
    replace(study, regimes=[regime]).save(run)
    at = page("evaluate", run="faces")
    assert not at.error
    assert not at.exception
    assert "Each of the 2 attributes" in [expander.label for expander in at.expander]
    shown = "\n".join(str(part.proto.body) for part in at.get("html"))
    assert "Points of macro AUROC over 2 attributes" in shown
    table = shown.partition('class="arms attributes"')[2]
    assert table.index("ill: 40 of 100 training images") < table.index("well: 60 of 100 training images")
    assert "0.850 (0.830 to 0.870)" in table  # the AUROC of the chosen set


def test_what_the_membership_test_found_is_told_with_its_control() -> None:
    run = trained("digits")
    at = page("evaluate", run="digits", snapshot="320")
    copies = next(tab for tab in at.tabs if tab.label == "Copies")  # where its result will be
    assert not copies.button(key="start membership").disabled
    assert "No membership test of this snapshot yet" in said(at)
    found = MembershipResult(
        version=2,
        run="digits",
        snapshot=320,
        n={"members": 500, "held_out": 90, "samples": 2000},
        auc=0.81,
        interval=(0.75, 0.86),
        near=0.4,
        control_auc=(0.45, 0.55),
        control_near=(0.02, 0.08),
        p_value=0.001,
        patients_named=True,
        notices=[],
        made_with={},
    )
    found.save(run)
    at = page("evaluate", run="digits", snapshot="320")
    assert found.verdict in [warning.value for warning in at.warning]
    assert "splits of the training images alone reach 0.45 to 0.55. 500 training and 90 held-out" in said(at)
    replace(found, p_value=0.6).save(run)
    at = page("evaluate", run="digits", snapshot="320")
    assert "No risk found by this test" in said(at)
    assert not at.warning


def test_how_long_a_study_takes_is_shown_before_it_starts() -> None:
    run = trained("digits")
    at = page("evaluate", run="digits", snapshot="320")
    at.number_input(key="study seeds").set_value(6)
    at.toggle(key="study low data").set_value(False)
    at.button(key="estimate study").click().run()
    assert not at.exception
    folder = job.job_folder(run, "study-estimate")
    wait_until(lambda: not jobs.state(folder).alive, "the steps were timed", 60)
    at.run()
    assert "Time: about" in said(at)
    assert said(at).count("Will see a gain of about ") == 2  # the study, and its smaller design
    options = StudyOptions(6, (1.0,))
    for key, design, words in (
        ("start study", options, "Start the study"),
        ("start small study", options.small(), "Smaller design"),
    ):
        found = study_estimate.cached_study_estimate(run, 320, design)
        assert found is not None
        about = f"{found.classifiers} classifiers, about {fmt.duration(found.seconds)}"
        assert at.button(key=key).label == f"{words}: {about}"


def test_closest_pairs_of_another_set_are_said_to_be() -> None:
    run = trained("digits")
    demo_scores(run, run.snapshots()[-1])  # its pairs are of MNIST
    at = page("evaluate", run="digits")
    assert not at.exception
    assert any("are of a larger set than Digits" in error.value for error in at.error)


def test_a_study_is_timed_by_itself_once_and_only_where_the_images_are_read() -> None:
    run = trained("digits")
    assert study_form.can_be_timed(run)
    folder = job.job_folder(run, "study-estimate")
    folder.mkdir(parents=True)
    write_json(folder / "started.json", {"ticket": 1})
    assert not study_form.can_be_timed(run)
    shutil.rmtree(folder)
    shutil.rmtree(settings.cache())
    assert not study_form.can_be_timed(run)
