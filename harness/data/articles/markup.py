"""Markdown and transcripts: the text stays the file's own, and what is not prose is blank for the segmentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from harness.data.articles.reading import MaskedText
from harness.errors import FaultsError

MAX_LINE = 100_000
"""Characters of a Markdown line beyond which its inline marks are left alone."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_WORD = re.compile(r"[^\W_]")
_HEADING = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
_HEADING_END = re.compile(r"(?<=[ \t])#+[ \t]*$")
_MARKERS = re.compile(r"[ \t]*(?:(?:>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])|\[[ xX]\](?=[ \t]))[ \t]*)+")
_ITEM = re.compile(r"[>\s]*(?:[-+*]|\d{1,9}[.)])[ \t]")
_NO_PROSE = re.compile(
    r"\s*+(?:\|.*\||\[[^\[\]]+\]:\s*\S.*|(?:!\[[^\[\]]*\]\([^()]*\)\s*+)++|(?:</?[A-Za-z][^<>]*>\s*+)++)\s*+$"
)
"""A row of a table, the address of a link, pictures, tags alone in their line."""
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,500}>")
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_ADDRESS = re.compile(r"(?<=\]\()[^()\s][^()\n]{0,2000}(?=\))")
_EMPHASIS = re.compile(r"(?<!\S)(?:\*{1,3}|_{1,3}|~~)(?=\S)|(?<=\S)(?:\*{1,3}|_{1,3}|~~)(?!\S)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\r\n]", " ", match.group())


def _inert(match: re.Match[str]) -> str:
    """Letters: no sentence ends inside an address or code."""
    return "x" * len(match.group())


def _split(line: str) -> tuple[str, str]:
    """A line's own characters, and its line end."""
    content = line.rstrip("\r\n")
    return content, line[len(content) :]


def marked_markdown(text: str) -> MaskedText:
    """A Markdown text for the segmentation.

    Blank are: front matter, code blocks, comments, tables, addresses of links, pictures, rules, and the marks of
    headings, list items, quotations and emphasis. A line break inside a paragraph ends no sentence.
    """
    end = _front_matter(text)
    prose = re.sub(r"[^\r\n]", " ", text[:end]) + text[end:]
    return MaskedText("".join(_markdown_lines(_COMMENT.sub(_blank, prose))))


def _front_matter(text: str) -> int:
    """Where the front matter ends that a text starts with; 0 without one."""
    lines = _LINE.finditer(text)
    if next(lines).group().rstrip() != "---":
        return 0
    return next((line.end() for line in lines if line.group().rstrip() in ("---", "...")), 0)


def _markdown_lines(text: str) -> Iterator[str]:
    """Each line masked; its line end is a space where the paragraph goes on."""
    waiting = fence = ""
    quoted = False
    for found in _LINE.finditer(text):
        content, end = _split(found.group())
        mark = _FENCE.match(content)
        kept = masked_line(content) if not fence and not mark else ""
        if fence:
            fence = "" if mark and mark[1].startswith(fence) and not content.strip("`~ \t") else fence
        elif mark:
            fence = mark[1]
        was_quoted, quoted = quoted, content.lstrip().startswith(">")
        starts = bool(_HEADING.match(content) or _ITEM.match(content) or not kept.strip() or quoted > was_quoted)
        yield re.sub(r"[\r\n]", " ", waiting) if waiting and not starts else waiting
        yield kept if kept.strip() else " " * len(content)
        alone = bool(_HEADING.match(content)) or content.endswith(("  ", "\\")) or not kept.strip()
        waiting = "" if alone else end
        yield end if alone else ""
    yield waiting


def masked_line(line: str) -> str:
    """One line of Markdown prose with its marks blank, as long as before; blank where it is no prose."""
    if not _WORD.search(line) or _NO_PROSE.match(line):
        return ""
    heading = _HEADING.match(line)
    if heading:
        line = " " * heading.end() + _HEADING_END.sub(_blank, line[heading.end() :])
    markers = None if heading else _MARKERS.match(line)
    if markers:
        line = " " * markers.end() + line[markers.end() :]
    if len(line) > MAX_LINE:
        return line
    line = _TAG.sub(_blank, _ADDRESS.sub(_inert, _CODE.sub(_inert, line)))
    return re.sub(r"\\$", " ", _EMPHASIS.sub(_blank, line))


def markdown_title(text: str) -> str | None:
    """The title that a Markdown text's front matter names, else its first heading; without its marks."""
    text = re.sub(r"\r\n?", "\n", text)
    end = _front_matter(text)
    named = re.search(r"^title:[ \t]*(\S[^\r\n]*)", text[:end], re.MULTILINE)
    heading = re.search(r"^#[ \t]+(\S[^\r\n]*)", text[end:], re.MULTILINE)
    title = named[1].strip("\"' \t") if named else re.sub(r"[*_`#]", "", heading[1]).strip() if heading else ""
    return title or None


_TIME = r"(?:[\[(]?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?[\])]?[ \t]+)?"
_TURN = re.compile(
    rf"[ \t]*{_TIME}(?P<speaker>[^\W\d_(][^:\r\n]{{0,59}}?|\([^:()\r\n]{{1,58}}\))[ \t]*:(?=[ \t]|$)[ \t]*"
)
_STAGE = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])\s*$")
_SMALL = re.compile("al|and|bin|da|de|del|della|der|di|do|dos|du|el|la|le|of|the|van|von|zu")


def marked_transcript(text: str, path: str | Path) -> MaskedText:
    """A transcript for the segmentation: each `Speaker: ` that opens a line is blank, and known from there on.

    A line without a speaker goes on with the last one; a line in brackets ("(APPLAUSE)") has none.

    Raises: FaultsError: no line names a speaker.
    """
    lines, turns = list[str](), list[tuple[int, str | None]]()
    speaker: str | None = None
    for found in _LINE.finditer(text):
        content, end = _split(found.group())
        turn = _TURN.match(content)
        if turn and _is_name(turn["speaker"]):
            speaker = " ".join(turn["speaker"].split())
            content = " " * turn.end() + content[turn.end() :]
        if content.strip():
            turns.append((found.start(), None if _STAGE.match(content) else speaker))
        lines.append(content + end)
    if speaker is None:
        raise FaultsError.single(path, "no line starts with 'Speaker: '; without --transcript it is read as an article")
    return MaskedText("".join(lines), tuple(turns))


def _is_name(text: str) -> bool:
    """At most six words, none but particles in lower case and none that ends a sentence: a name, no remark."""
    words = text.strip("()").split()
    return 0 < len(words) <= 6 and all(
        (not word[0].islower() or _SMALL.fullmatch(word)) and not re.search(r"[!?]", word) for word in words
    )
