"""Who a connection comes from, as far as the reverse proxies in front can be believed."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

WITH_PORT = re.compile(r"\[(?P<in_brackets>[^\]]*)\](:[0-9]{1,5})?|(?P<before_colon>[^:]*):[0-9]{1,5}")

IPV6_HOST_BITS = 64
"""A customer has at least a /64 of IPv6, so that its single addresses say nothing."""


def client_address(peer: str, forwarded_for: Iterable[str], trusted_proxies: int) -> str:
    """The client's address. peer: of the connection. forwarded_for: the X-Forwarded-For headers.

    Each of the `trusted_proxies` appended to them where its own peer came from. What stands further left was written by
    the client itself. An entry may have a port (`192.0.2.1:4711`, `[2001:db8::1]:4711`), which some proxies write.
    Without enough entries (somebody went round the proxies), or where the one that counts is no address, the peer is
    the client.
    """
    if not trusted_proxies:
        return peer
    entries = [entry.strip() for line in forwarded_for for entry in line.split(",")]
    if len(entries) < trusted_proxies:
        return peer
    entry = entries[-trusted_proxies]
    if found := WITH_PORT.fullmatch(entry):
        entry = found["in_brackets"] or found["before_colon"] or ""
    try:
        address = ip_address(entry)
    except ValueError:
        return peer
    scoped = isinstance(address, IPv6Address) and address.scope_id  # may be any text
    return peer if scoped else str(address)


@lru_cache(maxsize=4096)
def address_block(address: str) -> str:
    """What limits by address count as one: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> IPV6_HOST_BITS << IPV6_HOST_BITS)}/64"


def printable(agent: str) -> str:
    """What a client calls itself, fit for a log: at most 200 characters."""
    name = agent[:200]
    return name if name.isprintable() else "".join(c if c.isprintable() else "?" for c in name)
