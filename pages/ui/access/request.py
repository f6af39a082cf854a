"""What a request shows of who sends it: the connection, the headers of a trusted proxy, cookies, the requested path."""

import http.cookies
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers
from starlette.types import Scope

from gan.access.accounts import checked_name
from gan.access.addresses import parse_address
from gan.access.sign_in_settings import ProxySettings, sign_in
from gan.errors import UserError

OWN_HEADERS = ("x-gan-visitor", "x-gan-user")
"""What the guard tells the app behind it. Nobody else may send them."""
PROXY_HEADERS = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "x-real-ip")


@dataclass(frozen=True)
class Origin:
    """Where a request comes from. `scheme` is what the browser used; `proxied`: it came through the trusted proxy."""

    address: str
    scheme: str
    proxied: bool


def origin_of(scope: Scope, proxy: ProxySettings) -> Origin:
    """The origin of a request: the connection's, or what the trusted proxy says.

    Of several addresses in X-Forwarded-For the last that is no trusted proxy counts: those before it are the client's
    word. Where the proxy writes something else there, such as `unknown`, its own address counts.
    """
    address = str(scope["client"][0] if scope.get("client") else "")
    address = str(parse_address(address) or address)
    scheme = "https" if scope.get("scheme") in ("https", "wss") else "http"
    if not proxy.trusts(address):
        return Origin(address, scheme, False)
    headers = Headers(scope=scope)
    said = [part.strip() for part in ",".join(headers.getlist("x-forwarded-for")).split(",") if part.strip()]
    for part in reversed(said):
        parsed = parse_address(part)
        if parsed is None:
            break
        address = str(parsed)
        if not proxy.trusts(address):
            break
    protocols = headers.getlist("x-forwarded-proto")
    if len(protocols) == 1:
        scheme = "https" if protocols[0].strip() in ("https", "wss") else "http"
    return Origin(address, scheme, True)


def person_of_proxy(scope: Scope, proxy: ProxySettings) -> tuple[str, tuple[str, ...]] | None:
    """Name and groups in the proxy's headers; None unless a valid name is given exactly once."""
    headers = Headers(scope=scope)
    names = headers.getlist(proxy.user_header)
    try:
        name = checked_name(names[0] if len(names) == 1 else "")
    except UserError:
        return None
    groups = ",".join(headers.getlist(proxy.groups_header)).split(",")
    return name, tuple(sorted({group.strip() for group in groups if group.strip()}))


def without_claims(scope: Scope, proxy: ProxySettings) -> list[tuple[bytes, bytes]]:
    """The headers without those that say who or where the sender is: what they are worth was decided before."""
    dropped = {*OWN_HEADERS, *PROXY_HEADERS}
    if sign_in() == "proxy":
        dropped |= {proxy.user_header, proxy.groups_header}
    return [(name, value) for name, value in scope["headers"] if _plain(name) not in dropped]


def _plain(name: bytes) -> str:
    return name.decode("latin-1").lower().replace("_", "-")


def base_path() -> str:
    """The server's base path, such as `/gan`; "" for none."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def path_below_base(scope: Scope) -> str:
    """The requested path without the server's base path."""
    path, base = str(scope["path"]), base_path()
    return path[len(base) :] if base and (path == base or path.startswith(f"{base}/")) else path


def cookie(scope: Scope, name: str) -> str:
    """The value of a cookie, "" where it is absent or sent twice with two values."""
    values = set()
    for header in Headers(scope=scope).getlist("cookie"):
        for part in header.split(";"):
            key, equals, value = part.strip().partition("=")
            if equals and key == name:
                values.add(value.strip('"'))
    return values.pop() if len(values) == 1 else ""


def comes_from_elsewhere(scope: Scope) -> bool:
    """Whether a page of another server opens a WebSocket: a browser always says whose page it is, in Origin."""
    headers = Headers(scope=scope)
    return "origin" in headers and urlsplit(headers["origin"]).netloc != headers.get("host")


def is_same_origin(scope: Scope) -> bool:
    """Whether a page of this server sent the request.

    Browsers say so in Sec-Fetch-Site over TLS, and in Origin else. The scheme is not compared: behind a proxy that is
    not trusted it is unknown.
    """
    headers = Headers(scope=scope)
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return bool(headers.get("origin")) and urlsplit(headers["origin"]).netloc == headers.get("host")


def local_path(text: str) -> str:
    """A path on this server to go on to, with the query; the first page for anything else, such as another server."""
    return text if re.fullmatch(r"/(?![/\\])[!-\[\]-~]{0,2000}", text) else f"{base_path()}/"


def set_cookie(name: str, value: str, origin: Origin, seconds: int) -> bytes:
    """A Set-Cookie header: for this server and path alone, out of reach of scripts and other sites."""
    morsel: http.cookies.Morsel[str] = http.cookies.SimpleCookie({name: value})[name]
    morsel["path"] = base_path() or "/"
    morsel["max-age"] = str(seconds)
    morsel["samesite"] = "Lax"
    morsel["httponly"] = True
    if origin.scheme == "https":
        morsel["secure"] = True
    return morsel.OutputString().encode()
