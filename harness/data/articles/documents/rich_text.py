"""Reads the article of an RTF file."""

from __future__ import annotations

from harness.data.articles.article_file import InputFile, LoadedArticle
from harness.data.articles.documents.content import Document, article_of
from harness.data.articles.documents.isolated import read_isolated
from harness.data.articles.page_blocks import Block
from harness.errors import FaultsError


def read_rtf(file: InputFile) -> list[LoadedArticle]:
    """Returns the article of an RTF file: one block per paragraph; what kind it is, RTF does not say.

    Raises: FaultsError: it is damaged, or takes too long.
    """
    if not file.data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{\\rtf"):
        raise FaultsError.single(
            file.path, "is no RTF file: it does not begin with {\\rtf; open it, and save it as RTF"
        )
    content = read_isolated("rtf", file.data, file.path)
    lines = content["text"].split("\n")
    # striprtf ends each cell of a table with a bar.
    blocks = [Block(line.replace("|", " ") if line.endswith("|") else line) for line in lines]
    return [article_of(file, Document(blocks=blocks, title=content["title"]))]
