"""Masks Markdown and transcripts for the segmentation: markup becomes spaces, and offsets stay those of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from harness.data.articles.article_file import MaskedText
from harness.errors import FaultsError

MAX_LINE = 100_000
"""Length of a Markdown line, in characters, above which its inline marks are not masked."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_WORD = re.compile(r"[^\W_]")
_HEADING = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
_HEADING_END = re.compile(r"(?<=[ \t])#+[ \t]*$")
_MARKERS = re.compile(r"[ \t]*(?:(?:>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])|\[[ xX]\](?=[ \t]))[ \t]*)+")
_ITEM = re.compile(r"[>\s]*(?:[-+*]|\d{1,9}[.)])[ \t]")
_NOT_PROSE = re.compile(
    r"\s*+(?:\|.*\||\[[^\[\]]+\]:\s*\S.*|(?:!\[[^\[\]]*\]\([^()]*\)\s*+)++|(?:</?[A-Za-z][^<>]*>\s*+)++)\s*+$"
)
"""A line that holds only a table row, a link definition, images or HTML tags."""
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,500}>")
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_ADDRESS = re.compile(r"(?<=\]\()[^()\s][^()\n]{0,2000}(?=\))")
_EMPHASIS = re.compile(r"(?<!\S)(?:\*{1,3}|_{1,3}|~~)(?=\S)|(?<=\S)(?:\*{1,3}|_{1,3}|~~)(?!\S)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


def _to_spaces(match: re.Match[str]) -> str:
    """Spaces for all characters but line breaks, so that offsets and lines stay the same."""
    return re.sub(r"[^\r\n]", " ", match.group())


def _to_letters(match: re.Match[str]) -> str:
    """Letters in place of a URL or code, so that a dot in it does not end a sentence."""
    return "x" * len(match.group())


def _split_line_end(line: str) -> tuple[str, str]:
    """The content of a line, and its line break."""
    content = line.rstrip("\r\n")
    return content, line[len(content) :]


def mask_markdown(text: str) -> MaskedText:
    """Mask a Markdown text for the segmentation.

    Spaces replace front matter, code blocks, comments, tables, link definitions, images, rules, and the marks of
    headings, list items, quotations and emphasis. A line break inside a paragraph becomes a space, so that it does not
    end a sentence.
    """
    end = _front_matter_end(text)
    body = re.sub(r"[^\r\n]", " ", text[:end]) + text[end:]
    return MaskedText("".join(_markdown_lines(_COMMENT.sub(_to_spaces, body))))


def _front_matter_end(text: str) -> int:
    """Offset of the end of the front matter; 0 without one."""
    lines = _LINE.finditer(text)
    if next(lines).group().rstrip() != "---":
        return 0
    return next((line.end() for line in lines if line.group().rstrip() in ("---", "...")), 0)


def _markdown_lines(text: str) -> Iterator[str]:
    """Yield each line masked, then its line break: a space inside a paragraph."""
    # Whether a line break ends a paragraph depends on the next line, so it is held back until that line is read.
    pending_break = open_fence = ""
    in_quotation = False
    for line in _LINE.finditer(text):
        content, line_break = _split_line_end(line.group())
        fence = _FENCE.match(content)
        masked = _mask_line(content) if not open_fence and not fence else ""
        if open_fence:
            # Only a fence of the same character, at least as long and without text after it, closes a code block.
            closes = fence and fence[1].startswith(open_fence) and not content.strip("`~ \t")
            open_fence = "" if closes else open_fence
        elif fence:
            open_fence = fence[1]
        was_in_quotation = in_quotation
        in_quotation = content.lstrip().startswith(">")
        is_heading = bool(_HEADING.match(content))
        is_blank = not masked.strip()
        starts_paragraph = (
            is_heading or bool(_ITEM.match(content)) or is_blank or (in_quotation and not was_in_quotation)
        )
        yield pending_break if starts_paragraph else re.sub(r"[\r\n]", " ", pending_break)
        yield " " * len(content) if is_blank else masked
        # Two spaces or a backslash at the end of a line are a hard line break of Markdown.
        ends_paragraph = is_heading or is_blank or content.endswith(("  ", "\\"))
        pending_break = "" if ends_paragraph else line_break
        yield line_break if ends_paragraph else ""
    yield pending_break


def _mask_line(line: str) -> str:
    """A line of Markdown prose with its marks as spaces, as long as before; empty if the line is not prose."""
    if not _WORD.search(line) or _NOT_PROSE.match(line):
        return ""
    heading = _HEADING.match(line)
    if heading:
        line = " " * heading.end() + _HEADING_END.sub(_to_spaces, line[heading.end() :])
    markers = None if heading else _MARKERS.match(line)
    if markers:
        line = " " * markers.end() + line[markers.end() :]
    # The patterns of inline marks can take time quadratic in the length of the line.
    if len(line) > MAX_LINE:
        return line
    line = _TAG.sub(_to_spaces, _ADDRESS.sub(_to_letters, _CODE.sub(_to_letters, line)))
    return re.sub(r"\\$", " ", _EMPHASIS.sub(_to_spaces, line))


def markdown_title(text: str) -> str | None:
    """The title in the front matter of a Markdown text, else its first heading, without marks; None without either."""
    text = re.sub(r"\r\n?", "\n", text)
    end = _front_matter_end(text)
    entry = re.search(r"^title:[ \t]*(\S[^\r\n]*)", text[:end], re.MULTILINE)
    if entry:
        return entry[1].strip("\"' \t") or None
    heading = re.search(r"^#[ \t]+(\S[^\r\n]*)", text[end:], re.MULTILINE)
    return (re.sub(r"[*_`#]", "", heading[1]).strip() or None) if heading else None


_TIME = r"(?:[\[(]?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?[\])]?[ \t]+)?"
_TURN = re.compile(
    rf"[ \t]*{_TIME}(?P<speaker>[^\W\d_(][^:\r\n]{{0,59}}?|\([^:()\r\n]{{1,58}}\))[ \t]*:(?=[ \t]|$)[ \t]*"
)
_STAGE_DIRECTION = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])\s*$")
_NAME_PARTICLE = re.compile("al|and|bin|da|de|del|della|der|di|do|dos|du|el|la|le|of|the|van|von|zu")


def mask_transcript(text: str, path: str | Path) -> MaskedText:
    """Mask a transcript for the segmentation: spaces replace each `Speaker: ` at the start of a line.

    A line without a speaker belongs to the previous speaker; a line in brackets ("(APPLAUSE)") has no speaker.

    Raises: FaultsError: no line names a speaker.
    """
    lines: list[str] = []
    turns: list[tuple[int, str | None]] = []
    speaker: str | None = None
    for line in _LINE.finditer(text):
        content, line_break = _split_line_end(line.group())
        turn = _TURN.match(content)
        if turn and _is_name(turn["speaker"]):
            speaker = " ".join(turn["speaker"].split())
            content = " " * turn.end() + content[turn.end() :]
        if content.strip():
            turns.append((line.start(), None if _STAGE_DIRECTION.match(content) else speaker))
        lines.append(content + line_break)
    if speaker is None:
        raise FaultsError.single(
            path, "no line starts with 'Speaker: '; omit --transcript to read the file as an article"
        )
    return MaskedText("".join(lines), tuple(turns))


def _is_name(text: str) -> bool:
    """Whether a text before a colon is a name: at most six capitalized words or particles, none with ! or ?."""
    words = text.strip("()").split()
    return 0 < len(words) <= 6 and all(
        (not word[0].islower() or _NAME_PARTICLE.fullmatch(word)) and not re.search(r"[!?]", word) for word in words
    )
