"""What a server checks before it serves: whether its way in fits the address on which it listens."""

import importlib.util
import os
import sys

import streamlit as st
from starlette.middleware import Middleware

from gan.access.identity import require_identity
from gan.access.limits import check_limits
from gan.access.sign_in_settings import FLAG, check_address, check_settings, sign_in
from gan.config import settings
from gan.errors import ConfigError
from pages.ui.access.session_identity import session_identity


def guard() -> list[Middleware]:
    """The middleware in front of the app; none without sign-in. Ends the process with one line where the settings are
    invalid, or would let everybody in."""
    try:
        check_settings()
        check_limits()
        if sign_in() == "none":
            check_address(str(st.get_option("server.address") or ""), FLAG in sys.argv)
            return []
        _check_start()
    except ConfigError as error:
        sys.exit(f"gan: {error}")
    from pages.ui.access.middleware import SignInGuard
    from pages.ui.access.security_headers import SecurityHeaders

    require_identity(session_identity)
    return [Middleware(SecurityHeaders), Middleware(SignInGuard)]


def _check_start() -> None:
    """Raise ConfigError where the server was not started by `gan app`, which tells uvicorn and Streamlit whose headers
    to believe."""
    if os.environ.get("FORWARDED_ALLOW_IPS") != "" or st.get_option("server.trustedUserHeaders") != {
        "X-Gan-User": "name"
    }:
        raise ConfigError(f"GAN_SIGN_IN is {sign_in()}: start the server with `{settings.PROGRAM} app`.")
    if not st.get_option("server.enableXsrfProtection"):
        raise ConfigError("STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION is off: with sign-in it has to be on.")
    if sign_in() == "oidc":
        _check_oidc()


def _check_oidc() -> None:
    """Raise ConfigError where Streamlit could not lead to the identity provider."""
    from streamlit.auth_util import validate_auth_credentials
    from streamlit.errors import Error

    if importlib.util.find_spec("authlib") is None:
        raise ConfigError("GAN_SIGN_IN is oidc, which takes Authlib: `pip install Authlib httpx`.")
    try:
        validate_auth_credentials("default")
    except Error as error:
        raise ConfigError(
            f"GAN_SIGN_IN is oidc, and [auth] in .streamlit/secrets.toml is not complete: {error}"
        ) from None
