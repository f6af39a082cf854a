"""The table of what each action takes: roles, owners, visibility, and what a refusal says."""

import errno
import re
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from gan.access import audit
from gan.access.identity import SIGNED_OUT, SYSTEM, Identity, Role, acting_as
from gan.access.ownership import Ownership, Target, checked_sharing, new_ownership, ownership_in
from gan.access.permissions import RULES, Action, decide, require
from gan.config import options
from gan.config.settings import ROOT
from gan.errors import AccessError, ConfigError, RunError
from gan.runs import lifecycle, notes, sweeps
from gan.runs.run import Run, all_runs, find_run, stored_runs

ANN = Identity("ann", Role.MEMBER, frozenset({"retina"}))
BOB = Identity("bob", Role.MEMBER)
CAI = Identity("cai", Role.MEMBER, frozenset({"retina"}))
VIEWER, STEWARD, ADMIN = Identity("vic", Role.VIEWER), Identity("sam", Role.STEWARD), Identity("ada", Role.ADMIN)


def run_of(who: Identity, name: str, visibility: str = "private") -> Run:
    with acting_as(who):
        run = lifecycle.create_run(options.build_config({}), name)
        notes.share_run(run.path, visibility)
    return run


def test_every_action_has_a_rule() -> None:
    assert RULES.keys() == set(Action)


@pytest.mark.parametrize("action", Action)
def test_nobody_may_do_anything_and_each_role_what_the_smaller_ones_may(action: Action) -> None:
    roles = [SIGNED_OUT, VIEWER, BOB, STEWARD, ADMIN]
    for visibility in ("all", "private"):
        target = Target("run x", "ann", visibility)
        allowed = [decide(action, target, who).allowed for who in roles]
        assert allowed == sorted(allowed)
        assert not allowed[0]
        assert allowed[-1]
    assert decide(action, Target("run x", "ann", "private"), SYSTEM)


@pytest.mark.parametrize("action", Action)
def test_what_is_private_is_for_its_owner_and_stewards(action: Action) -> None:
    private = Target("run x", "ann", "private")
    assert not decide(action, private, BOB)
    assert not decide(action, private, VIEWER)
    assert not decide(action, Target("run x", "", "private"), Identity("", Role.MEMBER))  # of nobody
    assert decide(action, private, ANN).allowed == (RULES[action].role <= Role.MEMBER)


def test_a_look_at_real_images_that_could_not_be_recorded_is_not_allowed_the_next_time_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target, recorded = Target("set unrecorded", "", "all"), []

    def record(action: str, target: str, *, allowed: bool, detail: str) -> None:
        recorded.append(target)
        if len(recorded) < 3:
            raise OSError(errno.ENOSPC, "the disk is full")

    monkeypatch.setattr(audit, "record", record)
    with acting_as(ANN):
        for _ in range(2):
            with pytest.raises(OSError, match="full"):
                require(Action.SEE_REAL_IMAGES, target)
        for _ in range(3):
            require(Action.SEE_REAL_IMAGES, target)
    assert recorded == ["set unrecorded"] * 3


def test_looks_of_many_people_at_once_disturb_nobody() -> None:
    def look(name: str) -> None:
        with acting_as(Identity(name, Role.MEMBER)):
            for number in range(100):
                require(Action.SEE_REAL_IMAGES, Target(f"set {number}", "", "all"))

    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(look, [f"person-{number}" for number in range(8)])) == [None] * 8
    finally:
        sys.setswitchinterval(switching)


def test_a_group_sees_what_is_shared_with_it() -> None:
    shared = Target("set x", "ann", "group:retina")
    assert decide(Action.SEE_REAL_IMAGES, shared, CAI)
    assert not decide(Action.SEE, shared, BOB)
    assert not decide(Action.CHANGE_SET, shared, CAI)  # it belongs to ann


