"""Reads the article of an e-mail (EML): its subject, its date, and its text without replies, greeting and signature."""

from __future__ import annotations

import email
import email.policy
import re
from codecs import BOM_UTF8
from contextlib import suppress
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

from harness.data.articles.article_file import InputFile, LoadedArticle
from harness.data.articles.documents.content import Document, article_of, counted, day_of
from harness.data.articles.documents.courtesies import without_courtesies
from harness.data.articles.documents.fragment import blocks_of_html
from harness.data.articles.page_blocks import Block
from harness.errors import FaultsError

MAX_PARTS = 1_000
"""Parts of an e-mail."""
MAX_DEPTH = 100
"""Parts in each other, as many as mail servers take: every line is compared with the marks of all parts around it."""
MAX_WIDTH = 100
"""Characters of the longest line of a text whose lines were broken by the program that sent it."""
MIN_PLAIN = 0.3
"""Share of the HTML text that the plain text has to have to be read instead."""

_WROTE = re.compile(
    r"(?:On|Am|Le|El|Il|Op|Em|Den|Dnia|W dniu|В|У)\b.{5,200}\b(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef"
    r"|escreveu|skrev|napisał\(a\)|написал|написала|пише|пишет)\b.{0,100}:\s*$",
    re.DOTALL,
)
_ORIGINAL = re.compile(
    r"\s*[-_]{3,}\s*(?:Original Message|Ursprüngliche Nachricht|Message d'origine|Mensaje original|Messaggio originale"
    r"|Oorspronkelijk bericht|Исходное сообщение)\s*[-_]{3,}\s*$",
    re.IGNORECASE,
)
_HEADER = re.compile(r"\s*\*?(?:From|Von|De|Da|Van|От)\s*:\*?\s+\S.*")
_NEXT_HEADER = re.compile(r"\s*\*?(?:Sent|Date|To|Gesendet|Datum|An|Envoyé|À|Enviado|Para|Inviato|A|Verzonden|Aan)\s*:")
_FORWARDED = re.compile(r"\s*-{3,}\s*(?:Forwarded message|Weitergeleitete Nachricht|Message transféré)\s*-{3,}", re.I)
_SENT_FROM = re.compile(r"(?:Sent from my|Von meinem|Envoyé de mon|Enviado desde mi|Inviato da) \w.{0,60}$")
_QUOTES = re.compile(
    r"(?:^|\s)(?:gmail_quote\w*|yahoo_quoted|moz-cite-prefix|divRplyFwdMsg|OutlookMessageHeader)(?:\s|$)"
)
_SIGNATURES = re.compile(r"(?:^|\s)(?:gmail_signature|moz-signature|Signature)(?:\s|$)")
_ITEM = re.compile(r"\s*(?:[-*•–]|\d{1,2}[.)])\s+(?=\S)")


class _TooDeep(Exception):
    """Parts are in more other parts than are read."""


class _Part(EmailMessage):
    """A part of an e-mail, which knows how many others it is in."""

    depth = 0

    def attach(self, payload: _Part) -> None:  # type: ignore[override]
        """Adds a part; the parser does so when the part begins."""
        payload.depth = self.depth + 1
        if payload.depth > MAX_DEPTH:
            raise _TooDeep
        super().attach(payload)


_POLICY = email.policy.default.clone(message_factory=_Part)


def read_mail(file: InputFile) -> list[LoadedArticle]:
    """Returns the article of an e-mail. Attachments are not read, and named in a note.

    Raises: FaultsError: it is no e-mail, has too many parts or parts in too many others, or has no text.
    """
    try:
        mail = email.message_from_bytes(file.data.removeprefix(BOM_UTF8), policy=_POLICY)
    except _TooDeep:
        text = f"has parts in more than {MAX_DEPTH} other parts; no more are read. Save its text as .txt"
        raise FaultsError.single(file.path, text, code="too-large") from None
    if not isinstance(mail, EmailMessage) or not ({"from", "date", "subject"} & {k.lower() for k in mail}):
        remedy = "export the message as .eml, or save its text as .txt"
        raise FaultsError.single(file.path, f"is no e-mail: it has no From, Date or Subject; {remedy}")
    n_parts = sum(1 for _ in mail.walk())
    if n_parts > MAX_PARTS:
        text = f"has {n_parts:,} parts; at most {MAX_PARTS:,} are read. Save its text as .txt"
        raise FaultsError.single(file.path, text, code="too-large")
    document = Document(title=_header(mail, "subject"), published=_date(mail))
    document.language = (_header(mail, "content-language") or "").split(",")[0].strip() or None
    plain, html = _content(mail, "plain"), _content(mail, "html")
    blocks_of_page = _html_blocks(html, document) if html else []
    length = sum(len(block.text) for block in blocks_of_page)
    # A newsletter may say "see the HTML version" in plain text, and nothing else.
    if plain.strip() and len(plain) >= MIN_PLAIN * length:
        document.dropped.clear()
        document.blocks = paragraphs_of_text(without_replies(plain, document))
    else:
        document.blocks = blocks_of_page
    document.blocks = without_courtesies(document.blocks, document)
    _note_attachments(file, mail)
    if not any(block.text.strip() for block in document.blocks):
        left_out = f" of its own (left out: {counted(document.dropped)})" if document.dropped else ""
        has_more = next(mail.iter_attachments(), None) is not None
        where = "what its attachments say" if has_more else "the text that you need"
        remedy = f"save {where} as .txt, and ingest that file"
        raise FaultsError.single(file.path, f"has no text{left_out}; {remedy}", code="empty")
    return [article_of(file, document)]


