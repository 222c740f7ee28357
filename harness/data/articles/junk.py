"""Masks what is no claim in an article: times of a live blog, bylines, share buttons, datelines, comment marks."""

from __future__ import annotations

import itertools
import re
import string
from collections import Counter
from collections.abc import Iterator

from harness.data.articles.article_file import MaskedText, PartSpan

MAX_LINE = 150
"""Characters of a line that can be a byline, a dateline or a row of buttons."""

_CLOCK = r"(?:[01]?\d|2[0-4])[:.h][0-5]\d(?::[0-5]\d)?|(?:1[0-2]|[1-9])(?=\s?[ap]\.?m\b)"
_HALF_DAY = r"(?:\s?[ap]\.?\s?m\b\.?)"
_ZONE = (
    r"(?:\s?(?:Uhr\b|uur\b|heures\b|hrs?\b|h\b|local time\b"
    r"|(?-i:[A-Z]{1,2}[SD]?T|UTC|CES?T|EES?T|AES?T)\b|(?-i:GMT|UTC)[+-]\d{1,2}\b|(?-i:\([A-Z]{2,4}\))))"
)
_TIME = re.compile(
    rf"(?P<open>[\[(])?(?P<clock>{_CLOCK})(?P<half>{_HALF_DAY})?(?P<zone>{_ZONE})?(?P<close>[\])])?"
    r"(?P<dash>\s*[-–—|•·:]+(?=\s)|\s*[-–—|•·](?=\w))?",
    re.IGNORECASE,
)
_LIVE = re.compile(r"[●•🔴\s]*(?:LIVE|Live)(?:\s+(?:blog|updates?|ticker|coverage))?[.:!●•\s]*", re.IGNORECASE)
_AGO = re.compile(
    r"(?:about |updated )?\d{1,3}\s?(?:s|sec|seconds?|m|min|mins|minutes?|h|hrs?|hours?|d|days?) ago", re.I
)

_READING_TIME = re.compile(
    r"(?:(?:estimated )?(?:reading|read) time|lesezeit|lesedauer|temps de lecture|tiempo de lectura|leestijd)"
    r"\s*:?\s*(?:ca\. )?\d{1,3}\s?(?:min\w*|м\w*)\.?"
    r"|\d{1,3}[\s-]?(?:mins?|minutes?)\.? (?:read|lesezeit|de lecture|de lectura|di lettura|leestijd)",
    re.IGNORECASE,
)
_BYLINE = re.compile(
    r"(?:(?i:by|reported by|written by|story by|text by|words by|von|par|por|di|av|af|door|przez|автор|автори|текст)"
    r"\s*:?\s+)(?P<names>[^\W\d_][\w.,'’&\s-]*?)"
    r"(?P<role>\s*(?:[|•·–—]|\bin\b|\bfor\b|\bat\b"
    r"|, (?=[^\W\d_a-z]|(?:\w+ )?(?:staff|senior|reporter|editor|correspondent|writer)))[^.!?]{2,80})?"
)
_STAFF = re.compile(
    r"\(?(?i:(?:additional )?reporting|writing|editing|edited|compiled|photographs?|photos) (?i:by) "
    r"[^\W\d_a-z][^!?]{2,130}\)?"
)
_NAME_PARTICLES = frozenset(
    re.findall(r"\w+", "al bin da de del della den der di dos du el la le van von ten ter zu staff agencies reporters")
    + re.findall(r"\w+", "and und et y e en och og i и та")
)
MAX_NAMES = 12
"""Words of the names in a byline."""

_BUTTON = (
    r"share(?: (?:this|on|via|by)(?: (?:article|story|page|post))?)?|tweet(?: this)?|pin it|email(?: this)?|e-mail"
    r"|print(?: this page)?|save(?: article)?|copy(?: the)? link|link copied|facebook|twitter|x|whatsapp|linkedin"
    r"|reddit|telegram|messenger|pinterest|flipboard|bluesky|threads|mastodon|pocket|sms|comments?"
    r"|\d+ (?:comments?|shares?)|subscribe|sign up|follow(?: us)?|listen(?: to this article)?"
    r"|bookmark|teilen|drucken|merken|kommentare?"
    r"|partager|imprimer|enregistrer|commentaires?|compartir|imprimir|guardar|comentarios?|condividi|stampa|delen"
    r"|compartilhar|поделиться|печать|комментарии"
)
_BUTTONS = re.compile(rf"(?:(?:{_BUTTON}|on|via|to|by)[\s,|/•·:–—-]*)+", re.IGNORECASE)
_SHARES = re.compile(
    r"\b(?:share|tweet|copy|print|teilen|drucken|partager|imprimer|compartir|condividi|delen|compartilhar|поделиться)\b"
    r"|^(?:facebook|twitter|whatsapp|linkedin|reddit|e-?mail|save|comments?|\d+ (?:comments?|shares?)|subscribe)$",
    re.IGNORECASE,
)

