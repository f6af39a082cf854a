"""The scheduler of the tests, `python -m tests.support.scheduler DESCRIPTOR`: the product's, but for a job's command.

A folder with a `job.json` runs `job_script.py` with the arguments in it.
"""

from pathlib import Path

from gan.io.json_files import read_json
from gan.jobs import kinds, names

product_command = kinds.job_command


def job_command(folder: Path) -> list[str]:
    job, command = read_json(folder / "job.json"), product_command(folder)
    return ["-m", "tests.support.job_script", names.job_name(folder), *job["words"]] if job else command


if __name__ == "__main__":
    from gan.jobs.__main__ import main

    kinds.job_command = job_command
    main()
