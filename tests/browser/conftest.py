"""A real server with a store of its own, and Debian's Chromium, shared by all browser tests.

Screenshots go to screenshots/, which git ignores. Where Chromium is absent, the tests fail and say so.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Response, expect, sync_playwright
from playwright.sync_api import TimeoutError as NotInTimeError

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "screenshots"
PATIENCE = 90_000  # ms until a test gives up; only one that fails waits so long, since machines can be busy
# Streamlit's own search for its base path from a deep link, such as /progress/_stcore/health: two 404s by design.
PROBE = re.compile(r"/[\w/]+/_stcore/(health|host-config)$")


@dataclass(frozen=True)
class Server:
    """The address of the running app, and the store that it serves."""

    address: str
    store: Path


@dataclass
class Visit:
    """One visitor's page, and everything that went wrong in it."""

    page: Page
    address: str
    wrong: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(f"{self.address}/{path}")

    def settle(self) -> None:
        """Wait until no script is running: what is drawn then stays while it is used."""
        self.page.wait_for_timeout(200)  # a script starts a moment after the click that causes it
        expect(self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()

    def choose(self, box: Locator, option: str) -> None:
        """Choose in a list, which closes by itself where the page is drawn or scrolled meanwhile: then again."""
        for _ in range(10):
            box.scroll_into_view_if_needed()
            self.settle()
            box.click()
            with contextlib.suppress(NotInTimeError):
                self.page.get_by_role("option", name=option).click(timeout=PATIENCE / 10)
                return
            self.page.keyboard.press("Escape")
        raise AssertionError(f"There is no {option!r} to choose.")

    def shot(self, name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")

    def watch(self) -> None:
        """Keep every request that leaves the machine, every failed one and every error of the console."""
        self.page.on("request", self._leaves)
        self.page.on("response", self._fails)
        self.page.on("console", self._complains)
        self.page.on("pageerror", lambda error: self.wrong.append(f"page error: {error}"))

    def _leaves(self, request: Request) -> None:
        if not request.url.startswith((self.address, self.address.replace("http", "ws"), "data:", "blob:")):
            self.wrong.append(f"left the machine: {request.url}")

    def _fails(self, response: Response) -> None:
        if response.status >= 400 and not PROBE.search(response.url):
            self.wrong.append(f"{response.status}: {response.url}")

    def _complains(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:  # those are counted as responses
            self.wrong.append(f"console: {message.text}")


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`streamlit run streamlit_app.py` as a user starts it, on a free port."""
    with serving(tmp_path_factory.mktemp("server")) as server:
        yield server


@contextlib.contextmanager
def serving(
    folder: Path, base_path: str = "", port: int = 0, start_in: Path = ROOT, **environment: str
) -> Iterator[Server]:
    """A server during the block, with its store in `folder`, below a base path; on a free port where none is given.

    With `GAN_SIGN_IN` it is started by `gan app`, as it has to be.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", port))
        port = free.getsockname()[1]
    command = ["streamlit", "run", "streamlit_app.py", f"--server.port={port}"]
    if "GAN_SIGN_IN" in environment:
        command = ["gan", "app", "--no-browser", "--port", str(port)]
    places = environment | {
        "GAN_STORE": str(folder / "store"),
        "GAN_DATA": str(folder / "data"),
        "OMP_NUM_THREADS": "1",
        "STREAMLIT_SERVER_BASE_URL_PATH": base_path,
    }
    with open(folder / "server.log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=start_in, env=os.environ | places, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}{f'/{base_path}' if base_path else ''}"
    try:
        wait_until_healthy(address, folder / "server.log", process)
        yield Server(address, folder / "store")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def wait_until_healthy(address: str, log: Path, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(1200):
        assert process.poll() is None, f"The server ended at its start:\n{log.read_text()}"
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"The server did not answer:\n{log.read_text()}")


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium without a window."""
    path = shutil.which("chromium")
    assert path, "Browser tests take Chromium: `apt-get install chromium` (no `playwright install` is needed)."
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(server: Server, chromium: Browser) -> Iterator[Visit]:
    """A visitor of the shared server."""
    with visiting(server, chromium) as visit:
        yield visit


@contextlib.contextmanager
def visiting(server: Server, chromium: Browser) -> Iterator[Visit]:
    """A visitor at a desk; it fails where a page asked another machine for something or reported an error."""
    context = chromium.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    visit = Visit(context.new_page(), server.address)
    visit.watch()
    yield visit
    context.close()
    assert visit.wrong == []
