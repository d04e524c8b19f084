"""What MAOGA_REDIS_URL may say. No driver is imported here: settings are checked before any storage is opened."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

Kind = Literal["memory", "single", "sentinel", "cluster"]

KINDS: dict[str, Kind] = {
    "memory": "memory",
    "redis": "single",
    "rediss": "single",
    "redis+sentinel": "sentinel",
    "rediss+sentinel": "sentinel",
    "redis+cluster": "cluster",
    "rediss+cluster": "cluster",
}
FORMS = (
    "memory://, redis://host:port/db, redis+sentinel://host:port,host:port/service/db or "
    "redis+cluster://host:port,host:port (rediss... with TLS)"
)
ENCODE = "has a host or port that is none (special characters of a password must be %-encoded)"
PORT, SENTINEL_PORT = 6379, 26379


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """A Redis URL, taken apart.

    hosts: of the one server, of the sentinels, or of some nodes of the cluster. server_url: the URL of a single server
    with all that is the same for each of them: TLS, credentials, database, options. sentinel_auth: `username` and
    `password` for the sentinels themselves.
    """

    kind: Kind
    hosts: tuple[tuple[str, int], ...] = ()
    service: str = ""
    server_url: str = ""
    sentinel_auth: tuple[tuple[str, str], ...] = ()


def parse(url: str) -> RedisUrl:
    """The parts of a URL; raises `ValueError`, whose text repeats nothing of the URL, as that may hold a password."""
    scheme, separator, rest = url.partition("://")
    kind = KINDS.get(scheme.lower())
    if kind is None or not separator:
        raise ValueError(f"must be {FORMS}")
    if kind == "memory":
        return RedisUrl(kind)
    if "#" in rest:
        raise ValueError(ENCODE)
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    credentials, at, listed = authority.rpartition("@")
    hosts = tuple(_host(text, SENTINEL_PORT if kind == "sentinel" else PORT) for text in listed.split(","))
    if kind == "single" and len(hosts) > 1:
        raise ValueError("names several servers: redis+cluster:// or redis+sentinel:// says what they are")
    service, db = _service_and_db(kind, path.strip("/"))
    options = parse_qsl(query, keep_blank_values=True)
    host, port = hosts[0]
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    asked = urlencode([option for option in options if not option[0].startswith("sentinel_")])
    return RedisUrl(
        kind,
        hosts,
        service,
        f"{scheme.lower().partition('+')[0]}://{credentials}{at}{address}/{db}?{asked}",
        tuple((name.removeprefix("sentinel_"), value) for name, value in options if name.startswith("sentinel_")),
    )


def _host(text: str, default_port: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port or default_port
    except ValueError:
        raise ValueError(ENCODE) from None
    if not host:
        raise ValueError("names no host")
    return unquote(host), port


def _service_and_db(kind: Kind, path: str) -> tuple[str, int]:
    """The service's name (for Sentinel alone) and the database's number."""
    service, _, db = path.partition("/") if kind == "sentinel" else ("", "", path)
    if kind == "sentinel" and not service:
        raise ValueError("names no service: redis+sentinel://host:port/service")
    if db and not db.isdecimal():
        raise ValueError("has a database that is no number")
    if kind == "cluster" and int(db or 0):
        raise ValueError("names a database, of which a cluster has only number 0")
    return unquote(service), int(db or 0)
