"""Splits text into sentences by rules, with exact offsets.

A sentence can end at a line break, before an item of a numbered list, and at a mark (``.``, ``!``, ``?``,
an ellipsis) with the closing quotes and brackets after it. The rules decide on each mark from the few words around it
and the first letter of its sentence, so the time is linear in the length of the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from harness.data.sentences.words import LANGUAGES, Words, words_of


class Span(NamedTuple):
    """A span of a text: ``text[start:end]``."""

    start: int
    """Offset of the first character, in Unicode code points."""
    end: int
    """Offset one past the last character."""


# Possessive quantifiers (*+, ++) keep the patterns from backtracking: without them, a long run of marks or spaces takes
# quadratic time.
_STOPS = "。！？｡．।॥۔։።"
"""Marks that have no other use than to end a sentence, and that no space need follow."""
_MARK = re.compile(
    rf"""(?P<mark>[.!?…؟{_STOPS}][.!?…؟{_STOPS}]*+(?:[ \u00a0]\.++(?![^\s.!?"'”’)\]]))*+)"""  # or ". . ."
    r"""(?P<close>(?:["'”’»)\]}*_」』）》】〕]|[ ](?:''|['”»])(?=\s|$)|(?<=[.!?…؟])“"""
    r"""|[ ]?\[(?:\d{1,3}|[a-z]|…|\.{3}|[a-z ]{2,25} needed)\])*+)"""  # "[3]"
    r"""(?P<space>\s*+)"""
)
_NEXT = re.compile(r"""(?:["'“‘„«(\[{*_¿¡`]|,,[ ]?)*+(?P<word>[^\W_]++(?:['’][^\W_]++)?)?(?P<after>[.-]?)""")
_INITIALS = re.compile(r"[^\W\d_](?:\.-?[^\W\d_]{1,3})*")
_NUMERAL = re.compile(r"\d|[A-Z]\d|[IVXL]{2,}$")
_ENUMERATOR = re.compile(r"(?:[•⁃] ?)?[(\[]?(?:\d{1,4}|[A-Za-z]|[ivxIVX]{1,5})[)\]]?")
_ORDINAL = re.compile(r"\d{1,2}|[IVX]+")
_ITEM = re.compile(r"(?:(?<!\S)|(?<=⁃))(?P<number>\d{1,2}|[a-z])(?P<style>\.\)|[.)])(?=\s)")
_BULLET = re.compile(r"\s*[-*•](?:\s+|$)")
_BREAK = re.compile(
    r"""(?:(?<!\S)\d{1,2}/\d{1,2}/\d{2,4}[ ]\d{1,2}:\d{2}(?::\d{2})?(?:[ ][AP]M)?+(?!\s+[AP]M\b)  # a header's end
    |(?<=\s)[:;]-?[)(](?=\s+[A-Z])  # a smiley
    |(?<!\S)(?P<rule>[_*=~-])(?P=rule){9,}+
    |(?<=\s)>>|(?<=\S)>>(?=\s+[A-Z])  # << File: a.doc >>
    |(?<!\S)(?:(?:[Bb]est|[Kk]ind(?:est)?|[Ww]arm(?:est)?)\s)?(?:[Rr]egards|[Ww]ishes|Sincerely|Yours\s(?:sincerely|truly|faithfully)|Cheers),
    |<[^\s<>@]{1,60}@[^\s<>]{1,60}>(?=\s+[A-Z])
    |(?<!\S)Dear(?:\s[^\W\d_]+){1,3},(?=\s+[A-Z])
    |(?<!\S)https?://\S{1,200}+(?=\s+https?://)
    )(?P<space>\s++)(?=\S)""",
    re.VERBOSE,
)
"""What ends a sentence in messages, where no mark does."""
_ATTRIBUTION = re.compile(
    r"(?:[A-Z][\w’'.-]*+\s){1,4}(?:said|says|asked|asks|wrote|writes|added|replied|cried|shouted|tweeted)\b"
)
_OPENING_TIME = re.compile(r"(?:At|By|Before|After|Around|About|Until|Since|From) [\d:]{1,5} ?[ap]\.m")
_QUOTATION = re.compile(r"“[^“”]*”|„[^„“”]*[“”]|«[^«»]*»|\"(?<!\w\")(?=\S)[^\"]*\"")
_CLOSED = frozenset(("", "”", '"', "”)", ")", '")', "]", "»", "'", "’"))
"""What may stand between a mark and the next sentence where the space is missing."""
_CLOSING = frozenset("%°)]”’»")
"""Characters that may stand before a mark that ends a sentence without a space."""
_NEXT_WITHOUT_SPACE = re.compile(r"(?:[^\W\d_]{2,}+|[AI](?=\s))(?=[\s,;:!?'’”)-]|[.](?:\s|$)|$)")
_ASKED = re.compile(r"(?<=\w)[;\u037e][»”\"]?\s+(?=[«“\"(]?(?P<next>\w))")
"""A Greek question mark."""
_UNSPACED = re.compile(r"[\u3040-\u9fff]")
"""A letter of a script that puts no spaces between words."""
_CONTINUING = frozenset("。！？｡，、；：,;:)）」』】》”")
"""Characters that no sentence begins with: after a quotation that ends in a full stop, they go on with its sentence."""
_SPACED = re.compile(r"(?<!\w)[^\W\d_]\.(?: [^\W\d_]\.){0,2} [^\W\d_]\Z")
"""An abbreviation of several words, up to its last dot: "u. a" of "u. a."."""
_SPACED_LENGTH = 16
"""Characters before a dot in which such an abbreviation is looked for."""
_QUOTATION_LENGTH = 1_000
"""Characters on each side in which the brackets of a quotation are looked for."""
_TURN = re.compile(r"[-–—]\s+(?P<word>[^\W_]+)")
_CREDIT = re.compile(r"(?:--|[–—]) ?[A-Z]")
_ENDINGS = frozenset({"com", "net", "org", "js"})
_ADDRESSES = frozenset({"http", "https", "www", "pic"})
_FIGURES = re.compile(r"[$€£]?\d[\d.,:/-]*\d%?|[$€£]\d")
_LOOK_BACK = 32
"""Characters examined before a mark; a limit, so that a text without spaces stays linear in time."""


def supported(language: str) -> bool:
    """Whether the segmentation has rules for a language.

    Args:
        language: a BCP 47 tag, such as "en" or "en-US".
    """
    return _primary(language) in LANGUAGES


def sentences(text: str, *, split_quotations: bool = True, language: str = "en") -> list[Span]:
    """Split a text into sentences, in order.

    Args:
        text: any text; each of its lines, as defined by `str.splitlines`, is segmented on its own.
        split_quotations: whether a sentence can end inside a quotation. If False, a quotation in double quotes that
            closes on the same line is never split.
        language: a BCP 47 tag. For a language that is not `supported`, the general rules apply, which know initials
            but no other abbreviations.

    Returns: nonempty spans in code points that do not overlap, without white space at their ends.
        Together they contain every character that is not white space, except a list marker (``-``, ``*``, ``•``)
        that is separated by a space at the start of a line.
    """
    rules = _rules(_primary(language))
    spans: list[Span] = []
    offset = 0
    for line in map(_with_sided_quotes, text.splitlines(keepends=True)):
        bullet = _BULLET.match(line)
        start = bullet.end() if bullet else len(line) - len(line.lstrip())
        end = len(line.rstrip())
        unsplit = () if split_quotations else _QUOTATION.finditer(line, start, end)
        quotations = [match.span() for match in unsplit]
        for begin, stop in _split_line(rules, line, start, end, quotations):
            spans.append(Span(offset + begin, offset + stop))
        offset += len(line)
    return spans


def _with_sided_quotes(line: str) -> str:
    """A line whose quotes between spaces show which side they are: `" Go. " He went.` becomes `“ Go. ” He went.`."""
    if ' " ' not in line:
        return line
    pieces = line.split('"')
    for index in range(len(pieces) - 1):
        is_spaced = pieces[index][-1:] in (" ", "") and pieces[index + 1][:1] in (" ", "")
        pieces[index] += ("”" if index % 2 else "“") if is_spaced else '"'
    return "".join(pieces)


def _split_line(
    rules: _Rules, line: str, start: int, end: int, quotations: list[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yield the sentences of ``line[start:end]``, which has no white space at its ends."""
    breaks = _breaks(line, start, end, semicolon_asks=rules.words.semicolon_asks)
    items = iter(sorted({*_item_starts(line, start, end, quotations), *breaks}))
    while start < end:
        item = next(items, end)
        stop = start + len(line[start:item].rstrip())
        for match in _MARK.finditer(line, start, stop):
            close, following = match.span("space")
            if quotations and _inside(quotations, close):
                continue
            has_space = close < following
            ends = rules.ends if has_space else rules.ends_without_space
            if ends(line, start, match, stop):
                yield start, close
                start = following
        yield start, stop
        start = item


def _item_starts(line: str, start: int, end: int, quotations: list[tuple[int, int]]) -> Iterator[int]:
    """Yield the offsets of the second and later items of a list on one line ("1. One 2. Two", "a) One b) Two").

    The line must start with the first item, so that numbers in running text do not count as items.
    """
    first = _ITEM.search(line, start, min(end, start + 6))
    if first is None or not _ENUMERATOR.fullmatch(line, start, first.start("style")):
        return
    if first["number"] not in ("1", "a") and first.start() == start and "•" not in line[:start]:
        return
    number = _value(first["number"])
    style = first["style"]
    for match in _ITEM.finditer(line, first.end(), end):
        begin = match.start()
        is_next = match["style"] == style and _value(match["number"]) == number + 1
        if is_next and not _inside(quotations, begin):
            number += 1
            # A bullet before the number belongs to the item.
            has_hyphen_bullet = line[begin - 1] == "⁃"
            yield begin - 2 if line[begin - 2 : begin] == "• " else begin - has_hyphen_bullet


def _breaks(line: str, start: int, end: int, *, semicolon_asks: bool) -> Iterator[int]:
    """Yield the offsets after what ends a sentence in messages: the time of a message, a smiley, a rule, a greeting."""
    for match in _BREAK.finditer(line, start, end):
        following = match.end("space")
        if line[following].isupper() or line[following].isdigit() or line[following] in "\"'“(<-h":
            yield following
    for match in _ASKED.finditer(line, start, end) if semicolon_asks else ():
        if match["next"].isupper():
            yield match.end()


def _value(number: str) -> int:
    """The position of an item in its list; letters are offset by 1000, so that "a" never follows a number."""
    return int(number) if number.isdigit() else ord(number) + 1000


def _inside(quotations: list[tuple[int, int]], offset: int) -> bool:
    """Whether an offset is inside a quotation and not at one of its ends."""
    # (offset,) sorts before (offset, end), so a quotation that starts at the offset does not count.
    index = bisect_left(quotations, (offset,)) - 1
    return index >= 0 and offset < quotations[index][1]


def _primary(language: str) -> str:
    """The primary subtag of a BCP 47 tag: "en" of "en-US"."""
    return language.replace("_", "-").split("-", 1)[0].lower()


def _token(line: str, start: int, begin: int) -> str:
    """The word that ends at `begin`, without opening quotes and brackets."""
    words = line[max(start, begin - _LOOK_BACK) : begin].rsplit(None, 1)
    return words[-1].lstrip("\"'“‘„«([{*_-–—/¿¡") if words else ""


def _ends_after_stop(line: str, match: re.Match[str]) -> bool:
    """Whether a full stop that needs no space ends a sentence, by what follows it: not "「行く。」と言った"."""
    following = line[match.end()]
    if match["mark"] == "．" and following.isdigit() and match.end() == match.end("mark"):  # "3．5"
        return False
    if _quotation_goes_on(line, match.end()):
        return False
    return following not in _CONTINUING and not (match["close"][-1:] in ("」", "』") and following in "とっ")


def _quotation_goes_on(line: str, offset: int) -> bool:
    """Whether an offset is in a quotation that its speaker follows: 「行く。心配ない」と言った。"""
    first = max(0, offset - _QUOTATION_LENGTH)
    if line.rfind("「", first, offset) <= line.rfind("」", first, offset):
        return False
    closing = line.find("」", offset, offset + _QUOTATION_LENGTH)
    return closing >= 0 and line[closing + 1 : closing + 2] in ("と", "っ", "、")


class _Rules:
    """Decides which marks end a sentence, by the word lists of a language."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.abbreviations = words.known  # computed once: the property builds a union of six sets

    def ends(self, line: str, start: int, match: re.Match[str], end: int) -> bool:
        """Whether a mark that white space follows ends the sentence that begins at `start`.

        Args:
            line: the line.
            start: offset of the first character of the sentence.
            match: of `_MARK`.
            end: offset of the end of the line, or of the next list item.
        """
        begin = match.start()
        following = match.end()
        mark = match["mark"]
        close = match["close"]
        follow = _NEXT.match(line, following, end)
        word = follow["word"] if follow else None
        # No word follows: a symbol, a dash or a bracket.
        if mark[-1] in _STOPS:
            return _ends_after_stop(line, match)
        if follow is None or word is None:
            turn = _TURN.match(line, following, end) if self.words.dash_starts else None
            if turn is not None:
                return turn["word"] not in self.words.saying and not self._abbreviation(_token(line, start, begin))
            if mark == "." and not close and _CREDIT.match(line, following, end):
                return True
            if line[following] in "§#@" and self._abbreviation(_token(line, start, begin)):
                return False
            return line[following] not in "-–—,;:)]/&=+>|<.!?…"
        if close.startswith("]") and line[begin - 1 : begin] == "[":  # "[...]" marks omitted words
            return False
        if word[0].islower():
            return not close and self._ends_before_lower(line, start, begin, mark, word)
        if mark == ".":
            return close not in ("", ")") or self._dot_ends(line, start, begin, follow)
        if "." in mark or "…" in mark:
            # In "I ... We" the ellipsis marks omitted words; "ever... We" and "left. … We" end a sentence.
            is_omission = begin == start or (line[begin - 1].isspace() and line[begin - 2] not in '.!?"”')
            return not is_omission or bool(close) or len(mark.replace(" ", "")) > 3
        if close:
            return not _ATTRIBUTION.match(line, following, end)
        return mark != "!" or _token(line, start, begin).lower() not in self.words.shouts or self._starts(follow)

    def ends_without_space(self, line: str, start: int, match: re.Match[str], end: int) -> bool:
        """Whether a mark without white space after it ends a sentence: "the end.The next"."""
        following = match.end()
        if match["mark"][-1] in _STOPS and following < end:
            return _ends_after_stop(line, match)
        close = match["close"]
        if not close and _UNSPACED.match(line, following, end) and _UNSPACED.match(line, match.start() - 1):
            return True
        if following == end or line[following].islower() or close not in _CLOSED:
            return False
        follow = _NEXT_WITHOUT_SPACE.match(line, following, end)
        if follow is None or (follow[0].isupper() and len(follow[0]) > 1) or follow[0].lower() in _ENDINGS:
            return False
        token = _token(line, start, match.start())
        if match.start() == start:
            return False
        if close == '"' and line.count('"', 0, match.start()) % 2 == 0:  # the mark that opens a quotation
            return False
        if close or line[match.start() - 1] in _CLOSING or _FIGURES.fullmatch(token):
            return True
        if self._abbreviation(token):
            return follow[0].lower() in self.words.starters
        return self._whole_word(token) and not token[0].isupper()

    def _key(self, token: str) -> str:
        """A word as the word lists spell it, without an elided article: "art" of "l'art."."""
        key = token.lower()
        tail = key.replace("’", "'").rpartition("'")[2]
        is_elided = key not in self.abbreviations and len(tail) > 1 and tail in self.abbreviations
        return tail if is_elided else key

    def _abbreviation(self, token: str) -> bool:
        return self._key(token) in self.abbreviations or _INITIALS.fullmatch(token) is not None

    def _whole_word(self, token: str, min_length: int = 3) -> bool:
        """Whether a token is a word of letters and no abbreviation."""
        if len(token) < min_length or not token.isalpha():
            return False
        return token not in self.abbreviations or token in self.words.capitalized

    def _ends_before_lower(self, line: str, start: int, begin: int, mark: str, word: str) -> bool:
        """Whether a mark ends a sentence before a word in lower case: only after a whole word, never an ellipsis."""
        token = _token(line, start, begin)
        if word in _ADDRESSES:
            return self._key(token) not in self.words.titles | self.words.never
        if not self.words.starters:  # no word lists: any word before a dot may be an abbreviation
            return False
        if _FIGURES.fullmatch(token) and start < begin - len(token):
            return not self.words.ordinals  # "3." may be an ordinal number in the middle of a sentence
        if mark[0] == "…" or mark[:2] == ".." or not self._whole_word(token, 2 if mark[0] == "?" else 3):
            return False
        if line[start].islower():  # a text without capitals
            return True
        return token.islower() and token not in self.words.before_lower and word not in self.words.saying

    def _starts(self, follow: re.Match[str]) -> bool:
        """Whether the next word usually starts a sentence."""
        word = follow["word"]
        if follow["after"] == "." and word in ("Mr", "Mrs", "Ms"):
            return True
        if follow["after"] or (word.isupper() and len(word) > 1):  # an initial, a compound, a headline
            return False
        # str.lower() turns the Turkish capital İ into i and a combining dot, which the word lists do not have.
        word = word.lower().replace("’", "'").replace("i\u0307", "i")
        return word in self.words.starters

    def _dot_ends(self, line: str, start: int, begin: int, follow: re.Match[str]) -> bool:
        """Whether a single dot ends a sentence before a word that does not start in lower case."""
        if begin - start < 10 and _ENUMERATOR.fullmatch(line, start, begin):
            return False  # the number of a list item: "1. The first"
        token = _token(line, start, begin)
        word = follow["word"]
        words = self.words
        key = self._key(token)
        spaced = _SPACED.search(line, max(start, begin - _SPACED_LENGTH), begin)
        if spaced is not None and spaced[0].replace(" ", "").lower() in words.never:  # "u. a." of "u.a."
            return False
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
        if len(token) == 1 and token.islower() and key not in self.abbreviations:  # "p. 55"
            return not _NUMERAL.match(word)
        if key in words.clock:
            return word.lower() not in words.after_clock and not _OPENING_TIME.fullmatch(line, start, begin)
        return self._starts(follow) or (key in words.capitalized and token[0].islower())


@cache
def _rules(primary: str) -> _Rules:
    return _Rules(words_of(primary))
