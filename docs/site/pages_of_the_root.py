"""A hook of MkDocs: the README is the site's first page, and the project's other texts have a page each.

They stay where people and programs look for them, and are written once. Their links, and those of docs/ to them, are
changed to the site's addresses.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "LICENSE": "license.md",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the texts of the root."""
    for name, address in PAGES.items():
        files.append(File.generated(config, address, content=(ROOT / name).read_text()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The text with the site's addresses in its links. `../CHANGELOG.md` is how a page of docs/ links to the root."""
    for name, address in PAGES.items():
        markdown = re.sub(rf"\]\((\.\./)?{re.escape(name)}(?=[)#])", f"]({address}", markdown)
    return re.sub(r"\]\(docs/", "](", markdown) if page.file.src_uri in PAGES.values() else markdown
