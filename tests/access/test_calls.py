"""Every call of the package that changes or reveals something refuses whom the table refuses.

The calls are found by walking what the pages use of `gan`: a call that is in no list here fails.
"""

import ast
import importlib
import inspect
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from gan import jobs
from gan.access.identity import SIGNED_OUT, Identity, Role, acting_as
from gan.access.permissions import RULES, Action, Owned, decide
from gan.config import options, settings
from gan.config.run_config import RunConfig
from gan.data import catalogue, label_edits, registry, set_notes
from gan.data.fingerprint import Fingerprint
from gan.data.ingest import accepted_sets, hand_labels, staging, subset, upload_check
from gan.data.ingest.labels.reading import Reading
from gan.data.ingest.subset import Cut
from gan.data.label_edits import Edit
from gan.data.set_access import folder_target
from gan.data.set_notes import SetNotes
from gan.errors import AccessError, DataError, UserError
from gan.evaluation import job, reader_study, training_images
from gan.evaluation.job import Request
from gan.evaluation.privacy.guard import load_detector
from gan.export import exports, generator_files, model_export
from gan.export.request import ExportRequest
from gan.io.atomic import write_json
from gan.jobs import launch
from gan.runs import lifecycle, notes, set_users
from gan.runs.run import Run
from gan.sampling import marks
from tests.support.image_files import class_files, zip_of
from tests.support.uploads import add_zip

ANN, BOB = Identity("ann", Role.MEMBER), Identity("bob", Role.MEMBER)
VIEWER, STEWARD, ADMIN = Identity("vic", Role.VIEWER), Identity("sam", Role.STEWARD), Identity("ada", Role.ADMIN)
EXPORT = "20261126-120000"


@dataclass(frozen=True)
class World:
    """What ann owns: a run of an added set, an export of it, the set, and an upload."""

    run: Run
    upload: Path

    @property
    def export(self) -> exports.Export:
        return exports.Export(self.run.path / "exports" / EXPORT)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store with what ann owns, which she shares, apart from the upload."""
    folder = tmp_path_factory.mktemp("anns") / "store"
    with pytest.MonkeyPatch.context() as patch, acting_as(ANN):
        patch.setenv("GAN_STORE", str(folder))
        accepted_sets.accept(add_zip("cells", zip_of(class_files())))
        set_notes.share_set("cells", "all")
        add_zip("more", zip_of(class_files()))
        config = options.build_config({"data.name": "folder", "data.path": "cells", "data.image_size": 32})
        run = lifecycle.create_run(config, "anns")
        notes.share_run(run.path, "all")
        (run.path / "exports" / EXPORT).mkdir()
        request = exports.REQUEST.dump_python(ExportRequest((("any", 1),)), mode="json")
        write_json(run.path / "exports" / EXPORT / "request.json", request)
        yield folder


@pytest.fixture
def world(made: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A copy of it, with a queue that nobody works off."""
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    shutil.copytree(made, store)
    return World(Run(store / "anns"), next((store / ".data" / "incoming").glob("*/")))


