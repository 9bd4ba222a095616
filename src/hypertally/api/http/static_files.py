"""The page and its static files, and what a client that is no browser finds at the root."""

import mimetypes
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response as StarletteResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from hypertally.api.http.limits import COMPRESSED_BYTES_MIN
from hypertally.api.http.openapi_docs import describe

router = APIRouter(include_in_schema=False)

FRESH: Final = "no-cache"  # asked again each time, answered 304: an upgrade is seen at once

# The types of the platform's registry differ; browsers refuse modules of any other type.
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/javascript", ".mjs")


class PageFiles(StaticFiles):
    """Static files that are checked for a newer version each time they are used."""

    async def get_response(self, path: str, scope: Scope) -> StarletteResponse:
        """Return the file; only its freshness is ours."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = FRESH
        return response


@router.get("/")
async def get_root(request: Request) -> Response:
    """Return the page to a browser, and the names of the doors to anything else."""
    ui_dir: Path | None = request.app.state.options.ui_dir
    page = ui_dir / "index.html" if ui_dir else None
    headers = {"Cache-Control": FRESH, "Vary": "Accept"}
    if page and "text/html" in request.headers.get("accept", "") and page.is_file():
        return FileResponse(page, media_type="text/html", headers=headers)
    doors = {
        "name": "hypertally",
        "version": request.app.state.options.version,
        "docs": "/docs",
        "openapi": "/openapi.json",
        "health": "/healthz",
        "endpoints": sorted(describe(request.app)["paths"]),
    }
    return JSONResponse(doors, headers=headers)


def mount_files(app: FastAPI, ui_dir: Path | None) -> None:
    """Serve the files of the page under /ui, if there are any."""
    if ui_dir and ui_dir.is_dir():
        files = GZipMiddleware(PageFiles(directory=ui_dir), minimum_size=COMPRESSED_BYTES_MIN)
        app.mount("/ui", files, name="ui")
