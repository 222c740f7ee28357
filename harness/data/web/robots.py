"""Reads robots.txt as RFC 9309 says: the longest rule that matches decides; `*` and `$` are special.

`urllib.robotparser` takes the first rule instead, and knows neither `*` nor `$`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

MAX_BYTES = 512_000
"""Bytes of a robots.txt that are read; RFC 9309 asks for at least 500 KiB."""
MAX_DELAY_S = 30.0
"""Longest pause between two requests that a site can ask for."""
_SAFE = "/?&=:@!$'()*+,;~-._[]%"


class _Rule(NamedTuple):
    pattern: str
    allows: bool


class Robots(NamedTuple):
    """What a site allows a program."""

    rules: Sequence[_Rule]
    delay_s: float = 0.0
    """Pause between two requests that the site asks for (`Crawl-delay`)."""

    def rule_against(self, target: str) -> str | None:
        """The rule that forbids a path and query; None if they are allowed."""
        path = _normalized(target)
        matching = [rule for rule in self.rules if _matches(rule.pattern, path)]
        best = max(matching, key=lambda rule: (len(rule.pattern), rule.allows), default=None)
        return f"Disallow: {best.pattern}" if best is not None and not best.allows else None


def parse_robots(text: str, program: str) -> Robots:
    """What a robots.txt says to a program: the rules of its own groups, else those of the groups for all (`*`).

    Args:
        text: the file.
        program: name of the program, without its version.
    """
    groups: dict[str, list[_Rule]] = {}
    delays: dict[str, float] = {}
    agents: list[str] = []
    in_rules = False
    for line in re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff")):
        key, colon, value = line.partition("#")[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if not colon:
            continue
        if key == "user-agent":
            if in_rules:
                agents, in_rules = [], False
            agents.append(value if value == "*" else re.split(r"[^A-Za-z_-]", value)[0].lower())
            groups.setdefault(agents[-1], [])
        elif key in ("allow", "disallow", "crawl-delay"):
            in_rules = True
            for agent in agents:
                if key == "crawl-delay":
                    delays[agent] = _seconds(value)
                elif value:  # an empty Disallow forbids nothing
                    groups[agent].append(_Rule(_normalized(value), key == "allow"))
    agent = program.lower() if program.lower() in groups else "*"
    return Robots(groups.get(agent, []), delays.get(agent, 0.0))


def _seconds(value: str) -> float:
    return min(float(value), MAX_DELAY_S) if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", value) else 0.0


def _normalized(path: str) -> str:
    """A path with each character that needs no percent sign as itself, and each other as %XX."""
    unreserved = re.compile(rb"[A-Za-z0-9._~-]")

    def plain(match: re.Match[str]) -> str:
        byte = unquote_to_bytes(match[0])
        return byte.decode() if unreserved.fullmatch(byte) else match[0].upper()

    return re.sub(r"%[0-9A-Fa-f]{2}", plain, quote(path, safe=_SAFE))


def _matches(pattern: str, path: str) -> bool:
    """Whether a path starts with a pattern (`*`: any characters; `$` at the end: the path ends there)."""
    is_whole = pattern.endswith("$")
    first, *others = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    position = len(first)
    for part in others[:-1]:
        position = path.find(part, position)
        if position < 0:
            return False
        position += len(part)
    if not others:
        return not is_whole or position == len(path)
    if is_whole:
        return path.endswith(others[-1]) and len(path) - len(others[-1]) >= position
    return path.find(others[-1], position) >= 0
