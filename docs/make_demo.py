"""Make `checkpoints/demo-mnist`, the small trained run that comes with the project.

`python -m docs.make_demo` trains it, scores its newest snapshot and keeps what pages read: ten minutes on one core.
MNIST is read from GAN_DATA, or downloaded to it. It uses only the product's commands, in a temporary store, then leaves
out what is only for resuming or only about this machine.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from gan.config import settings
from gan.io.atomic import write_json
from gan.io.json_files import read_json
from gan.runs import notes
from gan.runs.run import Run

NAME = "demo-mnist"
TARGET = settings.ROOT / "checkpoints" / NAME
COMMAND = (
    "--preset auto --data.name mnist --model.width 16 --train.kimg 100 --train.snapshot_kimg 10 "
    "--train.keep_snapshots 4 --job.device cpu --job.threads 1"
)
COPIED = (
    *("config.json", "data.json", "conditions.npz", "fingerprint.npz", "subclasses.npz"),
    *("metrics.jsonl", "end.json", "log.txt", "about.json"),
)
STARTED, STATUS = ("ticket", "time", "device"), ("phase", "done", "total", "seconds_left", "time")
"""Keys to keep of started.json and status.json: no process, host or speed of this machine."""
NOTES = f"""\
Comes with the program, without the files to resume it. Made by python -m docs.make_demo, which runs \
gan train {COMMAND} and gan evaluate.

Trained on MNIST (Yann LeCun, Corinna Cortes, Christopher J. C. Burges; CC BY-SA 3.0, as third parties state it). \
These images and weights are under the same licence."""


def main() -> None:
    """Train, score, and replace the demo run."""
    with tempfile.TemporaryDirectory() as store:
        os.environ["GAN_STORE"] = store
        gan("train", *COMMAND.split(), "--name", NAME)
        run = Run(Path(store).resolve() / NAME)
        gan("evaluate", NAME)
        notes.update_about(run.path, title="Demo: handwritten digits", owner="", tags=("demo",), notes=NOTES)
        keep(run, TARGET)
    size = sum(file.stat().st_size for file in TARGET.rglob("*") if file.is_file())
    print(f"{TARGET}: {size / 1e6:.1f} MB")


def gan(*arguments: str) -> None:
    """Run a command of the product; raises CalledProcessError where it fails."""
    print("python -m gan", *arguments, flush=True)
    subprocess.run([sys.executable, "-m", "gan", *arguments], check=True, cwd=settings.ROOT)


def keep(run: Run, target: Path) -> None:
    """Replace `target` by the files of a finished run that pages read."""
    if target.exists():
        shutil.rmtree(target)
    target.mkdir()
    for name in COPIED:
        shutil.copy(run.path / name, target)
    (target / "end.json").write_text(json.dumps(read_json(run.path / "end.json")) + "\n")  # without its padding
    write_json(target / "started.json", pick(run.path / "started.json", STARTED) | {"pid": None})
    write_json(target / "status.json", pick(run.path / "status.json", STATUS))
    shutil.copytree(run.path / "samples", target / "samples")
    (target / "evaluation").mkdir()
    for result in (run.path / "evaluation").glob("*.json"):
        document = read_json(result) or {}
        del document["made_with"]["seconds"]
        write_json(target / "evaluation" / result.name, document)
    for seen in run.snapshots():
        folder = Run(target).snapshot_folder(seen)
        folder.mkdir(parents=True)
        for name in ("generator.safetensors", "ready.json"):
            shutil.copy(run.snapshot(seen) / name, folder)


def pick(file: Path, keys: tuple[str, ...]) -> dict[str, object]:
    """Some keys of a JSON document, with their values."""
    document = read_json(file) or {}
    return {key: document[key] for key in keys}


if __name__ == "__main__":
    main()