def _header(mail: EmailMessage, name: str) -> str | None:
    try:
        return str(mail.get(name) or "") or None
    except Exception:  # the standard library raises what it likes for a malformed header
        return None


def _date(mail: EmailMessage) -> str | None:
    try:
        return day_of(parsedate_to_datetime(_header(mail, "date") or ""))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _content(mail: EmailMessage, kind: str) -> str:
    """The text of the message in this form; empty without one."""
    body = mail.get_body(preferencelist=(kind,))
    if body is None:
        # Several parts are announced, without a mark between them: the text is all there is.
        whole = mail.get_payload() if kind == "plain" and mail.get_content_maintype() == "multipart" else ""
        return whole if isinstance(whole, str) else ""
    try:
        content = body.get_content()
    except (LookupError, ValueError, TypeError, AssertionError):  # an unknown charset or a damaged transfer encoding
        content = "\ufffd"
    if isinstance(content, str) and "\ufffd" in content and isinstance(payload := body.get_payload(decode=True), bytes):
        # No charset is declared, or a wrong one.
        for charset in ("utf-8", "cp1252", "latin-1"):
            with suppress(UnicodeDecodeError):
                return payload.decode(charset)
    return content if isinstance(content, str) else ""


def _note_attachments(file: InputFile, mail: EmailMessage) -> None:
    names = [part.get_filename() or part.get_content_type() for part in mail.iter_attachments()]
    if names:
        more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
        file.reading.note(f"{file.path}: attachments are not read: {', '.join(names[:5])}{more}")


def _html_blocks(html: str, document: Document) -> list[Block]:
    """The blocks of the HTML form, without the replies and signatures that programs mark."""
    blocks, n_left_out = blocks_of_html(html, re.compile(f"{_QUOTES.pattern}|{_SIGNATURES.pattern}"))
    document.drop("quoted passage or signature", n_left_out)
    for index, block in enumerate(blocks):
        following = blocks[index + 1].text if index + 1 < len(blocks) else ""
        if _begins_original(block.text, following) and any(other.text.strip() for other in blocks[:index]):
            document.drop("quoted passage")
            return blocks[:index]
    return blocks


def _begins_original(line: str, following: str) -> bool:
    return bool(_ORIGINAL.match(line) or (_HEADER.match(line) and _NEXT_HEADER.match(following)))


def without_replies(text: str, document: Document) -> str:
    """Returns the plain text of an e-mail without quoted replies and signature, which are counted.

    A forwarded message stays. Lines that begin with `>` are quoted; what follows "Original Message", or the head of the
    message that is answered, is a reply too; what follows the line `-- ` is the signature.

    Args:
        text: the text.
        document: counts what is left out.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    remaining, is_forward = list[str](), False
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else ""
        is_forward = is_forward or bool(_FORWARDED.match(line))
        if line.rstrip() == "--" and index:
            document.drop("signature")
            break
        if not is_forward and _begins_original(line, following) and any(each.strip() for each in remaining):
            document.drop("quoted passage")
            break
        if line.startswith(">"):
            if index == 0 or not lines[index - 1].startswith(">"):
                document.drop("quoted passage")
                _drop_attribution(remaining)
        elif _SENT_FROM.match(line):
            document.drop("signature")
        elif _FORWARDED.match(line):
            document.drop("forwarding mark")
        else:
            remaining.append(line)
    return "\n".join(remaining)


def _drop_attribution(lines: list[str]) -> None:
    """Removes "On Monday Ann wrote:", over one to three lines, from the end of the lines before a quotation."""
    while lines and not lines[-1].strip():
        lines.pop()
    for n in (1, 2, 3):
        if len(lines) >= n and _WROTE.match("\n".join(lines[-n:])):
            del lines[-n:]
            break
    lines.append("")


def paragraphs_of_text(text: str) -> list[Block]:
    """Returns the paragraphs of a text whose lines the sending program broke; other line breaks stay.

    A line break is the program's if the next word had no room on the line.

    Args:
        text: plain text.
    """
    lines = text.split("\n")
    width = max(map(len, lines), default=0)
    blocks = list[Block]()
    before = ""
    for line in lines:
        item = _ITEM.match(line)
        word = line.split(maxsplit=1)[:1]
        is_full = bool(word) and 40 < width <= MAX_WIDTH and len(before.rstrip()) + 1 + len(word[0]) > width - 2
        # "format=flowed" ends such a line with a space; a second line of an item is indented.
        goes_on = before.endswith(" ") and width <= MAX_WIDTH
        goes_on = goes_on or (bool(blocks) and blocks[-1].part == "list item" and line[:1] in (" ", "\t"))
        if blocks and before.strip() and not item and line.strip() and (is_full or goes_on):
            blocks[-1] = blocks[-1]._replace(text=f"{blocks[-1].text.rstrip()} {line.strip()}")
        elif line.strip():
            blocks.append(Block(line[item.end() :], "list item") if item else Block(line.strip()))
        before = line
    return blocks
