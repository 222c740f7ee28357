"""Fetches one page at a time through a guard: every hop is checked, resolved once, and connected to by its address."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from harness.data.web.addresses import SAVE_IT, WebAddress, as_address, check_url, shown, why_not_public
from harness.data.web.replies import REDIRECTS, BadReply, Reply, read_reply
from harness.data.web.robots import MAX_BYTES as MAX_ROBOTS
from harness.data.web.robots import Robots, parse_robots
from harness.errors import Fault, FaultsError

if TYPE_CHECKING:
    from harness.data.web.pinned import Deadline

PROGRAM = "claim-harness"
"""The name in `User-Agent`, and the one that robots.txt is read for."""
ACCEPT = "text/html, application/xhtml+xml, application/rss+xml, application/atom+xml, text/plain;q=0.9, */*;q=0.5"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a fetch may take."""

    max_bytes: int = 5_000_000
    """Bytes of a page after unpacking; the rest is cut off."""
    connect_s: float = 10
    """Seconds to resolve a name, and to connect."""
    read_s: float = 15
    """Seconds without a byte."""
    total_s: float = 60
    """Seconds of a fetch with all of its redirects, without the pauses between them."""
    redirects: int = 5
    pause_s: float = 1
    """Seconds between two requests to one host; a longer `Crawl-delay` in its robots.txt takes its place."""


class Fetched(NamedTuple):
    """What a fetch gave."""

    url: str
    """The URL that was asked for."""
    final_url: str
    """The URL after redirects."""
    date: str
    """When it was fetched (ISO 8601, UTC)."""
    status: int
    media_type: str
    """The type that the server declares, in lower case; empty if it declares none."""
    charset: str | None
    """The encoding that the server declares."""
    data: bytes
    is_cut: bool
    """Whether the page was longer than `Limits.max_bytes`."""


def resolve(host: str) -> list[str]:
    """The addresses of a host, by the system's resolver.

    Raises: OSError: the name cannot be resolved.
    """
    return list(dict.fromkeys(str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)))


