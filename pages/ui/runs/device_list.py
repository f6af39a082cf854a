"""The devices of this machine and the store's disk: memory, load, and the jobs that hold a device."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from gan import jobs
from gan.config import settings
from gan.errors import RunError
from gan.jobs import Device
from gan.jobs.device_list import candidates
from gan.jobs.status import read_status
from gan.runs.run import find_run
from pages.ui import cache, fmt, frame
from pages.ui.job_texts import job_text

PAUSE = 0.5  # seconds before the disk is measured
ACROSS = 4  # cards side by side where they have the page's full width


def device_cards(before: Sequence[Callable[[], None]] = (), across: int = 1) -> None:
    """The cards of `before`, one for each device and one for the disk, `across` side by side."""
    st.header("Devices", anchor=False)
    cards: list[Callable[[], None]] = [*before, *(partial(device_card, device) for device in jobs.devices()), disk_card]
    for start in range(0, len(cards), across):
        for column, draw in zip(st.columns(across), cards[start : start + across], strict=False):
            with column, st.container(border=True, gap="xsmall", height="stretch"):
                draw()


def device_card(device: Device) -> None:
    """Memory, load and holders of one device."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{device.name}**", width="content")
        if not device.holders:
            st.badge("no run", color="gray")
    st.caption(device.title)
    if device.memory_total and device.memory_used is not None:
        used = f"{fmt.byte_size(device.memory_used)} of {fmt.byte_size(device.memory_total)} memory"
        load = f" · {device.load:.0f}% busy" if device.load is not None else ""
        st.progress(min(device.memory_used / device.memory_total, 1.0), text=used + load)
    elif device.load is not None:
        st.progress(min(device.load / 100, 1.0), text=f"{device.load:.0f}% busy")
    for name in device.holders:
        holder_line(name)


def holder_line(name: str) -> None:
    """A link to the run whose job holds a device, for how long it has, and the time left."""
    try:
        run, folder = find_run(jobs.run_name(name)), settings.store() / name
    except RunError:  # its folder is not there yet, or was removed while it ends
        st.caption(f"Held by {jobs.describe_job(name)}")
        return
    state, status = jobs.state(folder), read_status(folder)
    parts = [f"for {fmt.since(state.since)}"] if state.since else []
    seconds = status.get("seconds_left")
    if state.alive and seconds is not None:
        parts.append(f"{fmt.duration(seconds)} left")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        title = run.title if folder == run.path else f"{run.title}: augmentation study"
        st.page_link(
            frame.PROGRESS, label=title, icon=":material/play_circle:", query_params={"run": run.name},
            help="The run that holds this device.",
        )  # fmt: skip
        st.caption(" · ".join(parts), width="content")


def disk_card() -> None:
    """What the store takes, and what is free; measured after the page is drawn where nobody has measured it."""
    st.markdown("**Disk**")
    st.caption("Runs, added sets and caches")
    if not cache.is_disk_measured(settings.store()):
        st.fragment(_measure_disk, run_every=PAUSE)([True])
        return
    space = cache.disk_space(settings.store())
    st.progress(
        min(space.taken / (space.taken + space.free), 1.0) if space.taken else 0.0,
        text=f"{fmt.byte_size(space.taken)} taken · {fmt.byte_size(space.free)} free",
    )


def _measure_disk(first: list[bool]) -> None:
    """That it is measured; the second call, which is not part of the page's drawing, does so."""
    if first:
        first.clear()
        st.progress(0.0, text="Measuring …")
        return
    cache.disk_space(settings.store())
    st.rerun()


def waits_for(device: str, gpus: int) -> str:
    """The jobs that a run with these `job.device` and `job.gpus` would wait for, as Markdown; "" for none."""
    names, count = candidates(device, gpus)
    wanted = [entry for entry in jobs.devices() if entry.name in names]
    if not wanted or sum(len(entry.holders) < settings.jobs_per_device() for entry in wanted) >= count:
        return ""
    holders = " and ".join(job_text(name) for entry in wanted for name in entry.holders[:1])
    waiting = len(jobs.queue())
    return holders + (f" and {waiting:,} more in the queue" if waiting else "")
