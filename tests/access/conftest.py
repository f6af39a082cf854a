"""Servers of a small app behind the guard of sign-ins, and browsers of them."""

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from gan.access import accounts, identity
from pages.ui.access import session_identity
from tests.support.guarded_app import PASSWORD, Browser, app, enter

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign-in by password, with two accounts, and code without a person acting as nobody, as on a server."""
    monkeypatch.setenv("GAN_SIGN_IN", "password")
    monkeypatch.setattr(identity, "_default", lambda: identity.SIGNED_OUT)
    monkeypatch.setattr(session_identity, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(accounts, "HASHER", CHEAP)
    monkeypatch.setattr(accounts, "UNKNOWN", CHEAP.hash(PASSWORD))
    accounts.add("ann", "member", PASSWORD, ("lung",))
    accounts.add("bob", "viewer", PASSWORD)


@pytest.fixture
def browser(guarded: None) -> Browser:
    """Makes browsers at an address, all of one app."""
    served = app()

    def at(address: str = "10.0.0.1", name: str = "", base_url: str = "http://testserver") -> TestClient:
        client = TestClient(served, base_url, client=(address, 5000), follow_redirects=False)
        if name:
            answer = enter(client, name)
            assert answer.status_code == 303
        return client

    return at
