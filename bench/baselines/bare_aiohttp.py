"""The least that aiohttp and uvloop can do for a JSON answer: no routes but one, no middleware, nothing counted."""

import asyncio
import sys

import uvloop
from aiohttp import web

ANSWER = b'{"status":"success","data":{"live":true}}'


async def answer(_: web.Request) -> web.Response:
    return web.Response(body=ANSWER, content_type="application/json")


async def serve(port: int) -> None:
    app = web.Application()
    app.router.add_get("/health/live", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
