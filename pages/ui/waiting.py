"""Progress of work that a page waits for: shown, with the time left, only where it takes longer than half a second.

What takes longer than some seconds is a task of its own (`tasks.py`).
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from pages.ui import fmt

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

QUICK = 0.5  # seconds


def bar(place: "DeltaGenerator", label: str) -> Callable[[float], None]:
    """What to tell the share that is done, 0 to 1; draws into `place`, and takes itself away at the end."""
    began = time.monotonic()

    def show(done: float) -> None:
        taken = time.monotonic() - began
        if done >= 1:
            place.empty()
        elif taken > QUICK:
            left = f" · {fmt.duration(taken * (1 - done) / done)} left" if done > 0 else ""
            place.progress(done, text=f"{label}{left}")

    return show
