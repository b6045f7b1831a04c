"""Names and addresses of hosts, and which of them are this machine."""

from ipaddress import IPv4Network, IPv6Address, ip_address
from typing import Final

_LOOPBACK: Final = IPv4Network("127.0.0.0/8")


def is_loopback(host: str) -> bool:
    """Tell whether a host is always this machine.

    Only ``localhost``, 127.0.0.0/8 and ::1 are. No name is looked up.

    Args:
        host: A name or address, in any case; brackets and a trailing dot are ignored.

    >>> [is_loopback(host) for host in ("127.0.0.1", "[::1]", "localhost.", "0.0.0.0")]
    [True, True, True, False]
    """
    name = host.lower().removesuffix(".")
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    if name == "localhost":
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        return address == IPv6Address("::1")
    return address in _LOOPBACK


def url_of(host: str, port: int) -> str:
    """Return the URL of a server.

    >>> url_of("::1", 8000)
    'http://[::1]:8000'
    """
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
