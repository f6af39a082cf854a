"""Beside the form: Start, problems, real images, and the estimated time, memory and disk."""

import shlex
from dataclasses import replace

import streamlit as st

from gan.access.permissions import Action
from gan.config import names, options
from gan.config.presets import PRESETS
from gan.config.run_config import RunConfig
from gan.data import registry
from gan.errors import DataError
from gan.io.markdown_text import escape_message
from gan.runs import lifecycle, notes, sweeps
from gan.training import preflight
from gan.training.estimate import Estimate
from pages.ui import cache_torch, fmt, frame, tiles
from pages.ui.access.allowed import explained
from pages.ui.data import upload
from pages.ui.frame import errors_shown
from pages.ui.runs import device_list

BOXES = {"error": st.error, "warning": st.warning, "note": st.info}
PREVIEW_IMAGES, BATCH_IMAGES = 36, 64
TILE = 64  # px
SEED_COUNTS = (1, 3, 5)
REPEATS = "repeat seeds"  # key of the session state: how many of them were chosen
BATCH_HELP = "The images of the first training step with this seed. Balanced classes are balanced here too."
TIME_HELP = "From the speed of this machine: of its latest run with networks and images like these, or measured."


def start_panel(config: RunConfig, estimated: Estimate) -> None:
    """Start with what stands against it, then the preview, the estimate and the command."""
    if config.data.name == "folder" and not config.data.path:
        st.info("Choose one of your sets in the list above, or add your images first, as a ZIP.")
        upload.upload_button("Add your images", "primary")
        return
    count = st.session_state.get(REPEATS, SEED_COUNTS[0])
    estimated = of_several(estimated, count)
    problems = preflight.find_problems(config, estimated)
    blocked = next((problem.text for problem in problems if problem.level == "error"), "")
    start_button(config, blocked, advised=all(problem.key != "too-few-per-class" for problem in problems))
    for problem in problems:
        BOXES[problem.level](escape_message(problem.text))
    real_images_preview(config)
    estimate_figures(estimated, count)
    train_command(config, count)


def of_several(estimated: Estimate, count: int) -> Estimate:
    """The estimate of so many runs one after another: their time and disk together."""
    seconds = None if estimated.seconds is None else count * estimated.seconds
    return replace(estimated, seconds=seconds, disk=None if estimated.disk is None else count * estimated.disk)


def start_button(config: RunConfig, blocked: str, advised: bool) -> None:
    """Name and Start: creates the run, submits it and opens its progress. `blocked` says why that is not possible.

    Where training is not `advised`, the button does not stand out.
    """
    name = st.text_input(
        "Name", key="run name", placeholder="from the data and the time", max_chars=notes.MAX_TITLE,
        help="In any words. The folder of the run gets a name made from them.",
    ).strip()  # fmt: skip
    repeats = st.segmented_control(
        "Repeat with seeds",
        SEED_COUNTS,
        default=SEED_COUNTS[0],
        key=REPEATS,
        required=True,
        help="How many runs to train that differ by their seed only. Compare then shows the mean and the spread of "
        "their scores: what a paper reports, and how much is chance.",
    )
    if st.button(
        "Start training", type="primary" if advised else "secondary", icon=":material/play_arrow:",
        width="stretch", **explained(Action.START_RUN, disabled=bool(blocked), help=escape_message(blocked) or None),
    ):  # fmt: skip
        if repeats != 1:
            start_with_seeds(config, name, repeats)
        run = lifecycle.start_run(config, title=name)
        st.switch_page(frame.PROGRESS, query_params={"run": run.name})
    if config.job.engine == "slurm":
        batch_script(config, names.name_from_title(name) or None)
        return
    behind = device_list.waits_for(config.job.device, config.job.gpus)
    if behind and not blocked:
        st.caption(f":material/hourglass_empty: It will wait for {behind}, and then start by itself.")


