"""The other baseline: python-socketio as it comes, on aiohttp and asyncio, without authentication, limits or metrics.

It relays `msg` to the room named in `auth.room` and acks `echo`.

    python stock_server.py PORT [--tuned-gc]
"""

import gc
import sys
from typing import Any

import socketio
from aiohttp import web

NAMESPACES = ("/bench", "/matchmaking", "/lobby", "/chat", "/social")
BACKLOG = 4096


class Relay(socketio.AsyncNamespace):
    """What every namespace does."""

    def __init__(self, namespace: str) -> None:
        super().__init__(namespace)
        self._room_of: dict[str, str] = {}

    async def on_connect(self, sid: str, environ: dict[str, Any], auth: dict[str, Any]) -> None:
        self._room_of[sid] = auth.get("room", sid)
        await self.enter_room(sid, self._room_of[sid])

    def on_disconnect(self, sid: str, reason: str) -> None:
        del self._room_of[sid]

    async def on_msg(self, sid: str, data: dict[str, Any]) -> None:
        await self.emit("msg", data, room=self._room_of[sid])

    async def on_echo(self, sid: str, data: dict[str, Any]) -> dict[str, Any]:
        return data


async def tune_gc(app: web.Application) -> None:
    """Keeps the collector from walking all connections again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 1000)


def main() -> None:
    app = web.Application()
    server = socketio.AsyncServer(async_mode="aiohttp")
    for namespace in NAMESPACES:
        server.register_namespace(Relay(namespace))
    server.attach(app)
    if "--tuned-gc" in sys.argv:
        app.on_startup.append(tune_gc)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, backlog=BACKLOG, print=None)


if __name__ == "__main__":
    main()
