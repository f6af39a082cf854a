"""Accounts, sessions and roles: who may come in, and from when on no longer."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from gan.access import accounts, audit, sessions, visitors
from gan.access.identity import Role
from gan.cli.main import main
from gan.errors import ConfigError, UserError

PASSWORD = "correct horse battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(autouse=True)
def by_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_SIGN_IN", "password")
    monkeypatch.setattr(accounts, "HASHER", CHEAP)
    monkeypatch.setattr(accounts, "UNKNOWN", CHEAP.hash(PASSWORD))


def signed_in(name: str) -> visitors.Visitor:
    token = sessions.start(name, changed=accounts.find_account(name).changed)
    visitor = visitors.visitor_of_token(token, "10.0.0.1")
    assert visitor is not None
    return visitor


def test_a_password_is_kept_as_a_hash_that_only_the_systems_user_can_read(store: Path) -> None:
    accounts.add("Ann", "steward", PASSWORD, ("lung",))
    file = store / ".access" / "accounts.json"
    assert "$argon2id$" in file.read_text()
    assert PASSWORD not in file.read_text()
    assert file.parent.stat().st_mode & 0o077 == 0
    account = accounts.check_password("ann", PASSWORD)
    assert account is not None
    assert (account.role, account.groups) == ("steward", ("lung",))


@pytest.mark.parametrize(
    ("name", "password"), [("ann", "wrong"), ("ann", ""), ("bob", PASSWORD), ("carl", ""), ("ann", "x" * 5000)]
)
def test_a_wrong_password_and_an_account_without_one_let_nobody_in(name: str, password: str) -> None:
    accounts.add("ann", "viewer", PASSWORD)
    accounts.add("carl", "viewer")
    assert accounts.check_password(name, password) is None


def test_an_unknown_name_takes_a_check_of_a_hash_too(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts.add("ann", "viewer", PASSWORD)
    checked = []
    verify = accounts.HASHER.verify
    monkeypatch.setattr(
        accounts, "HASHER", type("Hasher", (), {"verify": lambda _, *pair: (checked.append(pair), verify(*pair))[1]})()
    )
    assert accounts.check_password("nobody", PASSWORD) is None
    assert len(checked) == 1


@pytest.mark.parametrize("name", ["", "../up", "a b", "ann\n", "-x", "ä", "a" * 129, "<b>"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="is no name"):
        accounts.add(name.strip(" ") + ("\nx" if name.endswith("\n") else ""), "viewer", PASSWORD)


def test_a_group_is_checked_when_it_is_changed_too() -> None:
    for group in ("", "\n", "-x", "a" * 200):
        with pytest.raises(UserError, match="group"):
            accounts.add("ann", "viewer", PASSWORD, (group,))
    accounts.add("ann", "viewer", PASSWORD, ("skin", "lung", "skin"))
    with pytest.raises(UserError, match="group"):
        accounts.change("ann", groups=("lung", "x\ny"))
    assert accounts.find_account("ann").groups == ("lung", "skin")


@pytest.mark.parametrize("password", ["short", "ann-and-her-dog", "aaaaaaaaaaaaaaaa", "x" * 1025])
def test_a_password_that_is_soon_guessed_is_refused(password: str) -> None:
    with pytest.raises(UserError, match="password"):
        accounts.add("ann", "viewer", password)


def test_a_session_is_its_persons_until_the_account_is_removed_or_its_password_changed() -> None:
    for name in ("ann", "bob"):
        accounts.add(name, "member", PASSWORD)
    ann, bob = signed_in("ann"), signed_in("bob")
    identity = visitors.identify(ann)
    assert identity is not None
    assert (identity.name, identity.role, identity.address) == ("ann", Role.MEMBER, "10.0.0.1")
    accounts.change("ann", "steward", ("lung",))
    assert (changed := visitors.identify(ann)) is not None
    assert (changed.role, changed.groups) == (Role.STEWARD, {"lung"})
    accounts.set_password("ann", "another long phrase")
    accounts.remove("bob")
    accounts.add("bob", "member", PASSWORD)
    assert visitors.identify(ann) is None
    assert visitors.identify(bob) is None


def test_a_session_ends_at_sign_out_and_by_age(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts.add("ann", "member", PASSWORD)
    first, second = signed_in("ann"), signed_in("ann")
    sessions.end(first.session)
    assert visitors.identify(first) is None
    assert visitors.identify(second) is not None
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 12 * 3600 + 1)
    assert visitors.identify(second) is None


def test_who_reads_the_store_cannot_take_over_a_session(store: Path) -> None:
    accounts.add("ann", "member", PASSWORD)
    token = sessions.start("ann")
    (file,) = (store / ".access" / "sessions").iterdir()
    assert token not in file.name + file.read_text()
    assert visitors.visitor_of_token(file.stem, "10.0.0.1") is None


@pytest.mark.parametrize("token", ["", "../accounts", "a" * 43, "x" * 10_000, "\x00" * 43])
def test_a_token_of_no_session_is_nobodys(token: str) -> None:
    assert visitors.visitor_of_token(token, "") is None


def test_a_session_of_another_way_in_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts.add("ann", "member", PASSWORD)
    visitor = signed_in("ann")
    monkeypatch.setenv("GAN_SIGN_IN", "oidc")
    assert visitors.identify(visitor) is None


@pytest.mark.parametrize(
    ("name", "groups", "role"),
    [
        ("ann", ("imaging", "it"), Role.VIEWER),  # the account counts, not the groups
        ("bob", ("imaging", "it"), Role.ADMIN),
        ("bob", ("cn=leads,ou=groups",), Role.STEWARD),
        ("bob", ("others",), None),
    ],
)
def test_the_role_of_somebody_whom_a_proxy_names(
    name: str, groups: tuple[str, ...], role: Role | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_GROUP_ROLES", "imaging=member; it=admin ;cn=leads,ou=groups=steward")
    accounts.add("ann", "viewer")
    identity = visitors.person(name, groups, "")
    assert (identity and identity.role) == role


def test_a_damaged_file_of_accounts_lets_nobody_in(store: Path) -> None:
    accounts.add("ann", "member", PASSWORD)
    (store / ".access" / "accounts.json").write_text('{"ann": ')
    with pytest.raises(UserError):
        accounts.check_password("ann", PASSWORD)


def test_the_commands(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*words: str, typed: str = "") -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", __import__("io").StringIO(typed))
        code = main(["user", *words])
        output = capsys.readouterr()
        return code, output.out + output.err

    assert run("add", "Ann", "--role", "admin", "--password-stdin", typed=f"{PASSWORD}\n")[0] == 0
    assert accounts.check_password("ann", PASSWORD) is not None
    visitor = signed_in("ann")
    assert run("add", "ann", "--role", "viewer", "--password-stdin", typed=f"{PASSWORD}\n")[0] == 2
    assert "argon2" not in run("list")[1] + run("list", "--json")[1]
    assert run("change", "ann", "--role", "steward", "--group", "lung")[0] == 0
    assert accounts.find_account("ann").groups == ("lung",)
    assert run("sign-out", "ann")[0] == 0
    assert visitors.identify(visitor) is None
    visitor = signed_in("ann")
    assert run("password", "ann", "--password-stdin", typed="another long phrase\n")[0] == 0
    assert visitors.identify(visitor) is None
    assert run("remove", "ann")[0] == 0
    assert run("remove", "ann")[0] == 2


CHANGES: dict[str, Callable[[], None]] = {
    "account added": lambda: accounts.add("bob", "admin", PASSWORD),
    "account changed": lambda: accounts.change("ann", "admin"),
    "password changed": lambda: accounts.set_password("ann", "another long phrase"),
    "account removed": lambda: accounts.remove("ann"),
    "sessions ended": lambda: sessions.sign_out_everywhere("ann"),
}


@pytest.mark.parametrize("action", CHANGES)
def test_a_change_of_an_account_is_recorded_or_does_not_happen(
    action: str, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.add("ann", "member", PASSWORD)
    signed_in("ann")
    files = {path: path.read_bytes() for path in (store / ".access").rglob("*.json") if "audit" not in path.name}

    def full(*entry: object, **more: object) -> None:
        raise OSError(28, "the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(audit, "record", full)
        with pytest.raises(OSError, match="full"):
            CHANGES[action]()
    assert {path: path.read_bytes() for path in files} == files
    CHANGES[action]()
    assert [entry.action for entry in audit.entries()][-1] == action


def test_signing_out_ends_the_session_even_where_it_cannot_be_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts.add("ann", "member", PASSWORD)
    first, second = signed_in("ann"), signed_in("ann")
    visitors.sign_out(first)
    visitors.sign_out(first)
    assert [(entry.name, entry.action, entry.address) for entry in audit.entries()][1:] == [
        ("ann", "signed out", "10.0.0.1")
    ]
    monkeypatch.setattr(audit, "record", lambda *entry, **more: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        visitors.sign_out(second)
    assert visitors.identify(second) is None


def test_a_short_name_does_not_forbid_its_letters_in_a_password() -> None:
    accounts.add("jo", "viewer", "enjoyable long phrase")
    with pytest.raises(UserError, match="password"):
        accounts.add("j", "viewer", "j")
    with pytest.raises(UserError, match="has the name in it"):
        accounts.add("dora@lab.org", "viewer", "dora@lab.org 2026")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GAN_SIGN_IN", "pasword"),
        ("GAN_SESSION_HOURS", "0"),
        ("GAN_PROXY_ADDRESSES", "proxy.lab"),
        ("GAN_PROXY_USER_HEADER", "X User"),
        ("GAN_GROUP_ROLES", "imaging"),
        ("GAN_GROUP_ROLES", "imaging=boss"),
        ("GAN_DEFAULT_ROLE", "nobody"),
        ("GAN_OPEN_TO_ALL", "1"),
    ],
)
def test_an_invalid_setting_is_named_and_the_app_does_not_start(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    assert main(["app", "--no-browser"]) == 2
    assert name in capsys.readouterr().err


def test_a_proxy_without_addresses_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from gan.access.sign_in_settings import check_settings

    monkeypatch.setenv("GAN_SIGN_IN", "proxy")
    with pytest.raises(ConfigError, match="GAN_PROXY_ADDRESSES"):
        check_settings()
