"""The audit log: what it holds, and that every change of it is found."""

import csv
import io
import json
import multiprocessing
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gan.access import audit, identity
from gan.access.identity import Identity, Role, acting_as
from gan.cli.main import main
from gan.config.settings import ROOT
from gan.errors import UserError
from pages.ui import frame
from tests.support.pages import page

ANN = Identity("ann", Role.STEWARD, frozenset({"skin"}), "10.0.0.7")


@pytest.fixture
def log(store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The log of a store where users sign in, with five entries."""
    monkeypatch.setenv("GAN_SIGN_IN", "password")
    with acting_as(ANN):
        for number in range(5):
            audit.record("run.deleted", f"run-{number}", allowed=number != 3, detail="é\n\u2028")
    return audit.audit_file()


def test_an_entry_holds_who_what_where_and_whether(log: Path) -> None:
    found = list(audit.entries())
    assert [entry.number for entry in found] == [1, 2, 3, 4, 5]
    assert {(entry.name, entry.role, entry.address, entry.action) for entry in found} == {
        ("ann", "steward", "10.0.0.7", "run.deleted")
    }
    assert [entry.target for entry in found if not entry.allowed] == ["run-3"]
    assert found[0].detail == "é\n\u2028"
    assert audit.verify() == audit.Verification(5, (5, found[-1].hash), [])


def test_nothing_is_written_where_nobody_signs_in(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (None, "", "none"):
        monkeypatch.delenv("GAN_SIGN_IN", raising=False) if value is None else monkeypatch.setenv("GAN_SIGN_IN", value)
        audit.record("run.deleted", "run")
    assert not audit.audit_file().parent.exists()
    assert audit.verify() == audit.Verification(0, (0, audit.FIRST), [])


def changed(line: bytes, **values: object) -> bytes:
    return json.dumps(json.loads(line) | values, separators=(",", ":")).encode() + b"\n"


def rehashed(line: bytes, **values: object) -> bytes:
    """A changed line whose own hash fits, as a forger would write it."""
    document = json.loads(line) | values
    del document["hash"]
    return audit._line(document)


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda lines: [*lines[:2], changed(lines[2], name="bob"), *lines[3:]], id="changed"),
        pytest.param(lambda lines: [*lines[:3], changed(lines[3], allowed=True), *lines[4:]], id="allowed"),
        pytest.param(lambda lines: [*lines[:2], rehashed(lines[2], name="bob"), *lines[3:]], id="changed-and-rehashed"),
        pytest.param(lambda lines: [*lines[:4], rehashed(lines[4], name="bob")], id="last-changed-and-rehashed"),
        pytest.param(lambda lines: [*lines[:2], *lines[3:]], id="removed"),
        pytest.param(lambda lines: lines[1:], id="first-removed"),
        pytest.param(lambda lines: lines[:4], id="last-removed"),
        pytest.param(lambda lines: [], id="all-removed"),
        pytest.param(lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], id="reordered"),
        pytest.param(lambda lines: [*lines[:2], lines[1], *lines[2:]], id="repeated"),
        pytest.param(lambda lines: [*lines[:2], b"{}\n", *lines[2:]], id="added"),
        pytest.param(lambda lines: [*lines[:2], lines[2].replace(b'{"', b'{ "', 1), *lines[3:]], id="white-space"),
        pytest.param(
            lambda lines: [*lines[:2], lines[2].replace(b'{"', b'{"name":"bob","', 1), *lines[3:]], id="key-twice"
        ),
    ],
)
def test_a_forged_log_is_found_and_stays_found(log: Path, forge: "object") -> None:
    assert callable(forge)
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(forge(lines)))
    assert audit.verify().problems
    audit.record("run.deleted", "later")
    assert audit.verify().problems


def test_a_log_forged_as_a_whole_is_found_by_an_entry_noted_elsewhere(log: Path) -> None:
    noted = audit.verify().head
    log.unlink()
    log.with_name("audit-head.json").unlink()
    with acting_as(ANN):
        for _ in range(5):
            audit.record("run.deleted", "forged")
    assert audit.verify().problems == []
    assert len(audit.verify(noted).problems) == 1
    assert audit.verify(audit.parse_head("{}:{}".format(*audit.verify().head))).problems == []
    for text in ("", "5", "5:xyz", "0:" + "0" * 64):
        with pytest.raises(UserError):
            audit.parse_head(text)


def test_after_an_interrupted_write_the_log_goes_on_and_says_so(log: Path) -> None:
    with open(log, "ab") as file:
        file.write(b'{"number":6,"time":"2026')
    audit.record("run.deleted", "later")
    assert [entry.number for entry in audit.entries()] == [1, 2, 3, 4, 5, 6]
    assert len(audit.verify().problems) == 1
    audit.audit_file().with_name("audit-head.json").unlink()  # a crash before it was written
    audit.record("run.deleted", "again")
    assert audit.verify().head[0] == 7


def test_a_log_whose_head_is_missing_is_not_taken_for_whole(log: Path) -> None:
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:3]))
    log.with_name("audit-head.json").unlink()
    assert len(audit.verify().problems) == 1
    log.with_name("audit-head.json").write_text("{")
    assert len(audit.verify().problems) == 1


def test_lines_added_at_the_end_are_found(log: Path) -> None:
    (number, previous), line = audit.verify().head, log.read_bytes().splitlines(keepends=True)[-1]
    for _ in range(2):
        number += 1
        line = rehashed(line, number=number, previous=previous)
        previous = json.loads(line)["hash"]
        with open(log, "ab") as file:
            file.write(line)
    assert len(audit.verify().problems) == 1


@pytest.mark.parametrize("text", ["\ud800", "/data/\udcff.png", "\x00\n{}"])
def test_a_text_that_is_no_unicode_hides_no_entry(log: Path, text: str) -> None:
    with acting_as(Identity(text, Role.MEMBER, address=text)):
        audit.record("set.added", text, detail=text)
    assert [entry.number for entry in audit.entries()] == [1, 2, 3, 4, 5, 6]
    assert audit.verify().problems == []


def _record_many(name: str) -> None:
    with acting_as(Identity(name, Role.MEMBER)):
        for number in range(20):
            audit.record("set.added", f"{name}-{number}")


def test_processes_that_record_at_once_make_one_chain(log: Path) -> None:
    workers = [multiprocessing.get_context("fork").Process(target=_record_many, args=(name,)) for name in ("a", "b")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    verification = audit.verify()
    assert verification.count == 45
    assert verification.problems == []


def test_the_longest_entry_is_followed_by_the_next(log: Path) -> None:
    long = "\U0001f600" * 5000
    with acting_as(Identity(long, Role.VIEWER, address=long)):
        audit.record(long, long, detail=long)
    audit.record("run.deleted")
    assert audit.verify().count == 7
    assert audit.verify().problems == []


def test_a_link_in_the_place_of_the_log_is_not_written_to(log: Path, tmp_path: Path) -> None:
    target = tmp_path / "secret"
    target.write_text("")
    log.unlink()
    log.symlink_to(target)
    with pytest.raises(UserError):
        audit.record("run.deleted")
    assert target.read_text() == ""


def test_the_table_has_no_formula(log: Path) -> None:
    with acting_as(Identity("=HYPERLINK(1)", Role.MEMBER)):
        audit.record("run.started", "@SUM(1)")
    rows = list(csv.DictReader(io.StringIO(audit.as_csv(audit.entries()))))
    assert len(rows) == 6
    assert (rows[-1]["name"], rows[-1]["target"], rows[-1]["number"]) == ("'=HYPERLINK(1)", "'@SUM(1)", "6")


def test_entries_are_found_by_text_and_by_refusal(log: Path) -> None:
    with acting_as(Identity("bob", Role.VIEWER, address="10.0.0.9")):
        audit.record("export", "run breast", allowed=False)
    assert [entry.number for entry in audit.matching("BREAST")] == [6]
    assert [entry.number for entry in audit.matching("10.0.0.9")] == [6]
    assert [entry.number for entry in audit.matching(refused_only=True)] == [4, 6]
    assert [entry.number for entry in audit.matching("run-3", refused_only=True)] == [4]


def test_the_commands_list_and_verify(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "list", "--last", "2"]) == 0
    assert capsys.readouterr().out.count("run.deleted") == 2
    assert main(["audit", "list", "--json", "--refused"]) == 0
    assert [row["number"] for row in json.loads(capsys.readouterr().out)] == [4]
    assert main(["audit", "list", "--csv"]) == 0
    assert len(list(csv.reader(io.StringIO(capsys.readouterr().out)))) >= 6
    assert main(["audit", "verify"]) == 0
    head = capsys.readouterr().out.split()[-1]
    assert main(["audit", "verify", "--contains", head]) == 0
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[1:]))
    assert main(["audit", "verify"]) == 1
    assert main(["audit", "verify", "--contains", "x"]) == 2


@pytest.fixture
def admin(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages drawn as for an administrator."""
    monkeypatch.setattr(frame, "session_identity", lambda: Identity("root", Role.ADMIN))


def test_the_page_has_the_newest_entries_and_verifies(admin: None) -> None:
    at = page("audit")
    at.text_input(key="find audit").set_value("run-3").run()
    assert list(at.dataframe[0].value["On"]) == ["run-3"]
    at.button(key="verify audit").click().run()
    assert not at.exception
    assert [one.value for one in at.code] == ["{}:{}".format(*audit.verify().head)]
    assert len(at.success) == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER, Role.STEWARD])
def test_the_page_shows_nothing_to_others(log: Path, role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_default", lambda: Identity("ann", role))
    at = AppTest.from_file(str(ROOT / "pages/audit.py"), default_timeout=60).run()
    assert len(at.error) == 1
    assert not at.dataframe
