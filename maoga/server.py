"""A running Maoga process: gateway, worker or both, from the settings to the exit code."""

import asyncio
import gc
import os
import resource
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager

from aiohttp import web
from loguru import logger
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from domain.core.idempotency import Idempotency
from domain.core.index import may_lag
from domain.games.commands import GameQuery
from domain.games.seed import seed
from maoga.bootstrap import CannotStart, Core, open_core
from maoga.figures import watch_in
from maoga.health import health_of
from maoga.process import Process, every
from maoga.process_figures import CheckFigures, ErrorFigures, StorageFigures, registry_of
from maoga.reference import DOCUMENTS
from maoga.request_log import request_log
from maoga.settings import Settings
from maoga.tracing import traced
from realtime.auth import Sessions
from realtime.dispatch import Dispatcher
from realtime.engine import Engine, EngineConfig
from realtime.events import ServerDraining
from realtime.fanout import Fanout
from realtime.follows import Follows
from realtime.gateway import Gateway
from realtime.greeter import Greeter
from realtime.hub import Hub
from realtime.metrics import Metrics
from realtime.namespaces.bench import BenchDoor, BenchNamespace, BenchTokens
from realtime.namespaces.chat import ChatNamespace
from realtime.namespaces.lobby import LobbyNamespace
from realtime.namespaces.matchmaking import MatchmakingNamespace
from realtime.namespaces.social import SocialNamespace
from realtime.presence import BEAT_S, Attendance, together
from rest.app import build_app
from rest.health import Health, add_health
from rest.routes import RestConfig, Services
from rest.server import runner_of

BACKLOG = 4096
ACTIVE_EVERY_S = 10.0
HEALTH_EVERY_S = 5.0
SOCKETS_SHARE = 0.9
"""Of the drain; the rest is for the last requests."""
Drain = Callable[[float], Coroutine[None, None, None]]
"""Ends a part of the process gracefully, within so many seconds."""
TEAR_DOWN_S = 5.0
"""So much longer than the drain a stop takes at most: leases that cannot be given back lapse."""
GC_THRESHOLDS = (10_000, 10, 10_000)
"""The young are looked through in some ms at a time, the old hardly ever: that takes a second with many tickets."""


async def run(settings: Settings) -> int:
    """Serves until a signal or the death of an essential task; the exit code."""
    _raise_file_limit()
    process = Process()
    registry = registry_of(settings)
    metrics = Metrics(registry)
    ErrorFigures(registry).listen()
    figures = StorageFigures(registry, settings.slow_query_ms, debug=settings.debug)
    async with (
        traced(settings, figures) as storage,
        open_core(settings, watch=watch_in(registry, storage)) as core,
        AsyncExitStack() as stack,
    ):
        await _seed(core)
        if settings.role != "gateway":
            stack.push_async_callback(core.worker.close)
        stack.push_async_callback(process.cancel)
        health = health_of(core, process, metrics, CheckFigures(registry))
        await _serve_metrics(stack, settings, registry, health)

        async def tell_health(_: float) -> None:
            health.look_anew()
            await health.failing()

        drains: list[Drain] = [tell_health]
        if settings.role != "gateway":
            core.worker.start(process)
            drains.append(core.worker.drain)
            logger.info("working: ticks every {} ms, deadlines, jobs and sweeps", settings.match_tick_ms)
        process.start("loop watch", metrics.watch_loop())
        process.start("health", every(HEALTH_EVERY_S, "health", health.failing))
        if settings.role != "worker":
            drains.append(await _serve(stack, core, process, metrics, health))
        _tune_garbage_collector()
        code = await process.run()
        too_late = asyncio.get_running_loop().call_later(settings.drain_s + TEAR_DOWN_S, _give_up, code)
        logger.info("stopping within {} s; a second signal ends it at once", settings.drain_s)
        for outcome in await asyncio.gather(*(drain(settings.drain_s) for drain in drains), return_exceptions=True):
            if outcome is not None:
                logger.opt(exception=outcome).error("a part of the drain failed")
    too_late.cancel()
    logger.info("stopped")
    return code


def _give_up(code: int) -> None:
    logger.warning("the stop takes too long; what was not given back lapses")
    os._exit(code)


