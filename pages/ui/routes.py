"""Our two routes beside Streamlit's: a finished export as a file, and the chart library.

An export is sent from the disk, so that a gigabyte takes the server a few megabytes of memory, and a broken download
resumes (HTTP Range). `st.download_button` does neither.
"""

import importlib.util
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from gan.errors import AccessError, DamagedFileError, RunError
from gan.export import exports
from gan.runs.run import find_run


def routes() -> list[Route]:
    """Our routes, with and without the server's base path, which Streamlit adds to its own routes only."""
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
    """The URL path of a finished export, with the base path."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"{'/' + base if base else ''}/api/runs/{run}/exports/{export_id}"


async def send_export(request: Request) -> Response:
    """The ZIP of an export; 404 with the reason where there is none or it is not finished, 403 where
    the visitor may not have it."""
    run_name, export_id = request.path_params["run"], request.path_params["export"]
    try:
        run = find_run(run_name)
        export = exports.find_export(run, export_id)
        exports.require_download(run, export)
        file = export.file
    except AccessError as error:
        return PlainTextResponse(str(error), 403)
    except (RunError, DamagedFileError) as error:
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
    """plotly.min.js of the installed plotly, so that no browser fetches it from another server."""
    spec = importlib.util.find_spec("plotly")  # not imported: that takes half a second
    assert spec is not None, "plotly is one of our requirements"
    assert spec.origin is not None, "plotly is a package with a file"
    library = Path(spec.origin).parent / "package_data" / "plotly.min.js"
    return FileResponse(library, media_type="text/javascript", headers={"Cache-Control": "public, max-age=86400"})