_NETWORKS = re.compile(r"\b(?:facebook|twitter|whatsapp|linkedin|reddit|telegram|pinterest|e-?mail)\b", re.IGNORECASE)
_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec|mär|mai|okt|dez|fév|févr|avr|juin|juil|août|déc|ene|abr|ago"
    r"|dic|gen|mag|giu|lug|set|ott|янв|фев|мар|апр|мая|май|июн|июл|авг|сен|окт|ноя|дек)\w{0,6}\.?"
)
_WEEKDAY = (
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)(?:day)?|tue|wed|thu|sat|montag|dienstag|mittwoch|donnerstag|freitag"
    r"|samstag|sonntag|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes"
    r"|sábado|domingo)\.?,?\s+"
)
_DATE = (
    rf"(?:{_WEEKDAY})?(?:(?:le|el|den|am)\s+)?(?:{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?"
    rf"|\d{{1,2}}(?:st|nd|rd|th|er)?\.?\s+(?:de\s+)?{_MONTH}(?:,?\s+(?:de\s+)?\d{{4}})?(?:\s+г\.)?"
    r"|\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4})"
)
_STAMP = rf"{_DATE}(?:\s*(?:,|at|um|à|a las|T|\||–|—|-)?\s*(?:{_CLOCK}){_HALF_DAY}?{_ZONE}?)?"
_LABEL = (
    r"(?:(?:first |last )?(?:published|updated|posted|modified)(?: on| at)?|updated?|date|stand|veröffentlicht(?: am)?"
    r"|aktualisiert(?: am)?|publié(?: le)?|mis à jour(?: le)?|publicado(?: el)?|actualizado(?: el)?|pubblicato(?: il)?)"
)
_PLACE = r"(?P<city>[^\W\d_]{2}[^\W\d_]*(?:[\s.'’-]+[^\W\d_]+){0,3})(?:,\s+[^\W\d_][\w. ]{1,20})?"
_DATELINE = re.compile(
    rf"(?:{_LABEL}\s*:?\s*)?{_STAMP}(?:\s*[|•·–—,-]\s*(?:{_LABEL}\s*:?\s*)?{_STAMP})*\s*[.|•·–—-]*"
    rf"|{_LABEL}\s*:?\s*(?:{_CLOCK}{_HALF_DAY}?{_ZONE}?|\d+ \w+ ago)",
    re.IGNORECASE,
)
_TIME_STAMP = re.compile(
    rf"(?:{_STAMP}|(?:{_CLOCK}){_HALF_DAY}?{_ZONE}?,?\s+{_DATE})\s*[|•·–—,-]*\s+(?=\w+ )", re.IGNORECASE
)
_AGENCY = r"\((?:AP|AFP|Reuters|dpa|EFE|ANSA|UPI|PA|AAP|TASS|Bloomberg|Xinhua|[A-Z]{2,6})\)"
_CITY = re.compile(
    rf"{_PLACE}(?:(?P<date>,\s*(?i:{_STAMP}))(?:\s*{_AGENCY})?\s*[-–—]*|\s*{_AGENCY}\s*[-–—]*|\s*[–—]|\s+--?)"
)
"""A line of its own with the place, in capitals, and the date or the agency: `LONDON, May 3 (Reuters) -`."""

_ATTACHED = re.compile(r"(?<=[^\s\[])(?P<marks>(?:\[[a-z]{1,2}\])+)(?=\s|$|[.,;:!?])")
_MARKS = (*string.ascii_lowercase, *(a + b for a in string.ascii_lowercase for b in string.ascii_lowercase))
"""Marks in the order in which Google Docs gives them."""
_NOTE = re.compile(r"\[([a-z]{1,2})\](?=\S)")
_LINE = re.compile(r"[^\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")


def without_junk(marked: MaskedText) -> MaskedText:
    """Masks what is no claim, line by line, and counts it by kind; offsets stay.

    A line that is a time, `LIVE`, a byline, a dateline or a row of share buttons gives no claim; nor do a time at the
    start of a line and a comment mark of Google Docs at its end. Turns of speakers are left as they are.

    Args:
        marked: the text, with markup masked.
    """
    if marked.turns:
        return marked
    counts = Counter(marked.dropped)
    text = list[str]()
    end = 0
    notes = _note_marks(marked.text)
    for number, line in enumerate(_LINE.finditer(marked.text)):
        part = marked.part_at(line.start() + len(line.group()) - len(line.group().lstrip()))
        for start, stop, kind in _junk(line.group(), part, notes, first=number == 0):
            text += [marked.text[end : line.start() + start], " " * (stop - start)]
            end = line.start() + stop
            counts[kind] += 1
    return marked._replace(text="".join([*text, marked.text[end:]]), dropped=counts)


