"""Every command, page and route has an entry in the table, and refuses everybody whom the table refuses."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest, app_test

from gan.access import audit
from gan.access.identity import SIGNED_OUT, SYSTEM, Identity, Role, acting_as
from gan.access.permissions import Action, decide
from gan.cli import main as command_line
from gan.config import options, settings
from gan.config.settings import ROOT
from gan.data.ingest import accepted_sets
from gan.data.set_access import folder_target
from gan.export import exports
from gan.export.request import ExportRequest
from gan.io.atomic import write_json
from gan.runs import lifecycle, notes
from gan.runs.run import Run
from pages.ui import frame
from pages.ui.access import allowed
from pages.ui.routes import export_link, routes
from tests.support.image_files import class_files, zip_of
from tests.support.pages import APP, buttons, page, said
from tests.support.uploads import add_zip

ANN, BOB = Identity("ann", Role.MEMBER), Identity("bob", Role.MEMBER)
VIEWER, STEWARD, ADMIN = Identity("vic", Role.VIEWER), Identity("sam", Role.STEWARD), Identity("ada", Role.ADMIN)
EVERYBODY = (SIGNED_OUT, VIEWER, BOB, STEWARD, ADMIN)


def parsers(parser: argparse.ArgumentParser, name: str = "") -> dict[str, argparse.ArgumentParser]:
    """The parsers of all commands that can be run, by their words."""
    found = {} if parser.get_default("run_command") is None else {name: parser}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, inner in action.choices.items():
                found |= parsers(inner, f"{name} {word}".strip())
    return found


COMMANDS = parsers(command_line.build_parser())


class FramedPages(PagesManager):
    """As on a server, where `streamlit_app.py` draws every page in the frame; AppTest would run the files of pages/."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        PagesManager.uses_pages_directory = False


