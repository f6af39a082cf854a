"""How often a password may be tried."""

import json
import multiprocessing
import time
from pathlib import Path

import pytest

from gan.access import attempts
from gan.access.addresses import parse_address
from gan.access.attempts import WINDOW, begin, succeeded


def test_five_tries_of_a_name_from_an_address_and_then_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    assert [begin("ann", "10.0.0.1") for _ in range(5)] == [0.0] * 5
    assert begin("ann", "10.0.0.1") == WINDOW
    assert begin("ann", "10.0.0.2") == 0.0
    assert begin("bob", "10.0.0.1") == 0.0
    now += WINDOW + 1
    assert begin("ann", "10.0.0.1") == 0.0


def test_a_right_password_is_no_failure() -> None:
    for _ in range(30):
        assert begin("ann", "10.0.0.1") == 0.0
        succeeded("ann", "10.0.0.1")


@pytest.mark.parametrize(
    ("pairs", "limit"),
    [
        ([(f"name{n}", "10.0.0.1") for n in range(25)], 20),
        ([(f"name{n}", f"2001:db8::{n:x}") for n in range(25)], 20),  # one network of 64 bits
        ([(f"name{n}", f"10.0.0.1:{5000 + n}") for n in range(25)], 20),  # as some proxies write it
        ([(f"name{n}", ("10.0.0.1", "::ffff:10.0.0.1")[n % 2]) for n in range(25)], 20),
        ([(f"name{n}", f"::ffff:10.0.0.{n}") for n in range(25)], 25),  # 25 addresses, as each is one of IPv4
        ([(f"name{n}", f"fe80::{n}%eth0") for n in range(25)], 20),
        ([("ann", f"10.0.0.{n}") for n in range(55)], 50),
    ],
)
def test_many_names_from_an_address_and_many_addresses_for_a_name(pairs: list[tuple[str, str]], limit: int) -> None:
    assert sum(begin(name, address) == 0.0 for name, address in pairs) == limit


def _try_often(name: str) -> None:
    for _ in range(4):
        begin(name, "10.0.0.1")


def test_tries_of_several_processes_count_together_and_outlive_them() -> None:
    context = multiprocessing.get_context("fork")
    servers = [context.Process(target=_try_often, args=("ann",)) for _ in range(3)]
    for server in servers:
        server.start()
    for server in servers:
        server.join()
    assert begin("ann", "10.0.0.1") > 0


def test_what_is_kept_has_no_name_and_is_bounded(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "KEPT", 30)
    for _ in range(5):
        begin("ann", "10.0.0.1")
    for number in range(60):  # which do not make room for more tries of ann
        begin(f"name{number}", f"10.1.0.{number}")
    text = (store / ".access" / "attempts.json").read_text()
    assert "ann" not in text
    assert "10.0.0.1" not in text
    assert len(json.loads(text)) == 30
    assert begin("ann", "10.0.0.1") > 0


@pytest.mark.parametrize("content", ["", "[]", '{"x": 1, "y": ["a"]}', '{"x": [1e300]}'])
def test_a_damaged_file_locks_nobody_out(content: str, store: Path) -> None:
    begin("ann", "10.0.0.1")
    (store / ".access" / "attempts.json").write_text(content)
    assert [begin("ann", "10.0.0.1") for _ in range(5)] == [0.0] * 5
    assert begin("ann", "10.0.0.1") > 0


def test_a_clock_that_is_set_back_locks_nobody_out_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        begin("ann", "10.0.0.1")
    now = time.time() - 86_400
    monkeypatch.setattr(time, "time", lambda: now)
    assert begin("ann", "10.0.0.1") == 0.0


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1:4711 ", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("unknown", "None"),
        ("", "None"),
        ("1.2.3.4:x", "None"),
        ("1.2.3", "None"),
    ],
)
def test_an_address_has_one_form(text: str, address: str) -> None:
    assert str(parse_address(text)) == address
