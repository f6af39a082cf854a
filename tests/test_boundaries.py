"""Which package may import which: imports inside functions and for typing count too."""

import ast
from collections.abc import Iterator
from pathlib import Path

import gan

ROOT = Path(gan.__file__).parent


def imported(path: Path) -> Iterator[str]:
    """Every module of `gan` that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.split(".")[0] == "gan")
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "gan":
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def importing(paths: list[Path], forbidden: tuple[str, ...]) -> list[str]:
    return [f"{path.name} imports {name}" for path in paths for name in imported(path) if name.startswith(forbidden)]


def reached(module: str) -> set[str]:
    """The modules that come with `module`, itself included: what its imports import, and so on."""
    seen, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        parts = name.split(".")[1:]
        path = next(
            (
                p
                for p in (ROOT.joinpath(*parts).with_suffix(".py"), ROOT.joinpath(*parts, "__init__.py"))
                if p.is_file()
            ),
            None,
        )
        if path is None or name in seen or not parts:
            continue
        seen.add(name)
        waiting += imported(path)
    return seen


def test_training_does_not_know_evaluation() -> None:
    assert not [name for name in reached("gan.training.train") if name.startswith("gan.evaluation")]


def test_evaluation_does_not_know_export() -> None:
    above = ("gan.export.exports", "gan.export.candidates", "gan.export.spool")
    assert importing(sorted((ROOT / "evaluation").glob("*.py")), above) == []
