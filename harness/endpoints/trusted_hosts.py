"""Hosts that may have a key: the user is asked once, because a config from elsewhere can name any key and any host."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from harness.errors import HarnessError
from harness.files import json_document, make_folder, state_bytes, write_text
from harness.folders import cache_folder


class KeyUse(NamedTuple):
    """A key that goes to a host."""

    variable: str
    """Environment variable that holds the key."""
    host: str


class UntrustedHost(HarnessError):
    """Keys would go to hosts that the user has not confirmed yet; nothing was sent."""

    def __init__(self, uses: Collection[KeyUse], config: str) -> None:
        self.uses = tuple(uses)
        shown = " and ".join(f"the key in {use.variable} to {use.host}" for use in self.uses)
        options = " ".join(dict.fromkeys(f"--trust-host {use.host}" for use in self.uses))
        super().__init__(f"{config}: sends {shown}; nothing was sent. If that is meant, run it once with {options}")


def require_trust(uses: Iterable[KeyUse], trusted: Collection[str], config: str) -> None:
    """Checks that the user lets keys go to hosts, and remembers those that are confirmed now.

    Args:
        uses: the keys and their hosts.
        trusted: hosts that the user confirms.
        config: the config that names them, for the message.
    Raises: UntrustedHost: a host is neither confirmed now nor was it before, with this key.
    """
    uses = sorted(set(uses))
    known: set[KeyUse] = _remembered() if uses else set()
    unknown = [use for use in uses if use not in known]
    refused = [use for use in unknown if use.host not in trusted]
    if refused:
        raise UntrustedHost(refused, config)
    if unknown:
        make_folder(cache_folder())
        write_text(_path(), json_document(sorted(known.union(unknown))))


def _remembered() -> set[KeyUse]:
    try:
        return {KeyUse(*use) for use in json.loads(state_bytes(_path()) or b"[]")}
    except (ValueError, TypeError):  # damaged: the user is asked again
        return set()


def _path() -> Path:
    return cache_folder() / "trusted_hosts.json"
