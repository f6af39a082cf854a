"""The clock of a training: what it measures of its process."""

import time

import pytest

from gan.training.clock import Clock


def test_cores_are_the_cpu_time_of_this_process_over_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    wall, cpu = [1000.0], [7.0]  # 7 s went into imports
    monkeypatch.setattr(time, "monotonic", lambda: wall[0])
    monkeypatch.setattr(time, "process_time", lambda: cpu[0])
    clock = Clock(seconds=500.0, seen=64)  # of earlier processes
    wall[0], cpu[0] = 1010.0, 22.0
    assert clock.cores() == 1.5
    wall[0] = 1100.0  # others had the machine
    assert clock.cores() == 0.15
    assert clock.seconds() == 600.0