CALLS: Mapping[str, tuple[Action, Callable[[World], object]]] = {
    "gan.runs.lifecycle.create_run": (Action.START_RUN, lambda w: lifecycle.create_run(RunConfig(), "new")),
    "gan.runs.lifecycle.start_run": (Action.START_RUN, lambda w: lifecycle.start_run(RunConfig(), "new")),
    "gan.runs.lifecycle.submit_run": (Action.CHANGE_RUN, lambda w: lifecycle.submit_run(w.run)),
    "gan.runs.lifecycle.resume_run": (Action.CHANGE_RUN, lambda w: lifecycle.resume_run(w.run)),
    "gan.runs.lifecycle.set_gpus": (Action.CHANGE_RUN, lambda w: lifecycle.set_gpus(w.run, 2)),
    "gan.runs.lifecycle.delete_run": (Action.DELETE_RUN, lambda w: lifecycle.delete_run(w.run)),
    "gan.runs.notes.update_about": (Action.CHANGE_RUN, lambda w: notes.update_about(w.run.path, title="Bob's")),
    "gan.runs.notes.change_tags": (Action.CHANGE_RUN, lambda w: notes.change_tags(w.run.path, ["bob"])),
    "gan.runs.notes.share_run": (Action.SHARE, lambda w: notes.share_run(w.run.path, "all")),
    "gan.runs.notes.give_run": (Action.GIVE, lambda w: notes.give_run(w.run.path, "bob")),
    "gan.data.set_notes.give_set": (Action.GIVE, lambda w: set_notes.give_set("cells", "bob")),
    "gan.runs.set_users.delete_set": (Action.REMOVE_SET, lambda w: set_users.delete_set("cells")),
    "gan.jobs.stop": (Action.STOP_JOB, lambda w: jobs.stop(w.run.path)),
    "gan.jobs.submit": (Action.CHANGE_RUN, lambda w: jobs.submit(w.run.path, "cpu")),
    "gan.jobs.resume": (Action.CHANGE_RUN, lambda w: jobs.resume(w.run.path, "cpu")),
    "gan.jobs.delete": (Action.DELETE_RUN, lambda w: jobs.delete(w.run.path)),
    "gan.jobs.release": (Action.RELEASE_JOB, lambda w: jobs.release(w.run.path, "elsewhere")),
    "gan.jobs.start_task suspects": (Action.CHANGE_SET, lambda w: jobs.start_task(settings.tasks() / "suspects-cells")),
    "gan.jobs.start_task check": (Action.CHANGE_SET, lambda w: jobs.start_task(w.upload)),
    "gan.jobs.start_task doctor": (Action.SEE_SYSTEM, lambda w: jobs.start_task(settings.tasks() / "doctor")),
    "gan.jobs.start_task": (Action.USE_SET, lambda w: jobs.start_task(settings.tasks() / "prepare-digits")),
    "gan.data.ingest.staging.stage_archive": (
        Action.ADD_SET,
        lambda w: staging.stage_archive("new", zip_of(class_files())),
    ),
    "gan.data.ingest.subset.make_subset": (
        Action.ADD_SET,
        lambda w: subset.make_subset("cells", "fewer", Cut(most=1)),
    ),
    "gan.data.ingest.staging.stage_files": (Action.ADD_SET, lambda w: staging.stage_files("new", [])),
    "gan.data.ingest.staging.stage_folder": (Action.ADD_SET, lambda w: staging.stage_folder("new", settings.ROOT)),
    "gan.data.ingest.upload_check.change_reading": (
        Action.CHANGE_SET,
        lambda w: upload_check.change_reading(w.upload, Reading()),
    ),
    "gan.data.ingest.upload_check.check_anew": (Action.CHANGE_SET, lambda w: upload_check.check_anew(w.upload)),
    "gan.data.ingest.accepted_sets.accept": (
        Action.CHANGE_SET,
        lambda w: accepted_sets.accept(upload_check.load_pending(w.upload.name)),  # type: ignore[arg-type]
    ),
    "gan.data.ingest.staging.discard": (Action.CHANGE_SET, lambda w: staging.discard(w.upload)),
    "gan.data.ingest.hand_labels.set_classes": (
        Action.CHANGE_SET,
        lambda w: hand_labels.set_classes(w.upload, ["a", "b"]),
    ),
    "gan.data.ingest.hand_labels.set_label": (Action.CHANGE_SET, lambda w: hand_labels.set_label(w.upload, "x", "")),
    "gan.data.ingest.hand_labels.use_hand_labels": (Action.CHANGE_SET, lambda w: hand_labels.use_hand_labels(w.upload)),
    "gan.data.label_edits.change_edits": (
        Action.CHANGE_SET,
        lambda w: label_edits.change_edits("cells", {"a/000.png": Edit("drop")}),
    ),
    "gan.data.set_notes.change_set_notes": (
        Action.CHANGE_SET,
        lambda w: set_notes.change_set_notes("cells", SetNotes(title="Bob's")),
    ),
    "gan.data.set_notes.share_set": (Action.SHARE, lambda w: set_notes.share_set("cells", "all")),
    "gan.data.registry.preview": (Action.SEE_REAL_IMAGES, lambda w: registry.preview(w.run.config.data)),
    "gan.evaluation.job.start_evaluation": (
        Action.EVALUATE,
        lambda w: job.start_evaluation(w.run, Request("scores")),
    ),
    "gan.evaluation.reader_study.begin_reading": (
        Action.SEE_REAL_IMAGES,
        lambda w: reader_study.begin_reading(w.run, None, None, "bob", 11, 0),  # type: ignore[arg-type]
    ),
    "gan.evaluation.reader_study.record_answer": (
        Action.READ_BLIND,
        lambda w: reader_study.record_answer(w.run, EXPORT, 0, True, True, 1.0),
    ),
    "gan.evaluation.reader_study.undo_answer": (
        Action.READ_BLIND,
        lambda w: reader_study.undo_answer(w.run, EXPORT),
    ),
    "gan.evaluation.training_images.viewable_training_images": (
        Action.SEE_REAL_IMAGES,
        lambda w: training_images.viewable_training_images(w.run),
    ),
    "gan.export.exports.begin_export": (
        Action.EXPORT,
        lambda w: exports.begin_export(w.run, ExportRequest((("any", 1),))),
    ),
    "gan.export.exports.begin_export near copies": (
        Action.EXPORT_NEAR_COPIES,
        lambda w: exports.begin_export(w.run, ExportRequest((("any", 1),), with_near_copies=True)),
    ),
    "gan.export.exports.resume_export": (Action.EXPORT, lambda w: exports.resume_export(w.run, EXPORT)),
    "gan.export.exports.require_download": (Action.DOWNLOAD, lambda w: exports.require_download(w.run, w.export)),
    "gan.export.model_export.export_model": (
        Action.EXPORT_MODEL,
        lambda w: model_export.export_model(w.run, "torch", w.run.path / "out"),
    ),
    "gan.export.generator_files.begin_generator_file": (
        Action.EXPORT_MODEL,
        lambda w: generator_files.begin_generator_file(w.run, "torch", 1000),
    ),
    "gan.export.generator_files.require_download": (
        Action.EXPORT_MODEL,
        lambda w: generator_files.require_download(w.run, generator_files.GeneratorFile(w.run.path, "torch")),
    ),
    "gan.sampling.marks.change": (Action.MARK_IMAGES, lambda w: marks.change(w.run, {})),
    "gan.sampling.marks.clear": (Action.MARK_IMAGES, lambda w: marks.clear(w.run, [])),
}
"""Each call with the action that it takes, on something of ann's."""

