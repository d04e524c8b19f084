"""The REST application."""

from itertools import groupby

from aiohttp import web

import rest.access
import rest.admin
import rest.admin_users
import rest.auth
import rest.chats
import rest.external
import rest.games
import rest.leaderboards
import rest.lobbies
import rest.matches
import rest.media
import rest.notifications
import rest.reports
import rest.social
import rest.users
from rest.docs import Documents, add_docs
from rest.endpoint import endpoint
from rest.health import Health, add_health
from rest.middleware import Handler, add_headers, observe
from rest.page import add_page
from rest.routes import CONFIG, SERVICES, RestConfig, Route, Services

NEWEST = "/api/v1"
PREFIXES = (NEWEST, "/api")
"""`/api` is an alias of the newest version."""

ROUTES: tuple[Route, ...] = (
    *(*rest.auth.routes, *rest.access.routes, *rest.external.routes, *rest.users.routes, *rest.games.routes),
    *(*rest.leaderboards.routes, *rest.matches.routes, *rest.lobbies.routes, *rest.social.routes),
    *(*rest.notifications.routes, *rest.chats.routes, *rest.media.routes),
    *(*rest.reports.routes, *rest.admin_users.routes, *rest.admin.routes),
)

NO_DOCUMENTS: Documents = {}

ID_PATTERN = "[A-Za-z0-9_-]{1,64}"


def build_app(
    services: Services, config: RestConfig, health: Health, documents: Documents = NO_DOCUMENTS
) -> web.Application:
    """The application: every route below both prefixes, health, the page and the documentation.

    health: see `add_health`. documents: see `add_docs`.
    """
    app = web.Application(middlewares=[observe], client_max_size=config.body_limit_bytes)
    app[SERVICES], app[CONFIG] = services, config
    app.on_response_prepare.append(add_headers)
    for prefix in PREFIXES:
        _add_routes(app, prefix)
    add_health(app, health)
    add_page(app)
    add_docs(app, documents)
    return app


def _add_routes(app: web.Application, prefix: str) -> None:
    for path, routes in groupby(sorted(ROUTES, key=lambda route: route.path), lambda route: route.path):
        resource = app.router.add_resource(prefix + path.replace("}", f":{ID_PATTERN}}}"))
        allowed: set[str] = set()
        for route in routes:
            methods = ("GET", "HEAD") if route.method == "GET" else (route.method,)
            allowed.update(methods)
            for method in methods:
                resource.add_route(method, endpoint(route))
        if "{" not in path:  # or `/friends/requests` would take what `/friends/{id}` does
            resource.add_route("*", _not_allowed(allowed))


def _not_allowed(allowed: set[str]) -> Handler:
    async def refuse(request: web.Request) -> web.StreamResponse:
        raise web.HTTPMethodNotAllowed(request.method, allowed)

    return refuse
