"""The page to try Maoga in a browser, and the files it is made of."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from aiohttp import web

from domain.core.errors import NotFound
from rest.conditional import conditional

CONTENT_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}
"""What is served; other files in the folders are not."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",  # kept, but asked for again: the modules of a page are always of one version
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served."""

    body: bytes
    content_type: str
    etag: str


def add_page(app: web.Application) -> None:
    """Adds `/` and `/static/…`. The files are read now, so that no path can reach any other."""
    assets = {path: asset_of(file) for path, file in _found()}

    async def page(request: web.Request) -> web.Response:
        return answer(request, assets["index.html"])

    async def static(request: web.Request) -> web.Response:
        asset = assets.get(request.match_info["path"])
        if asset is None:
            raise NotFound
        return answer(request, asset)

    app.router.add_get("/", page)
    app.router.add_get("/static/{path:.+}", static)


def answer(request: web.Request, asset: Asset, headers: Mapping[str, str] = HEADERS) -> web.Response:
    """The file, or 304 for who has it."""
    response = web.Response(body=asset.body, content_type=asset.content_type, charset="utf-8", headers=headers)
    response.etag = asset.etag
    return conditional(request, response)


def _found() -> Iterator[tuple[str, Traversable]]:
    """The files by their paths below `/static/`: those of the page, and the reference client it is built on."""
    yield from _below(files("rest") / "static", PurePosixPath())
    yield from _below(files("clients") / "js", PurePosixPath("clients"))


def _below(folder: Traversable, path: PurePosixPath) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _below(entry, path / entry.name)
        elif PurePosixPath(entry.name).suffix in CONTENT_TYPES:
            yield str(path / entry.name), entry


def asset_of(file: Traversable) -> Asset:
    """The file as it is served."""
    body = file.read_bytes()
    return Asset(body, CONTENT_TYPES[PurePosixPath(file.name).suffix], hashlib.sha256(body).hexdigest())