@dataclass
class WebClient:
    """Fetches public pages; sends no cookies and no credentials, and reads no proxy variables.

    The arguments are for tests, which need a server on this machine. No command and no variable sets them.

    Args:
        limits: what a fetch may take.
        resolver: gives the addresses of a host.
        refusal: why an address may not be connected to; None: it may.
        any_port: whether other ports than 80 and 443 may be connected to.
        sleep: waits a number of seconds.
        context: settings of TLS; None: those of the system, with its certificates.
    """

    limits: Limits = field(default_factory=Limits)
    resolver: Callable[[str], Sequence[str]] = resolve
    refusal: Callable[[str], str | None] = why_not_public
    any_port: bool = False
    sleep: Callable[[float], None] = time.sleep
    context: ssl.SSLContext | None = None
    _robots: dict[str, Robots] = field(default_factory=dict, init=False, repr=False)
    _failures: dict[str, Fault] = field(default_factory=dict, init=False, repr=False)
    """Why the robots.txt of an origin cannot be read, so that the next page of it need not wait."""
    _next_request: dict[str, float] = field(default_factory=dict, init=False, repr=False)

    def fetch(self, url: str) -> Fetched:
        """Fetches a page, after its site's robots.txt.

        Raises: FaultsError: the URL, an address or a redirect is not public; robots.txt forbids it; the server fails,
            or takes too long; the page is not there.
        """
        date = datetime.now(UTC).isoformat(timespec="seconds")
        address, reply = self._follow(check_url(url, any_port=self.any_port), url, robots=True)
        if reply.status not in (200, 203):
            raise _status_fault(url, address, reply)
        if not reply.data:
            raise FaultsError.single(shown(url), f"the server sent nothing; {SAVE_IT}", code="empty")
        return Fetched(
            url=url,
            final_url=address.url,
            date=date,
            status=reply.status,
            media_type=reply.headers.get_content_type() if "Content-Type" in reply.headers else "",
            charset=_charset(reply),
            data=reply.data,
            is_cut=reply.is_cut,
        )

    def _follow(self, address: WebAddress, url: str, *, robots: bool) -> tuple[WebAddress, Reply]:
        """Requests a URL and follows its redirects, each checked like the URL itself."""
        from harness.data.web.pinned import Deadline

        deadline = Deadline(self.limits.total_s)
        limit = self.limits.max_bytes if robots else MAX_ROBOTS
        for _ in range(self.limits.redirects + 1):
            if robots:
                self._check_robots(address, url)
                deadline.extend(self._wait(address))
            reply = self._request(address, url, limit, deadline)
            target = reply.headers.get("Location")
            if reply.status not in REDIRECTS or target is None:
                return address, reply
            address = self._next_hop(address, target, url)
        message = f"redirects more than {self.limits.redirects} times, last to {address.url}; give the page's own URL"
        raise FaultsError.single(shown(url), message, code="redirects")

    def _next_hop(self, address: WebAddress, target: str, url: str) -> WebAddress:
        import httpx2

        try:
            joined = str(httpx2.URL(address.url).join(target.strip()))
        except (httpx2.InvalidURL, ValueError):
            joined = target
        following = check_url(joined, place=shown(url), any_port=self.any_port)
        if address.scheme == "https" and following.scheme == "http":
            message = (
                f"redirects from https to {following.url}, which anyone on the way can read and change; "
                "give that URL itself if you want it"
            )
            raise FaultsError.single(shown(url), message, code="downgrade")
        return following

    def _wait(self, address: WebAddress) -> float:
        """Waits until the host may be asked again; returns the seconds."""
        left = max(0.0, self._next_request.get(address.host, 0.0) - time.monotonic())
        if left > 0:
            self.sleep(left)
        pause = max(self.limits.pause_s, self._robots[address.origin].delay_s)
        self._next_request[address.host] = time.monotonic() + pause
        return left

    def _check_robots(self, address: WebAddress, url: str) -> None:
        """Raises: FaultsError: the site's robots.txt forbids the page, or cannot be read."""
        if address.origin in self._failures:
            raise FaultsError([replace(self._failures[address.origin], path=shown(url))])
        if address.origin not in self._robots:
            try:
                self._robots[address.origin] = self._read_robots(address, url)
            except FaultsError as error:
                self._failures[address.origin] = error.faults[0]
                raise
        rule = self._robots[address.origin].rule_against(address.target)
        if rule is not None:
            message = (
                f"{address.origin}/robots.txt does not allow programs to fetch this page ('{rule}'); "
                f"ask the site, or {SAVE_IT}"
            )
            raise FaultsError.single(shown(url), message, code="robots")

    def _read_robots(self, address: WebAddress, url: str) -> Robots:
        file = address._replace(url=f"{address.origin}/robots.txt", target="/robots.txt")
        _, reply = self._follow(file, url, robots=False)
        if 200 <= reply.status < 300:
            return parse_robots(reply.data.decode("utf-8", "replace"), PROGRAM)
        if 300 <= reply.status < 500:  # no such file: RFC 9309 allows everything
            return Robots(())
        message = (
            f"{file.url}: the server responded {reply.status}, so what the site allows is unknown, and nothing is "
            f"fetched (RFC 9309); try again later, or {SAVE_IT}"
        )
        raise FaultsError.single(shown(url), message, code="robots")

    def _addresses(self, address: WebAddress, url: str) -> list[str]:
        """The addresses of a host, resolved once, and all of them checked."""
        leads = "" if check_url(url, any_port=self.any_port).host == address.host else f"leads to {address.origin}; "
        try:
            addresses = _in_time(lambda: self.resolver(address.host), self.limits.connect_s)
        except TimeoutError:
            addresses, reason = [], f"no answer within {self.limits.connect_s:g} s"
        except (OSError, UnicodeError) as error:
            addresses, reason = [], getattr(error, "strerror", None) or str(error)
        else:
            reason = "no address"
        if not addresses:
            message = (
                f"{leads}the name '{address.host}' cannot be resolved ({reason}); check its spelling and this "
                f"machine's network and DNS, or {SAVE_IT}"
            )
            raise FaultsError.single(shown(url), message, code="unresolved")
        for resolved in addresses:
            kind = self.refusal(resolved)
            if kind is not None:
                named = resolved if as_address(address.host) else f"{address.host} ({resolved})"
                message = f"{leads}{named} is {kind}; only public addresses are fetched. To read it anyway, {SAVE_IT}"
                raise FaultsError.single(shown(url), message, code="not-public")
        return list(addresses)

    def _request(self, address: WebAddress, url: str, limit: int, deadline: Deadline) -> Reply:
        """Sends one request, and reads its reply up to a limit.

        Raises: FaultsError: the host is not public, cannot be reached, or sends no proper reply in time.
        """
        import httpcore2
        import httpx2

        from harness.data.web.pinned import PinnedBackend

        backend = PinnedBackend(self._addresses(address, url), deadline)
        context = None
        if address.scheme == "https":
            self.context = context = self.context or httpx2.create_ssl_context()
        target = httpcore2.URL(scheme=address.scheme, host=address.host, port=address.port, target=address.target)
        timeouts = {"connect": self.limits.connect_s, "read": self.limits.read_s, "write": self.limits.read_s}
        try:
            with (
                httpcore2.ConnectionPool(ssl_context=context, network_backend=backend) as pool,
                pool.stream("GET", target, headers=_headers(address), extensions={"timeout": timeouts}) as response,
            ):
                return read_reply(response, limit)
        except httpcore2.TimeoutException as error:
            reason, code = f"sent nothing for {self.limits.read_s:g} s", "time-limit"
            if deadline.is_over:
                reason = f"did not end within {deadline.seconds:g} s"
            elif isinstance(error, httpcore2.ConnectTimeout):
                reason = f"did not connect within {self.limits.connect_s:g} s"
        except (httpcore2.NetworkError, httpcore2.ProtocolError, BadReply) as error:
            reason, code = f"sent no proper reply ({error or type(error).__name__})", "connection"
            if isinstance(error, httpcore2.ConnectError):
                reason = f"cannot be connected to ({error})"
        message = f"{address.origin} {reason}; try again later, or {SAVE_IT}"
        raise FaultsError.single(shown(url), message, code=code) from None


