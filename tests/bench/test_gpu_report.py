"""The report on a GPU, rehearsed on the CPU: every part is measured and written, and a part that fails is named."""

import json
from pathlib import Path

import pytest

from gan.bench import gpu_report
from gan.bench.gpu_report import Budget, measure_gpu
from gan.cli.main import main
from gan.jobs import device_list
from tests.support.evaluation import SMALL_BUDGET

BRIEF = Budget(
    sizes=(16,),
    speed_seconds=0.2,
    resumed_kimg=6.0,
    digits=("digits",),
    run_seconds=(0.5, 0.5),
    large_size=32,
    evaluation=SMALL_BUDGET,
)


def test_all_parts_are_measured_and_written(tmp_path: Path) -> None:
    report = measure_gpu(tmp_path / "report", lambda line: None, budget=BRIEF)
    assert report["failed"] == []
    assert json.loads((tmp_path / "report" / "report.json").read_text()).keys() == report.keys()
    assert report["machine"]["device"]["name"] == "cpu"
    (speed,) = report["speed"]
    assert speed["ratio"] == pytest.approx(speed["eager"] / speed["textbook"])
    assert report["resume"]["equal"]
    assert report["resume"]["largest_difference"] == 0
    assert 0 < report["resume"]["stopped_at"] < report["resume"]["total"]
    assert report["memory"] == {"skipped": "not tried on cpu"}
    for name in ("digits", "large"):
        assert report[name]["seen"] > 0
        assert 0 <= report[name]["scores"]["obedience"] <= 1
        assert (tmp_path / "report" / f"{name}.png").exists()


def test_a_part_that_fails_is_named_and_the_others_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("CUDA error: device-side assert")

    for name in ("measure_resume", "measure_run"):
        monkeypatch.setattr(gpu_report, name, broken)
    report = measure_gpu(tmp_path / "report", lambda line: None, budget=BRIEF)
    assert report["failed"] == ["resume", "digits", "large"]
    assert report["resume"]["error"] == "RuntimeError: CUDA error: device-side assert"
    assert report["speed"]


def test_without_a_gpu_the_command_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if device_list.matching_devices("auto")[0] != "cpu":
        pytest.skip("there is a GPU here")
    assert main(["bench", "--gpu-report", str(tmp_path / "report")]) == 2
    assert "no GPU" in capsys.readouterr().err
