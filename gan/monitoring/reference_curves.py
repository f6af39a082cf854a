"""Curves of real runs, good and bad, kept with the program: the rules of `diagnosis.py` are tested on them, and the
explanations draw them. No torch.

A recording is a file of `gan/monitoring/curves/`: one line of what it is and how it was made, then rows as a run's
metrics file has them, thinned. `python -m docs.record_curves` makes them.
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
    """What it shows, in a few words."""
    setup: str
    """How it was made, in words."""
    options: Mapping[str, Any]
    """The options of its config by dotted path, where they differ from the defaults."""
    diversity: Mapping[int, float]
    """Spread of its sample pictures by images seen (`spread.py`)."""
    real_diversity: float
    end: str
    """The kind of its end, such as "nan"; empty where it ended well."""
    rows: tuple[dict[str, Any], ...]

    def observations(self) -> Observations:
        """What the rules have to go by."""
        return observations_from_rows(
            self.rows,
            options.build_config(self.options),
            diversity=self.diversity,
            real_diversity=self.real_diversity,
            end=self.end,
        )

    def save(self) -> None:
        """Write the recording into the program's folder."""
        about = {key: value for key, value in vars(self).items() if key not in ("key", "rows")}
        lines = [about | {"diversity": {str(seen): value for seen, value in self.diversity.items()}}, *self.rows]
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{self.key}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def load_recording(key: str) -> Recording:
    """The recording of that name; raises RunError that lists them where there is none."""
    if key not in recording_names():
        raise RunError(f"There is no recording {key}: it takes one of {', '.join(recording_names())}.")
    about, *rows = (json.loads(line) for line in (FOLDER / f"{key}.jsonl").read_text().strip().split("\n"))
    spread = {int(seen): value for seen, value in about.pop("diversity").items()}
    return Recording(key=key, diversity=spread, rows=tuple(rows), **about)


def recording_names() -> list[str]:
    """The names of all recordings."""
    return sorted(path.stem for path in FOLDER.glob("*.jsonl"))
