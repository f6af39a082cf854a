"""Every page as each role opens it, over texts that try to run a script: none runs, and no page reports an error.

A violation of the Content-Security-Policy is an error of the console, and a request to another server fails the visit.
"""

from pathlib import Path

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser, expect

from gan.access import accounts
from gan.data import catalogue, registry, set_notes
from gan.data.ingest import accepted_sets, hand_labels, upload_check
from gan.data.set_notes import SetNotes
from gan.runs import notes
from tests.browser.conftest import PATIENCE, Server, Visit, serving
from tests.hostile.test_hostile_texts import hostile_run
from tests.support.hostile_texts import HTML, MARKDOWN, MARKER
from tests.support.image_files import png_bytes, zip_of
from tests.support.uploads import add_zip

PASSWORD = "correct horse battery"
RUNNING = [one.text for one in HTML if f"{MARKER}()" in one.text] + [
    MARKDOWN[0].text,
    MARKDOWN[3].text,
    MARKDOWN[1].text,
]
TEXTS = RUNNING[:10]
REPORTS = f"() => {{ window.{MARKER} = () => console.error('{MARKER} ran') }}"


def labelled_set(name: str) -> str:
    """The page of an added set whose title, notes and classes are hostile; read, so that its images are shown."""
    rows = "".join(f'{k}.png,"{TEXTS[k % 3].replace(chr(34), chr(34) * 2)}"\n' for k in range(24))
    files = {f"{k}.png": png_bytes(k) for k in range(24)}
    report = add_zip(name, zip_of(files | {"labels.csv": f"file,class\n{rows}".encode()}))
    name = accepted_sets.accept(report)
    set_notes.save_set_notes(set_notes.added_folder(name), SetNotes(TEXTS[0], *TEXTS[1:5]))
    entry = catalogue.find_entry(f"folder-{name}")
    registry.load_image_set(entry.config)
    return entry.slug


def waiting_uploads() -> list[str]:
    """An upload whose files, folders and findings have hostile names, and one that is labelled by hand."""
    names = [text for text in TEXTS if "/" not in text]
    files = {f"{name}/{name} {k}.png": png_bytes(10 * n + k) for n, name in enumerate(names) for k in range(3)}
    files[f"{names[0]}/cut {names[1]}.png"] = png_bytes(0)[:60]
    by_folder = add_zip(TEXTS[6], zip_of(files)).staged
    by_hand = add_zip(TEXTS[7], zip_of({f"{name}.png": png_bytes(n) for n, name in enumerate(names)})).staged
    assert by_folder is not None
    assert by_hand is not None
    hand_labels.set_classes(by_hand, [text for text in TEXTS if "," not in text])
    for file, label in zip(upload_check.upload_listing(by_hand).images, TEXTS, strict=False):
        hand_labels.set_label(by_hand, file, label)
    return [by_folder.name, by_hand.name]


def check(server: Server, chromium: Browser, role: str, links: tuple[str, ...]) -> None:
    """Sign in, and open the links."""
    context = chromium.new_context(viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(PATIENCE)
    context.add_init_script(f"({REPORTS})()")
    visit = Visit(context.new_page(), server.address)
    visit.watch()
    visit.open("account")
    visit.page.get_by_label("Name").fill(role)
    visit.page.get_by_label("Password").fill(PASSWORD)
    visit.page.get_by_role("button", name="Sign in").click()
    expect(visit.page.locator(".st-key-account")).to_contain_text(role)
    quoted = 0
    for link in links:
        visit.open(link)
        visit.page.get_by_role("heading", level=1).first.wait_for()
        visit.settle()
        assert visit.page.locator("[data-testid=stException]").count() == 0
        quoted += MARKER in visit.page.content()
        assert visit.wrong == [], link
    context.close()
    assert quoted >= len(links) // 2


def test_no_text_runs_and_no_page_reports_an_error(
    tmp_path: Path, chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(tmp_path / "store"))
    monkeypatch.setattr(accounts, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    run = hostile_run(tmp_path / "store", TEXTS, "class")
    notes.update_about(run.path, visibility="all")
    slug, (by_folder, by_hand) = labelled_set("labelled"), waiting_uploads()
    for role in ("viewer", "member", "steward", "admin"):
        accounts.add(role, role, PASSWORD)
    of_run = tuple(f"{page}?run={run.name}" for page in ("progress", "gallery", "evaluate"))
    more = (f"compare?runs={run.name}", f"train?clone={run.name}")
    of_sets = (f"data?data={slug}", f"data?upload={by_folder}", f"data?upload={by_hand}")
    rest = ("explanations", "system", "account", "audit")
    with serving(tmp_path, GAN_SIGN_IN="password") as server:
        check(server, chromium, "admin", ("", *of_run, *more, *of_sets, *rest))
        check(server, chromium, "steward", (f"data?data={slug}", of_run[2]))
        check(server, chromium, "member", (f"data?data={slug}", of_run[1]))
        check(server, chromium, "viewer", ("data", of_run[1]))
