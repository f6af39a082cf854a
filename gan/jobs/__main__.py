"""`python -m gan.jobs DESCRIPTOR`: the queue process. Started by `launch.wake_queue`, which hands its lock over."""

import logging
import os
import sys

from gan.jobs import tickets
from gan.jobs.scheduler import run_scheduler

LONGEST_LOG = 1_000_000  # bytes


def main() -> None:
    """Keep the queue with the lock that was inherited."""
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)  # jobs do not hold it
    log = tickets.jobs_folder() / "queue.log"
    if log.exists() and log.stat().st_size > LONGEST_LOG:
        os.truncate(log, 0)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
    run_scheduler(descriptor)


if __name__ == "__main__":
    main()
