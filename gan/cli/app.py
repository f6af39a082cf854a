"""`app`: open the app in the browser."""

import argparse
import os
import sys
from typing import NoReturn

from gan.access.sign_in_settings import FLAG, check_address, check_settings, sign_in
from gan.cli.arguments import AddCommand
from gan.config import settings
from gan.io.terminal import show

SIGN_IN_ENVIRONMENT = {
    "FORWARDED_ALLOW_IPS": "",  # uvicorn believes no header about the sender: the guard decides whose to believe
    "STREAMLIT_SERVER_TRUSTED_USER_HEADERS": '{"X-Gan-User": "name"}',  # no browser resumes another person's session
}
"""Variables of the server where people sign in."""


def add_commands(command: AddCommand) -> None:
    """Add `app`."""
    opening = command("app", open_app, "Open the app in the browser. A store without runs gets the demo runs.")
    opening.add_argument("--port", type=int, default=8501, help="default: 8501")
    opening.add_argument("--address", help="where to listen; by default only this computer can connect: 127.0.0.1")
    opening.add_argument("--no-browser", action="store_true", help="open no browser, as on a server")
    opening.add_argument(
        FLAG, action="store_true", help="with GAN_OPEN_TO_ALL=yes: listen on a network without sign-in (docs/server.md)"
    )


def open_app(parsed: argparse.Namespace) -> NoReturn:
    """Become Streamlit's server for the app. Its other options are environment variables, such as
    STREAMLIT_SERVER_BASE_URL_PATH."""
    from gan.runs.demo_runs import copy_demo_runs

    check_settings()
    if parsed.address is not None:
        check_address(parsed.address, parsed.open_to_all)
    for name in copy_demo_runs():
        show(f"The demo run {name} is in {settings.store()} now.")
    if parsed.address is not None:
        os.environ["STREAMLIT_SERVER_ADDRESS"] = parsed.address  # the environment: `doctor` looks there, too
    if sign_in() != "none":
        os.environ.update(SIGN_IN_ENVIRONMENT)
    # -P: else the folder in which the user is would come before all installed packages.
    command = [sys.executable, "-P", "-m", "streamlit", "run", str(settings.ROOT / "streamlit_app.py")]
    command += [f"--server.port={parsed.port}", f"--server.headless={str(parsed.no_browser).lower()}"]
    command += ["--", FLAG] if parsed.open_to_all else []
    sys.stdout.flush()
    os.execv(sys.executable, command)
