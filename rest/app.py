"""The REST application."""

from collections.abc import Mapping

from aiohttp import web

import rest.access
import rest.auth
import rest.chats
import rest.external
import rest.games
import rest.leaderboards
import rest.lobbies
import rest.matches
import rest.media
import rest.notifications
import rest.social
import rest.users
from rest.endpoint import endpoint
from rest.health import Check, add_health
from rest.middleware import add_headers, cors, observe
from rest.page import add_page
from rest.routes import CONFIG, SERVICES, RestConfig, Route, Services

NEWEST = "/api/v1"
PREFIXES = (NEWEST, "/api")
"""`/api` is an alias of the newest version."""

ROUTES: tuple[Route, ...] = (
    *(*rest.auth.routes, *rest.access.routes, *rest.external.routes, *rest.users.routes, *rest.games.routes),
    *(*rest.leaderboards.routes, *rest.matches.routes, *rest.lobbies.routes, *rest.social.routes),
    *(*rest.notifications.routes, *rest.chats.routes, *rest.media.routes),
)

KEEPALIVE_S = 75.0

ID_PATTERN = "[A-Za-z0-9_-]{1,64}"


def build_app(services: Services, config: RestConfig, checks: Mapping[str, Check]) -> web.Application:
    """The application: every route below both prefixes, health, and the page. checks: see `add_health`."""
    app = web.Application(middlewares=[observe, cors], client_max_size=config.body_limit_bytes)
    app[SERVICES], app[CONFIG] = services, config
    app.on_response_prepare.append(add_headers)
    for prefix in PREFIXES:
        for route in ROUTES:
            path = prefix + route.path.replace("}", f":{ID_PATTERN}}}")
            if route.method == "GET":
                app.router.add_get(path, endpoint(route))  # and HEAD
            else:
                app.router.add_route(route.method, path, endpoint(route))
    add_health(app, checks)
    add_page(app)
    return app


def runner_of(app: web.Application, *, drain_s: float) -> web.AppRunner:
    """Serves the application. drain_s: how long requests may take to end once it stops."""
    return web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=drain_s,
        keepalive_timeout=KEEPALIVE_S,
        auto_decompress=False,  # else the rest of a refused body is inflated on its way to nowhere
    )
