"""From what a request shows (a session, or the word of the proxy) to the identity that it acts as.

Asked again at each request, click and refresh, so that a removed account, another role or a new password counts at
once.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gan.access import accounts, audit, sessions
from gan.access.identity import Identity, Role, acting_as
from gan.access.sign_in_settings import default_role, group_roles, sign_in


@dataclass(frozen=True)
class Visitor:
    """Who a request says it is. `session` is the id of a session, "" where the proxy names people at each request."""

    name: str
    address: str
    session: str = ""
    groups: tuple[str, ...] = ()


def visitor_of_token(token: str, address: str) -> Visitor | None:
    """The visitor to whom a session's token belongs; None where the session is over."""
    identifier = sessions.session_id(token)
    session = sessions.find(identifier)
    return Visitor(session.name, address, identifier) if session else None


def identify(visitor: Visitor) -> Identity | None:
    """The identity of a visitor as of now; None where they may not come in, or no longer."""
    way = sign_in()
    if way == "proxy":
        return person(visitor.name, visitor.groups, visitor.address) if not visitor.session else None
    session = sessions.find(visitor.session)
    if session is None or session.way != way or session.name != visitor.name:
        return None
    if way == "oidc":
        return person(session.name, session.groups, visitor.address)
    account = accounts.accounts().get(session.name)
    if account is None or account.changed != session.changed:
        return None
    role = accounts.role_of(account)
    return Identity(session.name, role, frozenset(account.groups), visitor.address) if role else None


def sign_out(visitor: Visitor) -> None:
    """End the session of a visitor, and then record it: nobody stays signed in because the log cannot be written."""
    identity = identify(visitor)
    sessions.end(visitor.session)
    if identity is not None:
        with acting_as(identity):
            audit.record("signed out", identity.name)


def person(name: str, groups: Iterable[str], address: str) -> Identity | None:
    """The identity of someone whom the proxy or OpenID Connect names; None for no role.

    The role is that of their account, if they have one, else the highest of their groups, else `GAN_DEFAULT_ROLE`.
    """
    account = accounts.accounts().get(name)
    if account is not None:
        role = accounts.role_of(account)
    else:
        by_group = group_roles()
        role = max((by_group[group] for group in groups if group in by_group), default=default_role())
    known = frozenset(groups) | frozenset(account.groups if account else ())
    return None if role is Role.NOBODY else Identity(name, role, known, address)
