"""Connections to the outside only: a plan must not make this server ask what stands behind its own firewall.

What is judged is the address that is really connected to, so that no name can lead elsewhere between two look-ups.
"""

import asyncio
import ipaddress
import ssl
from collections.abc import Iterable, Sequence
from typing import Final

import httpcore
import httpx

from calendars.errors import AddressError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_CARRIES_IPV4: Final = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
"""Prefixes behind which a gateway may find an IPv4 address: its last 32 bits."""

_NOT_PUBLIC: Final = tuple(
    ipaddress.IPv6Network(network)
    for network in ("fec0::/10", "64:ff9b:1::/48", "::ffff:0:0:0/96", "5f00::/16", "3fff::/20")
)
"""What Python 3.11 takes for public and is not: site-local, local and translated IPv4 (RFC 8215, RFC 2765), segment
routing (RFC 9602) and documentation (RFC 9637)."""


def networks_of(setting: str) -> tuple[Network, ...]:
    """The networks of a setting such as "10.1.0.0/16, fd00::/8". Raises ValueError."""
    return tuple(ipaddress.ip_network(part.strip()) for part in setting.split(",") if part.strip())


def may_be_asked(text: str, allowed: Iterable[Network]) -> bool:
    """Whether it is a public address, or in one of the networks that are allowed besides."""
    address = ipaddress.ip_address(text.partition("%")[0])
    carried = list(_within(address))
    if any(one in network for one in carried for network in allowed):
        return True
    return all(one.is_global and not one.is_multicast for one in carried) and not any(
        address in network for network in _NOT_PUBLIC
    )


def _within(address: Address) -> Iterable[Address]:
    """The address, and any other that it stands for."""
    if not isinstance(address, ipaddress.IPv6Address):
        yield address
        return
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if address.ipv4_mapped is None:
        yield address
    if inner is not None:
        yield inner
    if any(address in network for network in _CARRIES_IPV4):
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


class Guard(httpcore.AsyncNetworkBackend):
    """Looks names up itself, and connects to none but what may be asked."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = tuple(allowed)
        self._real = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's own
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first of the host's addresses that answers. Raises AddressError where one is not public."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=2)
        addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        if not all(may_be_asked(address, self._allowed) for address in addresses):
            what = "its address leads into a private network"
            raise AddressError(what, "NIGHTBELL_CALENDAR_NETWORKS names the private networks that may be asked.")
        for address in addresses[:-1]:
            try:
                return await self._real.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError:
                continue
        return await self._real.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Sleep."""
        await self._real.sleep(seconds)


class GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's own, over guarded connections. No proxies: a proxy would be what is connected to."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        super().__init__(trust_env=False)
        # httpx has no argument for it; the pool is otherwise as it makes it.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(), max_keepalive_connections=0, network_backend=Guard(allowed)
        )
