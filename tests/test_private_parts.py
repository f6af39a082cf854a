"""The private parts of libraries that the product uses: all are listed here.

Requirements have no upper bound, so a new version may drop any of them. One test then says what to do.
"""

import ast
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import streamlit

from gan.config.settings import ROOT

SOURCES = [
    ROOT / "streamlit_app.py",
    *(path for folder in ("gan", "pages", "docs") for path in sorted((ROOT / folder).rglob("*.py"))),
]
STYLE = (ROOT / "pages/ui/style.css").read_text()


@dataclass(frozen=True)
class PrivatePart:
    """`name` in its library, the `files` that use it, why, and what to do `once_gone`."""

    name: str
    files: tuple[str, ...]
    why: str
    once_gone: str


PARTS = (
    PrivatePart(
        "streamlit.runtime.pages_manager.PagesManager.uses_pages_directory",
        ("streamlit_app.py",),
        "Streamlit runs the files of a folder named pages/ as an app of its own until st.navigation was first called, "
        "and has no option against it.",
        "See whether the first visitor of a new server still gets our frame on a link to a page, such as /gallery. If "
        "so, drop the line; if not, rename pages/.",
    ),
    PrivatePart(
        "streamlit.delta_generator.DeltaGenerator",
        ("pages/ui/background.py", "pages/ui/compare/curves.py"),
        "The type of a container, for annotations: the public package exports none.",
        "Annotate with the type that st.container() returns in the new version.",
    ),
    PrivatePart(
        "streamlit.proto.BackMsg_pb2.BackMsg",
        ("pages/ui/bench_client.py",),
        "`gan bench --pages` measures the server's answers without a browser, over the app's WebSocket.",
        "Follow the frontend's new protocol, or time the pages in a browser with playwright.",
    ),
    PrivatePart(
        "streamlit.user_info.generate_login_redirect_url",
        ("pages/ui/access/sign_in_routes.py",),
        "The address to which st.login() leads: our sign-in page stands before any script, so that it cannot call it.",
        "Draw the sign-in page with a script that calls st.login(), or use Authlib's client in routes of ours.",
    ),
    PrivatePart(
        "streamlit.web.server.starlette.starlette_websocket._get_signed_cookie_with_chunks",
        ("pages/ui/access/sign_in_routes.py",),
        "Reads the cookie in which Streamlit keeps the claims of OpenID Connect; st.user reads it for scripts only.",
        "Look at how the new version reads the cookie for st.user, or use Authlib's client in routes of ours.",
    ),
    PrivatePart(
        "streamlit.auth_util.validate_auth_credentials",
        ("pages/ui/access/start.py",),
        "Says at the start what is missing in [auth] of secrets.toml; st.login() says it at the first sign-in only.",
        "Drop the check, or check the five keys of [auth] in st.secrets.",
    ),
    PrivatePart(
        "streamlit.errors.Error",
        ("pages/ui/access/start.py",),
        "What that check raises.",
        "Name the class that the new version raises.",
    ),
    PrivatePart(
        "streamlit.proto.ForwardMsg_pb2.ForwardMsg",
        ("pages/ui/access/middleware.py",),
        "Leads an open page to the sign-in page when its session ends, as st.login() and st.logout() lead it away.",
        "Close the WebSocket only: the page then says that the connection is lost.",
    ),
    PrivatePart(
        "streamlit.proto.ForwardMsg_pb2.ForwardMsg",
        ("pages/ui/bench_client.py",),
        "`gan bench --pages` measures the server's answers without a browser, over the app's WebSocket.",
        "Follow the frontend's new protocol, or time the pages in a browser with playwright.",
    ),
    PrivatePart(
        "torch.utils._python_dispatch.TorchDispatchMode",
        ("gan/bench/roofline.py",),
        "`gan bench` counts the bytes that a training step reads and writes; torch's public counter has operations "
        "only.",
        "Look for it under a public name in torch.utils, or leave the bytes out of the ceiling.",
    ),
)


@pytest.mark.parametrize("part", PARTS, ids=[part.name for part in PARTS])
def test_a_private_part_of_a_library_is_still_there(part: PrivatePart) -> None:
    try:
        pkgutil.resolve_name(part.name)
    except (ImportError, AttributeError):
        pytest.fail(f"{part.name} is gone. Used in {', '.join(part.files)}: {part.why} What to do: {part.once_gone}")


def test_no_other_private_part_of_a_library_is_used() -> None:
    used = {(str(path.relative_to(ROOT)), name) for path in SOURCES for name in private_names(path.read_text())}
    listed = {(file, part.name) for part in PARTS for file in part.files}
    assert used == {(file, name.removesuffix(".uses_pages_directory")) for file, name in listed}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import torch\ntorch._foreach_lerp_([], [], 0.5)", ["_foreach_lerp_"]),
        ("import torch\ntorch.autocast('cpu')._enabled", ["_enabled"]),
        ("import argparse\nclass P(argparse.ArgumentParser):\n    def f(self): return self._actions", ["_actions"]),
        ("import argparse\nargparse.ArgumentParser()._parser_class = None", ["_parser_class"]),
        ("import torch.utils._pytree", ["torch.utils._pytree"]),
        ("from argparse import _SubParsersAction", ["argparse._SubParsersAction"]),
        ("from torch.utils._pytree import tree_map", ["torch.utils._pytree.tree_map"]),
        ("from streamlit.runtime import Runtime", ["streamlit.runtime.Runtime"]),
        ("import streamlit.runtime", ["streamlit.runtime"]),
        ("from gan.runs.run import _own", ["gan.runs.run._own"]),
        ("import streamlit as st\nfrom streamlit.testing.v1 import AppTest\nfrom __future__ import annotations", []),
        ("class A:\n    _x = 1\n    def __init__(self): self._y = 2\n    def _f(self): self._f, self._x, self._y", []),
    ],
)
def test_a_private_part_is_found(code: str, found: list[str]) -> None:
    assert list(private_names(code)) == found


def private_names(code: str) -> Iterator[str]:
    """Names with a leading underscore that the module does not define, and imports from Streamlit's submodules, whose
    public names are all in the package itself."""
    tree = ast.parse(code)
    own = set(_defined(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _private(node.attr) and node.attr not in own:
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in names if _inside(name) or (name.count(".") > 1 and _of_streamlit(name)))
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if _inside(alias.name) or _of_streamlit(alias.name))


def _defined(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self":
            yield node.attr


def _private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _inside(name: str) -> bool:
    return any(_private(part) for part in name.split("."))


def _of_streamlit(name: str) -> bool:
    return name.startswith("streamlit.") and not name.startswith("streamlit.testing.")


@pytest.mark.parametrize("test_id", sorted(set(re.findall(r'data-testid="(\w+)"', STYLE))))
def test_a_part_of_a_page_that_the_style_names_is_still_drawn(test_id: str) -> None:
    scripts = (Path(streamlit.__file__).parent / "static/static/js").glob("*.js")
    assert any(test_id in script.read_text() for script in scripts), f"style.css names {test_id}: find its new name"
