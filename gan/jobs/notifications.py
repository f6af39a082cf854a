"""Tells that a job has ended: open pages by a line in the store, others by a webhook and e-mail if they are set.

Each end is announced once, by the process that knows it first: the worker that wrote end.json, or the scheduler for a
job that died without one or could not be started. A message that cannot be sent is logged and harms nothing.
"""

import html
import http.client
import json
import logging
import smtplib
import ssl
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from gan.config import notification_settings
from gan.config.notification_settings import MailServer
from gan.errors import ConfigError, UserError
from gan.io.atomic import append_json_line
from gan.io.json_files import parse_json
from gan.io.untrusted_files import log_damaged, open_regular
from gan.jobs import kinds, names, tickets
from gan.jobs.job_access import may_see_job

ANNOUNCED = ("train", "study", "scores", "membership", "export")
"""Kinds of jobs that somebody waits for."""
STATES = {"finished": "has finished", "failed": "has failed", "stopped": "was stopped", "lost": "was lost"}
EXPECTED = ("", "interrupted", "requeued", "killed")
"""Kinds of stops that are not announced: a user asked for them, or the job goes on."""
THREAD = "announce end"
"""Name of the scheduler's threads that announce."""
TIMEOUT = 5.0  # seconds for a connection: the device is given back after it
MAX_READ = 2**16  # bytes of the newest ends that a page reads at a time
LOGGER = logging.getLogger("gan.jobs")


@dataclass(frozen=True)
class Ended:
    """The end of a job: its name, ticket, state, the cause ("" if there is nothing to say) and time since 1970."""

    job: str
    ticket: int
    state: str
    cause: str
    time: float

    @property
    def title(self) -> str:
        """Such as `The study of breast has finished`."""
        return f"{names.capitalised(names.describe_job(self.job))} {STATES[self.state]}"


def ends_file() -> Path:
    """The file with a line for each job that has ended."""
    return tickets.jobs_folder() / "ended.jsonl"


def announce_end(folder: Path, end: dict[str, Any]) -> None:
    """Announce the end of a job in `folder`; `end` has the keys of end.json.

    Nothing happens for a job that nobody waits for, or that a user stopped. Takes up to ten seconds, raises nothing.
    """
    kind = kinds.job_kind(folder)
    state, cause = str(end["state"]), str(end.get("cause") or "")
    if kind is None or kind.name not in ANNOUNCED or state not in STATES:
        return
    if state == "stopped" and end.get("kind", "") in EXPECTED:
        return
    ended = Ended(names.job_name(folder), int(end["ticket"]), state, cause, float(end["time"]))
    try:
        ends_file().parent.mkdir(parents=True, exist_ok=True)
        append_json_line(ends_file(), asdict(ended))
    except (OSError, UserError) as error:  # a full or read-only disk
        LOGGER.warning("The end of %s could not be noted for open pages: %s", ended.job, error)
    _try("webhook", _send_to_webhook, ended)
    _try("e-mail", _send_mail, ended)


def announce_in_background(folder: Path, end: dict[str, Any]) -> None:
    """As `announce_end`, in a thread that the process waits for before it exits."""
    threading.Thread(target=announce_end, args=(folder, end), name=THREAD).start()


def ends_after(position: int | None) -> tuple[int, list[Ended]]:
    """The ends noted after a position in the file, the newest last, and the position after them; those of
    jobs that the current person may see.

    None stands for now: it gives the position and no ends.
    """
    try:
        with open_regular(ends_file()) as file:
            size = file.seek(0, 2)
            if position is None or position >= size:
                return size, []
            file.seek(max(position, size - MAX_READ))
            content = file.read(size - file.tell())
    except FileNotFoundError:
        return 0, []
    complete = content.rpartition(b"\n")[0]
    after = size - len(content) + len(complete) + (1 if complete else 0)
    return after, [
        ended for line in complete.splitlines() if (ended := _parse(line)) is not None and may_see_job(ended.job)
    ]


def _parse(line: bytes) -> Ended | None:
    try:
        ended = Ended(**parse_json(line))
        known = ended.state in STATES and all(isinstance(text, str) for text in (ended.job, ended.cause))
    except (ValueError, TypeError) as error:
        log_damaged(ends_file(), error)
        return None
    return ended if known and ended.job else None


def _try(channel: str, send: Callable[[Ended], None], ended: Ended) -> None:
    """Send, or log why not in words that hold no secret."""
    try:
        send(ended)
    except ConfigError as error:
        LOGGER.warning("No %s about %s: %s", channel, ended.job, error)
    except (OSError, http.client.HTTPException, ValueError) as error:
        LOGGER.warning("The %s about %s could not be sent (%s).", channel, ended.job, _reason(error))


def _reason(error: Exception) -> str:
    """Why a message could not be sent, without the address or what a server echoed."""
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code}"
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, OSError):
        error = error.reason
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the server answered {error.smtp_code}"
    if isinstance(error, OSError) and error.strerror:
        return str(error.strerror)
    return type(error).__name__


def _link(ended: Ended) -> str:
    """The address of the page that shows the job; "" where the app's own is not set."""
    address, run = notification_settings.app_address(), names.run_name(ended.job)
    page = {"exports": "gallery", "evaluation": "evaluate"}.get(Path(ended.job).parent.name, "progress")
    return f"{address}/{page}?run={urllib.parse.quote(run)}" if address else ""


def message_text(ended: Ended) -> str:
    """What a message says: title, cause and the link to the page."""
    return "\n".join(part for part in (f"{ended.title}. {ended.cause}".rstrip(), _link(ended)) if part)


def webhook_document(ended: Ended) -> dict[str, Any]:
    """What a webhook gets. In its `text` nothing calls people (`<!channel>`, `@here`) or is a link under other words.

    A cause may quote names of classes and files.
    """
    link = _link(ended)
    said = html.escape(f"{ended.title}. {ended.cause}".rstrip(), quote=False).replace("@", "@\u200b")
    text = "\n".join(part for part in (said, link) if part)
    return {"text": text, "url": link, "run": names.run_name(ended.job), **asdict(ended)}


def _send_to_webhook(ended: Ended) -> None:
    """POST JSON to the webhook. Slack, Mattermost and others show its `text`."""
    address = notification_settings.webhook()
    if not address:
        return
    content = json.dumps(webhook_document(ended)).encode()
    request = urllib.request.Request(address, content, {"Content-Type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=TIMEOUT):
        return


def _send_mail(ended: Ended) -> None:
    server = notification_settings.mail_server()
    if server is None:
        return
    message = EmailMessage()
    message["Subject"] = ended.title
    message["From"], message["To"] = server.sender, ", ".join(server.recipients)
    message.set_content(message_text(ended))
    with _connected(server) as connection:
        if server.password:
            connection.login(server.user, server.password)
        connection.send_message(message)


def _connected(server: MailServer) -> smtplib.SMTP:
    if server.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
    connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
    if server.security == "starttls":
        try:
            connection.starttls(context=ssl.create_default_context())
        except BaseException:
            connection.close()
            raise
    return connection
