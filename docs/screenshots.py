"""Take the README's screenshots of every page: `python -m docs.screenshots` writes docs/screenshots/.

The app runs on a temporary store with the demo run and, for comparisons, a short run on the digits that is trained
here. MNIST is read from GAN_DATA, or downloaded to it, for pictures of real images.
"""

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from docs.make_demo import NAME, TARGET, gan
from gan.config import settings
from gan.runs import notes

FOLDER = settings.ROOT / "docs" / "screenshots"
WIDTH = 1280
COLOURS = 128
MAX_BYTES = 400_000  # of a screenshot: some read the README over slow connections
CHROMIUM = os.environ.get("GAN_CHROMIUM", "/usr/bin/chromium")
SHORT = "digits-short"
PAGES = {
    "overview": ("/", "Overview", 820),
    "data": ("/data?data=mnist", "Data", 1000),
    "train": ("/train?data=mnist", "Train", 1100),
    "progress": (f"/progress?run={NAME}", "Progress", 1250),
    "gallery": (f"/gallery?run={NAME}", "Gallery", 1000),
    "evaluate": (f"/evaluate?run={NAME}", "Evaluate", 1250),
    "compare": (f"/compare?runs={NAME},{SHORT}", "Compare", 1250),
    "explanations": ("/explanations", "How to read it", 1100),
}
"""The page's link, its heading, and the height of the window in pixels, by the name of the screenshot."""


def main() -> None:
    """Prepare the store, start the app, and write a screenshot of each page."""
    with tempfile.TemporaryDirectory() as store:
        os.environ["GAN_STORE"] = store
        shutil.copytree(TARGET, Path(store) / NAME)
        gan("data", "prepare", "--data.name", "mnist")
        gan("train", "--preset", "digits-quick", "--train.kimg", "6", "--train.snapshot_kimg", "2", "--name", SHORT)
        notes.update_about(Path(store) / SHORT, title="A short run on digits")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", f"--server.port={port}"]
        server = subprocess.Popen([*command, "--server.headless=true"], cwd=settings.ROOT, start_new_session=True)
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health")
            FOLDER.mkdir(exist_ok=True)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
                page = browser.new_page(color_scheme="light")
                page.set_default_timeout(120_000)
                for name, (link, heading, height) in PAGES.items():
                    page.set_viewport_size({"width": WIDTH, "height": height})
                    page.goto(f"http://127.0.0.1:{port}{link}")
                    page.get_by_role("heading", name=heading, exact=True).wait_for()
                    save_screenshot(page, FOLDER / f"{name}.png")
        finally:
            server.terminate()
            server.wait()


def save_screenshot(page: Page, file: Path) -> None:
    """Write a screenshot in few colours once the page is complete; raises ValueError where the file is too large."""
    page.wait_for_timeout(2000)  # the script has begun
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    page.wait_for_function("document.querySelectorAll('[data-testid=stSkeleton]').length === 0")  # everything is drawn
    page.wait_for_timeout(3000)  # charts, images, and the end of every transition
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    if file.stat().st_size > MAX_BYTES:
        raise ValueError(f"{file} has {file.stat().st_size:,} bytes: it takes up to {MAX_BYTES:,}.")


def wait_for(url: str) -> None:
    """Return once the server answers; raises TimeoutError after a minute."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"{url} did not answer within a minute")


if __name__ == "__main__":
    main()
