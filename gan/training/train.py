"""`step` is the method, `train` the run: the step in a loop; then, once a tick, metrics, samples and snapshots.

Progress is counted in images seen, so that schedules and snapshots do not depend on the batch size. The step never
waits for the device.

A run on several GPUs is trained by as many processes: `train` is the work of rank 0, which writes all files, and
`follow` that of the others. What they exchange: `ranks.py`.

Letters: N images, m in this rank's part of the batch (on one rank N), C channels, H = W the side, Z latent,
K conditions, M wrong conditions for each image: 1 with mismatched pairs, 0 without. Logits have one dimension more,
before N, where the discriminator has several heads.
"""

import contextlib
import copy
import signal

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from gan.config.run_config import RunConfig
from gan.data import fingerprint, registry
from gan.data.fingerprint import Fingerprint
from gan.data.image_set import ImageSet
from gan.data.info import DatasetInfo
from gan.data.subclasses import condition_width
from gan.io.progress import silent
from gan.io.terminal import show
from gan.jobs.worker import Worker
from gan.models.build import FROZEN_WEIGHTS, build_networks
from gan.runs import events
from gan.runs.data_paths import readable_data
from gan.runs.metrics import STEP_METRICS, MetricsWriter
from gan.runs.run import Run
from gan.training import checkpoint, compilation, start_from
from gan.training.batches import batches
from gan.training.checkpoint import State
from gan.training.clock import Clock, crossed, metrics_row
from gan.training.diffaugment import diffaugment
from gan.training.failures import check_state, explain_memory_errors
from gan.training.held_out import HeldOut
from gan.training.losses import LOSSES, weights_of_logits
from gan.training.mismatched_pairs import with_mismatched
from gan.training.precision import compute_dtype, mixed_precision, normalise
from gan.training.rank_processes import connected_ranks, joined_ranks
from gan.training.ranks import Part, Ranks, synchronise_batch_norm
from gan.training.sample_sheets import SampleSheet, early_sheet_due
from gan.training.snapshot_hooks import SavedSnapshot, SnapshotHooks
from gan.training.training_set import load_training_set


def step(state: State, real: Tensor, condition: Tensor, config: RunConfig) -> None:
    """Update D, then G, then the average, on real images uint8 (m, C, H, H) in [0, 255] and the conditions (N, K) of
    the batch.

    Algorithm 1 of Goodfellow et al. 2014 with one step of D. Real and generated images are separate batches of D, each
    with its own batch statistics (Radford et al. 2016). Adds `STEP_METRICS` to `state.sums`.
    """
    loss, n, ranks = LOSSES[config.loss.name], len(condition), state.ranks
    part = ranks.part(n)
    G, D = state.compiled or (state.generator, state.discriminator)
    set_learning_rate(state, config)
    x = normalise(real)  # (m, C, H, H)
    conditions, weight = with_mismatched(condition, config.loss.mismatched)  # (1 + M, N, K), (M, N)
    z = torch.randn(n, config.model.latent, generator=state.noise, device=real.device) * config.train.noise  # (N, Z)
    z, condition, conditions = part.of(z), part.of(condition), part.of(conditions, 1)  # m of N each

    with mixed_precision(config, real.device):
        G_z = G(z, condition)  # (m, C, H, H)
        D_real = ranks.gather(D(augmented(x, state, config, part), conditions).float(), part)  # (1 + M, N)
        D_G_z1 = ranks.gather(D(augmented(G_z.detach(), state, config, part), condition).float(), part)  # (N,)
    D_x, D_wrong = D_real[:1], D_real[1:]  # (1, N), (M, N)
    loss_d = loss.discriminator(D_x, D_G_z1, D_wrong, weights_of_logits(weight, D_wrong))
    state.optimiser_d.zero_grad(set_to_none=True)
    torch.autograd.backward(loss_d)
    ranks.sum_gradients(state.discriminator)
    state.optimiser_d.step()

    D.requires_grad_(False)  # G's step needs no gradients of D's weights
    with mixed_precision(config, real.device):
        D_G_z2 = ranks.gather(D(augmented(G_z, state, config, part), condition).float(), part)  # (N,), D is updated
    loss_g = loss.generator(D_G_z2)
    state.optimiser_g.zero_grad(set_to_none=True)
    torch.autograd.backward(loss_g)
    ranks.sum_gradients(state.generator)
    state.optimiser_g.step()
    D.requires_grad_(True)
    for weight in state.frozen:
        weight.requires_grad_(False)

    update_average(state, config, n)
    with torch.no_grad():
        scores = [loss.score(logits).mean() for logits in (D_x, D_G_z1, D_G_z2)]
        state.sums += torch.stack([loss_d, loss_g, *scores])
    state.steps += 1
    state.seen += n


