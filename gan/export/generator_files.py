"""Generators to download: `exports/generator-<format>/` of a run, which a background task fills with a ZIP.

There is one of each format; another request replaces it. `gan/export/model_export.py` says what is in it.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter

from gan import jobs
from gan.access.permissions import Action, require
from gan.errors import RunError
from gan.export.model_card import MODEL_FILES
from gan.export.model_export import export_model
from gan.io.atomic import write_json
from gan.io.json_files import read_request
from gan.io.progress import Progress, silent
from gan.io.untrusted_files import is_link, is_regular
from gan.runs.run import Run


@dataclass(frozen=True)
class GeneratorRequest:
    """The snapshot whose generator is written, by images seen."""

    snapshot: int


REQUEST = TypeAdapter(GeneratorRequest)


@dataclass(frozen=True)
class GeneratorFile:
    """The generator of a run in one format."""

    folder: Path
    format: str

    @property
    def request(self) -> GeneratorRequest:
        """Raises RunError where its file is missing, and DamagedFileError."""
        return read_request(self.folder / "request.json", REQUEST)

    @property
    def state(self) -> jobs.State:
        return jobs.state(self.folder)

    @property
    def file(self) -> Path | None:
        """The ZIP; None until it is complete."""
        return next(filter(is_regular, self.folder.glob("*.zip")), None)


def begin_generator_file(run: Run, format: str, snapshot: int) -> GeneratorFile:
    """Start to write a generator in the background; raises RunError for a missing snapshot or where it works already,
    AccessError where the current person may not take it out."""
    require(Action.EXPORT_MODEL, run, format)
    run.snapshot(snapshot)
    generator = GeneratorFile(_folder(run, format), format)
    if generator.state.alive:
        raise RunError(f"The generator of {run.name} is being written in this format already.")
    jobs.check_task()
    generator.folder.mkdir(parents=True, exist_ok=True)
    for file in generator.folder.glob("*.zip"):
        file.unlink()
    write_json(generator.folder / "request.json", asdict(GeneratorRequest(snapshot)))
    jobs.start_task(generator.folder, engine=run.config.job.engine)
    return generator


def find_generator_file(run: Run, format: str) -> GeneratorFile:
    """The generator of that format; raises RunError where nobody requested it."""
    folder = _folder(run, format)
    if format not in MODEL_FILES or not folder.is_dir() or is_link(folder):
        raise RunError(f"The run {run.name} has no generator of the format {format}.")
    return GeneratorFile(folder, format)


def list_generator_files(run: Run) -> list[GeneratorFile]:
    """The generators that were requested, by format."""
    found = [GeneratorFile(_folder(run, format), format) for format in MODEL_FILES]
    return [generator for generator in found if generator.folder.is_dir() and not is_link(generator.folder)]


def require_download(run: Run, generator: GeneratorFile) -> None:
    """Raise AccessError unless the current person may take a generator out."""
    require(Action.EXPORT_MODEL, run, generator.format)


def run_task(run: Run, format: str, progress: Progress = silent) -> None:
    """The background task: write the ZIP. StoppedError raised by `progress` stops it."""
    generator = find_generator_file(run, format)
    snapshot = generator.request.snapshot
    export_model(run, format, generator.folder / f"{run.name}-{snapshot}-{format}.zip", snapshot, progress)


def _folder(run: Run, format: str) -> Path:
    return run.path / "exports" / f"generator-{format}"
