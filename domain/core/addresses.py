"""Who a connection comes from, as far as the reverse proxies in front can be believed."""

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

IPV6_HOST_BITS = 64
"""A customer has at least a /64 of IPv6, so that its single addresses say nothing."""


def client_address(peer: str, forwarded_for: Iterable[str], trusted_proxies: int) -> str:
    """The client's address. peer: of the connection. forwarded_for: the X-Forwarded-For headers.

    Each of the `trusted_proxies` appended to them where its own peer came from. What stands further left was written by
    the client itself. Without enough entries (somebody went round the proxies) it is the peer.
    """
    if not trusted_proxies:
        return peer
    entries = [entry.strip() for line in forwarded_for for entry in line.split(",")]
    if len(entries) < trusted_proxies:
        return peer
    try:
        return str(ip_address(entries[-trusted_proxies]))
    except ValueError:
        return peer


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
    return "".join(c if c.isprintable() else "?" for c in agent[:200])
