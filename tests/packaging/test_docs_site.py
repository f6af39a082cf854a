"""The documentation as a web site: built without a warning or a network, and readable without one."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

from gan.config.settings import ROOT

OFFLINE = """
import socket, sys
def refuse(*address): raise OSError(f"the network is asked for {address}")
socket.socket.connect = socket.getaddrinfo = refuse
from mkdocs.__main__ import cli
cli()
"""


class Loaded(HTMLParser):
    """The addresses that a browser fetches for a page, without those of its links."""

    def __init__(self, page: str):
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        address = values.get("src") or (
            values.get("href") if tag == "link" and values.get("rel") != "canonical" else ""
        )
        self.addresses += [address] if address else []


def test_it_is_built_without_a_warning_and_asks_no_other_machine(tmp_path: Path) -> None:
    command = ["build", "--strict", "--config-file", str(ROOT / "docs/site/mkdocs.yml"), "--site-dir", str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", OFFLINE, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    pages = {path.relative_to(tmp_path).as_posix(): path.read_text() for path in tmp_path.rglob("index.html")}
    texts = {f"{path.stem}/index.html" for path in (ROOT / "docs").glob("*.md")}
    assert pages.keys() >= texts | {"index.html", "changelog/index.html", "contributing/index.html"}
    addresses = {address for page in pages.values() for address in Loaded(page).addresses}
    assert [address for address in addresses if re.match(r"(https?:)?//", address)] == []
    assert "screenshots/progress.png" in pages["index.html"]
    assert "gan.runs.run.Run.snapshots" in pages["reference/index.html"]
