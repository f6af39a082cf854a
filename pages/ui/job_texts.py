"""Jobs in sentences of a page, as Markdown, where a run is called by its title."""

import contextlib

from gan import jobs
from gan.errors import RunError
from gan.io.markdown_text import escape_markdown
from gan.runs.run import find_run


def job_text(name: str) -> str:
    """`the run Skin lesions`, `the study of Skin lesions`; as `jobs.describe_job` for a job of no run."""
    return with_title(jobs.describe_job(name), name)


def wait_text(state: jobs.State) -> str:
    """As `jobs.describe_wait`."""
    return with_title(jobs.describe_wait(state), state.blocked_by or "")


def with_title(text: str, job: str) -> str:
    """A text that ends with the name of a job's run, with the run's title instead."""
    name = jobs.run_name(job) if job else ""
    with contextlib.suppress(RunError):  # a job of no run, or one whose run was removed while it ends
        text = f"{text.removesuffix(name)}{find_run(name).title}" if name and text.endswith(name) else text
    return escape_markdown(text)
