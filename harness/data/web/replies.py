"""Reads a server's reply up to a size limit, which holds while it is unpacked."""

from __future__ import annotations

import zlib
from collections.abc import Generator, Iterable
from email.message import Message
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import httpcore2

REDIRECTS = (301, 302, 303, 307, 308)
STEP = 1 << 16
"""Bytes that are unpacked at once."""


class Reply(NamedTuple):
    """A reply, read to its end or to the limit."""

    status: int
    headers: Message
    data: bytes
    is_cut: bool


class BadReply(Exception):
    """A reply that cannot be read; the message says why."""


def read_reply(response: httpcore2.Response, limit: int) -> Reply:
    """Reads a reply up to a number of bytes after unpacking.

    Raises: BadReply: it is packed in a way that was not asked for, or damaged.
    """
    headers = Message()
    for name, value in response.headers:
        headers[name.decode("latin-1")] = _decoded(value)
    if response.status in REDIRECTS:
        return Reply(response.status, headers, b"", False)
    encoding = (headers.get("Content-Encoding") or "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise BadReply(f"packed as '{encoding[:40]}', which was not asked for; allowed is gzip")
    data = bytearray()
    for chunk in response.iter_stream() if encoding == "identity" else _unpacked(response.iter_stream()):
        data += chunk
        if len(data) > limit:
            return Reply(response.status, headers, bytes(data[:limit]), True)
    return Reply(response.status, headers, bytes(data), False)


def _decoded(value: bytes) -> str:
    """A header's value: in UTF-8, as some servers write `Location`, else in Latin-1."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _unpacked(chunks: Iterable[bytes]) -> Generator[bytes]:
    """Unpacks gzip in steps, so that a small reply that unpacks to a large one never takes memory.

    Raises: BadReply: the data are damaged, or end early.
    """
    unpack, is_whole = zlib.decompressobj(wbits=31), False
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if unpack.eof:  # a further member follows
                    unpack = zlib.decompressobj(wbits=31)
                yield unpack.decompress(rest, STEP)
                is_whole = is_whole or unpack.eof
                rest = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
        yield unpack.flush()
    except zlib.error as error:
        if not is_whole:  # what follows a whole member may be padding
            raise BadReply(f"damaged gzip: {error}") from None
    if not is_whole:
        raise BadReply("the gzip data end early")
