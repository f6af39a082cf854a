"""Take a run's generator out of the program: a folder or ZIP with the network, generator.json and a model card.

It holds the averaged generator of one snapshot alone. A discriminator reveals more of the training data than images do,
and leaves by no way.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gan.access.permissions import Action, require
from gan.errors import ConfigError
from gan.export import formats, model_card
from gan.export.model_card import MODEL_FILES
from gan.io.progress import Progress, silent
from gan.runs.run import Run

MODEL_FORMATS = tuple(MODEL_FILES)


@dataclass(frozen=True)
class ModelExport:
    """A finished export: the snapshot, by images seen, and the largest difference between the images of the file, once
    loaded again, and those of the run's own network, in [-1, 1]."""

    snapshot: int
    difference: float


def export_model(
    run: Run, format: str, out: Path, snapshot: int | None = None, progress: Progress = silent
) -> ModelExport:
    """Write a snapshot's generator, by default the newest's, to `out`: a ZIP where it ends in .zip, else a new or empty
    folder.

    The written file is loaded again and compared with the run's own network. Raises ConfigError for an unknown format,
    UserError for an `out` that is not empty or a package that is missing, RunError for a missing or damaged snapshot,
    AccessError where the current person may not.
    """
    require(Action.EXPORT_MODEL, run, format)
    if format not in MODEL_FORMATS:
        raise ConfigError(f"format is {format!r}: it takes {', '.join(MODEL_FORMATS)}.")
    formats.check_output(out)
    out = out.absolute()  # "." has a name then
    progress("loading the generator", 0.0)
    from gan.export import model_files  # here: it imports torch
    from gan.sampling.sampler import load_generator

    sampler, model = load_generator(run, snapshot), run.config.model
    document = model_card.model_document(run, sampler.seen, format)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as temporary:
        folder = Path(temporary)
        progress("writing and checking the generator", 0.2)
        difference = model_files.write_model_files(folder, sampler, model, format, document)
        progress("writing the model card", 0.9)
        (folder / "generator.json").write_text(json.dumps(document, indent=2) + "\n")
        (folder / "README.md").write_text(model_card.model_card(document, sampler.info, difference))
        with formats.open_output(out) as output:
            for path in sorted(folder.iterdir()):
                if path.is_file():  # not the bytecode of generator.py
                    output.put_file(path.name, path)
    progress("writing the model card", 1.0)
    return ModelExport(sampler.seen, difference)