GUARDED_BELOW = {
    "gan.runs.sweeps.start_sweep": "create_run",
    "gan.evaluation.report.document.build_report": "viewable_training_images",
    "gan.training.measured_speed.start_timing": "jobs.start_task",
    "gan.data.ingest.upload_check.change_names_encoding": "_change_request, as change_reading",
    "gan.data.registry.load_image_set": "a page of those who may use sets reads the digits",
    "gan.evaluation.reader_study.reading_image": "takes the images, which come from viewable_training_images",
}
"""Calls that act by others, or take what those give."""

ACTING_MODULES = (
    "gan.data.ingest.hand_labels",
    "gan.data.ingest.accepted_sets",
    "gan.data.ingest.staging",
    "gan.data.ingest.upload_check",
    "gan.data.ingest.subset",
    "gan.data.label_edits",
    "gan.data.registry",
    "gan.data.set_notes",
    "gan.evaluation.job",
    "gan.evaluation.reader_study",
    "gan.evaluation.report.document",
    "gan.evaluation.training_images",
    "gan.export.exports",
    "gan.export.generator_files",
    "gan.jobs",
    "gan.runs.lifecycle",
    "gan.runs.notes",
    "gan.runs.set_users",
    "gan.runs.sweeps",
    "gan.sampling.marks",
    "gan.training.measured_speed",
)
"""Modules of which the pages use calls that change or reveal something."""
READING_WORDS = (
    *("load", "list", "find", "read", "is", "has", "can", "may", "keeps", "describe", "estimated", "measured", "state"),
    *("job", "snapshots", "run", "runs", "waiting", "upload", "requested", "added", "free", "split", "all", "plan"),
    *("seeds", "preview_script", "basket", "kept", "rejected", "devices", "disk", "ensure", "log", "queue", "timing"),
    *("cached", "image_set_key", "learned", "problem", "not_read", "training_images", "viewing"),
)
"""How the names of calls begin that only read, or start the scheduler."""


def calls_of_pages() -> dict[str, set[str]]:
    """The functions of `gan` that the pages use, by module."""
    used: dict[str, set[str]] = defaultdict(set)
    for path in (settings.ROOT / "pages").rglob("*.py"):
        tree = ast.parse(path.read_text())
        imported = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gan":
                for name in node.names:
                    imported[name.asname or name.name] = f"{node.module}.{name.name}"
                    used[str(node.module)].add(name.name)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in imported:
                used[imported[node.value.id]].add(node.attr)
    return {module: names for module, names in used.items() if is_module(module)}


def is_module(name: str) -> bool:
    path = settings.ROOT / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


def test_every_call_of_a_page_that_acts_is_listed() -> None:
    listed = {name.split()[0] for name in CALLS} | GUARDED_BELOW.keys()
    used = calls_of_pages()
    unlisted = []
    for module in ACTING_MODULES:
        functions = vars(importlib.import_module(module))
        for name in sorted(used[module]):
            if inspect.isfunction(functions.get(name)) and not name.startswith(READING_WORDS):
                unlisted += [f"{module}.{name}"] if f"{module}.{name}" not in listed else []
    assert unlisted == []


