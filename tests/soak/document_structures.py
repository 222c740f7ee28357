"""Changes of documents in the structure they have: elements, headers, records and tokens."""

from __future__ import annotations

import gzip
import io
import random
import re
import zipfile
from typing import Any

from structures import text_changed, tree_changed

TOKENS = re.compile(rb"\\[a-z]+-?\d* ?|\\'[0-9a-f]{2}|[{}<>()\[\]/]|[\w.]+|\s+|.", re.DOTALL)
ODD_TEXT = (
    "",
    "\u202e",
    "\u0085",
    "0000-00-00",
    "9" * 400,
    "javascript:x()",
    "a" * 20_000,
    "&amp;amp;",
    "\ufffe\ufeff",
)
ODD_TOKENS = (
    b"\\u-1 ",
    b"\\u70000 ",
    b"\\'ff",
    b"{",
    b"}",
    b"\\bin9 ",
    b"\\fcharset204 ",
    b"-1",
    b"99999999999",
    b"<<",
    b"\0",
)


def _odd(value: str | None, draw: random.Random) -> str:
    return draw.choice(ODD_TEXT) if draw.random() < 0.3 else text_changed(value or "", draw)


def xml(data: bytes, draw: random.Random) -> bytes:
    """Changes one to four elements: their text, attributes, names and places."""
    from lxml import etree

    root = etree.fromstring(data, etree.XMLParser(huge_tree=True))
    for _ in range(draw.choice((1, 1, 2, 4))):
        elements: list[Any] = [element for element in root.iter() if isinstance(element.tag, str)]
        one, other = draw.choice(elements), draw.choice(elements)
        edit = draw.randrange(7)
        try:
            if edit <= 1:
                one.text = _odd(one.text, draw)
            elif edit == 2 and one.attrib:
                one.set(draw.choice(list(one.attrib)), _odd("1", draw))
            elif edit == 3 and one is not root:
                one.getparent().remove(one)
            elif edit == 4 and one is not root:
                one.addnext(etree.fromstring(etree.tostring(one, with_tail=False)))
            elif edit == 5:
                one.tag = other.tag
            elif one is not root and other not in one.iter():
                other.append(one)
        except ValueError:  # a character that XML does not hold
            continue
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8"))


def package(data: bytes, draw: random.Random) -> bytes:
    """Changes one XML file of a word processor's document, mostly that of the text."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copied:
        names = [name for name in archive.namelist() if name.endswith((".xml", ".rels")) and archive.read(name)]
        texts = [name for name in names if name.endswith(("document.xml", "content.xml", "styles.xml"))]
        chosen = draw.choice(texts if texts and draw.random() < 0.8 else names)
        for name in archive.namelist():
            member = archive.read(name)
            copied.writestr(name, xml(member, draw) if name == chosen else member)
    return out.getvalue()


def tokens(data: bytes, draw: random.Random) -> bytes:
    """Moves, repeats, removes or replaces one to six tokens."""
    parts = TOKENS.findall(data)
    for _ in range(draw.choice((1, 2, 6))):
        at, edit = draw.randrange(len(parts)), draw.randrange(4)
        if edit == 0:
            parts[at] = draw.choice(ODD_TOKENS)
        elif edit == 1:
            parts[at:at] = parts[draw.randrange(len(parts)) :][: draw.choice((1, 8))]
        elif edit == 2:
            del parts[at : at + draw.choice((1, 4))]
        else:
            other = draw.randrange(len(parts))
            parts[at], parts[other] = parts[other], parts[at]
        parts = parts or [b"x"]
    return b"".join(parts)


def mail(data: bytes, draw: random.Random) -> bytes:
    """Changes a header or a line of a message."""
    return "\n".join(str(line) for line in _list(tree_changed(data.decode("latin-1").split("\n"), draw))).encode(
        "latin-1", "replace"
    )


def _list(tree: Any) -> list[Any]:
    return tree if isinstance(tree, list) else [tree]


def archive(data: bytes, draw: random.Random) -> bytes:
    """Changes a record of an uncompressed web archive; its stated lengths mostly stay right."""
    records = [record.split(b"\r\n\r\n", 1) for record in re.split(rb"(?=WARC/1\.[01]\r\n)", data) if record]
    chosen = draw.choice(records)
    part = draw.randrange(2)
    chosen[part] = text_changed(chosen[part].decode("latin-1"), draw).encode("latin-1", "replace")
    if draw.random() < 0.2:
        records.append(draw.choice(records))
    out = []
    for head, *rest in records:
        body = b"".join(rest).rstrip(b"\r\n")
        if draw.random() < 0.95:
            head = re.sub(rb"(?i)(\ncontent-length: *)\d+", rb"\g<1>%d" % len(body), head)
        out.append(head + b"\r\n\r\n" + body + b"\r\n\r\n")
    if draw.random() < 0.3:
        return b"".join(gzip.compress(record) for record in out)
    return b"".join(out)