def _headers(address: WebAddress) -> list[tuple[str, str]]:
    from importlib.metadata import version

    return [
        ("Host", address.origin.split("//")[1]),
        ("User-Agent", f"{PROGRAM}/{version(PROGRAM)}"),
        ("Accept", ACCEPT),
        ("Accept-Encoding", "gzip"),
        ("Connection", "close"),
    ]


def _charset(reply: Reply) -> str | None:
    """The encoding that a server declares; None if it declares none, or one that cannot be read."""
    try:
        return reply.headers.get_content_charset()
    except ValueError:  # a null character in the encoding of the encoding's name
        return None


def _in_time(call: Callable[[], Sequence[str]], seconds: float) -> Sequence[str]:
    """The result of a call that nothing can stop, such as one of the system's resolver.

    Raises: TimeoutError: it takes longer; whatever the call raises.
    """
    results: list[Sequence[str]] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:
            errors.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError
    return results[0]


def _status_fault(url: str, address: WebAddress, reply: Reply) -> FaultsError:
    """The fault of a page that the server does not give."""
    leads = "" if address.url == url else f"{address.url}: "
    wait = reply.headers.get("Retry-After")
    remedies = {
        401: f"the page needs a login, and none is sent; {SAVE_IT}",
        403: f"the site refuses programs; ask it, or {SAVE_IT}",
        404: "there is no such page; check the URL",
        410: "the page was removed; look for a copy in an archive",
        429: f"the site asks for fewer requests{f' (Retry-After: {wait[:40]})' if wait else ''}; try again later",
    }
    otherwise = f"the server failed; try again later, or {SAVE_IT}" if reply.status >= 500 else f"{SAVE_IT}"
    message = f"{leads}the server responded {reply.status}: {remedies.get(reply.status, otherwise)}"
    return FaultsError.single(shown(url), message, code="http-status")
