"""Who may talk to the server: links with tokens, visits with cookies, hosts, origins, sizes and rates."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

MAX_VISITS = 50
"""Number of browsers that one link may be open in; the oldest one has to open its link again."""
MAX_BODY = 64 * 1024
"""Number of bytes of a form."""
MAX_FIELDS = 20
"""Number of fields of a form."""
RATE, BURST = 30.0, 120.0
"""Requests of one annotator: per second in the long run, and at once."""
STRANGER_RATE, STRANGER_BURST = 10.0, 60.0
"""Requests of everybody without a visit."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # A page sends its origin with a form, which `no-referrer` would hide from this server too.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""Headers of every reply."""


class Visit(NamedTuple):
    """One browser in which an annotator opened their link."""

    cookie: str
    annotator: str
    csrf: str
    """What every form of this browser carries; a page of another site cannot know it."""


class Rate:
    """Limits how often something happens.

    Args:
        per_second: times per second in the long run.
        burst: times at once.
    """

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second, self._burst = per_second, burst
        self._left, self._at = burst, time.monotonic()

    def take(self) -> bool:
        """Whether it may happen once more now."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Guard:
    """The tokens and visits of a server.

    Args:
        annotators: names; each gets a token.
        host: host that the server was told to listen on.
        port: its port.
    """

    def __init__(self, annotators: Iterable[str], host: str, port: int) -> None:
        self.tokens = {annotator: secrets.token_urlsafe(32) for annotator in annotators}
        self.cookie_name = f"harness-{port}"
        """Cookies are shared by all ports of a host, so each server has a name of its own."""
        self._host, self._port = host.lower(), port
        self._visits: dict[str, list[Visit]] = {annotator: [] for annotator in self.tokens}
        self._rates = {annotator: Rate(RATE, BURST) for annotator in self.tokens}
        self._strangers = Rate(STRANGER_RATE, STRANGER_BURST)

    def enter(self, token: str) -> Visit | None:
        """Returns a new visit of the annotator with a token."""
        annotator = _match(token, {value: name for name, value in self.tokens.items()})
        if annotator is None:
            return None
        visit = Visit(secrets.token_urlsafe(32), annotator, secrets.token_urlsafe(32))
        visits = self._visits[annotator]
        visits.append(visit)
        del visits[:-MAX_VISITS]
        return visit

    def visit(self, cookie: str | None) -> Visit | None:
        """Returns the visit with a cookie."""
        return _match(cookie or "", {visit.cookie: visit for visits in self._visits.values() for visit in visits})

    def is_busy(self, visit: Visit | None) -> bool:
        """Counts a request; whether there were too many of its kind."""
        return not (self._strangers if visit is None else self._rates[visit.annotator]).take()

    def is_known_host(self, host: str | None) -> bool:
        """Whether a Host header names this server.

        A name that somebody else could point at this machine (DNS rebinding) is refused: only `localhost`, an address
        in digits and the host that the user gave are known.
        """
        try:
            parts = urlsplit(f"//{host or ''}")
            name, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return False
        return (
            port == self._port
            and parts.netloc == (host or "")
            and "@" not in parts.netloc
            and not (parts.path or parts.query or parts.fragment)
            and (name in ("localhost", self._host) or _is_address(name))
        )

    def is_own_origin(self, headers: Mapping[str, str]) -> bool:
        """Whether a form was sent by a page of this server."""
        return headers.get("origin") == f"http://{headers.get('host')}"

    def is_own_form(self, visit: Visit, csrf: str) -> bool:
        """Whether a form carries what the pages of this visit carry."""
        return same(csrf, visit.csrf)


def same(given: str, expected: str) -> bool:
    """Whether two texts are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _match(given: str, by_secret: Mapping[str, T]) -> T | None:
    """Returns what belongs to a secret, after comparing it with all of them."""
    matches = [value for secret, value in by_secret.items() if same(given, secret)]
    return matches[0] if matches else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
