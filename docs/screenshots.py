"""Take the README's screenshots of every page: `python -m docs.screenshots` writes docs/screenshots/.

The app runs on a temporary store with the demo run and, for comparisons, a short run on the digits that is trained
here. MNIST is read from GAN_DATA, or downloaded to it, for pictures of real images. `--own` takes only those of the
made-up sets in `example_sets.py` that wait to be accepted.
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

from docs.example_sets import write_dicom_folder, write_ham10000_zip
from docs.make_demo import CHECKPOINTS, MNIST, gan
from gan.config import settings
from gan.data.ingest import staging, upload_check
from gan.runs import notes

FOLDER = settings.ROOT / "docs" / "screenshots"
WIDTH = 1280
COLOURS = 128
MAX_BYTES = 400_000  # of a screenshot: some read the README over slow connections
CHROMIUM = os.environ.get("GAN_CHROMIUM", "/usr/bin/chromium")
SHORT = "digits-short"
NAME, TITLE = MNIST.name, MNIST.title
PAGES = {
    "overview": ("/", "Overview", 820),
    "data": ("/data?data=mnist", "Data", 1000),
    "train": ("/train?data=mnist", "Train", 1100),
    "progress": (f"/progress?run={NAME}", TITLE, 1250),
    "gallery": (f"/gallery?run={NAME}", TITLE, 1000),
    "evaluate": (f"/evaluate?run={NAME}", TITLE, 1250),
    "compare": (f"/compare?runs={NAME},{SHORT}", "Compare", 1250),
    "explanations": ("/explanations", "How to read it", 1100),
}
"""The page's link, its heading, and the height of the window in pixels, by the name of the screenshot."""


OWN_IMAGES = {"own-images": ("skin-lesions", "Labels", 1500), "own-dicom": ("chest-films", "Pixels", 1450)}
"""The name of the set, the tab of the fields that is open, and the height of the window, by the screenshot's name."""


def main(only_own: bool) -> None:
    """Prepare the store, start the app, and write a screenshot of each page."""
    with tempfile.TemporaryDirectory() as store:
        os.environ |= {"GAN_STORE": store, "GAN_SIGN_IN": "none"}
        uploads = stage_example_sets()
        if not only_own:
            prepare_runs(Path(store))
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
                for name, (link, heading, height) in PAGES.items() if not only_own else ():
                    page.set_viewport_size({"width": WIDTH, "height": height})
                    page.goto(f"http://127.0.0.1:{port}{link}")
                    page.get_by_role("heading", name=heading, exact=True).wait_for()
                    if name == "train":
                        page.get_by_text("How long to train").wait_for(timeout=120_000)  # the speed is measured first
                    save_screenshot(page, FOLDER / f"{name}.png")
                for name, (upload, tab, height) in OWN_IMAGES.items():
                    page.set_viewport_size({"width": WIDTH, "height": height})
                    page.goto(f"http://127.0.0.1:{port}/data?upload={uploads[upload]}")
                    page.get_by_text("Change how they are read").click()
                    page.get_by_role("tab", name=tab).click()
                    save_screenshot(page, FOLDER / f"{name}.png")
        finally:
            server.terminate()
            server.wait()


def prepare_runs(store: Path) -> None:
    """The demo run, and a short one on the digits."""
    shutil.copytree(CHECKPOINTS / NAME, store / NAME)
    gan("data", "prepare", "--data.name", "mnist")
    gan("train", "--preset", "digits-quick", "--train.kimg", "6", "--train.snapshot_kimg", "2", "--name", SHORT)
    notes.update_about(store / SHORT, title="A short run on digits")


def stage_example_sets() -> dict[str, str]:
    """Upload and check the made-up sets; the identifier of each upload by the name of its set."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {
            "skin-lesions": write_ham10000_zip(Path(folder) / "skin-lesions.zip"),
            "chest-films": write_dicom_folder(Path(folder) / "chest-films"),
        }
        uploads = {name: staging.stage_path(name, path) for name, path in paths.items()}
    for upload in uploads.values():
        upload_check.check_upload(upload)
    return {name: upload.name for name, upload in uploads.items()}


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
    main(only_own="--own" in sys.argv[1:])
