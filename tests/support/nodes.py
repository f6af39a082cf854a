"""Machines that share a store, played by processes: each with its own name, boot and locks that no other sees."""

import os
from pathlib import Path

import pytest

from gan.io import fault_injection
from tests.support.jobs import start_python


def become(node: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process and those it starts play the machine of that name."""
    monkeypatch.setenv(fault_injection.NODE_VARIABLE, node)


def run_on(node: str, code: str, *arguments: str) -> str:
    """What Python code prints that runs on the machine of that name."""
    before = os.environ.get(fault_injection.NODE_VARIABLE)
    os.environ[fault_injection.NODE_VARIABLE] = node
    try:
        process = start_python(code, *arguments)
    finally:
        if before is None:
            del os.environ[fault_injection.NODE_VARIABLE]
        else:
            os.environ[fault_injection.NODE_VARIABLE] = before
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return output


def share(store: Path) -> None:
    """Mark a store as one that processes may play machines in."""
    (store / fault_injection.MARKER).mkdir(parents=True)
