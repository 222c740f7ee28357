"""Reads a PDF, an RTF file or a feed in a process of its own, with limits on time and memory: run as a script.

Standard input is the file; the argument is its kind. Standard output is JSON: what was read, or `error`.
"""

from __future__ import annotations

import ctypes
import json
import math
import re
import resource
import sys
from typing import Any, NamedTuple

MAX_PAGES = 2_000
MAX_ENTRIES = 100_000
MAX_CHARACTERS = 10_000_000
MAX_SECONDS = 60
MAX_MEMORY = 4 << 30
GAP = 1.8
"""Width of a gap in a line, in sizes of its font, from which its sides are two columns."""
_HYPHENS = (0x02, 0xAD, 0xFFFE)
_PASSWORD, _IMAGE = 4, 3
"""Codes of PDFium: of the error for a missing password, and of the objects that are pictures."""


def pdf(data: bytes) -> dict[str, Any]:
    """Returns the pages of a PDF with their lines: text, left, top, right, base, in points from the upper left."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        return {"error": "encrypted" if error.err_code == _PASSWORD else "damaged"}
    if len(document) > MAX_PAGES:
        return {"error": "pages", "n": len(document)}
    pages, n = list[dict[str, Any]](), 0
    for index in range(len(document)):
        try:
            page = document[index]
            text = page.get_textpage()
        except pypdfium2.PdfiumError:
            pages.append({"width": 0, "height": 0, "lines": [], "damaged": True})
            continue
        n += text.count_chars()
        if n > MAX_CHARACTERS:
            return {"error": "characters"}
        width, height = page.get_size()
        lines = _lines(text, height)
        shows = bool(lines) or any(item.type == _IMAGE for item in page.get_objects(max_depth=2))
        pages.append({"width": width, "height": height, "lines": lines, "shows": shows})
        text.close()
        page.close()
    return {"pages": pages, "metadata": document.get_metadata_dict(skip_empty=True)}


def _lines(text: Any, height: float) -> list[list[Any]]:
    """The lines of a page in the order of the file; a line with a wide gap is two."""
    lines = list[_Line]()
    line: _Line | None = None
    space = ""
    glyphs = _Glyphs(text, height)
    for index in range(text.count_chars()):
        code = glyphs.code(index)
        if code in (10, 13):
            line, space = None, ""
            continue
        hyphen = code in _HYPHENS
        character = "-" if hyphen else _character(code)
        if character.isspace():
            space = " "
            continue
        place = glyphs.place(index)
        if place is None:
            continue
        if line is None or line.is_apart(place):
            line, space = _Line(place), ""
            lines.append(line)
        line.add(space + character, place)
        space = ""
        if hyphen:
            line = None
    return [line.row() for line in lines]


class _Place(NamedTuple):
    """Where a character stands, from the upper left of its page."""

    left: float
    right: float
    base: float
    size: float
    """Size of its font."""


class _Glyphs:
    """Characters of a page."""

    def __init__(self, text: Any, height: float) -> None:
        import pypdfium2.raw as raw

        self._raw, self._page, self._height = raw, text.raw, height
        self._box, self._matrix = raw.FS_RECTF(), raw.FS_MATRIX()
        self._x, self._y = ctypes.c_double(), ctypes.c_double()

    def code(self, index: int) -> int:
        """Its code point."""
        return int(self._raw.FPDFText_GetUnicode(self._page, index))

    def place(self, index: int) -> _Place | None:
        """Its place; None if it has none."""
        raw, page = self._raw, self._page
        if not raw.FPDFText_GetLooseCharBox(page, index, ctypes.byref(self._box)):
            return None
        size = raw.FPDFText_GetFontSize(page, index)
        if raw.FPDFText_GetMatrix(page, index, ctypes.byref(self._matrix)):
            size *= math.hypot(self._matrix.c, self._matrix.d)
        base = self._box.bottom
        if raw.FPDFText_GetCharOrigin(page, index, ctypes.byref(self._x), ctypes.byref(self._y)):
            base = self._y.value
        return _Place(self._box.left, self._box.right, self._height - base, max(abs(size), 0.1))


class _Line:
    """A line that grows."""

    def __init__(self, first: _Place) -> None:
        self._pieces = list[str]()
        self._left, self._last = first.left, first
        self._sizes = dict[float, int]()
        self._bases = dict[float, int]()

    def is_apart(self, place: _Place) -> bool:
        """Whether a character belongs to another line, or stands after a wide gap."""
        size = max(place.size, self._last.size)
        return place.left - self._last.right > GAP * size or abs(place.base - self._last.base) > 0.6 * size

    def add(self, text: str, place: _Place) -> None:
        """Adds a character, with the space before it."""
        self._pieces.append(text)
        self._last = place
        size, base = round(place.size, 1), round(place.base, 1)
        self._sizes[size] = self._sizes.get(size, 0) + 1
        self._bases[base] = self._bases.get(base, 0) + 1

    def row(self) -> list[Any]:
        """Text, left, top, right and base; its size and base are those of most of its characters."""
        size = max(self._sizes, key=self._sizes.__getitem__)
        base = max(self._bases, key=self._bases.__getitem__)
        return ["".join(self._pieces), self._left, base - size, self._last.right, base]


def _character(code: int) -> str:
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 and code >= 32 else " "


_REMOVED = re.compile(r"(?<!\\)\{(?:\\[a-z]+-?\d* ?)*?\\(?:v|deleted)(?![a-z\d])(?:[^{}\\]|\\[^*])*\}")
"""Hidden text, and text that a tracked change removes."""


_FONT = re.compile(r"\{(\\f\d+)((?:(?!\\fcharset)[^{};])*;\})")


def rtf(data: bytes) -> dict[str, Any]:
    """Returns the text of an RTF file, and its title if it states one."""
    from striprtf.striprtf import rtf_to_text

    source = _REMOVED.sub("", data.decode("latin-1"))
    # striprtf takes the charset of the next font for a font without one.
    source = _FONT.sub(r"{\1\\fcharset1\2", source)
    title = re.search(r"\{\\title[ \r\n]([^{}]{1,1000})\}", source[:100_000])
    return {
        "text": rtf_to_text(source, errors="replace"),
        "title": rtf_to_text("{\\rtf1\\ansi " + title[1] + "}", errors="replace") if title else "",
    }


def feed(data: bytes) -> dict[str, Any]:
    """Returns the title, the language and the entries of a feed, and what is wrong with it."""
    import io
    from xml.sax import SAXParseException

    import feedparser

    # Of bytes or a text, feedparser would take an address or a file name, and open it.
    # Markup is not cleaned, which takes long: nothing of it is kept.
    parsed = feedparser.parse(io.BytesIO(data.lstrip()), resolve_relative_uris=False, sanitize_html=False)
    if len(parsed.entries) > MAX_ENTRIES:
        return {"error": "entries", "n": len(parsed.entries)}
    fault = parsed.get("bozo_exception")
    return {
        "title": parsed.feed.get("title"),
        "language": parsed.feed.get("language"),
        "entries": [_feed_entry(entry) for entry in parsed.entries],
        "reason": str(fault or "") if parsed.bozo else "",
        "damage": str(fault.getMessage()) if isinstance(fault, SAXParseException) else "",
    }


def _feed_entry(entry: Any) -> dict[str, Any]:
    fields = ("title", "link", "id", "author", "summary", "wp_post_type", "wp_status", "wp_post_password")
    contents = [{name: one.get(name) for name in ("value", "type", "language")} for one in entry.get("content", [])]
    return {
        **{name: entry.get(name) for name in fields},
        "title_type": (entry.get("title_detail") or {}).get("type"),
        "published": entry.get("published_parsed") or entry.get("updated_parsed"),
        "content": contents,
    }


def _limit(kind: int, most: int) -> None:
    """Sets a limit, or leaves one that is lower already, which nobody may raise."""
    hard = resource.getrlimit(kind)[1]
    limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (limit, limit))


def main() -> None:
    """Reads the file of standard input."""
    _limit(resource.RLIMIT_CPU, MAX_SECONDS)
    _limit(resource.RLIMIT_AS, MAX_MEMORY)
    read = {"pdf": pdf, "rtf": rtf, "feed": feed}[sys.argv[1]]
    try:
        result = read(sys.stdin.buffer.read())
    except MemoryError:
        result = {"error": "memory"}
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main()
