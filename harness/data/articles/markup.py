"""Masks Markdown and transcripts for the segmentation: markup becomes spaces, and offsets stay those of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.data.articles.article_file import MaskedText, PartSpan
from harness.data.articles.page_blocks import in_words
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
_RULE = re.compile(r"[ >]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+(?:[ \t]*:?-+:?[ \t]*)?$")
"""The rule below the header of a table."""
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*$")
"""The line below a heading."""
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

    Spaces replace front matter, code blocks, comments, link definitions, images, rules, the header of a table, and the
    marks of headings, list items, quotations, emphasis and tables. A line break inside a paragraph becomes a space, so
    that it does not end a sentence. Headings, list items and the rows of tables are parts.
    """
    end = _front_matter_end(text)
    body = _COMMENT.sub(_to_spaces, re.sub(r"[^\r\n]", " ", text[:end]) + text[end:])
    rows = markdown_rows(body)
    parts = [row for row in rows.values() if row is not None]
    masked = "".join(_markdown_lines(body, rows, parts))
    return MaskedText(masked, parts=tuple(sorted(parts)))


def _front_matter_end(text: str) -> int:
    """Offset of the end of the front matter; 0 without one."""
    lines = _LINE.finditer(text)
    if next(lines).group().rstrip() != "---":
        return 0
    return next((line.end() for line in lines if line.group().rstrip() in ("---", "...")), 0)


def _markdown_lines(text: str, rows: Mapping[int, PartSpan | None], parts: list[PartSpan]) -> Iterator[str]:
    """Yield each line masked, then its line break: a space inside a paragraph. Adds headings and items to `parts`."""
    # Whether a line break ends a paragraph depends on the next line, so it is held back until that line is read.
    pending_break = open_fence = ""
    in_quotation = in_item = False
    paragraph: tuple[int, int] | None = None
    for line in _LINE.finditer(text):
        content, line_break = _split_line_end(line.group())
        fence = _FENCE.match(content)
        masked = _mask_line(content) if not open_fence and not fence else ""
        if line.start() in rows:
            masked = _mask_row(content, line.start(), rows[line.start()])
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
        is_item = bool(_ITEM.match(content)) and not is_blank
        starts_paragraph = (
            is_heading
            or bool(_ITEM.match(content))
            or is_blank
            or (in_quotation and not was_in_quotation)
            or line.start() in rows
        )
        span = (line.start() + len(masked) - len(masked.lstrip()), line.start() + len(masked.rstrip()))
        if (is_heading or is_item) and not is_blank:
            parts.append(PartSpan(*span, "heading" if is_heading else "list item"))
        elif in_item and not starts_paragraph:
            parts[-1] = parts[-1]._replace(end=span[1])
        elif is_blank and paragraph and _UNDERLINE.match(content) and not open_fence:
            parts.append(PartSpan(*paragraph, "heading"))
        in_item = is_item or (in_item and not starts_paragraph)
        paragraph = span if not (is_blank or is_heading or is_item or in_item or line.start() in rows) else None
        yield pending_break if starts_paragraph else re.sub(r"[\r\n]", " ", pending_break)
        yield " " * len(content) if is_blank else masked
        # Two spaces or a backslash at the end of a line are a hard line break of Markdown.
        ends_paragraph = is_heading or is_blank or line.start() in rows or content.endswith(("  ", "\\"))
        pending_break = "" if ends_paragraph else line_break
        yield line_break if ends_paragraph else ""
    yield pending_break


def markdown_rows(text: str) -> dict[int, PartSpan | None]:
    """Returns the lines of the tables of a Markdown text, by the offset of the line.

    A row of values is one part, from its first cell to its last. None: the header, the rule below it, or a row with a
    value in one column only.

    Args:
        text: the text, with comments masked.
    """
    rows: dict[int, PartSpan | None] = {}
    names: list[str] | None = None
    previous: re.Match[str] | None = None
    open_fence = ""
    for line in _LINE.finditer(text):
        content, _ = _split_line_end(line.group())
        fence = _FENCE.match(content)
        if fence and (not open_fence or fence[1].startswith(open_fence)):
            open_fence = "" if open_fence else fence[1]
        is_row = "|" in content and not open_fence and not fence and len(content) <= MAX_LINE
        if names is not None and is_row:
            rows[line.start()] = _row_part(content, line.start(), names)
        elif is_row and _RULE.match(content) and previous is not None:
            header = _split_line_end(previous.group())[0]
            names = [_plain(cell) for _, cell in _cells(header)]
            rows |= {previous.start(): None, line.start(): None}
        else:
            names = None
        previous = line if is_row else None
    return rows


def _cells(row: str) -> list[tuple[int, str]]:
    """The cells of a row, each with its offset in the line; what is outside of the outer bars is none."""
    cells, start = list[tuple[int, str]](), 0
    quotation = re.match(r"[> \t]*", row)
    row = " " * quotation.end() + row[quotation.end() :] if quotation else row
    for piece in re.split(r"(?<!\\)\|", row):
        cells.append((start + len(piece) - len(piece.lstrip()), piece.strip()))
        start += len(piece) + 1
    first = 1 if row.lstrip().startswith("|") else 0
    return cells[first : -1 if len(cells) > first + 1 and not cells[-1][1] else None]


def _plain(cell: str) -> str:
    """A cell without the marks of emphasis, code and links."""
    cell = re.sub(r"!?\[([^\[\]]*)\]\([^()]*\)", r"\1", cell.replace("\\|", "|"))
    return re.sub(r"\*{1,3}|`|(?<!\w)_{1,3}|_{1,3}(?!\w)", "", cell).strip()


def _row_part(row: str, offset: int, names: list[str]) -> PartSpan | None:
    cells = _cells(row)
    filled = [(start, cell) for start, cell in cells if _WORD.search(cell)]
    if not filled or (len(filled) < 2 and len(names) > 1):
        return None
    statement = in_words([_plain(cell) for _, cell in cells], names)
    start, (last, text) = filled[0][0], filled[-1]
    return PartSpan(offset + start, offset + last + len(text), "table cell", whole=True, statement=statement)


def _mask_row(line: str, offset: int, part: PartSpan | None) -> str:
    """A row of a table with spaces around its part; empty if it has none."""
    return (
        ""
        if part is None
        else f"{' ' * (part.start - offset)}{line[part.start - offset : part.end - offset]}".ljust(len(line))
    )


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
