"""What one person keeps private is named nowhere to another who may not see it: not by what descends from it or waits
behind it, nor by a list, a link, a comparison or a clone."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

from gan import jobs
from gan.access.identity import Identity, Role, acting_as
from gan.cli.main import main
from gan.config.options import build_config
from gan.data import set_notes
from gan.data.ingest import accepted_sets
from gan.data.set_notes import SetNotes
from gan.errors import RunError
from gan.export.model_card import model_document
from gan.jobs import launch, tickets, waiting_jobs
from gan.monitoring.run_differences import option_differences
from gan.monitoring.run_table import run_records
from gan.runs import lifecycle, notes, parents
from gan.runs.run import Run, all_runs
from pages.ui.access import allowed
from tests.access.test_commands_and_pages import visit_as
from tests.conftest import TINY, trained
from tests.support.image_files import class_files, zip_of
from tests.support.pages import page
from tests.support.uploads import add_zip

ANN, BOB = (Identity(name, Role.MEMBER, frozenset({"lung"})) for name in ("ann", "bob"))
SECRET = "zebra"
"""Stands in every name and text that ann keeps private."""


@pytest.fixture
def child(store: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A shared run of ann's, which starts from a private one and waits behind another private one."""
    monkeypatch.setenv("GAN_SIGN_IN", "password")
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    parent = trained(SECRET)
    notes.update_about(parent.path, title=f"My {SECRET}", tags=(SECRET,), notes=SECRET)
    notes.give_run(parent.path, "ann")
    notes.share_run(parent.path, "private")
    with acting_as(ANN):
        accepted_sets.accept(add_zip(f"{SECRET}-set", zip_of(class_files())))
        set_notes.change_set_notes(f"{SECRET}-set", SetNotes(title=f"A {SECRET}", description=SECRET))
        first = lifecycle.create_run(build_config(TINY), f"{SECRET}-first")
        run = lifecycle.create_run(build_config(TINY | {"train.start_from": SECRET}), "child")
        other = lifecycle.create_run(build_config(TINY | {"train.seed": 7}), "other")
        notes.share_run(run.path, "all")
        notes.share_run(other.path, "all")
        with tickets.decision_lock():
            for waiting in (first, run):
                waiting_jobs.enqueue(waiting.path, "cpu")
    return run


def everything(element: object) -> str:
    """All that a page sends to the browser, as text."""
    children = getattr(element, "children", {}).values()
    return "".join([str(getattr(element, "proto", "")), *map(everything, children)])


LINKS: tuple[tuple[str, dict[str, str]], ...] = (
    *((Path(name).stem, {}) for name in allowed.PAGES if Path(name).stem not in ("system", "audit")),
    *((name, {"run": "child"}) for name in ("progress", "gallery", "evaluate")),
    ("compare", {"runs": "child,other"}),
    ("train", {"clone": "child"}),
)


@pytest.mark.parametrize(("name", "link"), LINKS, ids=str)
def test_a_page_names_nothing_private(
    name: str, link: dict[str, str], child: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit_as(BOB, monkeypatch)
    assert SECRET not in everything(page(name, **link)._tree)
    if link:
        visit_as(ANN, monkeypatch)
        assert SECRET in everything(page(name, **link)._tree)


def test_no_list_and_no_text_names_it(child: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with acting_as(BOB):
        assert main(["runs", "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)
        assert {row["name"] for row in rows} == {run.name for run in all_runs()}
        assert next(row["waits_for"] for row in rows if row["name"] == "child") == "a job of somebody else"
        assert main(["runs"]) == 0
        texts = [json.dumps(rows), capsys.readouterr().out, jobs.describe_wait(jobs.state(child.path))]
        texts += [str(asdict(ancestor)) + ancestor.sentence() for ancestor in parents.lineage(child)]
        texts += [str(option_differences([child, Run(child.path.with_name("other"))]))]
        texts += [str(run_records(child).options), str(parents.visible_config(child))]
        texts += [set_notes.free_title(f"A {SECRET}").removeprefix(f"A {SECRET}")]
        with pytest.raises(RunError, match="There is no run of_hers"):
            lifecycle.create_run(build_config(TINY | {"train.start_from": "of_hers"}), "new")
    assert [text for text in texts if SECRET in text] == []
    with acting_as(ANN):
        assert SECRET in parents.lineage(child)[0].sentence()
        assert parents.visible_config(child) == child.config


@pytest.mark.parametrize(
    ("owner", "visibility", "of_child", "named"),
    [
        ("ann", "private", "private", True),  # her own download
        ("bob", "private", "private", False),
        ("ann", "private", "group:lung", False),
        ("ann", "group:lung", "group:lung", True),
        ("ann", "group:skin", "group:lung", False),
        ("ann", "group:lung", "all", False),
        ("bob", "all", "all", True),
    ],
)
def test_a_file_for_all_who_see_a_run_names_the_parents_that_all_of_them_see(
    owner: str, visibility: str, of_child: str, named: bool, child: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = Run(child.path.with_name(SECRET))
    notes.give_run(parent.path, owner)
    notes.share_run(parent.path, visibility)
    notes.share_run(child.path, of_child)
    for name in ("snapshots", "data.json", "conditions.npz"):  # the child has trained
        shutil.rmtree(child.path / name, ignore_errors=True)
        (parent.path / name).rename(child.path / name)
    assert (SECRET in json.dumps(model_document(child, child.snapshots()[-1], "torch"))) == named
    monkeypatch.setenv("GAN_SIGN_IN", "none")
    assert SECRET in json.dumps(model_document(child, child.snapshots()[-1], "torch"))
