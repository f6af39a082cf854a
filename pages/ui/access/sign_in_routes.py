"""What the sign-in and sign-out paths do. The guard calls them; they are the only ones that are open to everyone."""

import json
from urllib.parse import parse_qs, quote

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope
from streamlit.user_info import generate_login_redirect_url
from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks

from gan.access import accounts, attempts, audit, sessions, visitors
from gan.access.identity import Identity, Role, acting_as
from gan.access.sign_in_settings import groups_claim, name_claim, proxy, session_hours, sign_in
from gan.access.visitors import identify, person, visitor_of_token
from gan.errors import UserError
from pages.ui.access import sign_in_page
from pages.ui.access.request import Origin, base_path, cookie, is_same_origin, local_path, set_cookie

COOKIE = "gan_session"
NEXT_COOKIE = "gan_next"
"""Where to go after the identity provider: it sends the browser to the first page only."""
MOST_BYTES = 8192
"""Of a sign-in form."""
HASHING = CapacityLimiter(2)
"""Each check of a password takes 64 MB for a moment: more of them wait."""


async def answer(path: str, scope: Scope, request: Request, origin: Origin) -> Response | None:
    """The answer to a sign-in or sign-out path; None for any other path."""
    if path == "/sign-in" and sign_in() != "proxy":
        if request.method == "POST":
            return await _check_password(scope, request, origin)
        query = request.query_params
        reason = sign_in_page.FAILURES.get(query.get("failed", ""), sign_in_page.OVER if "over" in query else "")
        return sign_in_page.sign_in_page(query.get("next", ""), reason)
    if path == "/sign-in/provider" and sign_in() == "oidc":
        response = RedirectResponse(generate_login_redirect_url("default"), 303)
        after = quote(local_path(request.query_params.get("next", "")))
        response.raw_headers.append((b"set-cookie", set_cookie(NEXT_COOKIE, after, origin, 600)))
        return response
    if path == "/sign-out":
        return await _sign_out(scope, request, origin)
    return None


async def _check_password(scope: Scope, request: Request, origin: Origin) -> Response:
    """Start a session where name and password are right; the page again where not, after as long a time."""
    form = await _form(request)
    if sign_in() != "password" or form is None or not is_same_origin(scope):
        return sign_in_page.sign_in_page("", "This form was not sent by this server. Please try again.", 403)
    after, typed, password = form.get("next", ""), form.get("name", ""), form.get("password", "")
    name = typed.strip().lower()[:128]
    wait = await to_thread.run_sync(attempts.begin, name, origin.address)
    if wait:
        minutes = max(1, round(wait / 60))
        error = f"Too many attempts. Please try again in {minutes} minute{'s' if minutes > 1 else ''}."
        response: Response = sign_in_page.sign_in_page(after, error, 429, typed)
        response.headers["Retry-After"] = str(int(wait) + 1)
        return response
    account = await to_thread.run_sync(accounts.check_password, name, password, limiter=HASHING)
    if account is None:
        await record("sign-in refused", name, origin, "wrong name or password")
        return sign_in_page.sign_in_page(after, sign_in_page.WRONG, 401, typed)
    await to_thread.run_sync(attempts.succeeded, name, origin.address)
    token = await to_thread.run_sync(sessions.start, name, (), account.changed)
    sessions.end(sessions.session_id(cookie(scope, cookie_name(origin))))
    await record("signed in", name, origin, role=accounts.role_of(account))
    response = RedirectResponse(local_path(after), 303)
    response.raw_headers.append((b"set-cookie", session_cookie(token, origin)))
    return response


