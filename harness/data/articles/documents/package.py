"""Opens the files of word processors, which are zip files, with checks of their size and content."""

from __future__ import annotations

from pathlib import Path

from harness.data.archives import Archive
from harness.data.articles.article_file import InputFile
from harness.data.articles.documents.content import Document
from harness.data.articles.page_blocks import Block, holds_values, row_blocks
from harness.errors import FaultsError

MAX_UNPACKED = 200 << 20
"""Bytes of all members of a file, unpacked."""
MAX_DEPTH = 40
"""Levels of tables, lists and sections in each other that are read."""
MAX_COLUMNS = 200
"""Cells of a row; further ones are left out."""
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def open_package(file: InputFile, kind: str) -> Archive:
    """Returns the zip file that a document is.

    Args:
        file: the file.
        kind: `DOCX` or `ODT`, for messages.
    Raises: FaultsError: it is encrypted, of another kind, damaged, too large, or declares entities.
    """
    if file.data.startswith(OLD_OFFICE):
        message = f"is encrypted, or in the old format of Word; open it, and save it as {kind} without a password"
        raise FaultsError.single(file.path, message, code="encrypted")
    if not file.data.startswith(b"PK"):
        raise FaultsError.single(
            file.path, f"is no {kind} file, which is a zip file; open it in its program, and save it as {kind}"
        )
    archive = Archive(Path(file.path), file.data)
    if archive.unpacked_size > MAX_UNPACKED:
        message = f"unpacks to {archive.unpacked_size:,} bytes; at most {MAX_UNPACKED:,} are read. Divide it"
        raise FaultsError.single(file.path, message, code="too-large")
    for name in archive.names:
        if name.endswith((".xml", ".rels")) and b"<!DOCTYPE" in (start := archive.read(name)[:10_000]):
            what = "entities" if b"<!ENTITY" in start else "a document type"
            message = f"declares {what} in {name}, which no {kind} file of an office program does; refused"
            raise FaultsError.single(file.path, message, code="hostile")
    return archive


def table_blocks(document: Document, rows: list[list[list[Block]]], are_headers: list[bool]) -> None:
    """Adds a table to a document: a row is a block if the cells are values, else the cells are running text.

    Args:
        document: to add to.
        rows: blocks of each cell of each row.
        are_headers: whether each row names the columns.
    """
    texts = [[" ".join(block.text.strip() for block in cell) for cell in row] for row in rows]
    if holds_values(texts):
        document.blocks += row_blocks(texts, are_headers)
    else:
        document.blocks += [block for row in rows for cell in row for block in cell]
