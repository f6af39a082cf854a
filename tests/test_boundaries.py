"""The packages of `gan` import one way, no files import each other in a circle, and what draws no images needs no
torch."""

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gan.config.settings import ROOT

ORDER = (
    "errors",
    "config",
    "io",
    "access",
    "jobs",
    "data",
    "runs",
    "models",
    "sampling",
    "training",
    "evaluation",
    "monitoring",
    "export",
    "api",
    "bench",
    "cli",
)
"""The packages, each of which may import what stands above it. `gan/__init__.py` has the same map."""

FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / "gan").rglob("*.py")
}


def imports(path: Path) -> Iterator[str]:
    """Every module of `gan` that a file imports: at its top, in functions, and for types alone."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.split(".")[0] == "gan")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gan":
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                yield inner if inner in FILES else str(node.module)


def package(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_every_package_has_its_place() -> None:
    entries = {path.stem for path in (ROOT / "gan").iterdir() if path.name != "__pycache__"}
    assert entries == {*ORDER, "__init__", "__main__", "py"}  # py.typed: its type hints are for others too


@pytest.mark.parametrize("module", sorted(set(FILES) - {"gan", "gan.__main__"}))
def test_imports_go_one_way(module: str) -> None:
    place = ORDER.index(package(module))
    upwards = [name for name in imports(FILES[module]) if name != "gan" and ORDER.index(package(name)) > place]
    assert not upwards


def test_no_files_import_each_other_in_a_circle() -> None:
    files = FILES.keys() - {"gan"}  # which loads gan.api when one of its names is first used
    graphlib.TopologicalSorter({module: set(imports(FILES[module])) - {module} for module in files}).prepare()


WITHOUT_TORCH = ("config", "io", "access", "jobs", "data", "runs", "monitoring", "evaluation.records", "api", "cli")


def test_what_pages_need_without_a_generator_does_not_load_torch() -> None:
    modules = [m for m in FILES if m.startswith(tuple(f"gan.{name}" for name in WITHOUT_TORCH)) and "__main__" not in m]
    modules += ["gan.sampling.conditions", "gan.export.request", "gan.training.recommend", "gan.training.preflight"]
    modules += ["gan.evaluation.suspect_search", "gan.training.auto_choices"]
    code = f"import sys, importlib; [importlib.import_module(m) for m in {modules}]; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
