"""Take the README's screenshots of every page: `python -m docs.screenshots` writes docs/screenshots/.

The app runs on a temporary store with both demo runs. The blood cells of `make_demo.py` are read from the folder
`bloodcells` in GAN_DATA, for pictures of real images.
`python -m docs.screenshots gallery own-dicom` takes only these. Those of one's own images are of the made-up sets in
`example_sets.py`, which wait to be accepted.
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
from docs.make_demo import CELLS, CHECKPOINTS, MNIST, SET, add_cells, gan
from gan.config import settings
from gan.data.ingest import staging, upload_check

FOLDER = settings.ROOT / "docs" / "screenshots"
WIDTH = 1280
COLOURS = 256
CHARTS_DRAWN = """[...document.querySelectorAll("[class*='st-key-chart-']")]
    .every(chart => chart.querySelector('.main-svg'))"""
MAX_BYTES = 400_000  # of a screenshot: some read the README over slow connections
CHROMIUM = os.environ.get("GAN_CHROMIUM", "/usr/bin/chromium")
PAGES = {
    "overview": ("/", "Overview", 820),
    "data": (f"/data?data=folder-{SET}", "Data", 1000),
    "train": (f"/train?data=folder-{SET}", "Train", 1150),
    "progress": (f"/progress?run={CELLS.name}", CELLS.title, 1120),
    "gallery": (f"/gallery?run={CELLS.name}&each=5", CELLS.title, 1200),
    "evaluate": (f"/evaluate?run={CELLS.name}", CELLS.title, 1250),
    "compare": (f"/compare?runs={MNIST.name},{CELLS.name}", "Compare", 1230),
    "explanations": ("/explanations", "How to read it", 1100),
}
"""The page's link, its heading, and the height of the window in pixels, by the name of the screenshot."""


OWN_IMAGES = {"own-images": ("skin-lesions", "Labels", 1500), "own-dicom": ("chest-films", "Pixels", 1450)}
"""The name of the set, the tab of the fields that is open, and the height of the window, by the screenshot's name."""


def main(names: list[str]) -> None:
    """Prepare the store, start the app, and write the screenshots of these names."""
    with tempfile.TemporaryDirectory() as store:
        os.environ |= {"GAN_STORE": store, "GAN_SIGN_IN": "none"}
        uploads = stage_example_sets()
        if any(name in PAGES for name in names):
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
                page.set_default_timeout(300_000)
                for name, (link, heading, height) in PAGES.items():
                    if name not in names:
                        continue
                    page.set_viewport_size({"width": WIDTH, "height": height})
                    page.goto(f"http://127.0.0.1:{port}{link}")
                    page.get_by_role("heading", name=heading, exact=True).wait_for()
                    if name == "train":
                        page.get_by_text("How long to train").wait_for()  # the speed is measured first
                    save_screenshot(page, FOLDER / f"{name}.png")
                for name, (upload, tab, height) in OWN_IMAGES.items():
                    if name not in names:
                        continue
                    page.set_viewport_size({"width": WIDTH, "height": height})
                    page.goto(f"http://127.0.0.1:{port}/data?upload={uploads[upload]}")
                    page.get_by_text("Change how they are read").click()
                    page.get_by_role("tab", name=tab).click()
                    save_screenshot(page, FOLDER / f"{name}.png")
        finally:
            server.terminate()
            server.wait()


def prepare_runs(store: Path) -> None:
    """Both demo runs, and the blood cells."""
    for demo in (MNIST, CELLS):
        shutil.copytree(CHECKPOINTS / demo.name, store / demo.name)
    with tempfile.TemporaryDirectory() as scratch:
        add_cells(settings.public_data() / "bloodcells", Path(scratch))
    gan("data", "prepare", "--data.name", "folder", "--data.path", SET, "--data.image_size", "64")


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
    page.wait_for_function(CHARTS_DRAWN)
    page.wait_for_timeout(3000)  # images, and the end of every transition
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
    main(sys.argv[1:] or [*PAGES, *OWN_IMAGES])