def test_a_refusal_says_what_it_takes_and_whom_to_ask() -> None:
    with (
        acting_as(VIEWER),
        pytest.raises(AccessError, match="To start a run, you need to be a member; you are a viewer"),
    ):
        require(Action.START_RUN)
    reason = decide(Action.DELETE_RUN, Target("run x", "ann", "all"), BOB).reason
    assert "belongs to ann" in reason
    assert "steward" in reason
    assert "sign in" in decide(Action.SEE, None, SIGNED_OUT).reason


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"owner": "ann"},
        {"owner": 3, "visibility": "all"},
        {"owner": "a", "visibility": "everyone"},
        {"owner": "a" * 300, "visibility": "all"},
        {"owner": "a", "visibility": "group:"},
    ],
)
def test_a_damaged_ownership_is_private_and_of_nobody(document: dict[str, object]) -> None:
    assert ownership_in(document) == Ownership("", "private")


def test_the_system_users_runs_are_for_all_and_a_persons_are_private() -> None:
    assert new_ownership() == Ownership(SYSTEM.name, "all")
    with acting_as(ANN):
        assert new_ownership() == Ownership("ann", "private")


def test_a_person_shares_with_groups_of_their_own() -> None:
    with acting_as(ANN):
        assert checked_sharing("group:retina") == "group:retina"
        with pytest.raises(ConfigError, match="not in the group lung"):
            checked_sharing("group:lung")
        with pytest.raises(ConfigError, match="private, all, or group:NAME"):
            checked_sharing("everyone")
    with acting_as(STEWARD):
        assert checked_sharing("group:lung") == "group:lung"


def test_a_private_run_is_as_good_as_missing_for_others() -> None:
    run_of(ANN, "private-one")
    run_of(ANN, "for-retina", "group:retina")
    run_of(ANN, "for-all", "all")
    seen = {who.name: {run.name for run in _runs_of(who)} for who in (ANN, BOB, CAI, VIEWER, STEWARD)}
    everything = {"private-one", "for-retina", "for-all"}
    assert seen == {"ann": everything, "bob": {"for-all"}, "cai": {"for-retina", "for-all"}} | {
        "vic": {"for-all"},
        "sam": everything,
    }
    with acting_as(BOB):
        with pytest.raises(RunError) as hidden:
            find_run("private-one")
        with pytest.raises(RunError) as missing:
            find_run("no-such-one")
        assert str(hidden.value) == str(missing.value).replace("no-such-one", "private-one")
        assert len(stored_runs()) == 3
    with acting_as(SIGNED_OUT):
        assert all_runs() == []


def _runs_of(who: Identity) -> list[Run]:
    with acting_as(who):
        return all_runs()


def test_a_run_is_seen_once_it_is_shared_and_no_longer_once_it_is_not() -> None:
    run = run_of(ANN, "one")
    for visibility, seen in (("all", ["one"]), ("private", []), ("group:retina", [])):
        with acting_as(ANN):
            notes.share_run(run.path, visibility)
        assert [run.name for run in _runs_of(BOB)] == seen


def test_a_damaged_about_hides_the_run_from_all_but_stewards() -> None:
    run = run_of(ANN, "one", "all")
    (run.path / "about.json").write_text("{")
    assert _runs_of(BOB) == _runs_of(ANN) == []
    assert [run.name for run in _runs_of(STEWARD)] == ["one"]


def test_the_name_of_somebody_elses_sweep_is_taken() -> None:
    with acting_as(ANN):
        lifecycle.create_run(options.build_config({}), "one", sweep="mine")
    with acting_as(BOB), pytest.raises(RunError, match="There is a sweep mine already"):
        sweeps.plan_sweep("mine", options.build_config({}), [{"train.seed": "2"}])


def test_the_documented_table_is_that_of_the_code() -> None:
    page = (ROOT / "docs" / "server.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \| (\w+) \| (\w*) \| (\w*) \|$", page, re.MULTILINE)
    assert rows == [
        (rule.does, rule.role.label, "" if rule.others is None else rule.others.label, "yes" if rule.audited else "")
        for rule in RULES.values()
    ]
