"""The server is killed and ended while what it started goes on: a real server, a real browser, a real training."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from gan.cli.main import main
from gan.config import settings
from gan.jobs import processes
from gan.runs.run import all_runs
from tests.browser.conftest import PATIENCE as GIVES_UP
from tests.support.jobs import goes_on, started, store, wait_for_state, wait_until

__all__ = ["store"]
pytestmark = pytest.mark.usefixtures("store")

PATIENCE = 60.0  # for what takes its time on a busy machine; the truth of states has ten seconds


def serve(port: int, log: Path) -> "subprocess.Popen[bytes]":
    """The app's server as a terminal's foreground group, answering."""
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", f"--server.port={port}"]
    with open(log, "ab") as output:
        server = subprocess.Popen(command, cwd=settings.ROOT, stdout=output, stderr=output, process_group=0)
    wait_until(lambda: answers(port) or server.poll() is not None, "the server answers", PATIENCE)
    assert server.poll() is None, log.read_text()
    return server


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5):
            return True
    except OSError:
        return False


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_the_server_is_killed_and_ended_by_ctrl_c_while_what_it_started_goes_on(
    chromium: Browser, port: int, tmp_path: Path
) -> None:
    log = tmp_path / "server.log"
    server = serve(port, log)
    page = chromium.new_page()
    page.goto(f"http://127.0.0.1:{port}/train")
    expect(page.locator(".st-key-use-digits-quick")).to_contain_text("In use", timeout=GIVES_UP)
    page.get_by_role("button", name="Start training").click(timeout=GIVES_UP)
    expect(page).to_have_url(re.compile(r"/progress\?run=digits-"), timeout=GIVES_UP)
    link = page.url
    (run,) = all_runs()
    wait_until(lambda: run.seen > 0, "it trains", PATIENCE)
    pid = started(run)["pid"]
    page.close()  # the browser is closed too

    server.kill()
    server.wait()
    goes_on(run)

    server = serve(port, log)
    page = chromium.new_page()
    page.goto(link)
    expect(page.locator("[class*=st-key-state-digits]")).to_contain_text("Running", timeout=GIVES_UP)
    os.killpg(server.pid, signal.SIGINT)  # what a terminal does on Ctrl-C
    server.wait(30)
    goes_on(run)
    assert started(run)["pid"] == pid
    assert processes.is_alive(started(run))
    page.close()

    assert main(["stop", run.name]) == 0
    assert wait_for_state(run, "stopped").cause == ""
