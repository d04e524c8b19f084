"""nginx with the configuration of deploy/nginx before two instances, all real, on free ports."""

import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import aiohttp
import orjson

from tests.deploy.certificates import Authority
from tests.support.server import MaogaServer, maoga_server
from tests.support.services import ROOT, free_port, mongod, redis_server, spawn
from tests.support.tcp import port_of
from tests.support.wait import eventually

NGINX_CONF = ROOT / "deploy/nginx/nginx.conf"
SECRET_KEY = "instances-that-share-their-data-share-their-key"


class Stack:
    """url: nginx with TLS; plain: its port without. instances: what stands behind it, whose ports stay the same."""

    def __init__(self, folder: Path, instances: list[MaogaServer]) -> None:
        self.instances = instances
        self.authority = Authority(folder)
        self._folder, self._ports = folder, (free_port(), free_port())
        self.plain, self.url = f"http://127.0.0.1:{self._ports[0]}", f"https://127.0.0.1:{self._ports[1]}"
        self.process = spawn(["nginx", "-e", "stderr", "-c", str(self._configured()), "-g", "daemon off;"], self.log)

    @property
    def log(self) -> Path:
        return self._folder / "nginx.log"

    @property
    def address(self) -> tuple[str, int]:
        """Where nginx takes TLS."""
        return "127.0.0.1", self._ports[1]

    def http(self, source: str = "127.0.0.1") -> aiohttp.ClientSession:
        """A client that trusts the test's authority and comes from another loopback address, as another player."""
        connector = aiohttp.TCPConnector(ssl=self.context(), local_addr=(source, 0), limit=0)
        # Engine.IO's cookies are of no use to it: nobody may lean on them here.
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    def context(self) -> ssl.SSLContext:
        return self.authority.context()

    def instances_of(self, path: str) -> dict[str, set[str]]:
        """The instances that were sent requests for a path, by the address of who sent them."""
        instances: dict[str, set[str]] = {}
        for entry in map(orjson.loads, (self._folder / "access.log").read_text().splitlines()):
            if entry["path"] == path and entry["instance"]:
                instances.setdefault(entry["address"], set()).update(entry["instance"].split(", "))
        return instances

    async def until_up(self) -> None:
        """Waits until nginx answers."""
        async with self.http() as http:

            async def up() -> bool:
                assert self.process.poll() is None, self.log.read_text()
                try:
                    async with http.get(f"{self.url}/health/live") as answer:
                        return answer.ok
                except aiohttp.ClientConnectionError:
                    return False

            await eventually(up, timeout=20)

    def stop(self) -> None:
        """Ends nginx."""
        self.process.terminate()
        self.process.wait(10)

    def _configured(self) -> Path:
        """The real configuration with this stack's addresses, ports and paths in it, accepted by nginx."""
        text = NGINX_CONF.read_text()
        folder = self._folder
        folder.chmod(0o755)  # nginx's workers are nobody
        for theirs, ours in {
            "/tmp/": f"{folder}/tmp-",  # first, as the others lie in /tmp
            "maoga-1:8000": f"127.0.0.1:{port_of(self.instances[0].url)}",
            "maoga-2:8000": f"127.0.0.1:{port_of(self.instances[1].url)}",
            "listen 8080": f"listen 127.0.0.1:{self._ports[0]}",
            "listen 8443": f"listen 127.0.0.1:{self._ports[1]}",
            "/etc/nginx/tls": str(folder),
            "/etc/nginx/acme": str(folder / "acme"),
            "/dev/stdout": str(folder / "access.log"),
            "/dev/stderr": str(folder / "error.log"),
        }.items():
            assert theirs in text, f"{theirs} stands no longer in {NGINX_CONF}"
            text = text.replace(theirs, ours)
        path = folder / "nginx.conf"
        path.write_text(text)
        command = ["nginx", "-t", "-q", "-e", "stderr", "-c", str(path)]
        checked = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, ""), checked.stderr
        return path


@contextmanager
def running_stack() -> Iterator[Stack]:
    """Two instances on a MongoDB and a Redis of their own, and nginx, which may not be up yet."""
    with ExitStack() as stack:
        database, redis = stack.enter_context(mongod()), stack.enter_context(redis_server())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="maoga-nginx-")))
        env = {
            "MAOGA_DATABASE_URL": database.url.replace("/?", "/maoga?"),
            "MAOGA_REDIS_URL": redis.url,
            "MAOGA_SECRET_KEY": SECRET_KEY,
            "MAOGA_TRUSTED_PROXIES": "1",
            "MAOGA_TRANSPORTS": "websocket,polling",
            "MAOGA_RATE_LIMIT_SCALE": "1",
        }
        instances = [stack.enter_context(maoga_server(MAOGA_PORT=str(free_port()), **env)) for _ in range(2)]
        proxy = Stack(folder, instances)
        stack.callback(proxy.stop)
        yield proxy
