"""Whose address counts: what trusted proxies wrote, in any of the forms they write it in, and nothing else."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.core.addresses import client_address

PEER = "198.51.100.1"

addresses = st.ip_addresses().filter(lambda address: "%" not in str(address))
ports = st.integers(0, 65535)


def forms(address: IPv4Address | IPv6Address, port: int) -> list[str]:
    """An address as proxies write it."""
    if isinstance(address, IPv4Address):
        return [f"{address}", f"{address}:{port}"]
    return [f"{address}", f"{address.exploded}", f"[{address}]", f"[{address}]:{port}"]


@given(addresses, ports, st.lists(st.text(), max_size=3), st.integers(1, 3), st.data())
def test_an_entry_counts_with_a_port_and_without(
    address: IPv4Address | IPv6Address, port: int, forged: list[str], proxies: int, data: st.DataObject
) -> None:
    entry = data.draw(st.sampled_from(forms(address, port)))
    by_proxies = [entry, *["192.0.2.7:80"] * (proxies - 1)]
    assert str(address) == client_address(PEER, [*forged, " , ".join(by_proxies)], proxies)


LIKE_AN_ADDRESS = st.text(alphabet=st.sampled_from("0123456789abcdef.:[]%, x\u0663\udc80"))

GARBAGE = [
    *("", "unknown", "_hidden", "192.0.2", "192.0.2.1 192.0.2.2", "\u0661.\u0662.\u0663.\u0664", "1" * 5000),
    *("192.0.2.1:", "192.0.2.1:x", "192.0.2.1:123456", "192.0.2.1:80:80", "192.0.2.1:\u0663", ":80"),
    *("[192.0.2.1", "[2001:db8::1]80", "[]:80", "[]", "[[2001:db8::1]]:80", "2001:db8::1::80", "fe80::1%eth0"),
]


@given(st.lists(LIKE_AN_ADDRESS, max_size=3), st.integers(1, 3))
def test_what_is_said_to_be_an_address_is_one(lines: list[str], proxies: int) -> None:
    said = client_address(PEER, lines, proxies)
    assert said == str(ip_address(said))
    assert "%" not in said


@pytest.mark.parametrize("entry", GARBAGE)
def test_garbage_leaves_the_peer(entry: str) -> None:
    assert client_address(PEER, [entry], 1) == PEER


def test_a_short_ipv6_address_is_not_taken_for_one_with_a_port() -> None:
    assert client_address(PEER, ["2001:db8::1:80"], 1) == "2001:db8::1:80"
