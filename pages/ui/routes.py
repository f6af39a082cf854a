"""The two routes of ours beside Streamlit's: a finished export as a file, and the chart library for `charts.py`.

An export goes out as a file from the disk: a gigabyte costs the server a few megabytes, and a broken download resumes
(Range), which `st.download_button` can do neither of.
"""

import importlib.util
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from gan.errors import RunError
from gan.export import exports
from gan.runs.run import find_run


def routes() -> list[Route]:
    """Our routes, also below the server's base path: Streamlit does not add it to routes that are not its own."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    prefixes = ["", f"/{base}"] if base else [""]
    return [
        route
        for prefix in prefixes
        for route in (
            Route(f"{prefix}/api/runs/{{run}}/exports/{{export}}", send_export),
            Route(f"{prefix}/api/plotly.min.js", send_plotly),
        )
    ]


def export_link(run: str, export_id: str) -> str:
    """The address of a finished export, below the base path where there is one."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"{'/' + base if base else ''}/api/runs/{run}/exports/{export_id}"


async def send_export(request: Request) -> Response:
    """The ZIP of one export; 404 in words where there is no such run or export, or it is not finished."""
    run_name, export_id = request.path_params["run"], request.path_params["export"]
    try:
        file = exports.find_export(find_run(run_name), export_id).file
    except RunError as error:
        return PlainTextResponse(str(error), 404)
    if file is None:
        return PlainTextResponse(f"The export {export_id} of the run {run_name} is not finished.", 404)
    return FileResponse(
        file,
        media_type="application/zip",
        filename=file.name,
        headers={"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"},
    )


async def send_plotly(request: Request) -> Response:
    """The chart library as the installed plotly carries it, so that no browser asks another machine for it."""
    spec = importlib.util.find_spec("plotly")  # found, not imported: importing plotly takes half a second
    assert spec is not None, "plotly is one of our requirements"
    assert spec.origin is not None, "plotly is a package with a file"
    library = Path(spec.origin).parent / "package_data" / "plotly.min.js"
    return FileResponse(library, media_type="text/javascript", headers={"Cache-Control": "public, max-age=86400"})
