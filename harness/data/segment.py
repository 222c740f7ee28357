"""Splits English text into sentences by rule, with exact offsets.

A sentence can end at a line break, before an item of a numbered list, and at a mark (``.``, ``!``, ``?``,
an ellipsis) with the closing quotes and brackets after it. Each mark is judged by the few words around it and
the first letter of its sentence, so that the time is linear in the length of the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple


class Span(NamedTuple):
    """A stretch of a text: ``text[start:end]``."""

    start: int
    """Offset of the first character, in Unicode code points."""
    end: int
    """Offset one past the last character."""


LANGUAGES: frozenset[str] = frozenset({"en"})
"""Codes of the languages the rules were made for."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Abbreviations: without their last dot and in lower case.

_TITLES = _words(
    "mr mrs ms mx dr drs prof profs gen gens lt ltc lts col cols sgt capt cpl pvt pfc maj cmdr cdr adm "
    "sen sens rep reps gov govs pres rev fr hon messrs supt det insp amb atty"
)
"""Stand before a name, so never end a sentence."""

_NEVER = _words("e.g i.e eg ie v vs viz cf approx ca p.s n.b")
"""Something always follows."""

_BEFORE_NUMBER = _words(
    "no nos n° nr pp par para fig figs eq vol vols ch sect art arts ed tel ext jan feb mar apr jun jul "
    "aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun rs op cl"
)
"""Abbreviations only before a number; otherwise words like any other, or the last one of their sentence."""

_MAYBE = _words(
    "inc corp co cos ltd llc plc bros jr sr esq al dept univ assn assoc ave blvd rd st ste mt mts ft sq "
    "hwy bldg apt intl natl govt admin asst sec ph.d ed.d est misc alt"
)
"""End a sentence only before a word that starts sentences."""

_STATES = _words(
    "ala ariz ark calif cal colo conn del fla ga ill ind kan kans ky la md mass mich minn miss mo mont "
    "neb nev okla ont ore pa penn que tenn tex va vt wash wis wyo"
)
"""Like `_MAYBE`, but only with a capital."""

_CLOCK = _words("a.m p.m b.c b.c.e c.e a.d")
"""End a sentence before a capital, save one of `_AFTER_CLOCK`."""

_AFTER_CLOCK = _words(
    "et est edt pt pst pdt ct cst cdt mt mst mdt gmt utc bst cet cest ist jst aest eastern pacific "
    "central mountain monday tuesday wednesday thursday friday saturday sunday"
)

_KNOWN = _TITLES | _NEVER | _BEFORE_NUMBER | _MAYBE | _STATES | _CLOCK

_SHOUTS = _words("yahoo jeopardy yum e")
"""Names written with an exclamation mark."""

_STARTERS = _words(
    "the a an this that these those there it he she they we you i his her its their our my your it's he's "
    "she's they're we're i'm that's there's i've we've don't who what when where why how which if in on "
    "at for from by with as after before although though while since because but and or so yet however "
    "meanwhile also then now not some many most both each every more such another only even just still "
    "once during through between among about against according despite instead until unless do does did "
    "is are was were has have had could would should let here perhaps maybe thus therefore moreover "
    "furthermore nevertheless nonetheless otherwise additionally finally later earlier today yesterday "
    "tomorrow to them him us nobody everyone everything nothing something"
)
"""Words that, with a capital, mostly start a sentence."""

_MARK = re.compile(
    r"""(?P<mark>[.!?…][.!?…]*+(?:[ \u00a0]\.++(?![^\s.!?"'”’)\]]))*+)"""  # a run of marks, or ". . ."
    r"""(?P<close>(?:["'”’»)\]}*_]|[ ]?\[(?:\d{1,3}|…|\.{3})\])*+)"""  # with reference marks: "[3]"
    r"""(?P<space>\s*+)"""
)
_NEXT = re.compile(r"""["'“‘«(\[{*_¿¡]*+(?P<word>[^\W_]++(?:['’][^\W_]++)?)?(?P<after>[.-]?)""")
_INITIALS = re.compile(r"[^\W\d_](?:\.-?[^\W\d_]{1,3})*")
_NUMERAL = re.compile(r"\d|[A-Z]\d|[IVXL]{2,}$")
_ENUMERATOR = re.compile(r"(?:[•⁃] ?)?[(\[]?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[)\]]?")
_ITEM = re.compile(r"(?:(?<!\S)|(?<=⁃))(?P<number>\d{1,2}|[a-z])(?P<style>\.\)|[.)])(?=\s)")
_BULLET = re.compile(r"\s*[-*•](?:\s+|$)")
_ATTRIBUTION = re.compile(
    r"(?:[A-Z][\w’'.-]*+\s){1,4}(?:said|says|asked|asks|wrote|writes|added|replied|cried|shouted|tweeted)\b"
)
_OPENING_TIME = re.compile(r"(?:At|By|Before|After|Around|About|Until|Since|From) [\d:]{1,5} ?[ap]\.m")
_QUOTATION = re.compile(r"“[^“”]*”|«[^«»]*»|\"(?<!\w\")(?=\S)[^\"]*\"")
_LOOK_BACK = 32
"""Characters read before a mark, so that a word without end costs no time."""


