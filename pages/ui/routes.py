"""Our routes beside Streamlit's: a finished export or generator as a file, and the chart library.

An export is sent from the disk, so that a gigabyte takes the server a few megabytes of memory, and a broken download
resumes (HTTP Range). `st.download_button` does neither.
"""

import functools
import hashlib
import importlib.util
from collections.abc import Callable
from pathlib import Path

import streamlit as st
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from gan.access import audit
from gan.errors import AccessError, DamagedFileError, RunError
from gan.export import exports, generator_files
from gan.io.atomic import FileVersion, file_version
from gan.runs.run import Run, find_run
from pages.ui.access import download_links

FILE_HEADERS = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
"""Of a file: nothing in it runs, whatever a browser takes it for."""
LIBRARY_HEADERS = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}


def routes() -> list[Route]:
    """Our routes, with and without the server's base path, which Streamlit adds to its own routes only."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    prefixes = ["", f"/{base}"] if base else [""]
    return [
        route
        for prefix in prefixes
        for route in (
            Route(f"{prefix}/api/runs/{{run}}/exports/{{export}}", send_export),
            Route(f"{prefix}/api/runs/{{run}}/generators/{{format}}", send_generator),
            Route(f"{prefix}/api/plotly.min.js", send_plotly),
        )
    ]


def export_link(run: str, export_id: str) -> str:
    """The URL of a finished export, with the base path, for the current person (`download_links`)."""
    return _signed_link(_export_path(run, export_id))


def generator_link(run: str, format: str) -> str:
    """The URL of a written generator, as `export_link`."""
    return _signed_link(_generator_path(run, format))


def _signed_link(path: str) -> str:
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"{'/' + base if base else ''}{path}{download_links.signature(path)}"


def _export_path(run: str, export_id: str) -> str:
    return f"/api/runs/{run}/exports/{export_id}"


def _generator_path(run: str, format: str) -> str:
    return f"/api/runs/{run}/generators/{format}"


async def send_export(request: Request) -> Response:
    """The ZIP of an export; 404 with the reason where there is none or it is not finished, 403 where the visitor may
    not have it, or the link has expired."""
    export_id = request.path_params["export"]
    return await _send_zip(
        request, _export_path(request.path_params["run"], export_id), _export_file, export_id, "export"
    )


async def send_generator(request: Request) -> Response:
    """The ZIP of a generator; 404 and 403 as in `send_export`."""
    format = request.path_params["format"]
    return await _send_zip(
        request, _generator_path(request.path_params["run"], format), _generator_file, format, "generator"
    )


def _export_file(run: Run, export_id: str) -> Path | None:
    export = exports.find_export(run, export_id)
    exports.require_download(run, export)
    return export.file


def _generator_file(run: Run, format: str) -> Path | None:
    generator = generator_files.find_generator_file(run, format)
    generator_files.require_download(run, generator)
    return generator.file


async def _send_zip(
    request: Request, path: str, find_file: Callable[[Run, str], Path | None], identifier: str, kind: str
) -> Response:
    """The file that `find_file` gives for an identifier, None where it is not finished; its link has `path`."""
    name = request.path_params["run"]
    try:
        run = find_run(name)
        download_links.check(path, request.query_params.get(download_links.PARAMETER, ""))
        file = find_file(run, identifier)
    except AccessError as error:
        return PlainTextResponse(str(error), 403)
    except (RunError, DamagedFileError) as error:
        return PlainTextResponse(str(error), 404)
    if file is None:
        return PlainTextResponse(f"The {kind} {identifier} of the run {name} is not finished.", 404)
    if audit.is_on() and request.headers.get("range", "bytes=0-").startswith("bytes=0-"):
        await to_thread.run_sync(_record_download, name, f"{kind} {identifier}", file)
    return FileResponse(file, media_type="application/zip", filename=file.name, headers=FILE_HEADERS)


def _record_download(run: str, what: str, file: Path) -> None:
    """Note who got which file in the audit log; a download that is resumed is not noted again."""
    digest = _file_sha256(file, file_version(file))
    audit.record("downloaded", f"run {run}", detail=f"{what}, SHA-256 {digest}")


@functools.lru_cache(maxsize=256)
def _file_sha256(file: Path, version: FileVersion) -> str:
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


async def send_plotly(request: Request) -> Response:
    """plotly.min.js of the installed plotly, so that no browser fetches it from another server."""
    spec = importlib.util.find_spec("plotly")  # not imported: that takes half a second
    assert spec is not None, "plotly is one of our requirements"
    assert spec.origin is not None, "plotly is a package with a file"
    library = Path(spec.origin).parent / "package_data" / "plotly.min.js"
    return FileResponse(library, media_type="text/javascript", headers=LIBRARY_HEADERS)
