"""What must not leave: near copies of training images and rejected images are left out, replaced and counted."""

import io
import json
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan.cli.main import main
from gan.data import registry
from gan.errors import RunError, StoppedError
from gan.evaluation import training_images
from gan.evaluation.privacy import guard
from gan.evaluation.privacy.near_copies import NearCopyDetector
from gan.export.candidates import ExportFilter, Tally, accepted_from_stream, max_tries
from gan.export.request import ExportRequest
from gan.export.writer import write_export
from gan.io.contact_sheet import to_pil
from gan.runs.run import Run
from gan.sampling import marks
from gan.sampling.conditions import Condition
from gan.sampling.provenance import Origin
from gan.sampling.sampler import load_generator
from tests.conftest import trained
from tests.support.evaluation import stop

SEED = 4


@pytest.fixture
def run() -> Run:
    return trained("digits")


@pytest.fixture
def copying(run: Run, tmp_path: Path) -> Run:
    """A run that was trained on what its own generator makes of SEED at positions 0 to 119, as a folder of images."""
    sampler = load_generator(run)
    made = sampler.generate(np.eye(10, dtype=np.float32)[np.arange(120) // 12], SEED)
    for position, image in enumerate(made):
        folder = tmp_path / "own" / str(position // 12)
        folder.mkdir(parents=True, exist_ok=True)
        to_pil(image).save(folder / f"{position:03d}.png")
    rows = [f"{position // 12}/{position:03d}.png,{position // 12}" for position in range(len(made))]
    (tmp_path / "own" / "labels.csv").write_text("\n".join(["file,class", *rows]))  # numbers may not be classes
    other = trained("copying", data__name="folder", data__path=str(tmp_path / "own"), data__image_size=32)
    shutil.rmtree(other.path / "snapshots")
    shutil.copytree(run.path / "snapshots", other.path / "snapshots")
    return other


def exported(file: Path) -> tuple[dict[str, np.ndarray], dict[str, object], str]:
    """The images of a ZIP by name, its manifest and its data card."""
    with zipfile.ZipFile(file) as archive:
        names = [name for name in archive.namelist() if name.endswith(".png")]
        images = {name: np.asarray(Image.open(io.BytesIO(archive.read(name)))) for name in names}
        return images, json.loads(archive.read("manifest.json")), archive.read("README.md").decode()


def trained_on(run: Run, first: int) -> int:
    """How many of the first images of class 0 are in the training split."""
    images = registry.load_image_set(run.config.data)
    own = {image.tobytes() for image in images.images[images.rows("train")]}
    files = [Path(run.config.data.path) / "0" / f"{position:03d}.png" for position in range(first)]
    return sum(np.asarray(Image.open(file)).tobytes() in own for file in files)


def of_training(names: Iterable[str], run: Run) -> set[int]:
    """Which of the exported images, by position, are in the training split of the run `copying`."""
    images = registry.load_image_set(run.config.data)
    own = {image.tobytes() for image in images.images[images.rows("train")]}
    return {
        position
        for position in (int(name[-10:-4]) for name in names)
        if position < 12
        and np.asarray(Image.open(Path(run.config.data.path) / "0" / f"{position:03d}.png")).tobytes() in own
    }


def test_copies_of_training_images_are_withheld_replaced_and_counted(copying: Run, tmp_path: Path) -> None:
    request = ExportRequest((("0", 20),), seed=SEED)
    written = write_export(copying, request, tmp_path / "guarded.zip")
    images, manifest, card = exported(tmp_path / "guarded.zip")
    assert written.count == len(images)
    assert not of_training(images, copying)
    (condition,) = manifest["conditions"]
    withheld = condition["near_copies_withheld"]
    assert manifest["near_copies"]["withheld"] == withheld >= trained_on(copying, 12)
    assert condition["candidates"] == condition["count"] + condition["near_copies_withheld"]
    assert manifest["near_copies"]["detector"]["planted"] > 0
    assert "near copies of training images were withheld" in card
    assert manifest["config"]["data"]["path"] == "own"  # a ZIP is sent on: where the images lie stays here

    write_export(copying, ExportRequest((("0", 20),), seed=SEED, with_near_copies=True), tmp_path / "all.zip")
    images, manifest, card = exported(tmp_path / "all.zip")
    assert len(of_training(images, copying)) == trained_on(copying, 12)
    assert manifest["near_copies"]["withheld"] is None
    assert "were not looked for" in card


def test_a_basket_loses_its_near_copies_and_counts_what_is_left(copying: Run, tmp_path: Path) -> None:
    kept = [Origin(320, SEED, index, "0") for index in range(20)]  # of the first 12, some are in the training split
    written = write_export(copying, ExportRequest.of_basket(kept), tmp_path / "basket.zip")
    images, manifest, card = exported(tmp_path / "basket.zip")
    (condition,) = manifest["conditions"]
    assert written.count == condition["count"] == len(images) < 20 == condition["asked"]
    assert len(images) + condition["near_copies_withheld"] == 20
    assert written.notices[0].startswith(f"Only {len(images)} of 20 images of 0")
    assert f"| 0 | {len(images)} |" in card
    assert "withheld and replaced" not in card


def test_a_condition_that_makes_nothing_but_copies_is_given_up(run: Run) -> None:
    sampler = load_generator(run)
    three = Condition.from_text("3", sampler.info)
    everything = sampler.generate(three.sample(sampler.info, 600, SEED), SEED)
    sieve, tally = ExportFilter(NearCopyDetector(everything)), Tally(5)
    chunks = accepted_from_stream(sampler, sieve, three, tally, item=0, seed=SEED, start=0, truncation=1.0)
    assert sum(len(chunk.images) for chunk in chunks) == 0
    assert tally.tried == tally.near_copies == max_tries(5, 1.0)
    assert tally.missing == 5


def test_fewer_images_than_asked_for_are_told(copying: Run, tmp_path: Path) -> None:
    request, candidates = ExportRequest((("0", 30),), seed=SEED), max_tries(30, 1.0)
    marks.change(copying, {Origin(320, SEED, position, "0"): "reject" for position in range(25, candidates)})
    written = write_export(copying, request, tmp_path / "few.zip")
    images, manifest, card = exported(tmp_path / "few.zip")
    assert written.count == len(images) < 30
    (notice,) = written.notices
    assert notice.startswith(f"Only {len(images)} of 30 images of 0: of {candidates} candidates")
    assert notice in card
    assert manifest["conditions"][0]["rejected_by_hand"] == candidates - 25


def test_rejected_images_are_replaced_by_the_next_of_the_stream(run: Run, tmp_path: Path) -> None:
    marks.change(run, {Origin(320, 0, 1, "3"): "reject", Origin(320, 5, 2, "3"): "reject"})  # the second: another seed
    write_export(run, ExportRequest((("3", 3), ("4", 1))), tmp_path / "out.zip")
    images, manifest, _ = exported(tmp_path / "out.zip")
    assert [name[-8:-4] for name in images] == ["0000", "0002", "0003", "0004"]
    assert [row["rejected_by_hand"] for row in manifest["conditions"]] == [1, 0]
    assert [row["indices"] for row in manifest["conditions"]] == [[0, 3], [4, 4]]


def test_an_unguarded_export_must_be_asked_for_where_the_training_images_are_gone(
    copying: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert training_images.training_images_problem(copying) is None
    shutil.rmtree(tmp_path / "own")
    told = training_images.training_images_problem(copying)
    assert told is not None
    assert told.startswith("The training images of copying are not here")
    command = ["export", "copying", "--per-class", "1", "--condition", "3", "--out", str(tmp_path / "x.zip")]
    assert main(command) == 2
    assert "The training images of copying are not here" in capsys.readouterr().err
    assert main([*command, "--with-near-copies"]) == 0
    assert exported(tmp_path / "x.zip")[1]["near_copies"]["detector"] is None


def test_other_images_than_those_trained_on_guard_nothing(copying: Run) -> None:
    for path in sorted((Path(copying.config.data.path) / "3").iterdir())[:6]:
        path.unlink()
    with pytest.raises(RunError, match=r"has changed since the run copying was trained: .* Or allow near copies"):
        guard.load_detector(copying)


def test_a_calibration_is_made_once_for_a_data_set(run: Run) -> None:
    phases: list[str] = []
    first, _ = guard.load_detector(run, lambda phase, done: phases.append(phase))
    assert "calibrating the near-copy detector" in phases
    phases.clear()
    again, _ = guard.load_detector(run, lambda phase, done: phases.append(phase))
    assert "calibrating the near-copy detector" not in phases
    assert again.calibration == first.calibration


def test_a_calibration_stops_when_asked(run: Run) -> None:
    with pytest.raises(StoppedError):
        guard.load_detector(run, stop)
