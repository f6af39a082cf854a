"""What each action takes: one table, used by the pages, which hide and explain by it, and by the calls that act.

A rule has the least role, whether the run or set must be visible for the person, and the least role for a run or set
that belongs to somebody else. `require` stands at the beginning of every call that changes or reveals something.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from gan.access import audit
from gan.access.identity import SYSTEM, Identity, Role, current
from gan.access.ownership import JobTarget, is_visible
from gan.errors import AccessError

REPEAT_SECONDS = 600
"""A look at the same real images, which every click repeats, is recorded again after this time."""


class Owned(Protocol):
    """What may belong to a person: a run, an added set, an upload. `subject` names it in a sentence: "run breast"."""

    @property
    def subject(self) -> str: ...
    @property
    def owner(self) -> str: ...
    @property
    def visibility(self) -> str: ...


class Action(Enum):
    """What a person can do; its value is the action's name in the audit log."""

    SEE = "see"
    SEE_REAL_IMAGES = "see-real-images"
    USE_SET = "use-set"
    ADD_SET = "add-set"
    CHANGE_SET = "change-set"
    REMOVE_SET = "remove-set"
    START_RUN = "start-run"
    CHANGE_RUN = "change-run"
    STOP_JOB = "stop-job"
    DELETE_RUN = "delete-run"
    RELEASE_JOB = "release-job"
    SHARE = "share"
    GIVE = "give"
    MARK_IMAGES = "mark-images"
    EVALUATE = "evaluate"
    READ_BLIND = "read-blind"
    EXPORT = "export"
    EXPORT_NEAR_COPIES = "export-near-copies"
    EXPORT_MODEL = "export-model"
    DOWNLOAD = "download"
    SEE_SYSTEM = "see-system"
    SEE_AUDIT = "see-audit"
    MANAGE_USERS = "manage-users"


@dataclass(frozen=True)
class Rule:
    """What an action takes. `does` is the action in a sentence: "To ..., you need to be a member".

    `role` is the least role; `others`, if given, that for a run or set of somebody else. An `audited` action is
    recorded whether it is allowed or not.
    """

    does: str
    role: Role
    others: Role | None = None
    audited: bool = False


RULES: Mapping[Action, Rule] = {
    Action.SEE: Rule("look at runs and synthetic images", Role.VIEWER),
    Action.SEE_REAL_IMAGES: Rule("look at real images", Role.MEMBER, audited=True),
    Action.USE_SET: Rule("use a set for training or tests", Role.MEMBER),
    Action.ADD_SET: Rule("add a set", Role.MEMBER, audited=True),
    Action.CHANGE_SET: Rule("change a set", Role.MEMBER, Role.STEWARD),
    Action.REMOVE_SET: Rule("remove a set", Role.MEMBER, Role.STEWARD, audited=True),
    Action.START_RUN: Rule("start a run", Role.MEMBER, audited=True),
    Action.CHANGE_RUN: Rule("change or resume a run", Role.MEMBER, Role.STEWARD),
    Action.STOP_JOB: Rule("stop a job", Role.MEMBER, Role.STEWARD, audited=True),
    Action.DELETE_RUN: Rule("delete a run", Role.MEMBER, Role.STEWARD, audited=True),
    Action.RELEASE_JOB: Rule("release a job of another machine", Role.STEWARD, audited=True),
    Action.SHARE: Rule("change who may see a run or set", Role.MEMBER, Role.STEWARD, audited=True),
    Action.GIVE: Rule("give a run or set to another person", Role.STEWARD, audited=True),
    Action.MARK_IMAGES: Rule("mark images of a run", Role.MEMBER),
    Action.EVALUATE: Rule("evaluate a run", Role.MEMBER),
    Action.READ_BLIND: Rule("take a blind reading", Role.MEMBER),
    Action.EXPORT: Rule("make a download", Role.MEMBER, audited=True),
    Action.EXPORT_NEAR_COPIES: Rule("get near copies of training images", Role.STEWARD, audited=True),
    Action.EXPORT_MODEL: Rule("take out a generator", Role.MEMBER, Role.STEWARD, audited=True),
    Action.DOWNLOAD: Rule("download images", Role.MEMBER, audited=True),
    Action.SEE_SYSTEM: Rule("look at and measure this installation", Role.ADMIN),
    Action.SEE_AUDIT: Rule("read the audit log", Role.ADMIN),
    Action.MANAGE_USERS: Rule("manage users", Role.ADMIN, audited=True),
}


@dataclass(frozen=True)
class Decision:
    """Whether an action is allowed; if not, `reason` says what it takes and whom to ask."""

    allowed: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.allowed


ALLOWED = Decision(True)


def decide(action: Action, target: Owned | None = None, identity: Identity | None = None) -> Decision:
    """Whether a person, by default the current one, may do this, to a run or set if given."""
    who = current() if identity is None else identity
    if who is SYSTEM:
        return ALLOWED
    rule = RULES[action]
    if who.role < rule.role:
        return Decision(False, _too_small(rule, who))
    if target is None or who.role >= Role.STEWARD:
        return ALLOWED
    if not is_visible(target.owner, target.visibility, who):
        return Decision(
            False, f"The {target.subject} is not shared with you. Ask a steward of this server to share it."
        )
    starter = target.starter if isinstance(target, JobTarget) else ""
    if rule.others is not None and who.role < rule.others and who.name not in filter(None, (target.owner, starter)):
        owner = target.owner or "nobody"
        return Decision(
            False,
            f"The {target.subject} belongs to {owner}: to {rule.does} of somebody else, you need to be a "
            f"{rule.others.label}. Ask {'its owner or ' if target.owner else ''}a steward of this server.",
        )
    return ALLOWED


def require(action: Action, target: Owned | None = None, detail: str = "") -> None:
    """Raise AccessError unless the current person may do this; an audited action is recorded, with the detail."""
    decision = decide(action, target)
    if RULES[action].audited:
        look = (current(), target.subject if target else "", decision.allowed)
        if action != Action.SEE_REAL_IMAGES or not _was_recorded(look):
            audit.record(action.value, look[1], allowed=decision.allowed, detail=detail)
            if action == Action.SEE_REAL_IMAGES:
                _note_recorded(look)
    check(action, target)


def check(action: Action, target: Owned | None = None) -> None:
    """As `require`, but records nothing: within a call that has recorded the action."""
    decision = decide(action, target)
    if not decision:
        raise AccessError(decision.reason)


def _too_small(rule: Rule, who: Identity) -> str:
    if who.role == Role.NOBODY:
        return f"To {rule.does}, you need to sign in. Your session may have ended: sign in again."
    return (
        f"To {rule.does}, you need to be {_with_article(rule.role)}; you are {_with_article(who.role)}. "
        "Ask an administrator of this server."
    )


def _with_article(role: Role) -> str:
    return f"an {role.label}" if role == Role.ADMIN else f"a {role.label}"


Look = tuple[Identity, str, bool]
"""Who looked at the real images of what, and whether they were allowed to."""
_looks: dict[Look, float] = {}
"""When each look at real images was recorded last."""
_looks_lock = threading.Lock()


def _was_recorded(look: Look) -> bool:
    """Whether the same look was recorded a short time ago."""
    with _looks_lock:
        return time.monotonic() - _looks.get(look, -REPEAT_SECONDS) < REPEAT_SECONDS


def _note_recorded(look: Look) -> None:
    """Note a look, and forget those that would be recorded again."""
    now = time.monotonic()
    with _looks_lock:
        for old in [old for old, when in _looks.items() if now - when >= REPEAT_SECONDS]:
            del _looks[old]
        _looks[look] = now
