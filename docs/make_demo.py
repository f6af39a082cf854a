"""Make the two small trained runs that come with the project, in checkpoints/.

`python -m docs.make_demo digits` trains `demo-mnist` and scores its newest snapshot: ten minutes on one core. MNIST is
read from GAN_DATA, or downloaded to it.

`python -m docs.make_demo cells FOLDER` trains `demo-bloodcells` on the cells of FOLDER, with 25 of its white cells,
tests membership and makes a study: two hours on one core. FOLDER has images as `split/class/file` and a `labels.csv`
with the columns file, class, split and group, cut from the boxes of the BCCD data set.

Both use only the product's commands, in a temporary store, then keep what pages read, and leave out what is only for
resuming or only about this machine.
"""

import argparse
import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gan import jobs
from gan.access.ownership import ALL
from gan.config import settings
from gan.evaluation.job import BESIDE_TRAINING, job_folder
from gan.evaluation.records.best_snapshot import best_snapshot
from gan.io.atomic import write_json
from gan.io.json_files import read_json
from gan.runs import notes
from gan.runs.run import Run

CHECKPOINTS = settings.ROOT / "checkpoints"
COPIED = (
    *("config.json", "data.json", "conditions.npz", "fingerprint.npz"),
    *("metrics.jsonl", "end.json", "log.txt", "about.json"),
)
STARTED, STATUS = ("ticket", "time", "device"), ("phase", "done", "total", "seconds_left", "time")
"""Keys to keep of started.json and status.json: no process, host or speed of this machine."""
SET = "blood-cells"
FEW = 25  # white cells


@dataclass(frozen=True)
class Demo:
    """A run that comes with the project: how it is trained and evaluated, and how many snapshots are kept."""

    name: str
    title: str
    train: str
    evaluate: tuple[str, ...]
    licence: str
    snapshots: int

    @property
    def notes(self) -> str:
        """What the run's page says about it."""
        commands = [f"gan train {self.train}", *(f"gan evaluate {options}".strip() for options in self.evaluate)]
        listed = f"{', '.join(commands[:-1])} and {commands[-1]}"
        return (
            "Comes with the program, without the files to resume it. Made by python -m docs.make_demo, which runs "
            f"{listed}.\n\n{self.licence} These images and weights are under the same licence."
        )


MNIST = Demo(
    name="demo-mnist",
    title="Demo: handwritten digits",
    train=(
        "--preset auto --data.name mnist --model.width 16 --train.kimg 100 --train.snapshot_kimg 10 "
        "--train.keep_snapshots 4 --job.device cpu --job.threads 1"
    ),
    evaluate=("",),
    licence=(
        "Trained on MNIST (Yann LeCun, Corinna Cortes, Christopher J. C. Burges; CC BY-SA 3.0, as third parties state "
        "it)."
    ),
    snapshots=4,
)
CELLS = Demo(
    name="demo-bloodcells",
    title="Demo: blood cells, few white ones",
    train=(
        f"--preset auto --data.name folder --data.path {SET} --model.width 24 --train.kimg 120 "
        "--train.snapshot_kimg 10 --train.keep_snapshots 20 --job.device cpu --job.threads 1"
    ),
    evaluate=("--membership", "--snapshot 120000 --membership", "--study --small"),  # the best, the newest, the best
    licence=(
        "Trained on cells cut from the BCCD data set (Shenggan and contributors, MIT licence), with "
        f"{FEW} of its white cells only."
    ),
    snapshots=2,
)


def main() -> None:
    """Train and evaluate a demo run, and replace it in checkpoints/."""
    parser = argparse.ArgumentParser(prog="python -m docs.make_demo", description=__doc__)
    demos = parser.add_subparsers(dest="demo", required=True)
    demos.add_parser("digits")
    demos.add_parser("cells").add_argument("folder", type=Path)
    arguments = parser.parse_args()
    demo = MNIST if arguments.demo == "digits" else CELLS
    with tempfile.TemporaryDirectory() as store:
        os.environ["GAN_STORE"] = store
        if demo is CELLS:
            add_cells(arguments.folder, Path(store))
        gan("train", *demo.train.split(), "--name", demo.name)
        run = Run(Path(store).resolve() / demo.name)
        for line in jobs.follow(job_folder(run, BESIDE_TRAINING)):  # its snapshots are scored until after its end
            print(line, end="")
        for options in demo.evaluate:
            gan("evaluate", demo.name, *options.split())
        keep(demo, run)


def gan(*arguments: str) -> None:
    """Run a command of the product; raises CalledProcessError where it fails."""
    print("python -m gan", *arguments, flush=True)
    subprocess.run([sys.executable, "-m", "gan", *arguments], check=True, cwd=settings.ROOT)


def add_cells(folder: Path, scratch: Path) -> None:
    """Add the cells of `folder` as a set, with FEW of the white cells of its training split."""
    with (folder / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    white = [row["file"] for row in rows if (row["class"], row["split"]) == ("WBC", "train")]
    left_out = set(white) - set(random.Random(0).sample(white, FEW))
    fewer = scratch / "cells"
    for row in (row for row in rows if row["file"] not in left_out):
        (fewer / row["file"]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / row["file"], fewer / row["file"])
    with (fewer / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(row for row in rows if row["file"] not in left_out)
    gan("data", "add", SET, str(fewer))
    about = f"Red cells, platelets and, to train on, {FEW} white cells of stained blood smears."
    origin = ("--source", "Cut from the BCCD data set", "--licence", "MIT")
    gan("data", "describe", SET, "--title", "Blood cells", "--description", about, *origin)


def keep(demo: Demo, run: Run) -> None:
    """Replace the demo in checkpoints/ by the files of the finished `run` that pages read."""
    notes.update_about(run.path, title=demo.title, owner="", visibility=ALL, tags=("demo",), notes=demo.notes)
    target = CHECKPOINTS / demo.name
    if target.exists():
        shutil.rmtree(target)
    target.mkdir()
    for name in COPIED:
        shutil.copy(run.path / name, target)
    if (run.path / "subclasses.npz").exists():
        shutil.copy(run.path / "subclasses.npz", target)
    (target / "end.json").write_text(json.dumps(read_json(run.path / "end.json")) + "\n")  # without its padding
    write_json(target / "started.json", pick(run.path / "started.json", STARTED) | {"pid": None})
    write_json(target / "status.json", pick(run.path / "status.json", STATUS))
    shutil.copytree(run.path / "samples", target / "samples")
    (target / "evaluation").mkdir()
    for result in (run.path / "evaluation").glob("*.json"):
        document = read_json(result) or {}
        document["made_with"].pop("seconds", None)  # about this machine
        write_json(target / "evaluation" / result.name, document)
    for seen in kept_snapshots(run, demo.snapshots):
        folder = Run(target).snapshot_folder(seen)
        folder.mkdir(parents=True)
        for name in ("generator.safetensors", "ready.json"):
            shutil.copy(run.snapshot(seen) / name, folder)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    print(f"{target}: {size / 1e6:.1f} MB")


def kept_snapshots(run: Run, count: int) -> list[int]:
    """The best snapshot and the newest ones, `count` together."""
    newest, best = run.snapshots(), best_snapshot(run)
    others = [seen for seen in newest if seen != best]
    return sorted([*others[len(others) - count + (best is not None) :], *([] if best is None else [best])])


def pick(file: Path, keys: tuple[str, ...]) -> dict[str, object]:
    """Some keys of a JSON document, with their values."""
    document = read_json(file) or {}
    return {key: document[key] for key in keys}


if __name__ == "__main__":
    main()
