"""What the kernel knows of TCP connections, whoever serves them."""

from pathlib import Path
from urllib.parse import urlsplit

HELD = frozenset({"01", "08"})
"""ESTABLISHED, and CLOSE_WAIT: the client is gone and the server has not closed its end."""


def port_of(url: str) -> int:
    """The port in a URL that names one."""
    port = urlsplit(url).port
    assert port is not None, url
    return port


def connections_held(url: str) -> int:
    """How many connections the server at that URL has accepted and still keeps."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    port = f"{port_of(url):04X}"
    return sum(1 for row in rows if row[1].endswith(f":{port}") and row[3] in HELD and not row[2].endswith(":0000"))