def sentences(text: str, *, split_quotations: bool = True) -> list[Span]:
    """The sentences of a text, in order.

    Args:
        text: any text; each of its lines, as `str.splitlines` sees them, is segmented by itself.
        split_quotations: whether a sentence can end inside a quotation; if not, a quotation in double quotes
            that closes on its line is kept whole.

    Returns: spans in code points that do not overlap, none empty and none with white space at its ends.
        Together they hold every character that is not white space, save a list marker (``-``, ``*``, ``•``)
        that stands apart at the start of a line.
    """
    spans: list[Span] = []
    offset = 0
    for line in text.splitlines(keepends=True):
        bullet = _BULLET.match(line)
        start = bullet.end() if bullet else len(line) - len(line.lstrip())
        end = len(line.rstrip())
        whole = () if split_quotations else _QUOTATION.finditer(line, start, end)
        quotations = [match.span() for match in whole]
        for begin, stop in _pieces(line, start, end, quotations):
            spans.append(Span(offset + begin, offset + stop))
        offset += len(line)
    return spans


def _pieces(line: str, start: int, end: int, quotations: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yields the sentences of ``line[start:end]``, which has no white space at its ends."""
    items = _items(line, start, end, quotations)
    while start < end:
        item = next(items, end)
        stop = start + len(line[start:item].rstrip())
        for match in _MARK.finditer(line, start, stop):
            close, following = match.span("space")
            if close == following or (quotations and _inside(quotations, close)):
                continue
            if _ends(line, start, match, stop):
                yield start, close
                start = following
        yield start, stop
        start = item


def _items(line: str, start: int, end: int, quotations: list[tuple[int, int]]) -> Iterator[int]:
    """Yields where the second and later items of a list in one line start ("1. One 2. Two", "a) One b) Two").

    The line must start with the first item, so that numbers in running text are left alone.
    """
    first = _ITEM.search(line, start, min(end, start + 6))
    if first is None or not _ENUMERATOR.fullmatch(line, start, first.start("style")):
        return
    if first["number"] not in ("1", "a") and first.start() == start and "•" not in line[:start]:
        return
    number, style = _value(first["number"]), first["style"]
    for match in _ITEM.finditer(line, first.end(), end):
        place = match.start()
        follows = match["style"] == style and _value(match["number"]) == number + 1
        if follows and not _inside(quotations, place):
            number += 1
            yield place - 2 if line[place - 2 : place] == "• " else place - (line[place - 1] == "⁃")


def _value(number: str) -> int:
    return int(number) if number.isdigit() else ord(number) + 1000  # letters never follow on numbers


def _inside(quotations: list[tuple[int, int]], place: int) -> bool:
    """Whether a place is in a quotation and not at one of its ends."""
    index = bisect_left(quotations, (place,)) - 1
    return index >= 0 and place < quotations[index][1]


def _ends(line: str, start: int, match: re.Match[str], end: int) -> bool:
    """Whether the sentence that begins at `start` ends with a mark before white space and more text."""
    begin, following = match.start(), match.end()
    mark, close = match["mark"], match["close"]
    follow = _NEXT.match(line, following, end)
    word = follow["word"] if follow else None
    if follow is None or word is None:
        return line[following] not in "-–—,;:)]/&=+>|<.!?…"
    if close.startswith("]") and line[begin - 1 : begin] == "[":  # "[...]" leaves words out
        return False
    if word[0].islower():
        return not close and line[start].islower() and _plain(line, start, begin, mark)
    if mark == ".":
        return close not in ("", ")") or _dot_ends(line, start, begin, follow)
    if "." in mark or "…" in mark:
        # "I ... We" leaves words out; "ever... We" and "left. … We" end.
        left_out = begin == start or (line[begin - 1].isspace() and line[begin - 2] not in '.!?"”')
        return not left_out or bool(close) or len(mark.replace(" ", "")) > 3
    if close:
        return not _ATTRIBUTION.match(line, following, end)
    return mark != "!" or _token(line, start, begin).lower() not in _SHOUTS or _starts(follow)


def _token(line: str, start: int, begin: int) -> str:
    """The word that ends at `begin`, without the quotes and brackets before it."""
    words = line[max(start, begin - _LOOK_BACK) : begin].rsplit(None, 1)
    return words[-1].lstrip("\"'“‘«([{*_-–—/") if words else ""


def _starts(follow: re.Match[str]) -> bool:
    """Whether the next word mostly starts sentences."""
    word = follow["word"]
    if follow["after"] == "." and word in ("Mr", "Mrs", "Ms"):
        return True
    if follow["after"] or (word.isupper() and len(word) > 1):  # an initial, a compound, a headline
        return False
    return word.lower().replace("’", "'") in _STARTERS


def _plain(line: str, start: int, begin: int, mark: str) -> bool:
    """Whether a mark ends a sentence in text without capitals: after a whole word, and no ellipsis."""
    token = _token(line, start, begin)
    if mark[0] == "…" or mark[:2] == ".." or len(token) < 3 or not token.isalpha():
        return False
    return token not in _KNOWN or token in _STATES


def _dot_ends(line: str, start: int, begin: int, follow: re.Match[str]) -> bool:
    """Whether a single dot ends the sentence, before a word that is not in lower case."""
    if begin - start < 10 and _ENUMERATOR.fullmatch(line, start, begin):
        return False
    token, word = _token(line, start, begin), follow["word"]
    key = token.lower()
    if key not in _KNOWN and not _INITIALS.fullmatch(token):
        return True
    if key in _TITLES:
        return token.islower() and _starts(follow)
    if key in _NEVER:
        return False
    if key in _BEFORE_NUMBER:
        return not _NUMERAL.match(word) and (key == "no" or follow["after"] != ".")  # "Mon. Jan. 5"
    if len(token) == 1 and token.islower():  # "p. 55"
        return not _NUMERAL.match(word)
    if key in _CLOCK:
        return word.lower() not in _AFTER_CLOCK and not _OPENING_TIME.fullmatch(line, start, begin)
    return _starts(follow) or (key in _STATES and token[0].islower())
