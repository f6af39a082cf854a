"""The run that is proposed as a start for a set of few images: which fits best, and which is never proposed."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from gan import jobs
from gan.access.identity import Identity, Role, acting_as
from gan.config.options import build_config, replace_options
from gan.data.fingerprint import FILE, Fingerprint
from gan.data.image_set import UNLABELLED
from gan.data.info import PseudoLabelled
from gan.monitoring.parent_proposal import ParentProposal, propose_parent
from gan.monitoring.run_verdict import RunVerdict, run_verdict
from gan.runs import lifecycle, notes, parents
from gan.runs.run import Run
from gan.training.recommend import AUGMENT_BELOW
from tests.support.light_scores import light_score
from tests.support.parent_runs import SEEN, finished_run, random_set

FEW = random_set(40, seed=1)
"""The images for which a start is looked for."""
CONFIG = build_config(
    {"data.name": "folder", "data.path": "few", "data.image_size": 32, "model.family": "projection", "model.width": 32}
)


def find_proposal() -> ParentProposal:
    proposal = propose_parent(CONFIG, FEW)
    assert proposal is not None
    return proposal


def test_the_networks_that_fit_best_come_first_then_the_classes_the_number_of_images_and_the_score() -> None:
    sets = {count: random_set(count, seed=count) for count in (50, 60, 90)}
    best_first = [finished_run("more-images", sets[60])]
    for name, kid in (("scored", 0.1), ("scored-worse", 0.2)):
        best_first.append(finished_run(name, sets[50]))
        light_score(best_first[-1], SEEN, kid)
    best_first += [
        finished_run("unscored", sets[50]),
        finished_run("one-class-shared", random_set(90, ("b", "c"), seed=2)),
        finished_run("no-class-shared", random_set(90, ("c", "d"), seed=3)),
        finished_run("wider", sets[90], width=64),
        finished_run("smaller-images", random_set(90, size=16, seed=4)),
    ]
    for run in best_first:
        assert find_proposal().run.name == run.name
        lifecycle.delete_run(run)
    assert propose_parent(CONFIG, FEW) is None


def test_unlabelled_images_count_where_they_are_learned() -> None:
    run = finished_run("larger", random_set(90, seed=2))
    unlabelled = np.arange(len(FEW)) < 5
    conditions, more = FEW.conditions.copy(), random_set(AUGMENT_BELOW, seed=3)
    conditions[unlabelled] = 0
    ours = dataclasses.replace(FEW, conditions=conditions, split=np.where(unlabelled, UNLABELLED, FEW.split))
    many = dataclasses.replace(
        more, conditions=np.zeros_like(more.conditions), split=np.full(len(more), UNLABELLED, dtype="<U10")
    )
    learning = replace_options(CONFIG, {"data.pseudo_labels": True})
    assert propose_parent(learning, ours)
    assert propose_parent(CONFIG, many)
    assert propose_parent(learning, many) is None
    info = run.info()
    dataclasses.replace(
        info, conditions=info.conditions[:10], pseudo_labelled=PseudoLabelled(90, (80, 0), 0, 0, 0, 0, 1.0)
    ).save(run.path)
    proposal = propose_parent(CONFIG, FEW)
    assert proposal is not None
    assert proposal.images == 90


def unfinished(run: Run) -> None:
    (run.path / "end.json").unlink()


def archived(run: Run) -> None:
    notes.update_about(run.path, archived=True)


def without_discriminator(run: Run) -> None:
    (run.snapshot_folder(SEEN) / "networks.safetensors").unlink()


def without_fingerprint(run: Run) -> None:
    (run.path / FILE).unlink()


def with_damaged_info(run: Run) -> None:
    (run.path / "data.json").write_text("{")


@pytest.mark.parametrize("spoil", [unfinished, archived, without_discriminator, without_fingerprint, with_damaged_info])
def test_a_run_that_cannot_be_a_start_gives_way_to_the_next(spoil: Callable[[Run], None]) -> None:
    finished_run("next", random_set(50, seed=2))
    run = finished_run("first", random_set(90, seed=3))
    assert find_proposal().run.name == "first"
    spoil(run)
    assert find_proposal().run.name == "next"


def test_other_networks_or_fewer_images_do_not_fit() -> None:
    finished_run("colour", random_set(90, channels=3))
    finished_run("narrower", random_set(90), width=24)
    finished_run("family", random_set(90), **{"model.family": "dcgan"})
    finished_run("latent", random_set(90), **{"model.latent": 64})
    finished_run("fewer-images", random_set(39))
    assert propose_parent(CONFIG, FEW) is None


def test_the_same_set_is_a_start_only_where_it_had_more_images() -> None:
    grown = random_set(80, seed=6)
    for name, images in (("same", FEW), ("larger", grown)):
        finished_run(name, images, **{"data.path": "few"})
    finished_run("copy", FEW)  # the same images as another set
    assert find_proposal().run.name == "larger"


def test_a_run_that_learned_held_out_images_is_never_proposed() -> None:
    known = random_set(90, seed=2)
    pixels = known.images.copy()
    pixels[5] = FEW.images[FEW.rows("test")[0]]
    finished_run("knows-one", dataclasses.replace(known, images=pixels))
    grandchild = finished_run("knows-by-its-parent", random_set(90, seed=3))
    other = random_set(50, seed=4)
    pixels = other.images.copy()
    pixels[7] = FEW.images[FEW.rows("val")[0]]
    finished_run("learned", dataclasses.replace(other, images=pixels), **{"model.family": "dcgan"})
    parents.keep_parent(grandchild.path, "learned")
    assert propose_parent(CONFIG, FEW) is None


def test_where_that_cannot_be_told_the_proposal_says_so() -> None:
    run = finished_run("parent", random_set(90, seed=2))
    proposal = find_proposal()
    assert "cannot be told" not in proposal.reason
    padded = dataclasses.replace(random_set(90, seed=2), native_size=28)
    Fingerprint.of(padded).save(run.path)
    proposal = find_proposal()
    assert "cannot be told" in proposal.reason


def test_a_run_judged_bad_is_never_proposed() -> None:
    def judge(run: Run, state: jobs.State) -> RunVerdict:
        return dataclasses.replace(run_verdict(run, state), level="bad" if run.name == "bad" else "neutral")

    finished_run("good", random_set(50, seed=2))
    finished_run("bad", random_set(90, seed=3))
    proposal = propose_parent(CONFIG, FEW, judge)
    assert proposal is not None
    assert proposal.run.name == "good"


def test_many_images_and_a_start_that_was_chosen_need_none() -> None:
    finished_run("parent", random_set(AUGMENT_BELOW, size=16, held_out=0, seed=2))
    many, fewer = (random_set(count, size=16, seed=3) for count in (AUGMENT_BELOW, AUGMENT_BELOW - 1))
    assert propose_parent(CONFIG, many) is None
    assert propose_parent(CONFIG, fewer) is not None
    assert propose_parent(replace_options(CONFIG, {"train.start_from": "other"}), fewer) is None


def test_a_private_run_is_proposed_to_those_who_may_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_SIGN_IN", "password")
    run = finished_run("hers", random_set(90, seed=2))
    notes.give_run(run.path, "ann")
    notes.share_run(run.path, "private")
    with acting_as(Identity("bob", Role.MEMBER)):
        assert propose_parent(CONFIG, FEW) is None
    with acting_as(Identity("ann", Role.MEMBER)):
        assert propose_parent(CONFIG, FEW) is not None


def test_it_starts_from_the_best_snapshot_whose_discriminator_is_left() -> None:
    run = finished_run("parent", random_set(90, seed=2), snapshots=(2000, 4000, 8000))
    for seen, kid in ((2000, 0.1), (4000, 0.2), (8000, 0.3)):
        light_score(run, seen, kid)
    proposal = find_proposal()
    assert proposal.options == {"train.start_from": "parent@2000"}
    (run.snapshot_folder(2000) / "networks.safetensors").unlink()
    proposal = find_proposal()
    assert proposal.options == {"train.start_from": "parent@8000"}


def test_it_says_what_fits_what_starts_anew_and_the_licences() -> None:
    parent = finished_run("parent", random_set(90, ("b", "c"), size=16, seed=2), width=64)
    eldest = finished_run("eldest", dataclasses.replace(random_set(30, seed=5), licence="MIT."))
    parents.keep_parent(parent.path, eldest.name)
    proposal = find_proposal()
    assert proposal.options == {"train.start_from": f"parent@{SEEN}", "model.width": 64}
    assert (proposal.set_title, proposal.images) == ("Set 2", 90)
    for part in ("64 maps wide", "have 16 px", "1 of 2 conditions", "belongs to a starts anew", "CC BY 4.0; MIT."):
        assert part in proposal.reason


def test_the_new_run_upsamples_as_the_one_it_starts_from() -> None:
    parent = finished_run("parent", random_set(90, seed=2))
    assert parent.config.model.upsampling == "transposed"
    proposal = propose_parent(replace_options(CONFIG, {"model.upsampling": "nearest"}), FEW)
    assert proposal is not None
    assert proposal.options == {"train.start_from": f"parent@{SEEN}", "model.upsampling": "transposed"}
    assert "upsample by transposed convolutions" in proposal.reason


def test_a_run_starts_from_it() -> None:
    finished_run("parent", random_set(90, seed=2), width=64)
    proposal = find_proposal()
    run = lifecycle.create_run(replace_options(CONFIG, dict(proposal.options)), "child")
    kept = parents.read_parent(run)
    assert kept is not None
    assert (kept.lineage[0].run, kept.lineage[0].seen) == ("parent", proposal.seen)
    assert np.array_equal(
        Fingerprint.load(run.path / parents.FOLDER).digests, Fingerprint.load(proposal.run.path).digests
    )
