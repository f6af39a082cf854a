"""`user`: the accounts of a server with sign-in. The system's user manages them; no password of theirs is asked for."""

import argparse
import getpass
import json
import sys

from gan.access import accounts, sessions
from gan.access.sign_in_settings import ROLES, sign_in
from gan.cli.arguments import AddCommand
from gan.errors import UserError
from gan.io.terminal import show


def add_commands(command: AddCommand) -> None:
    """Add `user` and its actions."""
    users = command("user", list_users, "Accounts of a server with sign-in (docs/server.md).")
    actions = users.add_subparsers(metavar="action")
    adding = command("add", add_user, "Add an account; asks for its password.", actions)
    adding.add_argument("name")
    adding.add_argument("--role", required=True, choices=ROLES)
    adding.add_argument("--group", action="append", default=[], help="a project's group; may be repeated")
    adding.add_argument("--password-stdin", action="store_true", help="read the password from the standard input")
    adding.add_argument("--no-password", action="store_true", help="for a person whom the proxy or OIDC signs in")
    changing = command("change", change_user, "Give an account another role or other groups.", actions)
    changing.add_argument("name")
    changing.add_argument("--role", choices=ROLES)
    changing.add_argument("--group", action="append", help="the groups from now on; may be repeated; '' for none")
    command("list", list_users, "List the accounts.", actions).add_argument("--json", action="store_true")
    password = command("password", change_password, "Set a new password, which ends the account's sessions.", actions)
    password.add_argument("name")
    password.add_argument("--password-stdin", action="store_true", help="read the password from the standard input")
    command("remove", remove_user, "Remove an account, which ends its sessions.", actions).add_argument("name")
    ending = command("sign-out", sign_user_out, "End all sessions of a person.", actions)
    ending.add_argument("name")


def add_user(parsed: argparse.Namespace) -> int:
    """Add an account with a password, unless somebody else asks for one."""
    name = accounts.checked_name(parsed.name)
    accounts.check_new(name)
    password = "" if parsed.no_password else _password(parsed)
    accounts.add(name, parsed.role, password, tuple(parsed.group))
    show(f"{name} is added as {parsed.role}.")
    if parsed.no_password and sign_in() == "password":
        show("It has no password: nobody can sign in with it until it gets one.", error=True)
    return 0


def change_user(parsed: argparse.Namespace) -> int:
    """Change role, groups or both."""
    if parsed.role is None and parsed.group is None:
        raise UserError("user change takes --role or --group, or both.")
    groups = None if parsed.group is None else tuple(filter(None, parsed.group))
    accounts.change(parsed.name, parsed.role, groups)
    changes = [f"role {parsed.role}"] if parsed.role else []
    changes += [f"groups {', '.join(groups) or 'none'}"] if groups is not None else []
    show(f"{accounts.checked_name(parsed.name)} has changed: {'; '.join(changes)}.")
    return 0


def list_users(parsed: argparse.Namespace) -> int:
    """Print the accounts, as a table or JSON, without their passwords."""
    every = accounts.accounts()
    rows = [
        {"name": name, "role": account.role, "groups": list(account.groups), "password": bool(account.password)}
        for name, account in sorted(every.items())
    ]
    if vars(parsed).get("json"):
        show(json.dumps(rows, indent=2))
        return 0
    if not rows:
        show("There are no accounts.")
    for row in rows:
        groups = ", ".join(every[str(row["name"])].groups)
        show(f"{row['name']:32} {row['role']:8} {groups}" + ("" if row["password"] else "  (no password)"))
    return 0


def change_password(parsed: argparse.Namespace) -> int:
    """Set a new password."""
    name = accounts.checked_name(parsed.name)
    accounts.find_account(name)
    accounts.set_password(name, _password(parsed))
    sessions.end_all(name)
    show(f"{name} has a new password; its sessions have ended.")
    return 0


def remove_user(parsed: argparse.Namespace) -> int:
    """Remove an account. Its runs and sets stay."""
    name = accounts.checked_name(parsed.name)
    accounts.remove(name)
    sessions.end_all(name)
    show(f"{name} is removed. Runs and sets of {name} stay.")
    return 0


def sign_user_out(parsed: argparse.Namespace) -> int:
    """End all sessions of a person, whose account stays."""
    name = accounts.checked_name(parsed.name)
    sessions.sign_out_everywhere(name)
    show(f"The sessions of {name} have ended.")
    return 0


def _password(parsed: argparse.Namespace) -> str:
    """The password from the standard input, or typed twice."""
    if parsed.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise UserError("A password is typed in a terminal, or read with --password-stdin.")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("The same again: "):
        raise UserError("The two passwords differ: nothing is changed.")
    return password
