"""The end of a job reaches whoever has a page open: a toast, and a notification once the browser was asked."""

import os

import pytest
from playwright.sync_api import expect

from gan.io.file_lock import try_lock
from gan.jobs.worker import working
from tests.browser.conftest import Server, Visit
from tests.support.pages import made

BROWSER = """
Object.defineProperty(document, "hidden", { get: () => true })
window.sent = []
window.Notification = class {
    static permission = "default"
    static requestPermission() { this.permission = "granted"; return Promise.resolve("granted") }
    constructor(title, options) { window.sent.push([title, options.body]) }
}
"""
"""Another tab is in front, and whoever is asked says yes: a browser without a window has nobody to ask."""


def test_the_end_of_a_job_is_a_toast_and_a_notification_on_an_open_page(
    visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    watched = made("watched")
    alive = try_lock(watched.path / "alive.lock")
    assert alive is not None
    page = visit.page
    page.add_init_script(BROWSER)
    try:
        visit.open("progress?run=watched")
        page.get_by_role("button", name="Notify me when it ends").click()
        expect(page.get_by_text("This browser tells you when it ends.")).to_be_visible()
        visit.settle()
    finally:
        os.close(alive)
    with working(watched.path):
        pass
    expect(page.get_by_test_id("stToast")).to_contain_text("The run watched has finished.")
    page.wait_for_function("window.sent.length > 0")
    assert page.evaluate("window.sent") == [["The run watched has finished", ""]]
