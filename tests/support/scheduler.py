"""The queue process of the tests: it starts the small job that a folder's `job.json` asks for, if it has one.

Run as `python -m tests.support.scheduler DESCRIPTOR`. Everything but the command is the product's.
"""

from pathlib import Path

from gan.io.json_files import read_json
from gan.jobs import kinds, names

product_command = kinds.job_command


def command(folder: Path) -> list[str]:
    asked, usual = read_json(folder / "job.json"), product_command(folder)
    return ["-m", "tests.support.job_script", names.job_name(folder), *asked["words"]] if asked else usual


if __name__ == "__main__":
    from gan.jobs.__main__ import main

    kinds.job_command = command
    main()
