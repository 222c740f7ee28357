"""The kinds of documents: which file names they have, what reads them, and how large they may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from harness.data.articles.article_file import COMPRESSED_SUFFIX, ArticleReader, InputFile, LoadedArticle, suffix_of
from harness.data.articles.documents.feeds import read_feed_file
from harness.data.articles.documents.mail import read_mail
from harness.data.articles.documents.open_text import read_odt
from harness.data.articles.documents.pdf import read_pdf
from harness.data.articles.documents.rich_text import read_rtf
from harness.data.articles.documents.web_archive import read_warc
from harness.data.articles.documents.word import read_docx
from harness.errors import FaultsError, HarnessError, MissingExtra
from harness.text_tables import count_of

MIB = 1 << 20


class DocumentKind(NamedTuple):
    """A kind of document."""

    name: str
    read: ArticleReader
    max_bytes: int
    """Largest file that is read."""
    module: str | None = None
    """Module of the library that reads it; None: nothing but the standard installation is needed."""
    package: str = ""
    """Name of that library as pip knows it."""


KINDS: Mapping[str, DocumentKind] = {
    ".pdf": DocumentKind("PDF", read_pdf, 200 * MIB, "pypdfium2", "pypdfium2"),
    ".docx": DocumentKind("DOCX", read_docx, 100 * MIB, "docx", "python-docx"),
    ".odt": DocumentKind("ODT", read_odt, 100 * MIB),
    ".eml": DocumentKind("EML", read_mail, 100 * MIB),
    ".rtf": DocumentKind("RTF", read_rtf, 50 * MIB, "striprtf", "striprtf"),
    **dict.fromkeys(
        (".rss", ".atom", ".xml"), DocumentKind("feed", read_feed_file, 50 * MIB, "feedparser", "feedparser")
    ),
    **dict.fromkeys((".warc", COMPRESSED_SUFFIX), DocumentKind("WARC", read_warc, 1024 * MIB, "warcio", "warcio")),
}


def read_document(file: InputFile) -> list[LoadedArticle]:
    """Returns the articles of a document, by the suffix of its name.

    Raises: FaultsError: it is damaged, encrypted, too large, or has no text. MissingExtra: its library is missing.
    """
    kind = KINDS[file.suffix]
    check_size(file.path, file.suffix, len(file.data))
    if not file.data.strip():
        raise FaultsError.single(file.path, "is empty; an article needs text", code="empty")
    if kind.module is not None:
        if find_spec(kind.module) is None:
            message = f"{file.path}: reading {kind.name} files requires {kind.package}"
            raise MissingExtra(f"{message}: pip install 'claim-harness[documents]'")
        file.reading.note(f"{kind.name} files are read by {kind.package} {version(kind.package)}")
    try:
        return kind.read(file)
    except (HarnessError, MemoryError):
        raise
    except Exception as error:  # a damaged file can raise any exception of the libraries' parsers
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        message = f"is damaged, or is no {kind.name} file ({reason}); get it again, or save its text as .txt"
        raise FaultsError.single(file.path, message, code="damaged") from None


def check_libraries(source: str | Path, files: Sequence[Path]) -> None:
    """Checks that the libraries are installed that read the documents among the files of a folder.

    Raises: MissingExtra: one is not; says how many files need it.
    """
    counts, packages = Counter[str](), dict[str, None]()
    for path in files:
        kind = KINDS.get(suffix_of(path))
        if kind is not None and kind.module is not None and find_spec(kind.module) is None:
            counts[kind.name] += 1
            packages.setdefault(kind.package)
    if counts:
        needing = " and ".join(count_of(n, f"{name} file") for name, n in counts.items())
        raise MissingExtra(
            f"{source}: to read its {needing}, {' and '.join(packages)} must be installed: "
            f"pip install 'claim-harness[documents]'; or give a pattern of the other files, such as '{source}/*.txt'"
        )


def check_size(path: str | Path, suffix: str, size: int) -> None:
    """Checks that a file is not too large to be read.

    Raises: FaultsError: it is.
    """
    kind = KINDS.get(suffix)
    if kind is not None and size > kind.max_bytes:
        message = f"has {size:,} bytes; a {kind.name} file may have {kind.max_bytes:,}. Divide it"
        raise FaultsError.single(path, message, code="too-large")
