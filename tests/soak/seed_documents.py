"""Valid documents that fuzzed inputs grow from, and a fast stand-in for the process that reads them."""

from __future__ import annotations

import io
import os
import resource
import subprocess
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from json import dumps
from types import SimpleNamespace
from typing import Any

SENTENCES = ("The ferry carried 3 million people in 2023.", "It cost 90 million euros.", "Nobody was hurt.")
RTF = (
    rb"{\rtf1\ansi\ansicpg1251{\fonttbl{\f0\fcharset204 Arial;}}{\info{\title Ferry}}\f0 \'cf\'f0\'e8\'e2\'e5\'f2. "
    rb"The \u1078?\u-10179?\u-8704? ferry.\par {\b It} cost 90.\par\trowd\cellx1000 a\cell b\cell\row}"
)
RSS = b"""<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel><title>G</title><language>de</language><item><title>A</title><link>https://x.org/a</link>
<guid>1</guid><pubDate>Mon, 04 Mar 2024 10:00:00 GMT</pubDate><description>Short.</description>
<content:encoded><![CDATA[<p>One town voted. <b>It</b> cost 5.</p><ul><li>x</li></ul>]]></content:encoded>
<wp:status>publish</wp:status><wp:post_type>post</wp:post_type></item>
<item><title>B</title><guid>1</guid><description>It rained.</description></item></channel></rss>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>G</title><entry><title>T</title><id>urn:1</id>
<updated>2024-03-05T10:00:00Z</updated><author><name>Zoe</name></author><link href="/a"/><content type="xhtml">
<div xmlns="http://www.w3.org/1999/xhtml"><p>The text is here.</p></div></content></entry></feed>"""


def word() -> tuple[bytes, ...]:
    """A DOCX file."""
    import docx

    document, out = docx.Document(), io.BytesIO()
    document.add_heading("Ferry")
    for sentence in SENTENCES:
        document.add_paragraph(sentence, style="List Bullet" if "hurt" in sentence else None)
    table = document.add_table(2, 2)
    for number, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = str(number)
    document.save(out)
    return (out.getvalue(),)


def open_text() -> tuple[bytes, ...]:
    """An ODT file."""
    import odfdo

    document, out = odfdo.Document("text"), io.BytesIO()
    document.body.clear()
    document.body.append(odfdo.Header(1, "Ferry"))
    for sentence in SENTENCES:
        document.body.append(odfdo.Paragraph(sentence))
    document.body.append(odfdo.List(["One item."]))
    document.body.append(odfdo.Table("T", width=2, height=2))
    document.save(out)
    return (out.getvalue(),)


def pdf() -> tuple[bytes, ...]:
    """A PDF file whose pages are not compressed."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pageCompression=0)
    for rotation in (0, 90):
        canvas.setPageRotation(rotation)
        for number, sentence in enumerate(SENTENCES):
            canvas.drawString(60, 700 - 14 * number, sentence)
        canvas.showPage()
    canvas.save()
    return (out.getvalue(),)


def mails() -> tuple[bytes, ...]:
    """E-mails: plain, in several parts, and in an encoding of Japan."""
    plain, parts, other = EmailMessage(), EmailMessage(), EmailMessage()
    for message in (plain, parts, other):
        message["Subject"], message["From"] = "F\u00e4hre", "a@b.org"
        message["Date"] = "Mon, 04 Mar 2024 10:00:00 +0000"
    plain.set_content("\n\n".join(SENTENCES) + "\n\nOn Monday Ann wrote:\n> x\n-- \nAnn\n")
    parts.set_content("See the page.")
    parts.add_alternative(f"<p>{SENTENCES[0]}</p><blockquote class=gmail_quote>x</blockquote>", subtype="html")
    parts.add_attachment(b"x", "image", "png", filename="a.png")
    parts.add_attachment(plain)
    other.set_content("\u65e5\u672c\u8a9e\u306e\u6587\u3002", charset="iso-2022-jp")
    return tuple(message.as_bytes(policy=SMTP.clone(linesep="\n")) for message in (plain, parts, other))


def warc() -> tuple[bytes, ...]:
    """A web archive: pages in whole, in chunks and packed, and other records."""
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    out = io.BytesIO()
    writer = WARCWriter(out, gzip=False)
    page = f"<html><title>T</title><article>{''.join(f'<p>{s} {s}</p>' for s in SENTENCES)}</article></html>".encode()
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(page), page)
    for number, (body, headers) in enumerate(((page, []), (chunked, [("Transfer-Encoding", "chunked")]))):
        http = StatusAndHeaders("200 OK", [("Content-Type", "text/html"), *headers], protocol="HTTP/1.1")
        url = f"https://x.org/{number}"
        writer.write_record(writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=http))
    writer.write_record(writer.create_warc_record("https://x.org/r", "resource", payload=io.BytesIO(b"x")))
    return (out.getvalue(),)


SEEDS: dict[str, tuple[str, Callable[[], tuple[bytes, ...]]]] = {
    ".docx": ("package", word),
    ".odt": ("package", open_text),
    ".pdf": ("tokens", pdf),
    ".rtf": ("tokens", lambda: (RTF,)),
    ".eml": ("mail", mails),
    ".rss": ("xml", lambda: (RSS, ATOM)),
    ".warc": ("archive", warc),
}
"""Structure and files of each kind."""


def forking() -> Any:
    """Returns a stand-in for `subprocess` that runs the reader of documents in a fork."""
    return SimpleNamespace(run=_run, TimeoutExpired=subprocess.TimeoutExpired)


def _run(command: list[str], *, input: bytes, **_: object) -> subprocess.CompletedProcess[bytes]:  # noqa: A002
    from harness.data.articles.documents import worker

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            resource.setrlimit(resource.RLIMIT_CPU, (worker.MAX_SECONDS, worker.MAX_SECONDS))
            with os.fdopen(writer, "w") as out:
                out.write(dumps({"pdf": worker.pdf, "rtf": worker.rtf, "feed": worker.feed}[command[-1]](input)))
            os._exit(0)
        os._exit(1)
    os.close(writer)
    with os.fdopen(reader, "rb") as result:
        output = result.read()
    _, status = os.waitpid(child, 0)
    return subprocess.CompletedProcess(command, os.waitstatus_to_exitcode(status), output, b"")
