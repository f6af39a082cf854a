"""The engines that can be asked for jobs of other machines, by name."""

from gan.jobs.engine import Engine
from gan.jobs.slurm.engine import SlurmEngine

SLURM = SlurmEngine()
ENGINES: dict[str, Engine] = {"slurm": SLURM}


def find_engine(name: str) -> Engine | None:
    """The engine of that name; None for "local", whose jobs have locks and processes on their own machine."""
    return ENGINES.get(name)
