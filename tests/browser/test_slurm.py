"""A run on Slurm, from the Train page to its end, in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from gan.config.options import build_config
from gan.runs import lifecycle
from tests.browser.conftest import serving, visiting
from tests.conftest import TINY
from tests.support.jobs import wait_until
from tests.support.slurm import PATIENT, cluster, full_cluster, slurm

__all__ = ["cluster"]
pytestmark = PATIENT


def test_a_run_is_sent_to_slurm_and_watched(
    cluster: Path, tmp_path: Path, chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(tmp_path / "store"))
    lifecycle.create_run(build_config(TINY | {"job.engine": "slurm", "job.device": "cpu"}), "example")
    settings = {"GAN_SLURM_GRES": "none", "GAN_SLURM_MEMORY": "500M", "GAN_SLURM_TIME": "10"}
    with serving(tmp_path, **settings) as server, visiting(server, chromium) as visit:
        page = visit.page
        visit.open("train?clone=example")
        page.get_by_text("Batch script").click()
        script = page.locator(".st-key-batch-script")
        expect(script).to_contain_text("#SBATCH --signal=B:USR1@120")
        expect(script).to_contain_text("#SBATCH --time=10")
        visit.shot("slurm-script")
        page.get_by_label("Name", exact=True).fill("sent")
        page.get_by_label("Name", exact=True).press("Enter")
        expect(script).to_contain_text("train --run sent")
        with full_cluster():
            page.get_by_role("button", name="Start training").click()
            expect(page.locator(".st-key-state-sent")).to_contain_text("Queued")
            expect(page.get_by_text("in the queue of Slurm").first).to_be_visible()
            expect(page.get_by_text("waits for free resources").first).to_be_visible()
            visit.shot("slurm-waiting")
            visit.open("")
            expect(page.locator(".st-key-waiting-sent")).to_contain_text("the queue of Slurm")
            visit.shot("slurm-overview")
        visit.open("progress?run=sent")
        expect(page.locator(".st-key-state-sent")).to_contain_text("Finished")
        expect(page.locator(".st-key-run-info")).to_contain_text("Slurm")
        visit.shot("slurm-finished")
    wait_until(lambda: not slurm("squeue", "--noheader"), "no job is left")


def test_a_refusal_of_slurm_is_shown_in_its_own_words(
    cluster: Path, tmp_path: Path, chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(tmp_path / "store"))
    lifecycle.create_run(build_config(TINY | {"job.engine": "slurm", "job.device": "cpu"}), "example")
    with serving(tmp_path, GAN_SLURM_PARTITION="nowhere") as server, visiting(server, chromium) as visit:
        visit.open("train?clone=example")
        visit.page.get_by_role("button", name="Start training").click()
        expect(visit.page.get_by_text("invalid partition specified: nowhere")).to_be_visible()
        visit.shot("slurm-refused")
