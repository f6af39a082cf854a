"""Every page as Streamlit runs it, on a small real store: what a visitor reads, and that nobody sees a traceback."""

import base64
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gan import jobs
from gan.config import options
from gan.config.presets import PRESETS
from gan.runs.run import find_run
from pages.ui.train import before_start
from tests.conftest import trained
from tests.support.pages import APP, PAGES, made, page, said


@pytest.mark.parametrize("name", PAGES)
def test_every_page_of_an_empty_store_says_what_to_do_next(name: str) -> None:
    at = page(name)
    assert not at.error
    assert any(button.label in ("Train a first run", "Train on it", "Start training") for button in at.button)


@pytest.mark.parametrize("name", ["progress", "gallery"])
@pytest.mark.parametrize("run", ["absent", "No/Name", "../up"])
def test_a_link_to_a_run_that_is_not_there_says_so(name: str, run: str) -> None:
    made()
    at = page(name, run=run)
    assert run in said(at)
    at.button(key="to overview").click().run()
    assert not at.exception
    assert at.title[0].value == "Overview"


@pytest.mark.parametrize("name", ["progress", "gallery", "overview"])
def test_a_broken_run_folder_is_named_and_breaks_nothing(name: str) -> None:
    made("whole")
    (made("broken").path / "config.json").write_text("{")
    at = page(name, run="broken")
    assert "The run broken cannot be read: config.json is damaged" in said(at)


def test_progress_shows_the_curves_with_the_losses_own_ideal_lines() -> None:
    made("curved")
    at = page("progress", run="curved")
    figures = [json.loads(element.proto.json) for element in at.get("bidi_component")]
    assert [figure["name"] for figure in figures] == ["curved-losses", "curved-answers", "curved-speed"]
    assert [ideal["value"] for ideal in figures[0]["ideals"]] == pytest.approx([0.693, 1.386], abs=1e-3)
    assert [ideal["value"] for ideal in figures[1]["ideals"]] == [0.5]
    assert len(base64.b64decode(figures[0]["traces"][-1]["x"])) == 12 * 4  # float32
    assert "A good run" in said(at)


def test_smoothing_and_axis_change_the_curves() -> None:
    made("curved")
    at = page("progress", run="curved")
    at.slider(key="smoothing").set_value(0.0)
    at.toggle(key="logarithmic").set_value(True).run()
    losses = json.loads(at.get("bidi_component")[0].proto.json)
    assert losses["layout"]["yaxis"]["type"] == "log"
    assert len(losses["traces"]) == 2


def test_progress_of_a_lost_run_says_the_cause_and_offers_to_resume() -> None:
    made("lost")
    at = page("progress", run="lost")
    assert jobs.state(find_run("lost").path).cause in at.error[0].value
    assert "Resume" in [button.label for button in at.button]


def test_clone_fills_the_form_with_the_runs_options() -> None:
    made("first", **{"train.batch": 48, "optim.lr": 0.001, "data.image_size": 64})
    at = page("train", clone="first")
    assert at.number_input(key="option train.batch").value == 48
    assert at.number_input(key="option optim.lr").value == 0.001
    assert at.selectbox(key="option data.image_size").value == 64


def test_the_command_line_shown_builds_the_config_of_the_form() -> None:
    at = page("train", preset="mnist")
    at.number_input(key="option train.batch").set_value(32).run()
    parts = at.code[0].value.split()
    given = dict(zip(parts[6::2], parts[7::2], strict=True))
    config = options.replace_options(
        PRESETS[parts[5]].config, {path.removeprefix("--"): value for path, value in given.items()}
    )
    assert config == options.replace_options(PRESETS["mnist"].config, {"train.batch": 32})


@pytest.mark.parametrize(
    ("values", "start"),
    [
        (PRESETS["mnist"].config.flat() | {"data.name": "celeba"}, ["--preset", "celeba-64"]),
        ({"data.name": "medmnist", "data.flag": "bloodmnist"}, ["--data.name", "medmnist"]),
    ],
)
def test_the_command_line_starts_from_a_preset_for_the_same_data_or_from_none(
    values: dict[str, Any], start: list[str]
) -> None:
    config = options.build_config(values)
    found = before_start.train_arguments(config)
    assert found[:2] == start
    given = {name.removeprefix("--"): value for name, value in zip(found[::2], found[1::2], strict=True)}
    base = PRESETS[given.pop("preset")].config.flat() if "preset" in given else {}
    assert options.build_config(base | given) == config


def test_what_was_typed_stays_while_another_page_is_looked_at() -> None:
    at = page("train")
    at.number_input(key="option train.seed").set_value(7).run()
    at.switch_page("pages/overview.py").run()
    at.switch_page("pages/train.py").run()
    assert at.number_input(key="option train.seed").value == 7


def test_a_rule_across_options_is_told_in_words() -> None:
    at = page("train")
    at.number_input(key="option train.kimg").set_value(0.01).run()
    assert not at.exception
    assert "shorter than one batch" in at.error[0].value


def test_a_name_that_is_taken_is_told_in_words() -> None:
    made("taken")
    at = page("train")
    at.text_input(key="run name").set_value("taken")
    next(button for button in at.button if button.label == "Start training").click().run()
    assert not at.exception
    assert "taken" in at.error[0].value


@pytest.mark.parametrize(
    ("name", "link"), [("train", "clone"), ("train", "preset"), ("train", "data"), ("data", "data")]
)
def test_a_link_that_names_nothing_is_told_in_words(name: str, link: str) -> None:
    at = page(name, **{link: "nothing-of-the-kind"})
    assert "nothing-of-the-kind" in at.error[0].value


@pytest.mark.parametrize("name", ["train", "gallery"])
def test_session_state_holds_plain_data_only(name: str) -> None:
    trained("small")
    kept = page(name).session_state._state.filtered_state.values()
    ours = [value for value in kept if not type(value).__module__.startswith("streamlit.")]  # but a component's own
    assert ours
    for value in ours:
        pickle.dumps(value)


@pytest.mark.parametrize("name", [*PAGES, "explanations", "system"])
def test_only_the_gallery_imports_torch(name: str, store: Path) -> None:
    trained("small")
    program = f"""
import sys
from streamlit.testing.v1 import AppTest
at = AppTest.from_file({APP!r}, default_timeout=60).run()
at.switch_page("pages/{name}.py").run()
assert not at.exception, at.exception
print("torch" in sys.modules, "gan.training.train" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(APP).parent
    )
    assert done.stdout.splitlines()[-1] == f"{name == 'gallery'} False"


def test_no_visitor_waits_for_an_import(store: Path) -> None:
    """The server has imported at its start what the pages need."""
    trained("small")
    program = f"""
import asyncio, sys
import streamlit_app
from streamlit.testing.v1 import AppTest
from pages.ui.preloaded import preloaded

async def start():
    async with preloaded(streamlit_app.app):
        pass

asyncio.run(start())
before = set(sys.modules)
at = AppTest.from_file({APP!r}, default_timeout=60).run()
for name in {PAGES!r}:
    at.switch_page(f"pages/{{name}}.py").run()
    assert not at.exception, at.exception
ours = ("gan", "pages", "torch", "pandas", "plotly", "scipy", "sklearn")
print([name for name in set(sys.modules) - before if name.partition(".")[0] in ours])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(APP).parent
    )
    assert done.stdout.splitlines()[-1] == "[]"
