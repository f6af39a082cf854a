"""`python -m gan.jobs DESCRIPTOR`: the scheduler process; `launch.start_scheduler` starts it and passes its lock."""

import logging
import os
import sys

from gan.io import old_views
from gan.jobs import tickets
from gan.jobs.scheduler import run_scheduler

MAX_LOG_BYTES = 1_000_000


def main() -> None:
    """Run the scheduler with the inherited lock, whose descriptor is the first argument."""
    old_views.plant()
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)  # jobs must not hold it
    log = tickets.host_folder() / "queue.log"
    if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
        os.truncate(log, 0)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
    run_scheduler(descriptor)


if __name__ == "__main__":
    main()
