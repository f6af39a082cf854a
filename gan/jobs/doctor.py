"""What this installation can do, a line each: store, devices, engines, versions, sign-in. For `gan doctor`, and a page.

The page runs it as a task, whose folder has the last lines: a slow file system holds no visitor up.
"""

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tomllib
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import TypeAdapter

from gan import __version__
from gan.access import accounts, sign_in_settings
from gan.config import notification_settings, settings
from gan.errors import ConfigError, UserError
from gan.io.atomic import write_json
from gan.io.json_files import read_typed_or_none
from gan.io.store_checks import Check, check_store
from gan.jobs import device_list, processes
from gan.jobs.engines import ENGINES

TASK = "doctor"
FILE = "checks.json"
CHECKS = TypeAdapter(list[Check])
PACKAGES = ("torch", "streamlit", "numpy", "pillow", "pydantic")
COMMAND_SECONDS = 10
OPEN_ADDRESSES = ("", "0.0.0.0", "::")


def examine() -> list[Check]:
    """All checks, those of the store first; takes about a second on a local disk."""
    return [
        *check_store(settings.store()),
        _machine(),
        *_devices(),
        *_engines(),
        _versions(),
        _threads(),
        _sign_in(),
        check_notifications(),
    ]


def is_well(checks: list[Check]) -> bool:
    """Whether no check found a problem."""
    return all(check.level != "problem" for check in checks)


def save_checks(folder: Path, checks: list[Check]) -> None:
    """Write the lines of a task into its folder."""
    write_json(folder / FILE, [asdict(check) for check in checks])


def saved_checks(folder: Path) -> list[Check]:
    """The lines that the last task wrote; none before the first, and where they are damaged, which is logged."""
    return read_typed_or_none(folder / FILE, CHECKS, 2**20) or []


def _machine() -> Check:
    name = processes.host()
    if name.partition(".")[0] in ("localhost", "", "unknown"):
        advice = "Name the machine (hostnamectl set-hostname, docker run --hostname) before it shares a store."
        return Check("machine", "warning", f"its name is {name or 'empty'}, as that of any other", advice)
    return Check("machine", "ok", name)


def _devices() -> list[Check]:
    found = [f"{device.name} ({device.title})" for device in device_list.devices()]
    if problem := device_list.driver_problem():
        found.append(f"no NVIDIA GPU: {problem}")
    return [Check("devices", "ok", ", ".join(found))]


def _engines() -> list[Check]:
    checks = [Check("engine local", "ok", "the queue of this machine")]
    for name, engine in ENGINES.items():
        program = shutil.which("sinfo")
        if program is None:
            checks.append(Check(f"engine {name}", "ok", "not installed on this machine"))
            continue
        version = _output([program, "--version"])
        if engine.job_states([]) is None:
            advice = f"See whether `squeue` answers: until then the states of {name} jobs read unknown."
            checks.append(Check(f"engine {name}", "problem", f"{version}, does not answer", advice))
        else:
            checks.append(Check(f"engine {name}", "ok", version))
    return checks


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stdout.strip() or done.stderr.strip()


def _versions() -> Check:
    found = [f"gan {__version__}", f"Python {platform.python_version()}"]
    missing = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(package)
    if missing:
        advice = "Install the program again, or requirements.txt."
        return Check("versions", "problem", f"{', '.join(found)}; missing: {', '.join(missing)}", advice)
    return Check("versions", "ok", ", ".join(found))


def _threads() -> Check:
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    limit = os.environ.get("OMP_NUM_THREADS")
    return Check("threads", "ok", f"{usable} cores" + (f", OMP_NUM_THREADS={limit}" if limit else ""))


def _sign_in() -> Check:
    """Who may use the app, by the address on which the server listens where it is started without `--address`."""
    address = os.environ.get("STREAMLIT_SERVER_ADDRESS")
    if address is None:
        file = settings.ROOT / ".streamlit" / "config.toml"
        config = tomllib.loads(file.read_text()) if file.exists() else {}
        address = str(config.get("server", {}).get("address", ""))
    where = "every network of this machine" if address in OPEN_ADDRESSES else address
    listens = f"listens on {where}, unless it is started with another --address"
    try:
        sign_in_settings.check_settings()
        way, count = sign_in_settings.sign_in(), len(accounts.accounts())
    except UserError as error:
        return Check("sign-in", "problem", "the app does not start", str(error))
    if way != "none":
        return Check("sign-in", "ok", f"by {way}, {count} account(s); it {listens}")
    found = f"none: everyone who reaches the port may do everything, and it {listens}"
    if address in OPEN_ADDRESSES:
        return Check("sign-in", "warning", found, "Set GAN_SIGN_IN, or let the server listen on 127.0.0.1 alone.")
    return Check("sign-in", "ok", found)


def check_notifications() -> Check:
    """Who hears of a job's end, without addresses that are secret."""
    try:
        address, server = notification_settings.webhook(), notification_settings.mail_server()
        notification_settings.app_address()
    except ConfigError as error:
        return Check("notifications", "problem", "not sent", str(error))
    found = ["open pages"]
    found += [f"the webhook at {urlsplit(address).hostname}"] if address else []
    found += [f"{len(server.recipients)} e-mail address(es) by {server.host}"] if server else []
    return Check("notifications", "ok", " and ".join(found))