def set_learning_rate(state: State, config: RunConfig) -> None:
    """Set the learning rate of the next step: `optim.lr`, falling evenly to 0 in the run's part after
    `optim.decay_from`."""
    left, falling = 1 - state.seen / (config.train.kimg * 1000), 1 - config.optim.decay_from
    share = max(min(left / falling, 1.0), 0.0) if falling else 1.0
    for optimiser in (state.optimiser_g, state.optimiser_d):
        for group in optimiser.param_groups:
            group["lr"] = config.optim.lr * share


def augmented(images: Tensor, state: State, config: RunConfig, part: Part) -> Tensor:
    """Images (m, C, H, H) as D sees them: augmented where `train.augment` is on, else unchanged."""
    return diffaugment(images, state.noise, part) if config.train.augment else images


@torch.no_grad()
def update_average(state: State, config: RunConfig, n: int) -> None:
    """Update the exponential moving average of the generator's weights, after a step on `n` images.

    Its half-life is `optim.ema_kimg`, at most a twentieth of the images seen so far: the ramp-up of Karras et al. 2022
    (EDM, arXiv:2206.00364), so that the initial weights do not linger.
    """
    half_life = min(config.optim.ema_kimg * 1000, 0.05 * (state.seen + n))
    decay = 0.5 ** (n / half_life)
    move = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    move(list(state.average.parameters()), list(state.generator.parameters()), 0)  # the number is unused
    for mean, now in zip(state.average.buffers(), state.generator.buffers(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(now, 1 - decay)
        else:
            mean.copy_(now)


def train(
    run: Run,
    worker: Worker,
    image_set: ImageSet | None = None,
    hooks: SnapshotHooks = SnapshotHooks(),
) -> None:
    """Train a run from its newest snapshot, or from the start, until it has seen `run.total` images or is stopped.

    Args:
        image_set: the images to train on, by default those that the config names; for runs on one GPU.
        hooks: what is asked and told about snapshots, such as which must not be deleted.

    Raises DataError where the images cannot be read, RunError where they are not those of the run's snapshots, and
    TrainingError where a loss or a weight is not finite, or memory runs out.
    """
    config = run.config
    if image_set is None:
        image_set = registry.load_image_set(readable_data(run), worker.progress)
    if run.snapshots():
        fingerprint.check_unchanged(run.path, image_set)
    elif warning := start_from.check_unseen(run, image_set):
        show(warning)
    training_set, info = load_training_set(run, image_set, worker.progress)
    learned = training_set.split == "train"
    if run.snapshots():
        fingerprint.check_learned(run.path, learned)
    else:
        Fingerprint.of(image_set, learned).save(run.path)
    info.save(run.path)
    for notice in (*image_set.notices, *([info.pseudo_labelled.sentence()] if info.pseudo_labelled else [])):
        show(notice)

    with connected_ranks(run, worker) as (ranks, device):  # the job sees no other GPUs than its own
        set_threads(config, device, ranks)
        with explain_memory_errors(run, info):
            state = initial_state(config, info, device)
            checkpoint.restore(run, state)
        if config.train.start_from and not state.seen:
            show(start_from.load_parent(run, state, info))
        synchronise(state, ranks)
        events.record_resumption(run, state.seen)
        show(describe(config, training_set, info, state, device))
        blank = blank_batch(config, info, device)
        compilation.compile_networks(run, worker, state, lambda: step(state, *blank, config))
        with (
            contextlib.closing(MetricsWriter(run.path / "metrics.jsonl", state.seen)) as writer,
            explain_memory_errors(run, info),
        ):
            loop(run, worker, state, training_set, info, writer, hooks)


def follow(run: Run) -> None:
    """Train a run as another rank than 0, until rank 0 stops. Writes no file; an error ends the process."""
    config = run.config
    with joined_ranks(run) as (ranks, device):
        set_threads(config, device, ranks)
        image_set = registry.load_image_set(readable_data(run))
        fingerprint.check_unchanged(run.path, image_set)
        training_set, info = load_training_set(run, image_set, silent, recorded=True)
        state = initial_state(config, info, device)
        synchronise(state, ranks)
        with explain_memory_errors(run, info):
            if state.seen >= run.total:
                return
            for real, condition in batches(training_set, config, device, state.seen, restore_signals, ranks):
                step(state, real, condition, config)
                if ranks.agree(False) or state.seen >= run.total:
                    return


def set_threads(config: RunConfig, device: torch.device, ranks: Ranks) -> None:
    """Set the CPU threads of this process: those of the config, else a share of all for ranks that share the CPU."""
    if config.job.threads:
        torch.set_num_threads(config.job.threads)
    elif ranks.count > 1 and device.type == "cpu":
        torch.set_num_threads(max(1, torch.get_num_threads() // ranks.count))


def synchronise(state: State, ranks: Ranks) -> None:
    """Give every rank the state of rank 0, and batch norm over all ranks."""
    state.ranks = ranks
    if ranks.count == 1:
        return
    checkpoint.load_bytes(ranks.from_first(checkpoint.to_bytes(state) if ranks.rank == 0 else None), state)
    for network in (state.generator, state.discriminator):
        synchronise_batch_norm(network, state.sums.device)


def restore_signals() -> None:
    """In a loading worker of a rank that ignores signals: let SIGTERM end it. Ctrl-C reaches the whole group."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def loop(
    run: Run,
    worker: Worker,
    state: State,
    image_set: ImageSet,
    info: DatasetInfo,
    writer: MetricsWriter,
    hooks: SnapshotHooks = SnapshotHooks(),
) -> None:
    """Train until the run has seen `run.total` images or is stopped; the arguments are those of `train`."""
    config, device = run.config, state.sums.device
    log_interval, snapshot_interval = config.train.log_kimg * 1000, config.train.snapshot_kimg * 1000
    sample_sheet, held_out = SampleSheet(config, info), HeldOut(image_set, config, device)
    if state.seen == 0:
        sample_sheet.write(state, run)
    if state.seen >= run.total:  # its process ended after the last snapshot, before it could say so
        return
    clock = Clock(state.seconds, state.seen)
    for real, condition in batches(image_set, config, device, state.seen, worker.leave_in_child, state.ranks):
        before = state.seen
        step(state, real, condition, config)

        # Below: once a tick.
        finished = state.seen >= run.total
        log = finished or crossed(before, state.seen, log_interval)
        save = finished or crossed(before, state.seen, snapshot_interval)
        sheet = early_sheet_due(before, state.seen)
        due = log or save or sheet or clock.due()
        reason = hooks.reason_to_end(run) if save and not finished else ""
        stopped = state.ranks.agree(bool(reason) or (due and not finished and worker.should_stop()))
        if not due:
            continue
        state.seconds = clock.seconds()
        if log:
            writer.append(row := metrics_row(state, clock, config) | held_out.measure(state))
            show("  ".join(f"{name} {value:,.6g}" for name, value in row.items()))
        if save or stopped or sheet:
            check_state(state, config)
            sample_sheet.write(state, run)
        if save or stopped:
            writer.flush()
            checkpoint.save(run, state, hooks.best(run))
            cores = clock.cores() * state.ranks.count
            hooks.saved(run, SavedSnapshot(state.seen, state.seconds, device.type, cores, last=finished or stopped))
        rate = clock.mean_rate(state.seen)
        left = max(run.total - state.seen, 0) / rate
        worker.report("training", state.seen, run.total, images_per_second=clock.rate or rate, seconds_left=left)
        if reason:
            worker.mark_ended_early(reason)
        elif stopped:
            worker.mark_stopped()
        if finished or stopped:
            return


def initial_state(config: RunConfig, info: DatasetInfo, device: torch.device) -> State:
    """New networks, optimisers and noise, all from the run's seed."""
    torch.manual_seed(config.train.seed)
    generator, discriminator = (
        network.to(device).to(memory_format=torch.channels_last) for network in build_networks(config.model, info)
    )
    frozen = start_from.freeze_levels(discriminator, config.train.freeze_d)
    betas, fused = (config.optim.beta1, config.optim.beta2), device.type in ("cuda", "cpu")
    return State(
        generator=generator,
        discriminator=discriminator,
        average=copy.deepcopy(generator).eval().requires_grad_(False),
        optimiser_g=torch.optim.Adam(generator.parameters(), config.optim.lr, betas, fused=fused),
        optimiser_d=torch.optim.Adam(discriminator.parameters(), config.optim.lr, betas, fused=fused),
        noise=torch.Generator(device).manual_seed(config.train.seed),
        sums=torch.zeros(len(STEP_METRICS), device=device),
        frozen=tuple(frozen),
        features=FROZEN_WEIGHTS.get(config.model.family, ""),
    )


def blank_batch(config: RunConfig, info: DatasetInfo, device: torch.device) -> tuple[Tensor, Tensor]:
    """Black images uint8 (N, C, H, H) and zero conditions (N, K), in the shape of a training batch."""
    side, n = info.image_size, config.train.batch
    images = torch.zeros(n, info.channels, side, side, dtype=torch.uint8, device=device)
    return images, torch.zeros(n, condition_width(len(info.names), config.model.subclasses), device=device)


def describe(config: RunConfig, image_set: ImageSet, info: DatasetInfo, state: State, device: torch.device) -> str:
    """One line for the log: the images, the networks and the device."""
    weights = sum(p.numel() for p in (*state.generator.parameters(), *state.discriminator.parameters()))
    dtype = str(compute_dtype(config, device)).removeprefix("torch.")
    begin = f"from {state.seen:,} images on" if state.seen else "from the start"
    return (
        f"{image_set.title}: {len(image_set.rows('train')):,} training images, {len(info.names)} conditions; "
        f"{weights / 1e6:.1f} M weights on {device.type} in {dtype}, {torch.get_num_threads()} CPU threads; {begin}."
    )