def visit_as(who: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the pages drawn for this person."""
    monkeypatch.setattr(app_test, "PagesManager", FramedPages)
    monkeypatch.setattr(frame, "session_identity", lambda: who)


def required_arguments(parser: argparse.ArgumentParser) -> list[str]:
    """The fewest arguments that a command takes."""
    words = []
    for action in parser._actions:
        value = str(next(iter(action.choices or ["1" if action.type is int else "x"])))
        if isinstance(action, argparse._SubParsersAction):
            continue
        if not action.option_strings and action.nargs in (None, "+"):
            words.append(value)
        elif action.option_strings and action.required:
            words += [action.option_strings[-1], value]
    for group in parser._mutually_exclusive_groups:
        if group.required:
            option = group._group_actions[0]
            words += [option.option_strings[-1], *(["x"] if option.nargs is None else [])]
    return words


def test_every_command_has_an_entry() -> None:
    assert command_line.ACTIONS.keys() == COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_refuses_whom_the_table_refuses(name: str, capsys: pytest.CaptureFixture[str], store: Path) -> None:
    refused = [who for who in EVERYBODY if not decide(command_line.ACTIONS[name], identity=who)]
    assert SIGNED_OUT in refused
    for who in refused:
        with acting_as(who):
            assert command_line.main([*name.split(), *required_arguments(COMMANDS[name])]) == 2
        assert "you need to" in capsys.readouterr().err
    assert not store.exists()


def test_every_page_has_an_entry() -> None:
    pages = {f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py")} - {"pages/__init__.py"}
    assert allowed.PAGES.keys() == pages
    assert {value for name, value in vars(frame).items() if name.isupper() and str(value).startswith("pages/")} <= pages


@pytest.mark.parametrize(
    ("who", "name"),
    [(who, name) for who in (VIEWER, BOB) for name in allowed.PAGES if not decide(allowed.PAGES[name], identity=who)],
)
def test_a_page_refuses_whom_the_table_refuses(who: Identity, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    visit_as(who, monkeypatch)
    at = AppTest.from_file(APP, default_timeout=60).run().switch_page(name).run()
    assert not at.exception
    assert [info.value for info in at.info] == [decide(allowed.PAGES[name], identity=who).reason]
    assert [title.value for title in at.title] == [name.removeprefix("pages/").removesuffix(".py").capitalize()]
    assert buttons(at) == []


def test_nobody_sees_a_page_who_is_not_signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    visit_as(SIGNED_OUT, monkeypatch)
    at = AppTest.from_file(APP, default_timeout=60).run()
    assert [info.value for info in at.info] == ["Your session has ended. Reload the page to sign in again."]
    assert not at.title


def shared_run(who: Identity, name: str, visibility: str) -> Run:
    with acting_as(who):
        run = lifecycle.create_run(options.build_config({}), name)
        notes.share_run(run.path, visibility)
    return run


def test_a_page_of_a_run_is_as_missing_for_others_and_its_buttons_are_grey(monkeypatch: pytest.MonkeyPatch) -> None:
    shared_run(ANN, "secret", "private")
    shared_run(ANN, "shared", "all")
    visit_as(BOB, monkeypatch)
    at = page("progress", run="secret")
    assert "There is no run secret" in said(at)
    assert "secret" not in [option for box in at.selectbox for option in box.options if option != "secret"]
    at = page("progress", run="shared")
    grey = {button.key: button.disabled for button in at.button}
    assert [grey[key] for key in ("delete", "resume", "describe")] == [True, True, True]
    assert not grey["clone"]
    assert "belongs to ann" in next(button.help for button in at.button if button.key == "delete")
    visit_as(ANN, monkeypatch)
    at = page("progress", run="shared")
    assert not any(button.disabled for button in at.button if button.key in ("delete", "resume", "describe"))


class ActAs:
    """Middleware: every request acts as one person, as behind the guard."""

    def __init__(self, app: ASGIApp, who: Identity) -> None:
        self.app, self.who = app, who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with acting_as(self.who):
            await self.app(scope, receive, send)


def test_every_route_has_an_entry() -> None:
    assert allowed.ROUTES.keys() == {route.endpoint.__name__ for route in routes()}


def test_a_download_goes_only_to_whom_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    statuses = {}
    for visibility, with_copies in (("private", False), ("all", False), ("all", True)):
        name = f"{visibility}-{with_copies}".lower()
        run = shared_run(ANN, name, visibility)
        folder = run.path / "exports" / "20261126-120000"
        folder.mkdir(parents=True)
        request = ExportRequest((("any", 1),), with_near_copies=with_copies)
        write_json(folder / "request.json", exports.REQUEST.dump_python(request, mode="json"))
        (folder / "images.zip").write_bytes(b"PK")
        for who in (SIGNED_OUT, VIEWER, BOB, ANN, STEWARD):
            client = TestClient(Starlette(routes=routes(), middleware=[Middleware(ActAs, who=who)]))
            with acting_as(who):
                link = export_link(run.name, folder.name)
            statuses[name, who.name or "nobody"] = client.get(link).status_code
    people = ("nobody", "vic", "bob", "ann", "sam")
    assert [statuses["private-false", one] for one in people] == [404, 404, 404, 200, 200]
    assert [statuses["all-false", one] for one in people] == [404, 403, 200, 200, 200]
    assert [statuses["all-true", one] for one in people] == [404, 403, 403, 403, 200]


def test_an_action_is_decided_the_same_for_its_button_and_its_call() -> None:
    run = shared_run(ANN, "one", "all")
    with acting_as(BOB):
        assert allowed.explained(Action.DELETE_RUN, run)["disabled"]
        assert allowed.explained(Action.EXPORT, run, help="Make it.") == {"disabled": False, "help": "Make it."}
        assert allowed.explained(Action.EXPORT, run, disabled=True, help="Choose.") == {
            "disabled": True,
            "help": "Choose.",
        }


def test_an_owner_shares_a_run_on_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    run = shared_run(ANN, "mine", "private")
    visit_as(ANN, monkeypatch)
    at = page("progress", run="mine")
    choice = at.radio(key="sharing mine")
    assert choice.options == ["Private", "Everyone here"]
    choice.set_value("all").run()
    assert not at.exception
    assert run.visibility == "all"
    assert at.radio(key="sharing mine").value == "all"
    visit_as(BOB, monkeypatch)
    at = page("progress", run="mine")
    assert len(at.radio) == 0


def test_the_command_line_shares_and_gives_a_run_and_a_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_SIGN_IN", "password")
    with acting_as(ANN):
        run = lifecycle.create_run(options.build_config({}), "one")
        accepted_sets.accept(add_zip("cells", zip_of(class_files())))
    folder = folder_target(settings.added_sets() / "cells")

    def share(*words: str, who: Identity = SYSTEM) -> int:
        with acting_as(who):
            return command_line.main([*words])

    for words, target in ((("share", "one"), lambda: run), (("data", "share", "cells"), lambda: replace(folder))):
        assert share(*words) == 0
        assert "ann" in capsys.readouterr().out
        assert share(*words, "--visibility", "group:retina", who=ANN) == 2  # she is not in it
        assert share(*words, "--visibility", "everybody") == 2
        assert (target().owner, target().visibility) == ("ann", "private")
        assert share(*words, who=BOB) == 2  # as good as missing
        assert share(*words, "--visibility", "all", who=ANN) == 0
        assert share(*words, "--owner", "bob", who=ANN) == 2
        assert share(*words, "--visibility", "private", who=BOB) == 2
        assert (target().owner, target().visibility) == ("ann", "all")
        assert share(*words, "--owner", "a b") == 2
        assert share(*words, "--owner", "Bob", "--visibility", "group:retina", who=STEWARD) == 0
        assert (target().owner, target().visibility) == ("bob", "group:retina")
        assert "bob" in capsys.readouterr().out
    recorded = [(entry.name, entry.action, entry.detail, entry.allowed) for entry in audit.entries()]
    for entry in (
        ("ann", "share", "all", True),
        ("ann", "give", "to bob", False),
        ("bob", "share", "private", False),
        ("sam", "give", "to bob", True),
        ("sam", "share", "group:retina", True),
    ):
        assert recorded.count(entry) == 2, entry
