"""Which URLs may be fetched, and which addresses may be connected to."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import NamedTuple

from harness.errors import FaultsError

PORTS = {"http": 80, "https": 443}
"""The ports that are connected to, by scheme; a page on another port may be a service that is not meant for readers."""
MAX_URL = 4_000
"""Characters of a URL."""
SAVE_IT = "save the page with your browser and give the file"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(//)?")
_OTHER_SCHEMES = ("http", "https", "file", "ftp", "ftps", "data", "gopher", "javascript", "blob", "ws", "wss")
"""Schemes that are known without `//` after them."""
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)")
_CREDENTIALS = re.compile(r"(?<=//)[^/?#]*@")

_NOT_PUBLIC = [
    (ip_network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "of this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "of a provider's internal network (CGNAT)"),
        ("127.0.0.0/8", "of this machine (loopback)"),
        ("168.63.129.16/32", "a cloud's metadata service"),
        ("169.254.169.254/32", "a cloud's metadata service"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "reserved for documentation"),
        ("192.88.99.0/24", "reserved (6to4)"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "reserved for measurements"),
        ("198.51.100.0/24", "reserved for documentation"),
        ("203.0.113.0/24", "reserved for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "of this network"),
        ("::1/128", "of this machine (loopback)"),
        ("::ffff:0:0/96", "an IPv4 address in an IPv6 one (IPv4-mapped)"),
        ("64:ff9b::/96", "an IPv4 address in an IPv6 one (NAT64)"),
        ("64:ff9b:1::/48", "an IPv4 address in an IPv6 one (NAT64)"),
        ("2001::/32", "an IPv4 address in an IPv6 one (Teredo)"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "reserved for documentation"),
        ("2002::/16", "an IPv4 address in an IPv6 one (6to4)"),
        ("3fff::/20", "reserved for documentation"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
    )
]
"""Networks that are not public, by the registries of special-purpose addresses (RFC 6890) and of cloud providers. Not
`is_global` of `ipaddress`, which differs between versions of Python."""
_GLOBAL_UNICAST = ip_network("2000::/3")
"""The part of IPv6 that is assigned to public networks."""


class WebAddress(NamedTuple):
    """A URL that may be fetched."""

    url: str
    """Without fragment; host and path in ASCII."""
    scheme: str
    host: str
    """The host in ASCII, in lower case, without a final dot."""
    port: int
    target: str
    """Path and query."""

    @property
    def origin(self) -> str:
        """Scheme, host and port, if it is not that of the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == PORTS[self.scheme] else f":{self.port}")


def is_url(source: object) -> bool:
    """Whether a source is a URL, of whatever scheme; a file of this name is a file."""
    match = _SCHEME.match(source) if isinstance(source, str) else None
    if match is None or not isinstance(source, str):
        return False
    return bool(match[2] or match[1].lower() in _OTHER_SCHEMES) and not _exists(source)


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):  # too long, or a null character
        return False


def shown(url: str) -> str:
    """A URL for messages, without the credentials in it."""
    return _CREDENTIALS.sub("***@", url)[:MAX_URL]


def check_url(url: str, *, place: str | None = None, any_port: bool = False) -> WebAddress:
    """A URL in its parts, with nothing resolved.

    Args:
        url: the URL.
        place: the URL that led here; None: `url` itself.
        any_port: whether ports other than 80 and 443 may be connected to.
    Raises: FaultsError: the URL is none that is fetched; the message says what is.
    """
    import httpx2

    path = place or shown(url)
    leads = f"redirects to {shown(url)}, which " if place else ""
    if len(url) > MAX_URL:
        raise _refused(path, f"{leads}has {len(url):,} characters; allowed are {MAX_URL:,}")
    match = _SCHEME.match(url)
    scheme = match[1].lower() if match else ""
    if scheme not in PORTS:
        message = f"{leads}has the scheme '{scheme}'; only http and https are fetched. Give a local file by its path"
        raise _refused(path, message, "scheme")
    if re.search(r"[\s\\\x00-\x1f\x7f-\x9f]", url):
        raise _refused(path, f"{leads}has a space, a backslash or a control character; write it as %20, %5C, ...")
    try:
        parsed = httpx2.URL(url)
        host = parsed.raw_host.decode("ascii").removesuffix(".")
    except (httpx2.InvalidURL, UnicodeError, ValueError) as error:
        message = f"{leads}is no valid URL ({error}); expected https://HOST/PATH"
        raise _refused(path, message.replace(url, shown(url))) from None
    if "@" in url.split("//", 1)[-1].split("/", 1)[0].split("?", 1)[0].split("#", 1)[0]:
        raise _refused(path, f"{leads}names a user before '@'; no credentials are sent. Leave them out, or {SAVE_IT}")
    _check_host(host, path, leads)
    port = PORTS[scheme] if parsed.port is None else parsed.port
    if not any_port and port != PORTS[scheme]:
        message = f"{leads}names the port {port}; allowed are 80 for http and 443 for https. Or {SAVE_IT}"
        raise _refused(path, message, "port")
    target = parsed.raw_path.decode("ascii") or "/"
    address = WebAddress("", scheme, host, port, target)
    return address._replace(url=address.origin + target)


def _check_host(host: str, path: str, leads: str) -> None:
    """Raises: FaultsError: a host is none, or an address in an unusual spelling."""
    if as_address(host) is not None:
        return
    if host and all(map(_NUMBER.fullmatch, host.split("."))):
        message = f"{leads}writes an address as '{host}'; expected four decimal numbers (192.0.2.1) or a name"
        raise _refused(path, message)
    if not host:
        raise _refused(path, f"{leads}names no host; expected one, such as https://example.org/")
    if len(host) > 253 or not _HOST.fullmatch(host):
        message = f"{leads}has '{host}' as its host; expected letters, digits, hyphens and dots: https://example.org/"
        raise _refused(path, message)


def as_address(host: str) -> IPv4Address | IPv6Address | None:
    """A plain IP address; None for a name, and for an address with a network interface (`%eth0`)."""
    try:
        return None if "%" in host else ip_address(host)
    except ValueError:
        return None


def why_not_public(address: str) -> str | None:
    """What keeps an address from being a public one; None if it is public."""
    parsed = as_address(address)
    if parsed is None:
        return "no plain IP address"
    for network, kind in _NOT_PUBLIC:
        if parsed in network:
            return kind
    if isinstance(parsed, IPv6Address) and parsed not in _GLOBAL_UNICAST:
        return "not assigned to a public network"
    return None


def _refused(path: str, message: str, code: str = "url") -> FaultsError:
    return FaultsError.single(path, message, code=code)