async def _form(request: Request) -> dict[str, str] | None:
    """The fields of a form; None where it is too large or none."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=10, errors="strict")
    except ValueError:
        return None
    return {name: values[0] for name, values in fields.items() if len(values) == 1}


async def _sign_out(scope: Scope, request: Request, origin: Origin) -> Response:
    """End the session and go on to the identity provider's own sign-out."""
    visitor = visitor_of_token(cookie(scope, cookie_name(origin)), origin.address)
    is_live = visitor is not None and await to_thread.run_sync(identify, visitor) is not None
    if is_live and not (request.method == "POST" and is_same_origin(scope)):
        return sign_in_page.sign_out_page()
    if visitor:
        await to_thread.run_sync(visitors.sign_out, visitor)
    if sign_in() == "oidc":
        response: Response = RedirectResponse(f"{base_path()}/auth/logout", 303)
    elif sign_in() == "proxy" and proxy().sign_out:
        response = RedirectResponse(proxy().sign_out, 303)
    elif request.method == "POST" or sign_in() == "proxy":
        response = sign_in_page.signed_out_page()
    else:
        response = RedirectResponse(f"{base_path()}/sign-in?over=1", 303)
    response.raw_headers.append((b"set-cookie", set_cookie(cookie_name(origin), "", origin, 0)))
    return response


def session_cookie(token: str, origin: Origin) -> bytes:
    """The Set-Cookie header that hands a session's token to the browser."""
    return set_cookie(cookie_name(origin), token, origin, session_hours() * 3600)


def cookie_name(origin: Origin) -> str:
    """The name of the session's cookie. Over TLS its prefix keeps other servers of the domain, and pages without TLS,
    from setting one, by which somebody would work in the session of another person without noticing."""
    if origin.scheme != "https":
        return COOKIE
    return f"__Secure-{COOKIE}" if base_path() else f"__Host-{COOKIE}"


def back_to_sign_in(failure: str, after: str) -> Response:
    """To the sign-in page, which says what failed (a key of `FAILURES`) and offers another try."""
    return RedirectResponse(f"{base_path()}/sign-in?failed={failure}&next={quote(after, safe='')}", 303)


async def provider_failure(path: str, scope: Scope, status: int, cookies: dict[str, str], origin: Origin) -> str:
    """What failed (a key of `FAILURES`) where Streamlit's part of OpenID Connect has set no cookie; "" for nothing.

    The provider's own words are not shown: anybody can write them into a link.
    """
    asked = Request(scope).query_params
    if path == "/auth/login":
        return "provider" if status >= 400 else ""
    if path != "/oauth2callback" or cookies.get("_streamlit_user") or not ("code" in asked or "error" in asked):
        return ""  # nothing failed, or it is the way back from the provider's sign-out
    # Streamlit deletes its cookie where the exchange of tokens failed, and not for a sign-in that it does not know.
    failure = "refused" if "error" in asked else "provider" if "_streamlit_user" in cookies else "expired"
    if await to_thread.run_sync(attempts.begin, "", origin.address) == 0:  # a flood does not fill the log
        await record("sign-in refused", "", origin, f"OpenID Connect: {failure}")
    return failure


async def session_after_provider(cookies: dict[str, str], origin: Origin) -> tuple[str, str]:
    """The token of a new session for the person whom Streamlit's cookies name, and what failed (a key of `FAILURES`).

    Streamlit has checked the identity token of the provider, and signed what is in it.
    """
    content = _get_signed_cookie_with_chunks(cookies, "_streamlit_user")
    claims = json.loads(content) if content else {}
    text = claims.get(name_claim())
    try:
        name = accounts.checked_name(text if isinstance(text, str) else "")
    except UserError:
        await record("sign-in refused", "", origin, f"no name in the claim {name_claim()}")
        return "", "no-name"
    if name_claim() == "email" and claims.get("email_verified") is False:
        await record("sign-in refused", name, origin, "address not verified")
        return "", "unverified"
    said = claims.get(groups_claim(), [])
    groups = tuple(sorted({str(group) for group in (said if isinstance(said, list) else [said])}))
    identity = person(name, groups, origin.address)
    if identity is None:
        await record("sign-in refused", name, origin, "no role")
        return "", "no-role"
    token = await to_thread.run_sync(sessions.start, name, groups)
    await record("signed in", name, origin, role=identity.role)
    return token, ""


async def record(action: str, name: str, origin: Origin, detail: str = "", role: Role = Role.NOBODY) -> None:
    """Write an entry on somebody at the door into the audit log."""
    with acting_as(Identity(name, role, address=origin.address)):
        allowed = not action.endswith("refused")
        await to_thread.run_sync(lambda: audit.record(action, name, allowed=allowed, detail=detail))
