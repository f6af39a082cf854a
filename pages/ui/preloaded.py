"""What most pages import, a second of work: a server does it when it starts, or its first visitor would wait for it."""

import pandas  # noqa: F401

from gan.data.ingest import staging  # noqa: F401
from gan.evaluation import job  # noqa: F401
from gan.monitoring import comparison_page, run_table, run_verdict  # noqa: F401