ACTING_WORDS = (
    *("accept", "add", "answer", "begin", "change", "clear", "copy", "create", "delete", "discard", "export", "hide"),
    *("import", "keep_", "make", "mark", "move", "record", "release", "remove", "rename", "resume", "save", "set_"),
    *("share", "stage", "start", "stop", "submit", "undo", "unpack", "update", "write"),
)
"""How the names of calls begin that change something, in whatever module."""


def test_no_module_beside_the_acting_ones_has_a_call_that_acts() -> None:
    acting = [
        f"{module}.{name}"
        for module, names in calls_of_pages().items()
        for name in names
        if name.startswith(ACTING_WORDS)
        and module not in ACTING_MODULES
        and not module.startswith(("gan.io", "gan.access"))
        and inspect.isfunction(getattr(importlib.import_module(module), name, None))
    ]
    assert [call for call in acting if call not in READERS] == []


READERS = {"gan.config.settings.added_sets", "gan.data.set_access.set_target", "gan.jobs.doctor.saved_checks"}
"""What only sounds as if it changed something."""


def target_of(name: str, world: World) -> Owned | None:
    """What the call is on."""
    if RULES[CALLS[name][0]].others is None and CALLS[name][0] in (Action.START_RUN, Action.ADD_SET):
        return None
    on_upload = name.startswith(("gan.data.ingest", "gan.jobs.start_task check"))
    return folder_target(world.upload) if on_upload else world.run


@pytest.mark.parametrize("name", CALLS)
def test_a_call_refuses_whom_the_table_refuses(name: str, world: World) -> None:
    action, call = CALLS[name]
    target = target_of(name, world)
    people = (SIGNED_OUT, VIEWER, BOB, ANN, STEWARD, ADMIN)
    refused = [who for who in people if not decide(action, target, who)]
    assert VIEWER in refused
    before = files()
    for who in refused:
        with acting_as(who), pytest.raises(UserError) as error:
            call(world)
        # what one may not see is as good as missing
        assert isinstance(error.value, AccessError) or not decide(Action.SEE, target, who), who
    assert files() == before
    allowed = next(who for who in people if who not in refused)
    with acting_as(allowed):
        try:
            call(world)
        except AccessError as refusal:
            pytest.fail(f"{allowed.name} was refused: {refusal}")
        except (UserError, TypeError, AttributeError):
            pass  # allowed, and not possible here


def files() -> dict[str, bytes]:
    """Every file of the store with its content; locks and the audit log aside."""
    paths = (path for path in settings.store().rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path): path.read_bytes() for path in paths}


@pytest.mark.parametrize(
    "name", ["gan.evaluation.training_images.viewable_training_images", "gan.data.registry.preview"]
)
def test_real_images_of_a_private_set_are_for_its_owner_and_stewards(name: str, world: World) -> None:
    with acting_as(ANN):
        set_notes.share_set("cells", "private")
    for who, may in ((VIEWER, False), (BOB, False), (ANN, True), (STEWARD, True)):
        with acting_as(who):
            if may:
                CALLS[name][1](world)
            else:
                with pytest.raises(AccessError):
                    CALLS[name][1](world)
                assert training_images.viewing_problem(world.run)


def test_no_run_starts_on_data_that_is_not_for_the_person(world: World, tmp_path: Path) -> None:
    with acting_as(ANN):
        set_notes.share_set("cells", "private")
    paths = ["cells", str(settings.added_sets() / "cells" / "images"), str(tmp_path)]
    with acting_as(BOB):
        for path in paths:
            config = options.build_config({"data.name": "folder", "data.path": path})
            with pytest.raises(DataError):
                lifecycle.create_run(config, "bobs")
        assert "folder-cells" not in [entry.slug for entry in catalogue.entries()]
        with pytest.raises(DataError, match="no data set folder-cells"):
            catalogue.find_entry("folder-cells")
    assert not (settings.store() / "bobs").exists()


def test_a_removed_set_leaves_nothing_that_was_made_from_its_images(world: World) -> None:
    images = registry.load_image_set(world.run.config.data)
    Fingerprint.of(images).save(world.run.path)
    load_detector(world.run)
    registry.note_made_from(images, settings.cache() / "selector-1.safetensors")
    (settings.cache() / "selector-1.safetensors").write_bytes(b"features")
    (settings.cache() / "selector-2.safetensors").write_bytes(b"of another set")
    with acting_as(ANN):
        set_users.delete_set("cells")
    kept = [path.name for path in settings.cache().rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert kept == ["selector-2.safetensors"]
    assert not (settings.added_sets() / "cells").exists()
    assert world.run.path.is_dir()
