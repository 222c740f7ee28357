"""Rebuilds the paragraphs of a PDF from its lines: drops what runs along the pages, orders columns, joins lines."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean, median
from typing import NamedTuple

MARGIN = 0.12
"""Share of the height of a page, at the top and at the bottom, in which running headers and footers stand."""
MIN_REPEATS = 2
REPEATS = 0.3
"""Number and share of the pages on which a line of the margin has to stand to be a running header or footer."""
MIN_PROSE = 25
"""Mean characters of the pieces of a line from which they are columns of text, not cells of a table."""
MAX_ENDING = 80
"""Characters at the end of a line that are examined."""
LOOK_BACK = 6
"""Number of paragraphs among which the one is looked for that goes on after a page break."""

_PAGE_NUMBER = re.compile(
    r"(?:(?i:page|seite|página|pagina|стр\.|p\.)\s*)?[-–—|\[(]?\s*(?:\d{1,4}|[ivxlc]{1,6})\s*[-–—|\])]?"
    r"(?:\s*(?:/|(?i:of|von|de|sur|di|из))\s*\d{1,4})?"
)
BULLET = re.compile(r"[•◦▪‣●○■□➢✓\uf0b7\uf0a7·*–—-]\s+(?=\S)")
_CONTENTS = re.compile(r"(?:\.[ \u00a0]?){5,}\s*[\divxlc]{0,5}$")
"""The end of a line of a table of contents."""
_END = re.compile(r"[.!?…:;。！？][\"'”’»)\]]*$")


class Line(NamedTuple):
    """A line of a page, or a part of one that a gap sets apart."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    """The line that its letters stand on."""
    page: int

    @property
    def size(self) -> float:
        """Height of the line, which grows with its font."""
        return self.bottom - self.top


@dataclass
class Paragraph:
    """Lines that belong together."""

    lines: list[Line]
    is_item: bool = False
    text: str = field(default="", init=False)

    @property
    def size(self) -> float:
        """Size of its first line."""
        return self.lines[0].size


def without_margins(pages: Sequence[Sequence[Line]], heights: Sequence[float], dropped: Counter[str]) -> list[Line]:
    """Returns the lines of all pages without page numbers, running headers and footers, and tables of contents.

    Args:
        pages: lines of each page.
        heights: height of each page.
        dropped: counter to which what is left out is added, by kind.
    """
    margins = [_margins(lines, height) for lines, height in zip(pages, heights, strict=True)]
    n_pages = Counter(key for margin in margins for key in {(_key(line), side) for line, side in margin.items()})
    needed = max(MIN_REPEATS, REPEATS * len(pages))
    remaining = list[Line]()
    for lines, margin in zip(pages, margins, strict=True):
        for line in lines:
            side = margin.get(line)
            if side and _PAGE_NUMBER.fullmatch(line.text.strip()):
                dropped["page number"] += 1
            elif side and n_pages[_key(line), side] >= needed:
                dropped[f"running {side}"] += 1
            elif _CONTENTS.search(line.text[-MAX_ENDING:]):
                dropped["contents line"] += 1
            else:
                remaining.append(line)
    return remaining


def _margins(lines: Sequence[Line], height: float) -> dict[Line, str]:
    """The lines at the top and at the bottom of a page that a gap sets apart from its text, with their side."""
    margin = dict[Line, str]()
    down = sorted(lines, key=lambda line: line.bottom)
    for side, order in (("header", down), ("footer", down[::-1])):
        group = list[Line]()
        for line in order:
            inside = line.bottom < MARGIN * height if side == "header" else line.top > (1 - MARGIN) * height
            near = bool(group) and abs(line.bottom - group[-1].bottom) < 1.6 * max(line.size, group[-1].size)
            if not near:  # what stands before it is a group of the margin
                margin |= dict.fromkeys(group, side)
                group = []
            if not inside:
                group = []
                break
            group.append(line)
        margin |= dict.fromkeys(group, side)
    return margin


def _key(line: Line) -> str:
    """What the same header has on each page: its words, whatever the number of the page."""
    return re.sub(r"\d+", "#", " ".join(line.text.split()))


def in_reading_order(lines: list[Line]) -> list[Line]:
    """Returns the lines of a page in the order of reading.

    Most files give them in it. Columns of text whose lines alternate are put one after the other; the cells of a table
    stay beside each other.
    """
    pairs = [(a, b) for a, b in itertools.pairwise(lines) if _same_row(a, b)]
    sides = [line for pair in pairs for line in pair]
    if len(pairs) < 4 or len(pairs) < 0.3 * len(lines) or mean(len(line.text) for line in sides) < MIN_PROSE:
        return lines
    edge = Counter(round(b.left / 5) for _, b in pairs).most_common(1)[0][0] * 5
    ordered, left, right = list[Line](), list[Line](), list[Line]()
    for line in lines:
        if line.right <= edge + 5:
            left.append(line)
        elif line.left >= edge - 8:
            right.append(line)
        else:  # a line over both columns ends what stands above it
            ordered += [*left, *right, line]
            left, right = [], []
    if len(left) == len(lines) or len(right) == len(lines):
        return lines
    ordered += [*in_reading_order(left), *in_reading_order(right)]
    return ordered


def _same_row(a: Line, b: Line) -> bool:
    return a.page == b.page and abs(a.bottom - b.bottom) < 0.4 * a.size and (b.left >= a.right or a.left >= b.right)


def paragraphs_of(lines: Sequence[Line]) -> list[Paragraph]:
    """Returns the paragraphs of a document.

    A paragraph ends where the font or the distance of the lines changes, before an indented line and a bullet, and
    after a line on which the next word had room. One that is cut by a column or a page goes on after it.

    Args:
        lines: lines of all pages, in the order of reading.
    """
    leading = median([b.bottom - a.bottom for a, b in itertools.pairwise(lines) if _follows(a, b)] or [0])
    paragraphs = list[Paragraph]()
    for number, (left, right, run) in enumerate(_runs(lines, leading)):
        for index, line in enumerate(run):
            bullet = BULLET.match(line.text)
            if index:
                new = bool(bullet) or _begins(paragraphs[-1], run[index - 1], line, left, right)
                owner = None if new else paragraphs[-1]
            else:
                owner = None if bullet or not number else _cut_paragraph(paragraphs, line)
            if owner is None:
                paragraphs.append(Paragraph([line], is_item=bool(bullet)))
            else:
                owner.lines.append(line)
    _join(paragraphs)
    return paragraphs


def _follows(a: Line, b: Line) -> bool:
    """Whether a line stands below another one, in the same column and in the same font."""
    if a.page != b.page or b.bottom <= a.bottom or b.left > a.right or a.left > b.right:
        return False
    return abs(a.size - b.size) <= 0.1 * max(a.size, b.size) and b.bottom - a.bottom < 2.5 * a.size


def _runs(lines: Sequence[Line], leading: float) -> list[tuple[float, float, list[Line]]]:
    """Lines at one distance, each run with its left and right edge."""
    runs = list[list[Line]]()
    for line in lines:
        last = runs[-1][-1] if runs else None
        near = last is not None and _follows(last, line)
        # In a font of another size than that of most lines, its height tells what is near.
        if near and last is not None and line.bottom - last.bottom <= max(1.3 * leading, 1.95 * line.size):
            runs[-1].append(line)
        else:
            runs.append([line])
    return [(min(line.left for line in run), max(line.right for line in run), run) for run in _same_distance(runs)]


def _same_distance(runs: list[list[Line]]) -> list[list[Line]]:
    """Runs that are cut where the distance of two lines is clearly larger than that of the others of the run."""
    cut = list[list[Line]]()
    for run in runs:
        steps = [b.bottom - a.bottom for a, b in itertools.pairwise(run)]
        usual = median(steps) if steps else 0
        start = 0
        for index, step in enumerate(steps, start=1):
            if step > 1.2 * usual:
                cut.append(run[start:index])
                start = index
        cut.append(run[start:])
    return cut


def _begins(paragraph: Paragraph, before: Line, line: Line, left: float, right: float) -> bool:
    """Whether a line begins a paragraph, of two lines of one run."""
    ends = bool(_END.search(before.text))
    if not ends and line.text[:1].islower():
        return False
    indent = 0.6 * line.size
    if line.left > left + indent and before.left <= left + indent and not paragraph.is_item and ends:
        return True
    if paragraph.is_item and line.left < paragraph.lines[0].left + 0.3 * line.size:
        return True  # below the bullet, not beside it
    word = line.text.split(maxsplit=1)[0]
    width = (line.right - line.left) / max(1, len(line.text)) * (len(word) + 1)
    return right - before.right > 1.2 * width and (ends or right - before.right > 0.25 * (right - left))


def _cut_paragraph(paragraphs: list[Paragraph], line: Line) -> Paragraph | None:
    """The paragraph that goes on in the first line of a column or page; notes and captions may stand between."""
    for paragraph in reversed(paragraphs[-LOOK_BACK:]):
        last = paragraph.lines[-1]
        if abs(last.size - line.size) > 0.1 * line.size:
            continue
        elsewhere = last.page != line.page or line.bottom < last.bottom
        hyphen = last.text.endswith("-")
        goes_on = not _END.search(last.text) and (line.text[:1].islower() or hyphen)
        return paragraph if elsewhere and goes_on and line.page - last.page <= 1 else None
    return None


def _join(paragraphs: list[Paragraph]) -> None:
    """Sets the texts of the paragraphs; a word that is divided at the end of a line becomes whole.

    The hyphen stays where the document writes the word with it elsewhere, and nowhere without.
    """
    words = Counter(re.findall(r"\w+(?:-\w+)*", "\n".join(line.text for p in paragraphs for line in p.lines)))
    for paragraph in paragraphs:
        text = paragraph.lines[0].text
        pieces = [text]
        for line in paragraph.lines[1:]:
            ending = pieces[-1][-MAX_ENDING:]
            start = re.search(r"[^\W\d_]+-$", ending)
            rest = re.match(r"[^\W\d_]+", line.text)
            if start is not None and rest is not None and rest[0][0].islower():
                whole, hyphened = start[0][:-1] + rest[0], start[0] + rest[0]
                keeps = words[hyphened] and not words[whole]
                pieces[-1] = pieces[-1] if keeps else pieces[-1][:-1]
            elif not re.search(r"\w-$", ending):
                pieces.append(" ")
            pieces.append(line.text)
        text = "".join(pieces)
        bullet = BULLET.match(text) if paragraph.is_item else None
        paragraph.text = text[bullet.end() :] if bullet else text
