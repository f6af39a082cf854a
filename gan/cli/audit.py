"""`audit`: read and verify the audit log of a server with sign-in."""

import argparse
import json
from collections import deque
from dataclasses import asdict

from gan.access import audit
from gan.cli.arguments import AddCommand
from gan.io.terminal import show


def add_commands(command: AddCommand) -> None:
    """Add `audit` and its actions."""
    parent = command("audit", list_entries, "Who did what on a server with sign-in (docs/server.md).")
    actions = parent.add_subparsers(metavar="action")
    listing = command("list", list_entries, "List the newest entries, the newest last.", actions)
    listing.add_argument("--last", type=int, default=1000, help="entries at most; default: 1000")
    listing.add_argument("--find", default="", help="only those with this text")
    listing.add_argument("--refused", action="store_true", help="only what was refused")
    forms = listing.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print one JSON list")
    forms.add_argument("--csv", action="store_true", help="print a table for a spreadsheet")
    verifying = command("verify", verify_log, "Find changed, removed, added and moved entries.", actions)
    verifying.add_argument("--contains", help="an entry noted earlier, NUMBER:HASH, that has to be in the log")


def list_entries(parsed: argparse.Namespace) -> int:
    """Print entries as lines, JSON or CSV."""
    given = vars(parsed)
    found = audit.matching(given.get("find", ""), refused_only=given.get("refused", False))
    chosen = list(deque(found, maxlen=max(0, given.get("last", 1000))))
    if given.get("json"):
        show(json.dumps([asdict(entry) for entry in chosen], indent=2))
    elif given.get("csv"):
        show(audit.as_csv(chosen), end="")
    else:
        for entry in chosen:
            refused = "" if entry.allowed else "REFUSED "
            who = f"{entry.name or '-'} ({entry.role}) {entry.address or '-'}"
            show(" ".join(f"{entry.time} {who} {refused}{entry.action} {entry.target} {entry.detail}".split()))
    return 0


def verify_log(parsed: argparse.Namespace) -> int:
    """Print the problems, and number and hash of the last entry; exit code 1 where there is a problem."""
    contains = audit.parse_head(parsed.contains) if parsed.contains else None
    found = audit.verify(contains)
    for problem in found.problems:
        show(problem)
    number, digest = found.head
    if number:
        show(f"Last entry: {number}:{digest}")
    else:
        show("The audit log has no entry.")
    return 1 if found.problems else 0
