"""The pages before the app: signing in, signing out, and why somebody does not get in. Plain HTML without scripts.

They ask for nothing else from the server, so that everything else can stay closed.
"""

import base64
import hashlib
import html
from pathlib import Path
from urllib.parse import quote

from starlette.responses import HTMLResponse

from gan.access.sign_in_settings import sign_in
from pages.ui.access.request import base_path, local_path
from pages.ui.frame import ICON, TITLE

STYLE = Path(__file__).with_name("sign_in.css").read_text()
LOGO = base64.b64encode(ICON.read_bytes()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
WRONG = "The name or the password is wrong."
OVER = "Your session has ended. Please sign in again."
NO_ROLE = "You are signed in there, but this server gives you no role. Ask its administrator for one."
THROUGH_PROXY = "This server is reached through its proxy only. Ask its administrator for the address."
OUT_OF_ORDER = "This server cannot read or write who may come in. Its administrator finds the reason in its log."
FAILURES = {
    "refused": "The identity provider did not let you in, or you went back. You can try again.",
    "expired": "This sign-in was begun too long ago, in another browser, or is over already. Please begin again.",
    "provider": "The identity provider does not answer as it should. Try again in a while, or tell the administrator.",
    "no-name": "The identity provider does not say who you are. Ask the administrator of this server.",
    "unverified": "The identity provider has not verified your address. Verify it there, or take another account.",
    "no-role": NO_ROLE,
    "out-of-order": OUT_OF_ORDER,
}
"""Why somebody came back from the identity provider without a session."""
NAMELESS = "The proxy does not say who you are. Ask the administrator of this server."


def sign_in_page(next_path: str, error: str = "", status: int = 200, name: str = "") -> HTMLResponse:
    """The page that asks for name and password, or leads to the identity provider."""
    after = html.escape(local_path(next_path))
    if sign_in() == "oidc":
        link = html.escape(f"{base_path()}/sign-in/provider?next={quote(local_path(next_path))}")
        body = f'<p>With the account of your institution.</p><a class="button" href="{link}">Sign in</a>'
    else:
        body = f"""<form method="post" action="{base_path()}/sign-in">
<input type="hidden" name="next" value="{after}">
<label for="name">Name</label>
<input id="name" name="name" value="{html.escape(name)}" autocomplete="username" autocapitalize="none"
 spellcheck="false" maxlength="128" required{"" if name else " autofocus"}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024"
 required{" autofocus" if name else ""}>
<button>Sign in</button></form>"""
    return _page("Sign in", body, error, status)


def sign_out_page() -> HTMLResponse:
    """Asks before a session ends, where another site may have sent the visitor here."""
    return _page("Sign out?", f'<form method="post" action="{base_path()}/sign-out"><button>Sign out</button></form>')


def refusal_page(error: str, status: int = 403) -> HTMLResponse:
    """Why somebody does not get in, where there is nothing to fill in."""
    return _page("No access", "", error, status)


def signed_out_page() -> HTMLResponse:
    """After signing out."""
    return _page(
        "You are signed out", f'<a class="button" href="{base_path()}/sign-in">Sign in again</a>' if _asks() else ""
    )


def _asks() -> bool:
    return sign_in() in ("password", "oidc")


def _page(heading: str, body: str, error: str = "", status: int = 200) -> HTMLResponse:
    message = f'<p class="error" role="alert">{html.escape(error)}</p>' if error else ""
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{heading} · {TITLE}</title><link rel="icon" href="data:image/png;base64,{LOGO}"><style>{STYLE}</style></head>
<body><main><header><img src="data:image/png;base64,{LOGO}" alt=""><span>{TITLE}</span></header>
<h1>{heading}</h1>{message}{body}</main></body></html>"""
    return HTMLResponse(text, status, headers=HEADERS)