async def _serve(stack: AsyncExitStack, core: Core, process: Process, metrics: Metrics, health: Health) -> Drain:
    """Opens the door to players; what it returns parts from them gently, the stack without a word."""
    settings = core.settings
    app = build_app(
        Services(
            auth=core.auth,
            credentials=core.credentials,
            keys=core.keys,
            roles=core.roles,
            external=core.external,
            users=core.users,
            own_accounts=core.own_accounts,
            profiles=core.people.profiles,
            avatars=core.people.avatars,
            devices=core.people.devices,
            people=core.people.people,
            privacy=core.privacy,
            departures=core.people.departures,
            exports=core.people.exports,
            blocks=core.blocks,
            friends=core.friends,
            notifications=core.notifications,
            notification_preferences=core.notification_preferences,
            games=core.games,
            catalogue=core.catalogue,
            imports=core.imports,
            trending=core.trending,
            standings=core.standings,
            results=core.results,
            karma=core.karma,
            lobbies=core.lobbies,
            browser=core.browser,
            chats=core.chats,
            moderation=core.moderation,
            desks=core.desks,
            flags=core.flags,
            limits=core.limits,
            idempotency=Idempotency(core.database, core.limits, core.clock),
            metrics=metrics,
            log=request_log(settings),
        ),
        RestConfig(
            production=settings.environment == "production",
            cors_origins=tuple(settings.cors_origins),
            trusted_proxies=settings.trusted_proxies,
            body_limit_bytes=settings.body_limit_bytes,
            slow_ms=settings.slow_request_ms,
            debug=settings.debug,
        ),
        health,
        documents=DOCUMENTS,
    )
    engine = Engine(
        EngineConfig(
            transports=tuple(settings.transports),
            cors_origins=("*",) if settings.bench else tuple(settings.cors_origins),  # load generators make one up
            trusted_proxies=settings.trusted_proxies,
            message_limit_bytes=settings.message_limit_bytes,
            ping_interval_s=settings.ping_interval_s,
            ping_timeout_s=settings.ping_timeout_s,
            connections_per_address=settings.connections_per_address,
            rate_limit_scale=settings.rate_limit_scale,
        ),
        metrics,
    )
    engine.attach(app)
    attendance = _connect(core, engine, process, metrics)
    await asyncio.wait_for(core.streams.ready(), settings.redis_timeout_s * 5)
    runner = runner_of(app)
    await runner.setup()
    stack.push_async_callback(_part, attendance)
    stack.push_async_callback(runner.cleanup)
    site = engine.site(runner, settings.host, settings.port, backlog=BACKLOG)
    with _port("MAOGA_PORT", settings.port):
        await site.start()
    logger.info("listening on http://{}:{}", settings.host, runner.addresses[0][1])

    async def drain(seconds: float) -> None:
        """Goes on answering until the players have left, so that none is cut off in the middle of anything."""
        deadline = asyncio.get_running_loop().time() + seconds
        logger.info("draining {} connections", engine.connections())
        runner.parting = True
        await engine.drain(
            seconds * SOCKETS_SHARE, lambda ms: ServerDraining(reconnect_in_ms=ms).arguments(core.clock.now())
        )
        logger.info("{} connections are left; finishing requests", engine.connections())
        await runner.finish(deadline)

    return drain


@contextmanager
def _port(setting: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotStart(f"{setting}={port} cannot be listened on: {error.strerror or error}") from error


async def _part(attendance: Attendance) -> None:
    with may_lag():  # the lease lapses by itself
        await attendance.close()


def _connect(core: Core, engine: Engine, process: Process, metrics: Metrics) -> Attendance:
    """Puts the namespaces behind the engine."""
    settings = core.settings
    bench_tokens = BenchTokens(core.tokens, core.auth, core.clock)
    authenticator = bench_tokens if settings.bench else core.auth
    sessions = Sessions(
        engine,
        authenticator,
        core.clock,
        rate_limit_scale=settings.rate_limit_scale,
        check_open=core.flags.check_maintenance,
    )
    attendance = Attendance(
        core.presence,
        core.clock,
        on_back=together(core.grace.back, core.presences.moved),
        on_gone=together(core.grace.gone, core.presences.gone),
    )
    hub, greeter = Hub(core.streams, core.clock), Greeter(engine, sessions)
    follows = Follows(engine, hub, core.streams, greeter)
    gateway = Gateway(
        engine=engine,
        sessions=sessions,
        dispatcher=Dispatcher(metrics, timeout_s=settings.handler_timeout_s, debug=settings.debug),
        follows=follows,
        attendance=attendance,
        clock=core.clock,
        ping_ms=int(settings.ping_interval_s * 1000),
    )
    gateway.register(
        MatchmakingNamespace(core.matchmaking, core.parties, core.results, hub),
        LobbyNamespace(core.lobbies, core.browser, core.invites, hub),
        ChatNamespace(core.chats, hub),
        SocialNamespace(
            blocks=core.blocks,
            friends=core.friends,
            privacy=core.privacy,
            presences=core.presences,
            recent_players=core.recent_players,
            notifications=core.notifications,
            hub=hub,
            follows=follows,
            clock=core.clock,
        ),
    )
    core.publisher.attach(hub)
    if settings.bench:
        bench = BenchNamespace(core.publisher)
        gateway.register(bench)
        engine.register(bench.name, BenchDoor(gateway, bench, bench_tokens))
        logger.warning("/bench is open: anybody may connect to it")
    process.start("fanout", hub.run(Fanout(engine, follows, sessions, greeter)))
    process.start("greeter", greeter.run(gateway))
    process.start("heartbeat", every(BEAT_S, "heartbeat", attendance.beat))

    async def note_active() -> None:
        users = metrics.take_active().union(session.principal.user_id for session in sessions)
        await core.activity.seen(users, core.clock.now())

    process.start("activity", every(ACTIVE_EVERY_S, "activity", note_active))
    return attendance


async def _serve_metrics(
    stack: AsyncExitStack, settings: Settings, registry: CollectorRegistry, health: Health
) -> None:
    """Serves /metrics and /health on their own port, which players need not reach."""

    async def metrics(request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(registry), headers={"Content-Type": content_type})

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    add_health(app, health)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    with _port("MAOGA_METRICS_PORT", settings.metrics_port):
        await web.TCPSite(runner, settings.metrics_host, settings.metrics_port).start()
    logger.info("metrics on http://{}:{}/metrics", settings.metrics_host, runner.addresses[0][1])


async def _seed(core: Core) -> None:
    """A fresh development or test server knows some games, so that it can be played with at once."""
    if not core.settings.hardened:
        if added := await seed(core.database):
            logger.info("added {} games to the catalogue", added)
    elif not (await core.games.search(GameQuery(limit=1))).value.items:
        logger.warning("the catalogue has no games, so nobody can queue: run `maoga seed`")


def _tune_garbage_collector() -> None:
    """What is alive now stays, so no later collection needs to look at it; and they come seldom.

    With ten thousand sockets a full collection takes tens of milliseconds, and by default some hundred new objects
    may bring one about.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def _raise_file_limit() -> None:
    """Every socket is a file: take as many as the system gives."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
