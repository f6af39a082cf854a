"""The end of a job is told once: to open pages, a webhook and by e-mail, and no secret is seen on the way."""

import logging
import subprocess
import threading
from pathlib import Path

import pytest

from gan.config import notification_settings
from gan.errors import ConfigError, TrainingError
from gan.jobs import doctor, notifications, scheduler, states, tickets
from gan.jobs.launch import write_started
from gan.jobs.slurm.script import passed_variables
from gan.jobs.worker import working
from tests.support.message_servers import mail_server, webhook_server

SECRET = "T0ken-of-the-webhook"


@pytest.fixture
def run(store: Path) -> Path:
    folder = store / "breast"
    folder.mkdir(parents=True)
    return folder


def test_a_finished_job_is_told_once_to_a_webhook_and_by_mail(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook_server() as hook, mail_server() as mail:
        monkeypatch.setenv("GAN_WEBHOOK", f"http://127.0.0.1:{hook.port}/{SECRET}")
        monkeypatch.setenv("GAN_URL", "https://gan.lab/")
        monkeypatch.setenv("GAN_SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("GAN_SMTP_PORT", str(mail.port))
        monkeypatch.setenv("GAN_SMTP_SECURITY", "none")
        monkeypatch.setenv("GAN_SMTP_USER", "lab")
        monkeypatch.setenv("GAN_SMTP_PASSWORD", "pass word")
        monkeypatch.setenv("GAN_SMTP_TO", "ann@lab.org, bob@lab.org")
        with working(run):
            pass
        ((path, document),) = hook.got
        assert path == f"/{SECRET}"
        assert (document["run"], document["state"], document["cause"]) == ("breast", "finished", "")
        assert document["text"] == "The run breast has finished.\nhttps://gan.lab/progress?run=breast"
        recipients = [line.partition(":")[2] for line in mail.got if line.upper().startswith("RCPT TO:")]
        assert recipients == ["<ann@lab.org>", "<bob@lab.org>"]
        (message,) = [text for text in mail.got if "Subject:" in text]
        assert "Subject: The run breast has finished" in message
        assert "https://gan.lab/progress?run=breast" in message


def test_a_failed_job_is_told_with_its_cause_and_a_stopped_one_is_not(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with webhook_server() as hook:
        monkeypatch.setenv("GAN_WEBHOOK", f"http://127.0.0.1:{hook.port}/")
        with pytest.raises(TrainingError), working(run):
            raise TrainingError("A loss became infinite.", "nan", {})
        with working(run) as worker:
            (run / "stop").touch()
            worker.mark_stopped()
        ((_, document),) = hook.got
        assert (document["state"], document["cause"]) == ("failed", "A loss became infinite.")


def test_evaluations_and_exports_are_told_by_what_they_are_and_small_tasks_are_not(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_URL", "https://gan.lab")
    for path in ("evaluation/study", "evaluation/selector", "exports/20260101-120000", "evaluation/scores"):
        folder = run / path
        folder.mkdir(parents=True)
        with working(folder):
            pass
    _, ended = notifications.ends_after(0)
    assert [end.title for end in ended] == [
        "The study of breast has finished",
        "A download of breast has finished",
        "The scoring of breast has finished",
    ]
    pages = [notifications.message_text(end).partition("gan.lab/")[2].partition("?")[0] for end in ended]
    assert pages == ["evaluate", "gallery", "evaluate"]


def test_a_job_that_dies_is_told_by_the_scheduler(run: Path) -> None:
    with subprocess.Popen(["sh", "-c", "exit 3"]) as process:
        process.wait()
    with tickets.decision_lock():
        ticket = tickets.next_ticket(run)
    started = write_started(run, ticket, "cpu", process.pid)
    memory = scheduler.Memory([scheduler.Child(process, run, started)])
    scheduler.collect_exits(memory)
    _wait_for_threads()
    _, (ended,) = notifications.ends_after(0)
    assert (ended.job, ended.ticket, ended.state) == ("breast", ticket, "failed")
    assert ended.cause == states.state(run).cause != ""


def test_a_job_that_wrote_its_end_is_not_told_again_by_the_scheduler(run: Path) -> None:
    with working(run) as worker:
        ticket = worker.ticket
    with subprocess.Popen(["true"]) as process:
        process.wait()
    scheduler.collect_exits(scheduler.Memory([scheduler.Child(process, run, {"ticket": ticket})]))
    _wait_for_threads()
    assert len(notifications.ends_after(0)[1]) == 1


def _wait_for_threads() -> None:
    for thread in threading.enumerate():
        if thread.name == notifications.THREAD:
            thread.join()


def test_no_failure_of_a_server_harms_a_job_or_shows_a_secret(
    run: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with webhook_server(status=403) as hook, mail_server() as gone:
        port = gone.port
        monkeypatch.setenv("GAN_WEBHOOK", f"http://127.0.0.1:{hook.port}/{SECRET}")
        monkeypatch.setenv("GAN_SMTP_TO", "ann@lab.org")
        monkeypatch.setenv("GAN_SMTP_HOST", "mail.example")
        monkeypatch.setenv("GAN_SMTP_SECURITY", "none")
        monkeypatch.setenv("GAN_SMTP_PASSWORD", SECRET)
        with working(run):
            pass
    assert states.state(run).name == "finished"
    assert "The webhook about breast could not be sent (the server answered 403)" in caplog.text
    assert "without encryption" in caplog.text
    monkeypatch.setenv("GAN_WEBHOOK", f"http://127.0.0.1:{hook.port}/{SECRET}")
    monkeypatch.setenv("GAN_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("GAN_SMTP_PORT", str(port))
    caplog.clear()
    with working(run):
        pass
    assert caplog.text.count("Connection refused") == 2
    assert SECRET not in caplog.text
    assert SECRET not in repr(notification_settings.mail_server())
    assert not any(SECRET in path.read_text() for path in run.glob("*.json"))


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({"GAN_WEBHOOK": f"hooks.lab/{SECRET}"}, "GAN_WEBHOOK"),
        ({"GAN_WEBHOOK": f"file:///{SECRET}"}, "GAN_WEBHOOK"),
        ({"GAN_SMTP_HOST": "mail.lab"}, "GAN_SMTP_TO"),
        ({"GAN_SMTP_HOST": "mail.lab", "GAN_SMTP_TO": "ann"}, "GAN_SMTP_TO"),
        ({"GAN_SMTP_HOST": "mail.lab", "GAN_SMTP_TO": "a@b", "GAN_SMTP_SECURITY": "ssl"}, "GAN_SMTP_SECURITY"),
        ({"GAN_SMTP_HOST": "mail.lab", "GAN_SMTP_TO": "a@b\nBcc: x@y"}, "GAN_SMTP_TO"),
    ],
)
def test_a_wrong_setting_is_named_and_a_secret_one_not_quoted(
    variables: dict[str, str], names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    read = notification_settings.webhook if names == "GAN_WEBHOOK" else notification_settings.mail_server
    with pytest.raises(ConfigError, match=names) as error:
        read()
    assert SECRET not in str(error.value)
    check = doctor.check_notifications()
    assert (check.level, names in check.advice, SECRET in str(check)) == ("problem", True, False)


def test_doctor_says_who_hears_of_ends_without_the_secret(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_WEBHOOK", f"https://hooks.lab/{SECRET}")
    check = doctor.check_notifications()
    assert (check.level, check.found) == ("ok", "open pages and the webhook at hooks.lab")


def test_slurm_gets_no_secret() -> None:
    environment = dict.fromkeys(notification_settings.SECRETS, SECRET) | {"GAN_URL": "https://gan.lab"}
    assert set(notification_settings.SECRETS) & set(passed_variables(environment)) == set()
    assert "GAN_URL" in passed_variables(environment)


def test_a_page_reads_what_is_new_and_skips_damaged_lines(run: Path) -> None:
    assert notifications.ends_after(None) == (0, [])
    with working(run):
        pass
    position, ended = notifications.ends_after(0)
    assert [end.job for end in ended] == ["breast"]
    assert notifications.ends_after(position) == (position, [])
    with open(notifications.ends_file(), "a") as file:
        file.write('{"job": 1}\n{"half')
    after, ended = notifications.ends_after(position)
    assert ended == []
    assert after == position + len('{"job": 1}\n')
    notifications.ends_file().unlink()
    assert notifications.ends_after(after) == (0, [])
