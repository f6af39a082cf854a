"""The command line as people use it: real processes, what they print, and their exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from gan import jobs
from gan.cli.main import ACTIONS, MODULES, main
from gan.config import settings
from gan.config.options import build_config
from gan.evaluation import tasks
from gan.evaluation.job import Request
from gan.evaluation.study.study_options import ENOUGH_SEEDS, StudyOptions
from gan.jobs import processes
from gan.runs import lifecycle
from gan.runs.run import all_runs, find_run
from tests.conftest import TINY, trained
from tests.support.jobs import wait_until

QUICK = [part for path, value in TINY.items() for part in (f"--{path}", str(value))]


def gan(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gan", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=settings.ROOT, check=False)


def test_submit_prints_the_name_alone_on_its_last_line_and_the_run_finishes() -> None:
    answer = gan("submit", "--preset", "digits-quick", *QUICK)
    assert answer.returncode == 0, answer.stderr
    name = answer.stdout.splitlines()[-1]
    run = find_run(name)
    wait_until(lambda: not jobs.state(run.path).alive, "the run ends", patience=60)
    listed = json.loads(gan("runs", "--json").stdout)
    assert [(row["name"], row["state"], row["data"], row["seen"], row["kimg"]) for row in listed] == [
        (name, "finished", "digits", 320, 0.32)
    ]
    assert {"device", "created"} <= listed[0].keys()
    assert "loss_d" in gan("logs", name).stdout
    assert "had finished already" in gan("stop", name).stdout
    assert "has finished" in gan("resume", name).stdout


def test_train_in_the_foreground_with_a_name() -> None:
    answer = gan("train", "--name", "here", *QUICK)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[-1] == "here finished after 320 of 320 images."


def test_a_dry_run_starts_nothing() -> None:
    answer = gan("train", "--preset", "digits-quick", "--dry-run")
    assert answer.returncode == 0
    assert "Time: not known" in answer.stdout
    assert all_runs() == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train", "--train.bach", "3"], "unrecognized arguments: --train.bach 3. Did you mean --train.batch?"),
        (["train", "--train.batch", "0"], "train.batch is 0: it takes a whole number from 2 to 4,096."),
        (["train", "--preset", "digit"], "There is no preset digit: it takes one of digits-quick, mnist, celeba-64"),
        (["train", "--preset", "atuo"], "own-images, or auto for a fitted one."),
        (["train", "--name", "a/b"], "'a/b' cannot name a run: use 1 to 64 lowercase letters"),
        (["train", "--data.name", "folder", "--data.path", "nowhere"], "nowhere"),
        (["train", "--data.name", "folder"], "data.path is empty"),
        (["train", "--data.name", "medmnist", "--data.flag", "brestmnist"], "breastmnist"),
        (["train", "--job.device", "cuda:7"], "There is no device cuda:7 on this machine"),
        (["stop", "nobody"], "There is no run nobody in"),
        (["resume", "../up"], "'../up' cannot name a run"),
        (["sample", "nobody", "--out", "x.zip"], "There is no run nobody in"),
        (["frobnicate"], "frobnicate"),
        (["data", "check", "nowhere"], "nowhere"),
    ],
)
def test_a_mistake_is_one_clear_line_and_exit_code_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert len(printed.err.strip().splitlines()) == 1
    assert all_runs() == []


def test_a_name_that_is_taken_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    trained("mine")
    assert main(["submit", "--name", "mine", *QUICK]) == 2
    assert "There is a run mine already: choose another name." in capsys.readouterr().err


def test_a_second_trainer_of_a_run_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    from gan.jobs.worker import working

    run = lifecycle.create_run(trained("first").config, "busy")
    with working(run.path, "cpu"):
        answer = gan("train", "--run", "busy")
    assert answer.returncode == 2
    assert "has a process at work already" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_relative_folder_means_the_same_to_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("cats", "dogs"):
        (tmp_path / "own" / name).mkdir(parents=True)
        for shade in range(20):
            picture = Image.new("L", (32, 32), 10 * shade)
            picture.putpixel((0, 0), 100 if name == "cats" else 200)
            picture.save(tmp_path / "own" / name / f"{shade}.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAN_DATA", "data")
    assert processes.job_environment(os.environ)["GAN_DATA"] == str(tmp_path / "data")
    assert main(["submit", "--name", "pets", "--data.name", "folder", "--data.path", "own", *QUICK]) == 0
    run = find_run("pets")
    assert run.config.data.path == str(tmp_path / "own")
    wait_until(lambda: not jobs.state(run.path).alive, "the run ends", patience=60)
    assert jobs.state(run.path).name == "finished", jobs.state(run.path).cause


def test_a_start_that_is_refused_does_not_tell_the_cause_of_an_earlier_one(capsys: pytest.CaptureFixture[str]) -> None:
    from gan.jobs.worker import working

    run = lifecycle.create_run(build_config(TINY | {"job.device": "cuda:7"}), "again")
    with pytest.raises(KeyError), working(run.path):
        raise KeyError("an earlier fault")
    assert main(["train", "--run", "again"]) == 2
    printed = capsys.readouterr().err
    assert "There is no device cuda:7" in printed
    assert "an earlier fault" not in printed


def test_a_waiting_run_is_listed_with_its_place_and_whom_it_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    from gan.jobs.worker import working

    busy = lifecycle.create_run(trained("first").config, "busy")
    with working(busy.path, "cpu"):
        assert main(["submit", "--name", "later", *QUICK]) == 0
        capsys.readouterr()
        assert main(["runs"]) == 0
        assert "number 1 in the queue, behind the run busy" in capsys.readouterr().out
        assert main(["stop", "later"]) == 0
        assert "taken out of the queue" in capsys.readouterr().out


def test_broken_run_folders_are_listed_with_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    (settings.store() / "empty").mkdir(parents=True)
    broken = lifecycle.create_run(trained("whole").config, "broken")
    (broken.path / "config.json").write_text('{"version": 1, "data": ')
    capsys.readouterr()
    assert main(["runs", "--json", "--disk"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["whole"]["state"] == "finished"
    assert rows["whole"]["disk"] > 100_000
    assert "config.json is damaged" in rows["broken"]["cause"]
    assert "its folder has no config.json" in rows["empty"]["cause"]
    assert main(["sample", "broken", "--out", "x.zip"]) == 2


def test_a_store_that_cannot_be_written_is_one_clear_line(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store.parent.joinpath("file").write_text("")
    environment = os.environ | {"GAN_STORE": str(store.parent / "file" / "store")}
    command = [sys.executable, "-m", "gan", "submit", "--preset", "digits-quick"]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=settings.ROOT, env=environment, check=False)
    assert answer.returncode == 2, answer.stderr
    assert "Traceback" not in answer.stderr
    assert str(store.parent / "file") in answer.stderr


def test_deleting_asks_first_and_refuses_while_the_run_works(capsys: pytest.CaptureFixture[str]) -> None:
    from gan.jobs.worker import working

    run = trained("goes")
    answer = gan("delete", "goes")
    assert answer.returncode == 2
    assert "add --yes" in answer.stderr
    busy = lifecycle.create_run(run.config, "busy")
    with working(busy.path, "cpu"):
        assert main(["delete", "busy", "--yes"]) == 2
        assert "stop it before you delete it" in capsys.readouterr().err
    assert main(["delete", "goes", "--yes"]) == 0
    assert [run.name for run in all_runs()] == ["busy"]


def test_sample_and_export_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trained("digits")
    assert main(["sample", "digits", "--count", "3", "--condition", "3", "--out", str(tmp_path / "threes")]) == 0
    assert len(list((tmp_path / "threes" / "images" / "3").glob("*.png"))) == 3
    assert main(["sample", "digits", "--count", "3", "--out", str(tmp_path / "threes")]) == 2
    assert main(["export", "digits", "--per-class", "2", "--out", str(tmp_path / "all.zip")]) == 0
    assert "20 images" in capsys.readouterr().out
    assert main(["export", "digits", "--balance", "--per-class", "2", "--out", str(tmp_path / "b.zip")]) == 2
    assert main(["export", "digits", "--out", str(tmp_path / "b.zip")]) == 2
    assert main(["export", "digits", "--per-class", "2"]) == 2


@pytest.mark.parametrize("command", [command for commands in MODULES.values() for command in commands])
def test_every_command_says_what_it_takes(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    assert f"usage: python -m gan {command}" in capsys.readouterr().out


@pytest.mark.parametrize("command", list(ACTIONS))
def test_no_help_shows_a_doubled_percent_sign(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([*command.split(), "--help"])
    assert "%%" not in capsys.readouterr().out


def test_listing_runs_imports_nothing_of_other_commands() -> None:
    code = (
        "import sys; from gan.cli.main import main; main(['runs'])\n"
        "assert not {'PIL', 'gan.data.registry'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=settings.ROOT, capture_output=True)


def test_commands_that_look_import_no_torch() -> None:
    code = (
        "import sys; from gan.cli.main import main; main(['runs'])\n"
        "import gan.data.catalogue, gan.training.estimate, gan.training.preflight, gan.export.exports\n"
        "assert not {'torch', 'streamlit', 'sklearn'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=settings.ROOT, capture_output=True)


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        ({}, "20000" if "amx_tile" in Path("/proc/cpuinfo").read_text() else "1000"),
        ({"GOMP_SPINCOUNT": "7"}, "7"),
        ({"OMP_WAIT_POLICY": "PASSIVE"}, "0"),
    ],
)
def test_threads_that_wait_leave_the_processor_to_others_unless_asked_not_to(asked: dict[str, str], taken: str) -> None:
    settings_of_openmp = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    environment = {name: value for name, value in os.environ.items() if name not in settings_of_openmp}
    code = "from gan.cli.main import main; main(['runs']); import torch"
    told = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=settings.ROOT,
        env=environment | {"OMP_DISPLAY_ENV": "VERBOSE"} | asked,
        capture_output=True,
        text=True,
    )
    assert f"GOMP_SPINCOUNT = '{taken}'" in told.stderr


def test_control_characters_of_a_copied_run_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    run = trained("copied")
    about = json.loads((run.path / "about.json").read_text())
    title = "Größe\u00a0µ\u202e \x1b]0;owned\x07\nforged row"
    (run.path / "about.json").write_text(json.dumps(about | {"title": title}))
    (run.path / "log.txt").write_bytes(b"one\ttwo\r\n 1%\r 2%\n\x1b[2J\x9b\xc2\x9b2J\n")
    capsys.readouterr()  # what training printed
    assert main(["runs"]) == 0
    printed = capsys.readouterr().out
    assert "Größe\u00a0µ\ufffd \ufffd]0;owned\ufffd\ufffdforged row" in printed
    assert len(printed.splitlines()) == 1
    assert main(["logs", run.name]) == 0
    assert capsys.readouterr().out == "one\ttwo\n 2%\n\ufffd[2J\ufffd\ufffd2J\n"


def test_control_characters_in_an_error_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "check", "no\x1b[31mwhere"]) == 2
    printed = capsys.readouterr().err
    assert "no\ufffd[31mwhere" in printed
    assert "\x1b" not in printed


def test_a_smaller_study_is_the_one_that_the_page_offers(monkeypatch: pytest.MonkeyPatch) -> None:
    trained("digits")
    requests: list[Request] = []
    for kind in ("study", "scores"):
        monkeypatch.setitem(tasks.TASKS, kind, lambda run, request, progress: requests.append(request) or [])
    assert main(["evaluate", "digits", "--small"]) == 2  # a design of the study, which is not asked for
    assert requests == []
    assert main(["evaluate", "digits", "--study", "--small", "--primary", "balanced_accuracy"]) == 0
    assert requests[0].study == StudyOptions(primary="balanced_accuracy").small()
    assert main(["evaluate", "digits", "--study", "--small", "--seeds", "3", "--generators", "1"]) == 0
    study = requests[-1].study
    assert study is not None
    assert (study.seeds, study.shares) == (3, (1.0,))  # what is asked for is not overruled
    assert requests[0].study.seeds >= ENOUGH_SEEDS  # it offers nothing that it would be warned about
