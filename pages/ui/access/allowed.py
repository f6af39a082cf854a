"""What pages show by the table of `gan/access/permissions.py`: which pages there are, and which buttons are grey."""

from collections.abc import Mapping
from typing import TypedDict

from gan.access.permissions import Action, Decision, Owned, decide

PAGES: Mapping[str, Action] = {
    "pages/overview.py": Action.SEE,
    "pages/data.py": Action.USE_SET,
    "pages/train.py": Action.START_RUN,
    "pages/progress.py": Action.SEE,
    "pages/gallery.py": Action.SEE,
    "pages/evaluate.py": Action.SEE,
    "pages/compare.py": Action.SEE,
    "pages/explanations.py": Action.SEE,
    "pages/system.py": Action.SEE_SYSTEM,
    "pages/account.py": Action.SEE,
    "pages/audit.py": Action.SEE_AUDIT,
}
"""What opening each page takes."""

ROUTES: Mapping[str, Action] = {
    "send_export": Action.DOWNLOAD,
    "send_generator": Action.EXPORT_MODEL,
    "send_plotly": Action.SEE,
}
"""What each route of `pages/ui/routes.py` takes, by the name of its function."""


class Explained(TypedDict):
    """Arguments of a button."""

    disabled: bool
    help: str | None


def may_open(page: str) -> Decision:
    """Whether the visitor may open a page, such as `pages/data.py`."""
    return decide(PAGES[page])


def explained(
    action: Action, target: Owned | None = None, *, disabled: bool = False, help: str | None = None
) -> Explained:
    """The arguments of a button: as given where the visitor may do what it does, else grey with the reason."""
    decision = decide(action, target)
    return {"disabled": disabled, "help": help} if decision else {"disabled": True, "help": decision.reason}
