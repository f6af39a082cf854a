"""How often a password may be tried."""

import time

import pytest

from gan.access.attempts import WINDOW, Attempts


def test_five_tries_of_a_name_from_an_address_and_then_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts, now = Attempts(), time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    assert [attempts.begin("ann", "10.0.0.1") for _ in range(5)] == [0.0] * 5
    assert attempts.begin("ann", "10.0.0.1") == WINDOW
    assert attempts.begin("ann", "10.0.0.2") == 0.0
    assert attempts.begin("bob", "10.0.0.1") == 0.0
    now += WINDOW + 1
    assert attempts.begin("ann", "10.0.0.1") == 0.0


def test_a_right_password_is_no_failure() -> None:
    attempts = Attempts()
    for _ in range(100):
        assert attempts.begin("ann", "10.0.0.1") == 0.0
        attempts.succeeded("ann", "10.0.0.1")


@pytest.mark.parametrize(
    ("pairs", "limit"),
    [
        ([(f"name{n}", "10.0.0.1") for n in range(60)], 20),
        ([(f"name{n}", f"2001:db8::{n:x}") for n in range(60)], 20),  # one network of 64 bits
        ([("ann", f"10.0.0.{n}") for n in range(60)], 50),
    ],
)
def test_many_names_from_an_address_and_many_addresses_for_a_name(pairs: list[tuple[str, str]], limit: int) -> None:
    attempts = Attempts()
    assert sum(attempts.begin(name, address) == 0.0 for name, address in pairs) == limit