def is_time(text: str) -> bool:
    """Whether a text is a time of day (`13:40`, `1:40 p.m. ET`), or says how long ago something was."""
    time = _TIME.match(text)
    return bool((time and time.end() == len(text) and _is_time(time)) or _AGO.fullmatch(text))


def _note_marks(text: str) -> frozenset[str]:
    """The marks of comments that are attached to a word or a sentence: [a], [b], ... from the first letter on.

    Without a mark [a], a letter in brackets is an editor's ("give[s]").
    """
    marks = set(re.findall(r"\[([a-z]{1,2})\]", "".join(match["marks"] for match in _ATTACHED.finditer(text))))
    return frozenset(itertools.takewhile(marks.__contains__, _MARKS))


def _junk(line: str, part: PartSpan | None, notes: frozenset[str], *, first: bool) -> Iterator[tuple[int, int, str]]:
    """Yields the spans of a line that are no claim, in order, with their kinds."""
    start, end = len(line) - len(line.lstrip()), len(line.rstrip())
    content = line[start:end]
    if not content or (part is not None and part.whole):
        return
    if (note := _NOTE.match(content)) and note[1] in notes:
        yield start, end, "comment"
        return
    kind = _kind_of_line(content, part, first=first) if len(content) <= MAX_LINE else None
    if kind is not None:
        yield start, end, kind
        return
    time = _leading_time(content)
    if time:
        yield start, start + time, "time"
    for match in _ATTACHED.finditer(line, start + time, end):
        if match["marks"] and all(mark in notes for mark in re.findall(r"[a-z]+", match["marks"])):
            yield match.start(), match.end(), "comment mark"


def _kind_of_line(content: str, part: PartSpan | None, *, first: bool) -> str | None:
    """The kind of a line that gives no claim; None for any other line."""
    is_item = part is not None and part.part in ("list item", "caption")
    if is_time(content):
        return "time"
    if _LIVE.fullmatch(content):
        return "live mark"
    if _BUTTONS.fullmatch(content) and (_SHARES.search(content) or len(_NETWORKS.findall(content)) > 1):
        return "share button"
    if _READING_TIME.fullmatch(content):
        return "reading time"
    # The first line can be the title, which can read like a byline ("By Land and Sea").
    if is_item or (first and not _is_byline(content, needs_role=True)):
        return None
    if (part is None or part.part != "heading") and _is_byline(content):
        return "byline"
    city = _CITY.fullmatch(content)
    if _DATELINE.fullmatch(content) or (city and (city["city"].isupper() or city["date"])):
        return "dateline"
    return None


def _is_byline(content: str, *, needs_role: bool = False) -> bool:
    """Whether a line is "By" and names, perhaps with what they are: every word of a name has a capital."""
    if _STAFF.fullmatch(content):
        return True
    stamp = _TIME_STAMP.match(content)
    match = _BYLINE.fullmatch(content, stamp.end() if stamp else 0)
    names = [] if match is None else re.findall(r"[\w.'’-]+", match["names"])
    if needs_role and not (match and match["role"]):
        return False
    return 0 < len(names) <= MAX_NAMES and all(
        name[0].isupper() or name.lower() in _NAME_PARTICLES or name == "-" for name in names
    )


def _leading_time(content: str) -> int:
    """Length of a time at the start of a line, with the sign and the space after it; 0 without one."""
    time = _TIME.match(content)
    if time is None or not _is_time(time):
        return 0
    rest = content[time.end() :]
    text = rest.lstrip()
    marked = time["dash"] or time["close"] or time["half"] or time["zone"]
    # "10:30 trains were late" is a sentence; a post begins with a capital, a quotation or a figure.
    begins = text[:1].isupper() or text[:1] in "\"'“„«‘‚»¿¡" or (text[:1].isdigit() and bool(marked)) or _uncased(text)
    if not text or not (begins or time["dash"]) or not (time["dash"] or time["close"] or rest[:1].isspace()):
        return 0
    return time.end() + len(rest) - len(text)


def _uncased(text: str) -> bool:
    """Whether a text begins with a letter of a script without capitals."""
    return text[:1].isalpha() and text[0].lower() == text[0].upper()


def _is_time(time: re.Match[str]) -> bool:
    """Whether a match is a time: with a point (14.05) or an hour alone, it has to say so ("Uhr", "p.m.")."""
    if bool(time["open"]) != bool(time["close"]):
        return False
    clock = time["clock"]
    return ":" in clock or "h" in clock.lower() or bool(time["half"] or time["zone"])
