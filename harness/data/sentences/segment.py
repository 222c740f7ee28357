"""Splits text into sentences by rule, with exact offsets.

A sentence can end at a line break, before an item of a numbered list, and at a mark (``.``, ``!``, ``?``,
an ellipsis) with the closing quotes and brackets after it. Each mark is judged by the few words around it and
the first letter of its sentence, so that the time is linear in the length of the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from harness.data.sentences.words import GENERAL, WORDS, Words


class Span(NamedTuple):
    """A stretch of a text: ``text[start:end]``."""

    start: int
    """Offset of the first character, in Unicode code points."""
    end: int
    """Offset one past the last character."""


LANGUAGES: frozenset[str] = frozenset(WORDS)
"""The languages the rules were made for: first parts of BCP 47 tags."""

_MARK = re.compile(
    r"""(?P<mark>[.!?…؟][.!?…؟]*+(?:[ \u00a0]\.++(?![^\s.!?"'”’)\]]))*+)"""  # a run of marks, or ". . ."
    r"""(?P<close>(?:["'”’»)\]}*_]|(?<=[.!?…؟])“|[ ]?\[(?:\d{1,3}|[a-z]|…|\.{3}|[a-z ]{2,25} needed)\])*+)"""  # "[3]"
    r"""(?P<space>\s*+)"""
)
_NEXT = re.compile(r"""["'“‘„«(\[{*_¿¡]*+(?P<word>[^\W_]++(?:['’][^\W_]++)?)?(?P<after>[.-]?)""")
_INITIALS = re.compile(r"[^\W\d_](?:\.-?[^\W\d_]{1,3})*")
_NUMERAL = re.compile(r"\d|[A-Z]\d|[IVXL]{2,}$")
_ENUMERATOR = re.compile(r"(?:[•⁃] ?)?[(\[]?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[)\]]?")
_ORDINAL = re.compile(r"\d{1,2}|[IVX]+")
_ITEM = re.compile(r"(?:(?<!\S)|(?<=⁃))(?P<number>\d{1,2}|[a-z])(?P<style>\.\)|[.)])(?=\s)")
_BULLET = re.compile(r"\s*[-*•](?:\s+|$)")
_ATTRIBUTION = re.compile(
    r"(?:[A-Z][\w’'.-]*+\s){1,4}(?:said|says|asked|asks|wrote|writes|added|replied|cried|shouted|tweeted)\b"
)
_OPENING_TIME = re.compile(r"(?:At|By|Before|After|Around|About|Until|Since|From) [\d:]{1,5} ?[ap]\.m")
_QUOTATION = re.compile(r"“[^“”]*”|„[^„“”]*[“”]|«[^«»]*»|\"(?<!\w\")(?=\S)[^\"]*\"")
_GLUED = re.compile(r"[^\W\d_]{2,}+(?=[\s,;:!?'’”)-]|[.](?:\s|$)|$)")
_CREDIT = re.compile(r"(?:--|[–—]) ?[A-Z]")
_ENDINGS = frozenset({"com", "net", "org", "js"})
_ADDRESSES = frozenset({"http", "https", "www", "pic"})
_FIGURES = re.compile(r"[$€£]?\d[\d.,:/-]*\d%?")
_LOOK_BACK = 32
"""Characters read before a mark, so that a word without end costs no time."""


def supported(language: str) -> bool:
    """Whether the rules were made for a language.

    Args:
        language: a BCP 47 tag: "en", "en-US".
    """
    return _primary(language) in LANGUAGES


def sentences(text: str, *, split_quotations: bool = True, language: str = "en") -> list[Span]:
    """The sentences of a text, in order.

    Args:
        text: any text; each of its lines, as `str.splitlines` sees them, is segmented by itself.
        split_quotations: whether a sentence can end inside a quotation; if not, a quotation in double quotes
            that closes on its line is kept whole.
        language: a BCP 47 tag. Text in a language that is not `supported` is cut by the marks alone, which
            know no abbreviation but initials.

    Returns: spans in code points that do not overlap, none empty and none with white space at its ends.
        Together they hold every character that is not white space, save a list marker (``-``, ``*``, ``•``)
        that stands apart at the start of a line.
    """
    rules = _rules(_primary(language))
    spans: list[Span] = []
    offset = 0
    for line in text.splitlines(keepends=True):
        bullet = _BULLET.match(line)
        start = bullet.end() if bullet else len(line) - len(line.lstrip())
        end = len(line.rstrip())
        whole = () if split_quotations else _QUOTATION.finditer(line, start, end)
        quotations = [match.span() for match in whole]
        for begin, stop in _pieces(rules, line, start, end, quotations):
            spans.append(Span(offset + begin, offset + stop))
        offset += len(line)
    return spans


def _pieces(
    rules: _Rules, line: str, start: int, end: int, quotations: list[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yields the sentences of ``line[start:end]``, which has no white space at its ends."""
    items = _items(line, start, end, quotations)
    while start < end:
        item = next(items, end)
        stop = start + len(line[start:item].rstrip())
        for match in _MARK.finditer(line, start, stop):
            close, following = match.span("space")
            if quotations and _inside(quotations, close):
                continue
            if rules.ends(line, start, match, stop) if close < following else rules.glued(line, start, match, stop):
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


def _primary(language: str) -> str:
    return language.replace("_", "-").split("-", 1)[0].lower()


def _token(line: str, start: int, begin: int) -> str:
    """The word that ends at `begin`, without the quotes and brackets before it."""
    words = line[max(start, begin - _LOOK_BACK) : begin].rsplit(None, 1)
    return words[-1].lstrip("\"'“‘„«([{*_-–—/¿¡") if words else ""


class _Rules:
    """Judges marks by the words of a language."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.known = words.known

    def ends(self, line: str, start: int, match: re.Match[str], end: int) -> bool:
        """Whether the sentence that begins at `start` ends with a mark before white space and more text."""
        begin, following = match.start(), match.end()
        mark, close = match["mark"], match["close"]
        follow = _NEXT.match(line, following, end)
        word = follow["word"] if follow else None
        if follow is None or word is None:
            if mark == "." and not close and _CREDIT.match(line, following, end):
                return True
            if line[following] in "§#@" and self._abbreviation(_token(line, start, begin)):
                return False
            return line[following] not in "-–—,;:)]/&=+>|<.!?…"
        if close.startswith("]") and line[begin - 1 : begin] == "[":  # "[...]" leaves words out
            return False
        if word[0].islower():
            return not close and self._ends_before_lower(line, start, begin, mark, word)
        if mark == ".":
            return close not in ("", ")") or self._dot_ends(line, start, begin, follow)
        if "." in mark or "…" in mark:
            # "I ... We" leaves words out; "ever... We" and "left. … We" end.
            left_out = begin == start or (line[begin - 1].isspace() and line[begin - 2] not in '.!?"”')
            return not left_out or bool(close) or len(mark.replace(" ", "")) > 3
        if close:
            return not _ATTRIBUTION.match(line, following, end)
        return mark != "!" or _token(line, start, begin).lower() not in self.words.shouts or self._starts(follow)

    def glued(self, line: str, start: int, match: re.Match[str], end: int) -> bool:
        """Whether a sentence ends with a mark that no white space follows: "the end.The next"."""
        following = match.end()
        if following == end or match["close"] not in ("", "”") or line[following].islower():
            return False
        follow = _GLUED.match(line, following, end)
        if follow is None or follow[0].isupper() or follow[0].lower() in _ENDINGS:
            return False
        token = _token(line, start, match.start())
        return self._whole_word(token) and not token[0].isupper()

    def _key(self, token: str) -> str:
        """A word as the tables write it, without an article that runs into it: "l'art."."""
        key = token.lower()
        tail = key.replace("’", "'").rpartition("'")[2]
        return tail if key not in self.known and len(tail) > 1 and tail in self.known else key

    def _abbreviation(self, token: str) -> bool:
        return self._key(token) in self.known or _INITIALS.fullmatch(token) is not None

    def _whole_word(self, token: str, least: int = 3) -> bool:
        return len(token) >= least and token.isalpha() and (token not in self.known or token in self.words.capitalized)

    def _ends_before_lower(self, line: str, start: int, begin: int, mark: str, word: str) -> bool:
        """Whether a mark ends a sentence before a word in lower case: after a whole word, and no ellipsis."""
        token = _token(line, start, begin)
        if word in _ADDRESSES:
            return self._key(token) not in self.words.titles | self.words.never
        if not self.words.starters:  # a language whose abbreviations are not known
            return False
        if _FIGURES.fullmatch(token) and start < begin - len(token):
            return not self.words.ordinals
        if mark[0] == "…" or mark[:2] == ".." or not self._whole_word(token, 2 if mark[0] == "?" else 3):
            return False
        if line[start].islower():  # a text without capitals
            return True
        return token.islower() and token not in self.words.before_lower and word not in self.words.saying

    def _starts(self, follow: re.Match[str]) -> bool:
        """Whether the next word mostly starts sentences."""
        word = follow["word"]
        if follow["after"] == "." and word in ("Mr", "Mrs", "Ms"):
            return True
        if follow["after"] or (word.isupper() and len(word) > 1):  # an initial, a compound, a headline
            return False
        word = word.lower().replace("’", "'").replace("i\u0307", "i")
        return word in self.words.starters

    def _dot_ends(self, line: str, start: int, begin: int, follow: re.Match[str]) -> bool:
        """Whether a single dot ends the sentence, before a word that is not in lower case."""
        if begin - start < 10 and _ENUMERATOR.fullmatch(line, start, begin):
            return False
        token, word, words = _token(line, start, begin), follow["word"], self.words
        key = self._key(token)
        if words.ordinals and _ORDINAL.fullmatch(token):
            return self._starts(follow)
        if not self._abbreviation(token):
            return True
        if key in words.titles:
            return token.islower() and self._starts(follow)
        if key in words.never:
            return False
        if key in words.before_number:
            return not _NUMERAL.match(word) and (key == "no" or follow["after"] != ".")  # "Mon. Jan. 5"
        if len(token) == 1 and token.islower() and key not in self.known:  # "p. 55"
            return not _NUMERAL.match(word)
        if key in words.clock:
            return word.lower() not in words.after_clock and not _OPENING_TIME.fullmatch(line, start, begin)
        return self._starts(follow) or (key in words.capitalized and token[0].islower())


@cache
def _rules(primary: str) -> _Rules:
    return _Rules(WORDS.get(primary, GENERAL))
