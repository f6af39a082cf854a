"""`GAN_WEBHOOK`, `GAN_SMTP_*`, `GAN_URL`: who hears of a job's end. Read at each call, like `settings`.

A webhook's address and a password are secrets: no error, log or `repr` quotes them.
"""

import ipaddress
import os
import re
import urllib.parse
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from gan.errors import ConfigError

Security = Literal["starttls", "tls", "none"]
PORTS: dict[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
ADDRESS = r"[^\s,<>@]+@[^\s,<>@]+"
SECRETS = ("GAN_WEBHOOK", "GAN_SMTP_PASSWORD")
"""Variables that go to no other machine."""


@dataclass(frozen=True)
class MailServer:
    """Where e-mails are handed in, and their addresses."""

    host: str
    port: int
    security: Security
    user: str
    password: str = field(repr=False)
    sender: str
    recipients: tuple[str, ...]


def webhook() -> str:
    """`GAN_WEBHOOK`: the address that gets a JSON document when a job ends; "" for none."""
    text = os.environ.get("GAN_WEBHOOK", "").strip()
    parts = urllib.parse.urlsplit(text)
    if text and not (parts.scheme in ("http", "https") and parts.hostname and text.isprintable() and " " not in text):
        raise ConfigError("The environment variable GAN_WEBHOOK is no address that starts with https:// or http://.")
    return text


def app_address() -> str:
    """`GAN_URL`: the address under which users open the app, for links in messages, without a slash at its end."""
    text = os.environ.get("GAN_URL", "").strip().rstrip("/")
    if text and not re.fullmatch(r"https?://[!-~]+", text):
        raise ConfigError(f"The environment variable GAN_URL is {text!r}: it takes an address such as https://gan.lab.")
    return text


def mail_server() -> MailServer | None:
    """`GAN_SMTP_HOST` and the other `GAN_SMTP_*`; None where no host is set."""
    host = _text("HOST")
    if not host:
        return None
    security = cast(Security, _matched("SECURITY", "|".join(get_args(Security)), "starttls, tls or none") or "starttls")
    user, password = _text("USER"), _text("PASSWORD")
    if password and security == "none" and not _is_this_machine(host):
        raise ConfigError(
            "GAN_SMTP_PASSWORD would be sent to another machine without encryption: set GAN_SMTP_SECURITY to starttls "
            "or tls, or remove the password."
        )
    takes = "addresses such as me@lab.org, separated by commas"
    recipients = _matched("TO", rf"{ADDRESS}(\s*,\s*{ADDRESS})*", takes)
    if not recipients:
        raise ConfigError(f"GAN_SMTP_HOST is set and GAN_SMTP_TO is not: it takes {takes}.")
    sender = _matched("FROM", ADDRESS, "one address") or recipients.partition(",")[0].strip()
    port = int(_matched("PORT", r"[1-9][0-9]{0,4}", "a port number") or PORTS[security])
    return MailServer(
        host, port, security, user, password, sender, tuple(part.strip() for part in recipients.split(","))
    )


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _text(name: str) -> str:
    return os.environ.get(f"GAN_SMTP_{name}", "").strip()


def _matched(name: str, pattern: str, takes: str) -> str:
    text = _text(name)
    if text and not re.fullmatch(pattern, text):
        raise ConfigError(f"The environment variable GAN_SMTP_{name} is {text!r}: it takes {takes}.")
    return text
