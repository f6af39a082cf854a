"""Names of added sets in any words, and what users write about a set."""

import pytest

from gan.cli.main import main
from gan.config import options, settings
from gan.config.names import NAME, name_from_title
from gan.config.run_config import DataConfig
from gan.data import catalogue, registry, set_notes
from gan.data.ingest import accepted_sets, staging
from gan.data.set_notes import SetNotes
from gan.errors import DataError, RunError
from gan.io.atomic import write_json
from gan.runs import lifecycle, set_users
from tests.support.image_files import class_files, zip_of
from tests.support.uploads import add_zip


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("cells", "cells"),
        ("my_cells-2", "my_cells-2"),
        ("Blood cells (2024)", "blood-cells-2024"),
        ("  Zellen: Köln / Süd ", "zellen-koln-sud"),
        ("../../evil", "evil"),
        ("A" * 200, "a" * 56),
        ("  ", ""),
    ],
)
def test_a_name_is_made_from_any_words(title: str, name: str) -> None:
    assert name_from_title(title) == name


def test_a_title_without_latin_letters_has_a_valid_name_of_its_own() -> None:
    names = {name_from_title(title) for title in ("血液细胞", "кровь", "…", "\ud800")}
    assert len(names) == 4
    assert all(NAME.fullmatch(name) for name in names)


def test_a_set_is_called_by_its_words_and_kept_under_a_name() -> None:
    report = add_zip("Blood cells", zip_of(class_files(4 * 11)))
    assert report.staged is not None
    assert staging.upload_title(report.staged) == "Blood cells"
    assert staging.waiting() == {report.staged.name: "Blood cells"}
    assert accepted_sets.accept(report, "Blood cells (2024)") == "blood-cells-2024"
    assert catalogue.find_entry("folder-blood-cells-2024").title == "Blood cells (2024)"
    assert set_notes.free_title("blood CELLS (2024)") == "blood CELLS (2024) 2"
    with pytest.raises(DataError, match="already a set"):
        add_zip("Blood  cells (2024)", zip_of(class_files(4)))
    with pytest.raises(DataError, match="no name"):
        add_zip("  ", zip_of(class_files(4)))


def test_sets_whose_names_would_be_the_same_are_numbered() -> None:
    titles = ("细胞 1", "组织 1")
    assert [accepted_sets.accept(add_zip(title, zip_of(class_files()))) for title in titles] == ["1", "1-2"]
    assert [catalogue.find_entry(f"folder-{name}").title for name in ("1", "1-2")] == list(titles)


def test_what_is_written_about_a_set_is_kept_with_its_images_and_its_runs_keep_working() -> None:
    accepted_sets.accept(add_zip("cells", zip_of(class_files())))
    config = catalogue.find_entry("folder-cells").config
    assert catalogue.find_entry("folder-cells").about == ""  # nobody described it yet
    registry.load_image_set(config)
    before = registry.image_set_key(config)
    set_notes.change_set_notes(
        "cells",
        SetNotes("Blood  cells", "White blood cells.", "Haematology, 2023", "CC BY 4.0.", "Ethics committee, 12/2023"),
    )
    entry, images = catalogue.find_entry("folder-cells"), registry.cached_image_set(config)
    assert (entry.title, entry.about) == ("Blood cells", "White blood cells.")
    assert images is not None
    assert images.title == "Blood cells"
    assert images.info().source == "Haematology, 2023"
    assert images.info().licence == "CC BY 4.0. Consent: Ethics committee, 12/2023"
    assert registry.image_set_key(config) == before


def test_a_set_is_described_and_deleted_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    accepted_sets.accept(add_zip("cells", zip_of(class_files())))
    assert main(["data", "describe", "cells", "--title", "Blood cells", "--consent", "approval 12"]) == 0
    assert main(["data", "describe", "cells", "--licence", "CC0"]) == 0
    out = capsys.readouterr().out
    assert set_notes.load_set_notes(settings.added_sets() / "cells") == SetNotes(
        title="Blood cells", licence="CC0", consent="approval 12"
    )
    assert "consent:     approval 12" in out
    assert main(["data", "delete", "cells"]) == 2  # nobody to ask
    assert main(["data", "delete", "cells", "--yes"]) == 0
    assert not (settings.added_sets() / "cells").exists()


def test_a_title_in_use_and_a_text_that_is_too_long_are_refused() -> None:
    for title in ("cells", "more"):
        accepted_sets.accept(add_zip(title, zip_of(class_files())))
    with pytest.raises(DataError, match="already a set MORE"):
        set_notes.change_set_notes("cells", SetNotes(title="MORE"))
    with pytest.raises(DataError, match="takes up to 80"):
        set_notes.change_set_notes("cells", SetNotes(title="x" * 81))
    with pytest.raises(DataError, match="no added set"):
        set_notes.change_set_notes("../cells", SetNotes())
    write_json(settings.added_sets() / "cells" / "notes.json", {"title": 7})
    assert set_notes.set_title(settings.added_sets() / "cells") == "cells"


def test_a_deleted_set_is_gone_with_what_was_decoded_of_it() -> None:
    accepted_sets.accept(add_zip("cells", zip_of(class_files())))
    config = DataConfig.model_validate({"name": "folder", "path": "cells", "image_size": 16})
    registry.load_image_set(config)
    run = lifecycle.create_run(options.build_config({"data.name": "folder", "data.path": "cells"}), "kept")
    assert [one.name for one in set_users.runs_on_set("cells")] == ["kept"]
    set_users.delete_set("cells")
    assert not [path for path in settings.cache().iterdir() if path.is_dir()]
    assert not (settings.added_sets() / "cells").exists()
    assert run.path.is_dir()
    with pytest.raises(DataError, match="no added set"):
        set_users.delete_set("cells")


def test_a_set_is_not_deleted_while_a_run_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan.jobs.launch.start_scheduler", lambda: False)
    accepted_sets.accept(add_zip("cells", zip_of(class_files())))
    assert main(["submit", "--data.name", "folder", "--data.path", "cells", "--name", "busy"]) == 0
    with pytest.raises(RunError, match="in use by the run busy"):
        set_users.delete_set("cells")
    assert (settings.added_sets() / "cells" / "plan.json").exists()


def test_a_run_is_called_by_any_words() -> None:
    config = options.build_config({})
    runs = [lifecycle.create_run(config, title="Blut, 2. Versuch") for _ in range(2)]
    assert [(run.name, run.title) for run in runs] == [
        ("blut-2-versuch", "Blut, 2. Versuch"),
        ("blut-2-versuch-2", "Blut, 2. Versuch"),
    ]
    assert lifecycle.create_run(config, title="plain").about.title == ""
    with pytest.raises(RunError, match="a run plain already"):
        lifecycle.create_run(config, title="plain")
    with pytest.raises(RunError, match="takes up to 80"):
        lifecycle.create_run(config, title="x" * 81)
