"""An external test set: which classes are which, how its images are prepared, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gan.cli.main import main
from gan.config.run_config import DataConfig
from gan.data.image_set import ImageSet
from gan.data.ingest import accepted_sets
from gan.errors import DataError, UserError
from gan.evaluation.classifiers.small_resnet import Classifier
from gan.evaluation.records.study_text import study_text
from gan.evaluation.report import study_section
from gan.evaluation.report.external_section import external_methods
from gan.evaluation.study.analysis import PlannedArms
from gan.evaluation.study.external_classes import map_classes
from gan.evaluation.study.external_test import ExternalTest, convert_images, load_external_test, map_external_set
from gan.evaluation.study.predictions import pool_shared
from gan.evaluation.study.study_options import StudyOptions
from tests.conftest import trained
from tests.support.attribute_study import finding_set
from tests.support.image_files import class_files, zip_of
from tests.support.predictions import CHOSEN, CONTROL, predicted, truth
from tests.support.study import BRIEF, TWO_STEPS, held_out_like, image_set, made_study, motifs
from tests.support.uploads import add_zip


def other_set(names: tuple[str, ...], labels: list[int], **others: object) -> ImageSet:
    values = {
        "images": np.random.default_rng(0).integers(0, 256, (len(labels), 3, 32, 32), dtype=np.uint8),
        "conditions": np.eye(len(names), dtype=np.float32)[labels],
        "names": names, "kind": "class", "split": np.repeat("train", len(labels)),
        "group": None, "native_size": 32, "title": "Other", "source": "", "licence": "",
    }  # fmt: skip
    return ImageSet(**(values | others))  # type: ignore[arg-type]


def test_classes_are_mapped_by_name_in_any_case_and_as_given() -> None:
    theirs = ("Normal", "bacterial", "viral", "tuberculosis")
    mapped = map_classes(
        ("normal", "pneumonia", "edema"), theirs, {"bacterial": "pneumonia", "viral": "pneumonia"}, "x"
    )
    assert mapped.ours.tolist() == [0, 1, 1, -1]
    assert mapped.theirs == {"normal": ("Normal",), "pneumonia": ("bacterial", "viral")}


@pytest.mark.parametrize(
    ("given", "part"), [({"x": "a"}, "no class 'x'"), ({"y": "z"}, "no class 'z'"), ({}, "none is the same")]
)
def test_classes_that_cannot_be_mapped_are_refused(given: dict[str, str], part: str) -> None:
    with pytest.raises(UserError, match=part):
        map_classes(("a", "b"), ("y", "w"), given, "Other")


def test_images_of_other_classes_are_left_out_and_counted() -> None:
    ours = image_set(40)  # classes a and b, 16 px, grey
    theirs = other_set(("A", "c", "B"), [0, 1, 2, 2, 0, 1] * 5)
    external = map_external_set("other", theirs, False, {}, ours)
    assert (external.count, external.left_out, external.lacking) == (20, {"c": 10}, ())
    assert external.classes == {"a": ("A",), "b": ("B",)}
    assert external.truth.labels.tolist() == [0, 1, 1, 0] * 5
    assert external.truth.names == ("a", "b")


def test_the_test_split_alone_and_classes_of_ours_that_are_lacking() -> None:
    ours = replace(image_set(40), names=("a", "b", "c"), conditions=np.eye(3, dtype=np.float32)[np.arange(164) % 3])
    split = np.array(["test"] * 12 + ["val"] * 8 + ["unlabelled"] * 4)
    conditions = np.eye(2, dtype=np.float32)[np.arange(24) % 2]
    conditions[20:] = 0
    theirs = other_set(("a", "b"), [0] * 24, split=split, conditions=conditions)
    assert map_external_set("other", theirs, True, {}, ours).count == 12
    both = map_external_set("other", theirs, False, {}, ours)
    assert (both.count, both.lacking) == (20, ("c",))


def test_sets_that_cannot_be_tested_on_are_refused() -> None:
    ours = image_set(40)
    with pytest.raises(UserError, match="Motifs has classes and Other attributes"):
        map_external_set("other", replace(other_set(("a", "b"), [0, 1] * 10), kind="attributes"), False, {}, ours)
    with pytest.raises(DataError, match="8 images"):
        map_external_set("other", other_set(("a", "b"), [0, 1] * 4), False, {}, ours)
    with pytest.raises(DataError, match="20 images of 1 of"):
        map_external_set("other", other_set(("a", "x"), [0] * 20), False, {}, ours)


def test_attributes_are_mapped_and_those_that_both_sets_have_are_scored() -> None:
    ours = finding_set(40)  # Nodule, Effusion, Hernia
    conditions = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]] * 6, dtype=np.float32)
    theirs = other_set(("nodule", "fluid", "blood", "Mass"), [0] * 18, conditions=conditions, kind="attributes")
    external = map_external_set("other", theirs, False, {"fluid": "Effusion", "blood": "Effusion"}, ours)
    assert external.classes == {"Nodule": ("nodule",), "Effusion": ("fluid", "blood")}
    assert (external.count, external.left_out, external.lacking) == (18, {}, ("Hernia",))
    assert external.truth.targets.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]] * 6
    assert (external.truth.kind, external.truth.scored, external.truth.rarest) == ("attributes", (0, 1), 1)
    with pytest.raises(DataError, match="no attribute of the run that some have and others lack"):
        map_external_set("other", replace(theirs, conditions=np.ones((18, 4), dtype=np.float32)), False, {}, ours)
    with pytest.raises(UserError, match="no attribute 'water'"):
        map_external_set("other", theirs, False, {"water": "Effusion"}, ours)


def test_images_are_brought_to_the_channels_and_side_of_the_run() -> None:
    red = np.zeros((2, 3, 32, 32), dtype=np.uint8)
    red[:, 0] = 255
    grey = convert_images(red, 1, 16)
    assert grey.shape == (2, 1, 16, 16)
    assert set(grey.flat) == {76}  # 0.299 x 255
    colour = convert_images(grey, 3, 16)
    assert colour.shape == (2, 3, 16, 16)
    assert (colour == 76).all()
    assert convert_images(colour, 3, 16) is colour


def test_folds_that_predict_the_same_images_share_their_variance() -> None:
    labels = np.tile([0, 1], 50)
    generator = np.random.default_rng(0)
    scores = generator.normal(size=100) + labels + generator.normal(0, 0.01, (3, 100))
    one = predicted(CHOSEN, scores, truth(labels))
    pooled = pool_shared([one, one, one], CHOSEN)
    single, shared = one.primary("auroc"), pooled.primary("auroc")
    assert shared.values == pytest.approx(single.values)
    variances = [found.truth.sample.variance(found.primary("auroc").influence[0])[0] for found in (one, pooled)]
    assert variances[1] == pytest.approx(variances[0], rel=0.02)  # three independent folds would have a third
    assert pooled.truth.groups_per_class() == {"a": 50, "b": 50}


def in_folds(gains: list[float], n: int = 40) -> PlannedArms:
    """Arms of five folds that were tested on the same images: the chosen arm moves class b up by its fold's gain."""
    labels = np.tile([0, 1], n // 2)
    generator = np.random.default_rng(3)
    picture = generator.normal(size=n)  # what every classifier sees in an image
    change = generator.normal(size=n)  # what synthetic images change in it, in every fold
    control, chosen = [], []
    for gain in gains:
        seeds = generator.normal(0, 0.01, (3, n))
        control.append(predicted(CONTROL, picture + labels + seeds, truth(labels)))
        chosen.append(predicted(CHOSEN, picture + 0.7 * change + (1 + gain) * labels + seeds, truth(labels)))
    strongest = pool_shared(control, CONTROL)
    return PlannedArms(pool_shared(chosen, CHOSEN), strongest, strongest)


def test_what_folds_that_share_their_images_differ_by_is_in_the_interval() -> None:
    alike = in_folds([0.5] * 5).compared("auroc").strongest
    assert alike.images.variance > 0
    assert alike.extra.variance < 0.02 * alike.images.variance
    apart = in_folds([0.1, 0.3, 0.5, 0.7, 0.9])
    found = apart.compared("auroc").strongest
    values = [arm.part(arm.truth.fold == fold).primary("auroc").values.mean() for arm in (apart.chosen, apart.strongest)
              for fold in range(5)]  # fmt: skip
    spread = np.var(np.subtract(values[:5], values[5:]), ddof=1) / 5
    assert found.extra.variance == pytest.approx(spread, rel=0.35)
    assert (found.extra.dof, found.images.dof < 40) == (4, True)  # 40 images, five times


class Sealed(np.ndarray):  # type: ignore[type-arg]
    """Images that raise until the plan at `plan` is written."""

    plan = Path()

    def __getitem__(self, key: object) -> object:
        assert Sealed.plan.exists(), "the external test set was read before the plan"
        return np.asarray(self)[key]  # type: ignore[index]


def outside_set(copies: NDArray[np.uint8], **others: object) -> ImageSet:
    """60 new motifs as a set of its own, of which the first ones are `copies`; a third class has no partner."""
    labels = np.arange(60) % 3
    images = motifs(np.minimum(labels, 1), 77)
    images[: len(copies)] = copies
    return other_set(("A", "second", "other"), labels.tolist(), images=images, native_size=16, **others)


def test_a_study_confirms_on_the_external_images_too_after_its_plan(tmp_path: Path) -> None:
    images = image_set(40)
    training = images.images[images.rows("train")]
    theirs = outside_set(training[:1])
    Sealed.plan = tmp_path / "plan.json"
    sealed = replace(theirs, images=theirs.images.view(Sealed))
    with pytest.raises(AssertionError, match="before the plan"):
        sealed.images[:1]
    external = map_external_set("hospital-b", sealed, False, {"second": "b"}, images)
    looks: list[str] = []

    def look(sha256: str, planned: float, seeds: int) -> int:
        looks.append(sha256)
        return len(looks)

    options = StudyOptions(2, (1.0,), (1.0,), (0.5,), budget=TWO_STEPS, selection_seeds=2, selector=BRIEF)
    study = made_study(images, lambda *_: held_out_like, tmp_path, options, external=external, look=look)
    result = study.result("toy", 1)

    assert json.loads((tmp_path / "plan.json").read_text())["classes"] == {"a": ["A"], "b": ["second"]}
    assert len(set(looks)) == 2
    assert result.external is not None
    assert (result.external.images, result.external.near_copies) == (39, 1)
    assert (result.external.left_out, result.external.looks) == ({"other": 20}, 2)
    found = result.regimes[0].external
    assert found is not None
    assert found.verdict.startswith("On hospital-b, an external test set: ")
    assert result.verdict.endswith(found.verdict)
    assert "corrected for 2 comparisons" in found.verdict + result.regimes[0].verdict
    assert set(found.scores) == {arm.plan.name for arm in result.regimes[0].tested}

    files = sorted(tmp_path.glob("100/test/*.npz"))
    kept = [np.load(path)["external_logits"] for path in files if path.name.startswith(f"{found.gain.arm}-seed")]
    labels = external.truth.labels
    areas = [area((logits[:, 1] - logits[:, 0])[1:], labels[1:]) for logits in kept]  # the first is a copy
    assert found.scores[found.gain.arm].mean == pytest.approx(np.mean(areas))
    section = study_section.section(result)
    assert "AUROC on hospital-b" in section
    assert "Its images of classes that the run does not have are left out: other (20)." in section
    assert found.verdict in study_text(result)
    assert "tested on 39 images of the external test set hospital-b" in external_methods(result)

    times = {path: path.stat().st_mtime_ns for path in files}
    study.result("toy", 1)  # everything is kept
    assert {path: path.stat().st_mtime_ns for path in files} == times


def area(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The share of pairs in which the image of class 1 scores higher."""
    pairs = scores[labels == 1][:, None] - scores[labels == 0]
    return float((pairs > 0).mean() + 0.5 * (pairs == 0).mean())


def test_an_external_set_of_copies_has_no_result(tmp_path: Path) -> None:
    images = image_set(40)
    rows = images.rows("train")[:12]
    theirs = other_set(("a", "b"), images.labels()[rows].tolist(), images=images.images[rows], native_size=16)
    external: ExternalTest = map_external_set("copies", theirs, False, {}, images)
    options = StudyOptions(2, (1.0,), (1.0,), (0.5,), budget=TWO_STEPS, selection_seeds=2, selector=BRIEF)
    result = made_study(images, lambda *_: held_out_like, tmp_path, options, external=external).result("toy", 1)
    assert result.regimes[0].external is None
    assert result.external is not None
    assert (result.external.images, result.external.near_copies) == (0, 12)
    assert "12 of its images are near copies of training images" in " ".join(result.notices)


def test_a_set_of_the_store_is_found_by_its_name_and_prepared_like_the_run(store: Path) -> None:
    accepted_sets.accept(add_zip("hospital-b", zip_of(class_files(80))))
    like, config = image_set(40), DataConfig.model_validate({"name": "digits", "image_size": 32})
    external = load_external_test("hospital-b", {}, config, like)
    assert (external.count, external.classes) == (80, {"a": ("a",), "b": ("b",)})
    alone = load_external_test("folder-hospital-b:test", {}, config, like)
    assert 10 <= alone.count < 80
    assert "Also tests on hospital-b: 80 images" in external.lines()[0]
    network = Classifier(16, 1, 2).eval()
    assert external.logits(network).shape == (80, 2)

    own = DataConfig.model_validate({"name": "folder", "path": "hospital-b"})
    with pytest.raises(UserError, match="set of the run itself"):
        load_external_test("hospital-b", {}, own, like)
    with pytest.raises(DataError, match="no data set hospital-c"):
        load_external_test("hospital-c", {}, config, like)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ("--map a=b", "--test-set"),
        ("--test-set ../secrets", "takes the name of a set"),
        ("--test-set other:train", "my-xrays:test"),
        ("--test-set other --map pneumonia", "OURS=THEIRS"),
        ("--test-set other --map a=x --map b=x", "names x twice"),
    ],
)
def test_options_that_name_no_test_set_are_refused(
    store: Path, options: str, part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    trained("digits")
    assert main(["evaluate", "digits", "--study", *options.split()]) == 2
    assert part in capsys.readouterr().err
