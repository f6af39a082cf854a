"""What pages import, three seconds of work: a server does it at its start, or its first visitors would wait for it."""

import contextlib
import importlib
import pkgutil
from collections.abc import AsyncIterator

import streamlit as st


@contextlib.asynccontextmanager
async def preloaded(_: st.App) -> AsyncIterator[None]:
    """Import the parts of all pages and what loads a generator, before the server answers; the `lifespan` of the app.

    Not when the app is imported: Streamlit's caches, which are made with a module, need its runtime.
    """
    import pyarrow.json  # noqa: F401  (curves of many points)

    from gan.evaluation.report import study_style  # noqa: F401  (a page's own file imports it)
    from gan.sampling import sampler  # noqa: F401  (torch)
    from pages import ui

    for module in pkgutil.walk_packages(ui.__path__, f"{ui.__name__}."):
        importlib.import_module(module.name)
    yield
