"""`GAN_SIGN_IN` and what belongs to it: how people get in, and with which role. Read at each call, like `settings`.

The secrets of OpenID Connect are in `.streamlit/secrets.toml`, which Streamlit reads itself. Passwords are in the
store, hashed (`accounts`).
"""

import ipaddress
import os
import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

from gan.access.addresses import parse_address
from gan.access.identity import Role
from gan.config import settings
from gan.errors import ConfigError

SignIn = Literal["none", "password", "proxy", "oidc"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
FLAG = "--open-to-all"
"""Of `gan app`: beside `GAN_OPEN_TO_ALL`, says that everyone may come in."""
HEADER = r"[A-Za-z][A-Za-z0-9-]{0,63}"


@dataclass(frozen=True)
class ProxySettings:
    """What a reverse proxy in front of the app tells it: `GAN_PROXY_*`."""

    networks: tuple[Network, ...]
    """Where the proxy's connections come from. Nobody else's headers are believed."""
    user_header: str
    groups_header: str
    sign_out: str
    """The proxy's own page that ends its session, "" for none."""

    def trusts(self, address: str) -> bool:
        """Whether a connection from this address is the proxy's."""
        parsed = parse_address(address)
        return parsed is not None and any(parsed in network for network in self.networks)


def sign_in() -> SignIn:
    """`GAN_SIGN_IN`: how people get in. Default `none`: whoever reaches the port is the system's user."""
    text = os.environ.get("GAN_SIGN_IN", "").strip() or "none"
    if text not in get_args(SignIn):
        raise _error("GAN_SIGN_IN", text, f"one of {', '.join(get_args(SignIn))}")
    return cast(SignIn, text)


def session_hours() -> int:
    """`GAN_SESSION_HOURS`: hours after which everyone signs in again. Default 12."""
    return int(_matched("GAN_SESSION_HOURS", r"[1-9][0-9]{0,3}", "a whole number of at least 1") or 12)


def open_to_all() -> bool:
    """`GAN_OPEN_TO_ALL`: whether the app may listen on a network without sign-in. `gan app --open-to-all` has to say
    it, too."""
    return bool(_matched("GAN_OPEN_TO_ALL", "yes", "yes, or nothing"))


def proxy() -> ProxySettings:
    """`GAN_PROXY_ADDRESSES` and the other `GAN_PROXY_*`; raises ConfigError, which names the variable and its value."""
    text = os.environ.get("GAN_PROXY_ADDRESSES", "")
    try:
        networks = tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        takes = "the proxy's addresses or networks, such as 127.0.0.1 or 10.0.0.0/24, separated by commas"
        raise _error("GAN_PROXY_ADDRESSES", text, takes) from None
    user = _matched("GAN_PROXY_USER_HEADER", HEADER, "the name of a header") or "X-Forwarded-User"
    groups = _matched("GAN_PROXY_GROUPS_HEADER", HEADER, "the name of a header") or "X-Forwarded-Groups"
    sign_out = _matched("GAN_PROXY_SIGN_OUT", r"(https?:/)?/[!-~]*", "an address, or a path such as /oauth2/sign_out")
    return ProxySettings(networks, user.lower(), groups.lower(), sign_out)


def name_claim() -> str:
    """`GAN_NAME_CLAIM`: the claim of OpenID Connect that names a person. Default `email`."""
    return _matched("GAN_NAME_CLAIM", r"[\w.:/-]{1,200}", "the name of a claim") or "email"


def groups_claim() -> str:
    """`GAN_GROUPS_CLAIM`: the claim of OpenID Connect with a person's groups or roles. Default `groups`."""
    return _matched("GAN_GROUPS_CLAIM", r"[\w.:/-]{1,200}", "the name of a claim") or "groups"


def group_roles() -> dict[str, Role]:
    """`GAN_GROUP_ROLES`: the role that a group of the proxy or of OpenID Connect gives, `imaging=member;it=admin`."""
    text = os.environ.get("GAN_GROUP_ROLES", "")
    roles = {}
    for pair in filter(None, (part.strip() for part in text.split(";"))):
        group, equals, role = pair.rpartition("=")
        if not equals or not group.strip():
            raise _error("GAN_GROUP_ROLES", text, "pairs such as imaging=member;it=admin")
        roles[group.strip()] = role_named(role.strip(), "GAN_GROUP_ROLES")
    return roles


def default_role() -> Role:
    """`GAN_DEFAULT_ROLE`: the role of a person whom the proxy or OpenID Connect names, and who has none by a group or
    by `gan user add`. Default: none, so that they do not get in."""
    text = os.environ.get("GAN_DEFAULT_ROLE", "").strip()
    return role_named(text, "GAN_DEFAULT_ROLE") if text else Role.NOBODY


ROLES = tuple(role.label for role in Role if role is not Role.NOBODY)
"""The roles that a person can have, as settings and commands write them."""


def role_named(text: str, where: str = "--role") -> Role:
    """The role of this name; raises ConfigError, which says `where` it was given and what that takes."""
    if text not in ROLES:
        raise ConfigError(f"{where} names the role {text!r}: it takes {', '.join(ROLES)}.")
    return Role[text.upper()]


def check_settings() -> None:
    """Raise ConfigError where a setting of the chosen way is invalid or missing, so that a server does not start."""
    way = sign_in()
    session_hours(), open_to_all(), group_roles(), default_role(), name_claim(), groups_claim()
    if not proxy().networks and way == "proxy":
        raise ConfigError(
            "GAN_SIGN_IN is proxy, and GAN_PROXY_ADDRESSES is not set: it takes the addresses from which the proxy "
            "connects, such as 127.0.0.1. Only their headers are believed."
        )


def check_address(address: str, is_told: bool) -> None:
    """Raise ConfigError where a server without sign-in would listen on this address, so that others can connect.

    It may if it is told twice: by `GAN_OPEN_TO_ALL`, and by the flag (`is_told`).
    """
    if sign_in() != "none" or _is_this_machine(address) or (is_told and open_to_all()):
        return
    raise ConfigError(
        f"The server would listen on {address or 'all addresses'}, and everyone who reaches it could see all images, "
        "and start and delete runs: set GAN_SIGN_IN (docs/server.md). To let everyone in all the same, set "
        f"GAN_OPEN_TO_ALL=yes and start it with `{settings.PROGRAM} app {FLAG}`."
    )


def _is_this_machine(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _matched(name: str, pattern: str, takes: str) -> str:
    text = os.environ.get(name, "").strip()
    if text and not re.fullmatch(pattern, text):
        raise _error(name, text, takes)
    return text


def _error(name: str, text: str, takes: str) -> ConfigError:
    return ConfigError(f"The environment variable {name} is {text!r}: it takes {takes}.")
