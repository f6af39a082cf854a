"""The generator as a download of the gallery: written in the background, for those who may take it out."""

import io
import json
import zipfile

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from gan import jobs
from gan.errors import RunError
from gan.export import generator_files
from pages.ui.gallery import generator_panel
from pages.ui.routes import generator_link, routes
from tests.conftest import trained
from tests.support.jobs import wait_until
from tests.support.pages import page


def test_the_generator_of_the_shown_snapshot_is_written_and_served() -> None:
    run = trained("small")
    client = TestClient(Starlette(routes=routes()))
    assert client.get(generator_link("small", "safetensors")).status_code == 404
    at = page("gallery", run="small", view="Download", snapshot="160")
    at.selectbox(key="generator format").set_value("safetensors").run()
    at.button(key="make generator").click().run()
    assert not at.exception
    assert not at.error
    (generator,) = generator_files.list_generator_files(run)
    wait_until(lambda: not generator.state.alive, "the generator is written", patience=100)
    assert generator.state.name == "finished", jobs.log_tail(generator.folder)
    answer = client.get(generator_link("small", "safetensors"))
    assert "attachment" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert set(archive.namelist()) == {"README.md", "generator.json", "generator.py", "generator.safetensors"}
        assert json.loads(archive.read("generator.json"))["snapshot"] == 160
    links = [link.proto.url for link in page("gallery", run="small", view="Download").get("link_button")]
    assert generator_link("small", "safetensors") in links


def test_the_panel_offers_every_format_and_a_snapshot_that_is_not_there_is_refused() -> None:
    assert generator_panel.FORMATS.keys() == generator_files.MODEL_FILES.keys()
    run = trained("small")
    with pytest.raises(RunError, match="has no snapshot 7"):
        generator_files.begin_generator_file(run, "onnx", 7)
    with pytest.raises(RunError, match="no generator of the format"):
        generator_files.find_generator_file(run, "../../other")
    assert generator_files.list_generator_files(run) == []