def start_with_seeds(config: RunConfig, title: str, count: int) -> None:
    """Start a sweep over seeds, whose runs have the title where it is no name, and open its comparison."""
    sweep = names.name_from_title(title) or sweeps.free_name(config)
    planned = sweeps.plan_sweep(sweep, config, sweeps.seeds(config, count))
    sweeps.start_sweep(sweep, planned, title if title != sweep else "")
    st.switch_page(frame.COMPARE, query_params={"sweep": sweep})


def batch_script(config: RunConfig, name: str | None) -> None:
    """The script that Start sends to Slurm."""
    with errors_shown(), st.expander("Batch script", icon=":material/terminal:"):
        st.caption("Start sends this to Slurm. Whoever runs this server chooses its settings (GAN_SLURM_...).")
        with st.container(key="batch-script"):
            st.code(lifecycle.preview_script(config, name), language="bash")


def real_images_preview(config: RunConfig) -> None:
    """Real images as the networks see them: an even choice, or the first batch."""
    try:
        images, _ = registry.preview(config.data, PREVIEW_IMAGES)
    except DataError:  # a problem or a note above says so
        st.caption("Real images appear here once the set is on this machine.")
        return
    with st.container(border=True):
        st.markdown(f"**Real images** at {config.data.image_size} px, as the networks see them")
        batch = None
        known = registry.cached_image_set(config.data) is not None and not config.data.pseudo_labels
        if known and st.toggle("The first batch, exactly", key="first batch", help=BATCH_HELP):
            batch = cache_torch.first_batch(options.config_to_json(config), BATCH_IMAGES)
        if batch is None:
            tiles.draw_tiles(images, "Real image of the chosen set", tile=TILE)
            return
        rest = config.train.batch - len(batch.images)
        st.caption("In the order in which training begins." + (f" {rest:,} more are not shown." if rest else ""))
        tiles.draw_tiles(batch.images, "Real image of the first batch", tile=TILE)


def estimate_figures(estimated: Estimate, count: int) -> None:
    """Time, memory and disk of `count` runs, as far as they are known before images are read and speed is measured."""
    left, middle, right = st.columns(3)
    left.metric("Time", fmt.duration(estimated.seconds) if estimated.seconds else "not measured", help=TIME_HELP)
    middle.metric(
        "Memory",
        fmt.byte_size(estimated.memory) if estimated.memory else "not known",
        help="Peak memory on the device, estimated; of several GPUs on each.",
    )
    right.metric(
        "Disk",
        fmt.byte_size(estimated.disk) if estimated.disk else "not known",
        help="Size of the finished run, estimated.",
    )
    if count > 1:
        st.caption(f"Time and disk are those of {count} runs, one after another.")
    if estimated.scoring:
        st.caption(f"Scores of the snapshots: {estimated.scoring}")
    if estimated.per_condition:
        fewest, most = min(estimated.per_condition.values()), max(estimated.per_condition.values())
        each = f"{fewest:,} to {most:,}" if fewest < most else f"{fewest:,}"
        unlabelled = f" {estimated.unlabelled:,} without a label, and" if estimated.unlabelled else ""
        st.caption(
            f"{fmt.images(estimated.images or 0)} to train on:{unlabelled} {each} of each of the "
            f"{len(estimated.per_condition)} conditions."
        )


def train_command(config: RunConfig, count: int) -> None:
    """The shell command that starts the same run, or the same with so many seeds."""
    st.caption("The same from a terminal")
    command = ["train" if config.job.engine == "local" else "submit"]
    if count > 1:
        seeds = ",".join(variation[sweeps.SEED] for variation in sweeps.seeds(config, count))
        command = ["sweep", sweeps.free_name(config), "--grid", f"{sweeps.SEED}={seeds}"]
    st.code(shlex.join(["python", "-m", "gan", *command, *train_arguments(config)]), language="bash", wrap_lines=True)


def train_arguments(config: RunConfig) -> list[str]:
    """The shortest arguments that give this config: the options that differ from the nearest preset or the defaults."""
    starts = {
        ("--preset", name): preset.config
        for name, preset in PRESETS.items()
        if preset.config.data.name == config.data.name
    }
    found = [[*start, *options.to_arguments(config, base)] for start, base in starts.items()]
    return min(found, key=len) if found else options.to_arguments(config, RunConfig())
