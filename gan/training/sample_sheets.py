"""Sample sheets: the averaged generator's images of the same noise, one for each snapshot and a few early ones.

A row has one z, a column one condition, so that sheets over time show the same images change.

Letters: R rows, M columns, Z latent, K conditions.
"""

import numpy as np
import torch

from gan.config.run_config import RunConfig
from gan.data.info import DatasetInfo
from gan.io.atomic import replacing, write_json
from gan.io.contact_sheet import make_grid
from gan.io.png import encode_picture
from gan.io.synthetic_mark import MARK
from gan.runs.run import Run
from gan.sampling.conditions import representative_conditions
from gan.sampling.latents import generate_images, sample_noise
from gan.sampling.subclass_sampling import network_conditions
from gan.training.checkpoint import State

ROWS = 8
MAX_COLUMNS = 10
EARLY = (1000, 2000, 4000, 8000)
"""Images seen at which there is a sheet beside those of the snapshots: a run shows soon whether it learns."""


def early_sheet_due(before: int, now: int) -> bool:
    """Whether one of `EARLY` lies in (before, now], images seen before and after a step."""
    return any(before < moment <= now for moment in EARLY)


class SampleSheet:
    """The noise and conditions of a run's sample sheets."""

    def __init__(self, config: RunConfig, info: DatasetInfo):
        seed, latent = config.train.seed, config.model.latent
        columns, self._labels = representative_conditions(info, MAX_COLUMNS)  # (M, K)
        self._z = sample_noise(seed, range(ROWS), latent).repeat_interleave(len(columns), dim=0)  # (R * M, Z)
        positions = np.arange(ROWS).repeat(len(columns)).tolist()
        self._conditions = torch.from_numpy(network_conditions(info, np.tile(columns, (ROWS, 1)), seed, positions))
        self._columns, self._native_size = len(columns), info.native_size

    def write(self, state: State, run: Run) -> None:
        """Write the run's sample sheet of this state, and columns.json with the columns' labels where it is missing."""
        device = state.sums.device
        z, conditions = self._z.to(device), self._conditions.to(device)
        images = generate_images(state.average, z, conditions, self._native_size)  # (R * M, C, native, native)
        with replacing(run.sample_sheet(state.seen)) as temporary:
            temporary.write_bytes(encode_picture(make_grid(images, self._columns), MARK))
        columns = run.path / "samples" / "columns.json"
        if not columns.exists():
            write_json(columns, {"labels": self._labels, "rows": ROWS})
