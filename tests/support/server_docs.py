"""The examples in docs/server.md and compose.yaml."""

import re

import yaml

from gan.config.settings import ROOT

TEXT = (ROOT / "docs/server.md").read_text()
BLOCKS = [
    (kind, re.sub(rf"(?m)^{indent}", "", text))
    for indent, kind, text in re.findall(r"^( *)```(\w+)\n(.*?)^ *```", TEXT, re.MULTILINE | re.DOTALL)
]
"""Language and text of every block of code, in the order of the text."""
BASH = "\n".join(text for kind, text in BLOCKS if kind == "bash").replace("\\\n", " ")


def blocks(kind: str) -> list[str]:
    """The blocks of code in a language."""
    return [text for other, text in BLOCKS if other == kind]


def environment() -> dict[str, str]:
    """The environment file of the service."""
    (lines,) = re.findall(r"/srv/gan/environment <<'END'\n(.*?)^END$", BASH, re.MULTILINE | re.DOTALL)
    return dict(line.split("=", 1) for line in lines.splitlines())


def compose_caddyfile() -> str:
    """Caddy's configuration in compose.yaml, as Caddy gets it."""
    content: str = yaml.safe_load((ROOT / "compose.yaml").read_text())["configs"]["caddyfile"]["content"]
    return content.replace("$$", "$")
