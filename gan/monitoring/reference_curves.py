"""Recorded curves of good and bad runs: the rules are tested on them, and the explanations page draws them. No torch.

A recording is a file in `gan/monitoring/curves/`: a header line, then the rows of a run's metrics file, thinned.
`python -m docs.record_curves` records them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan.config import options
from gan.errors import RunError
from gan.monitoring.observations import Observations, observations_from_rows

FOLDER = Path(__file__).with_name("curves")


@dataclass(frozen=True)
class Recording:
    """One recorded run."""

    key: str
    title: str
    """A few words, such as "Memorising"."""
    setup: str
    """How the run was set up."""
    options: Mapping[str, Any]
    """Options that differ from the defaults, by dotted path."""
    diversity: Mapping[int, float]
    """Pixel diversity of the sample sheets by images seen (`sample_diversity.py`)."""
    real_diversity: float
    end: str
    """Cause of its failure, such as "nan"; "" where it finished."""
    rows: tuple[dict[str, Any], ...]

    def observations(self) -> Observations:
        """The observations of this run, for the rules."""
        return observations_from_rows(
            self.rows,
            options.build_config(self.options),
            diversity=self.diversity,
            real_diversity=self.real_diversity,
            end=self.end,
        )

    def save(self) -> None:
        """Write the recording to its file in `curves/`."""
        about = {key: value for key, value in vars(self).items() if key not in ("key", "rows")}
        lines = [about | {"diversity": {str(seen): value for seen, value in self.diversity.items()}}, *self.rows]
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{self.key}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def load_recording(key: str) -> Recording:
    """The recording of this name. Raises RunError, which lists the names, where there is none."""
    if key not in recording_names():
        raise RunError(f"There is no recording {key}: it takes one of {', '.join(recording_names())}.")
    about, *rows = (json.loads(line) for line in (FOLDER / f"{key}.jsonl").read_text().strip().split("\n"))
    spread = {int(seen): value for seen, value in about.pop("diversity").items()}
    return Recording(key=key, diversity=spread, rows=tuple(rows), **about)


def recording_names() -> list[str]:
    """The names of all recordings."""
    return sorted(path.stem for path in FOLDER.glob("*.jsonl"))
