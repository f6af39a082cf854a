"""Beside the form: real images of the chosen set, what the run will take, what stands against it, and Start."""

import shlex

import streamlit as st

from gan import jobs
from gan.config import options, settings
from gan.config.presets import PRESETS
from gan.config.run_config import RunConfig
from gan.data import registry
from gan.errors import DataError
from gan.jobs import device_list
from gan.runs import lifecycle
from gan.training import preflight
from gan.training.estimate import Estimate, estimate
from pages.ui import cache_torch, fmt, frame, tiles
from pages.ui.data import upload

SHOW = {"error": st.error, "warning": st.warning, "note": st.info}
SHOWN = 36
BATCH_SHOWN = 64
TILE = 64
BATCH = "The images that the discriminator sees in its first step, by this seed. Balanced classes are so here too."
TIME = "By the speed of the latest run here with networks and images like these. Not known before there was one."


def start_panel(config: RunConfig) -> None:
    """Everything that belongs before Start, and Start."""
    if config.data.name == "folder" and not config.data.path:
        st.info("Choose one of your sets in the list above, or add your images first, as a ZIP.")
        upload.upload_button("Add your images", "primary")
        return
    guess = estimate(config)
    found = preflight.find_problems(config, guess)
    start_button(config, blocked=any(problem.level == "error" for problem in found))
    for problem in found:
        SHOW[problem.level](problem.text)
    real_images_preview(config)
    estimate_figures(guess)
    train_command(config)


def start_button(config: RunConfig, blocked: bool) -> None:
    """Make the run, hand it to the queue and show its progress."""
    name = st.text_input(
        "Name", key="run name", placeholder="made from the data and the time", help="Small letters, digits, - and _."
    )
    if st.button("Start training", type="primary", icon=":material/play_arrow:", disabled=blocked, width="stretch"):
        run = lifecycle.create_run(config, name.strip() or None)
        lifecycle.submit_run(run)
        st.switch_page(frame.PROGRESS, query_params={"run": run.name})
    behind = queue_text(config.job.device)
    if behind and not blocked:
        st.caption(f":material/hourglass_empty: It will wait for {behind}, and then start by itself.")


def queue_text(asked: str) -> str:
    """What a run started now would wait for, in words; empty where it starts at once."""
    wanted = [device for device in jobs.devices() if device.name in device_list.matching_devices(asked)]
    if not wanted or any(len(device.holders) < settings.jobs_per_device() for device in wanted):
        return ""
    holders = " and ".join(name for device in wanted for name in device.holders[:1])
    ahead = len(jobs.queue())
    return fmt.escape_markdown(holders) + (f" and {ahead:,} that wait already" if ahead else "")


def real_images_preview(config: RunConfig) -> None:
    """What the generator is to learn: real images as the networks see them, a choice of them or the first batch."""
    try:
        shown, _ = registry.preview(config.data, SHOWN)
    except DataError:  # said among the problems, or in the note that the set is still to be fetched
        st.caption("Real images appear here once the set is on this machine.")
        return
    with st.container(border=True):
        st.markdown(f"**Real images** at {config.data.image_size} px, as the networks see them")
        batch = None
        if registry.cached_image_set(config.data) is not None and st.toggle(
            "The first batch, exactly", key="first batch", help=BATCH
        ):
            batch = cache_torch.first_batch(options.config_to_json(config), BATCH_SHOWN)
        if batch is None:
            tiles.draw_tiles(shown, "Real image of the chosen set", tile=TILE)
            return
        rest = config.train.batch - len(batch.images)
        st.caption("In the order in which training begins." + (f" {rest:,} more are not shown." if rest else ""))
        tiles.draw_tiles(batch.images, "Real image of the first batch", tile=TILE)


def estimate_figures(guess: Estimate) -> None:
    """How long, how much memory and disk; what is not known yet is left out."""
    left, middle, right = st.columns(3)
    left.metric("Time", fmt.duration(guess.seconds) if guess.seconds else "—", help=TIME)
    middle.metric("Memory", fmt.byte_size(guess.memory) if guess.memory else "—", help="On the device, at most, about.")
    right.metric("Disk", fmt.byte_size(guess.disk) if guess.disk else "—", help="What the finished run takes, about.")
    if guess.per_condition:
        fewest, most = min(guess.per_condition.values()), max(guess.per_condition.values())
        each = f"{fewest:,} to {most:,}" if fewest < most else f"{fewest:,}"
        st.caption(
            f"{fmt.images(guess.images or 0)} to train on: {each} of each of the "
            f"{len(guess.per_condition)} classes or attributes."
        )


def train_command(config: RunConfig) -> None:
    """The command line that starts the same run."""
    st.caption("The same from a terminal")
    st.code(shlex.join(["python", "-m", "gan", "train", *train_arguments(config)]), language="bash", wrap_lines=True)


def train_arguments(config: RunConfig) -> list[str]:
    """The nearest preset for the same data set, where there is one, and what differs from it or from the defaults."""
    starts = {
        ("--preset", name): one.config for name, one in PRESETS.items() if one.config.data.name == config.data.name
    }
    found = [[*start, *options.to_arguments(config, base)] for start, base in starts.items()]
    return min(found, key=len) if found else options.to_arguments(config, RunConfig())
