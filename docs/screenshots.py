"""Take the README's pictures from a real run: `GAN_STORE=... python -m docs.screenshots RUN` writes docs/screenshots/.

Starts the app by itself, opens each page in headless Chromium in the light theme, and keeps pictures small.
"""

import io
import os
import socket
import subprocess
import sys
import time
import urllib.request

from PIL import Image
from playwright.sync_api import sync_playwright

from gan import runs, settings

FOLDER = settings.ROOT / "docs" / "screenshots"
WIDTH, HEIGHT = 1280, 900
COLOURS = 128
CHROMIUM = os.environ.get("GAN_CHROMIUM", "/usr/bin/chromium")


def main(name: str) -> None:
    """Write one picture of each page for the run of that name."""
    run = runs.find(name)
    links = {
        "overview": "/",
        "data": f"/data?data={run.config.data.slug}",
        "train": f"/train?clone={name}",
        "progress": f"/progress?run={name}",
        "gallery": f"/gallery?run={name}",
    }
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
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
            for title, link in links.items():
                page.goto(f"http://127.0.0.1:{port}{link}")
                page.get_by_role("heading", name=title.capitalize(), exact=True).wait_for()
                page.wait_for_timeout(5000)  # charts and pictures, and the end of every fade
                picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
                picture.quantize(COLOURS, dither=Image.Dither.NONE).save(FOLDER / f"{title}.png", optimize=True)
    finally:
        server.terminate()
        server.wait()


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
    main(sys.argv[1])
