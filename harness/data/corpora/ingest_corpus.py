"""Makes a corpus of articles: each paragraph is a passage, at its place in its document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.arguments import as_list
from harness.data.articles.article_file import ArticleSource, Fetch, LoadedArticle, ReadOptions
from harness.data.articles.encoding import UTF_8
from harness.data.articles.sources import read_articles
from harness.data.corpora.paragraphs import paragraphs
from harness.data.corpora.passages import CORPUS_FILES, Passage, corpus_file, open_corpus
from harness.data.jsonl import to_json_lines
from harness.data.web.log import FETCHED, fetch_log
from harness.display import displayed
from harness.errors import Fault, FaultsError
from harness.files import read_bytes, sha256, write_files
from harness.folders import folder_lock
from harness.memory import gc_paused
from harness.partial_files import remove_partial_files
from harness.records import Article

Signature = tuple[tuple[int | None, str], ...]
"""Start and text of each passage of a document."""


@displayed
class CorpusResult(NamedTuple):
    """What `ingest_corpus` added to a corpus."""

    path: Path
    """The file of the corpus."""
    documents_added: int
    passages_added: int
    unchanged: int
    """Number of documents that the corpus had already."""
    duplicates: tuple[str, ...]
    """Ids of the documents that have the text of another one; they are left out."""
    repeated: int
    """Number of paragraphs that occur again in their document; they are left out."""
    empty: tuple[str, ...]
    """Files and rows without text, which are left out."""
    encodings: tuple[tuple[str, str], ...] = ()
    """(source, encoding) of each source that is not UTF-8."""
    notes: tuple[str, ...] = ()
    """How the sources were read, where that is not plain."""


def ingest_corpus(
    sources: ArticleSource | Iterable[ArticleSource],
    into: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    transcript: bool = False,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    name: str | None = None,
    offline: bool = False,
    max_articles: int = 50,
) -> CorpusResult:
    """Adds articles to a corpus of passages: each paragraph is one, with its offsets in the text of the article.

    Args:
        sources: as for `ingest`: files, folders, patterns, URLs, standard input, `hub:OWNER/NAME`,
            articles.
        into: folder of the corpus, created if absent; may be a dataset folder. A passage has the id of its document and
            a hash of its text, so that further articles change no id.
        columns: field of an article to column of a table, where the names differ.
        transcript: whether each line, or each row of a table with a speaker column, is a turn.
        encoding: encoding of text files; default: detected.
        delimiter: delimiter of .csv and .tsv files; default: found.
        sheet: name of the sheet of .xlsx files; default: the first.
        name: id of the article from standard input.
        offline: whether to refuse sources that need the network.
        max_articles: number of entries of a feed that are read.
    Raises: FaultsError: all faults of all sources, or of the corpus; nothing is written.
    """
    folder, empty = Path(into), list[str]()
    reading = ReadOptions(
        columns=columns or {},
        transcript=transcript,
        encoding=encoding,
        delimiter=delimiter,
        sheet=sheet,
        name=name,
        offline=offline,
        max_articles=max_articles,
        empty=empty,
    )
    articles = read_articles([sources] if isinstance(sources, Article) else as_list(sources), reading)
    if not articles:
        places = f" ({', '.join(empty[:3])}{', ...' if len(empty) > 3 else ''})" if empty else ""
        raise FaultsError.single(folder, f"no source has text{places}; nothing was written", code="empty")
    with folder_lock(folder, "ingest"), gc_paused():
        remove_partial_files(folder)
        builder = _CorpusBuilder(folder)
        faults = [fault for article in articles if (fault := builder.add(article)) is not None]
        if faults:
            raise FaultsError(faults)
        builder.write()
    encodings = dict.fromkeys((str(a.path), a.encoding) for a in articles if a.encoding != UTF_8)
    return builder.result()._replace(empty=tuple(empty), encodings=tuple(encodings), notes=tuple(reading.notes))


class _CorpusBuilder:
    """The passages of a corpus, and those of the documents that are added to it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "corpus.jsonl"
        self._is_new = not any((folder / name).is_file() for name in CORPUS_FILES)
        present: Sequence[Passage] = ()
        if not self._is_new:
            if corpus_file(folder) != self.path:
                message = "cannot be added to; write the corpus as corpus.jsonl first, or choose another folder"
                raise FaultsError.single(corpus_file(folder), message)
            present = open_corpus(self.path).passages
        elif (folder / "evidence.jsonl").is_file():
            # The evidence was the corpus so far: what it cites stays in it.
            present = open_corpus(folder / "evidence.jsonl").passages
        self._cited = list(present) if self._is_new else []
        self._ids = {passage.passage_id for passage in present}
        by_document = defaultdict[str, list[Passage]](list)
        for passage in present:
            by_document[passage.document_id].append(passage)
        self._signatures = {document: _signature(passages) for document, passages in by_document.items()}
        self._documents = {signature: document for document, signature in self._signatures.items()}
        self._added: list[Passage] = []
        self._n_documents = self._unchanged = self._repeated = 0
        self._duplicates: list[str] = []
        self._fetches: list[tuple[Fetch, Article]] = []

    def add(self, loaded: LoadedArticle) -> Fault | None:
        """Adds the passages of a document; returns its fault if it cannot be added."""
        article = loaded.article
        passages, n_repeated = _passages_of(loaded)
        signature = _signature(passages)
        if article.article_id in self._signatures:
            if self._signatures[article.article_id] != signature:
                message = (
                    f"the corpus or another source has a document '{article.article_id}' with other text; give this "
                    "one another id, or make the corpus anew in another folder"
                )
                return Fault(str(loaded.path), loaded.line, "article_id", message, "duplicate-id")
            self._unchanged += 1
        elif signature in self._documents:
            self._duplicates.append(article.article_id)
        else:
            self._signatures[article.article_id] = signature
            self._documents[signature] = article.article_id
            taken = next((passage.passage_id for passage in passages if passage.passage_id in self._ids), None)
            if taken is not None:
                message = f"a passage of another document has the id '{taken}'; give this document another id"
                return Fault(str(loaded.path), loaded.line, "article_id", message, "duplicate-id")
            self._ids |= {passage.passage_id for passage in passages}
            self._added += passages
            self._repeated += n_repeated
            self._n_documents += 1
            if loaded.fetch is not None:
                self._fetches.append((loaded.fetch, article))
        return None

    def write(self) -> None:
        """Appends the new passages to the file; existing lines stay as they are."""
        if not self._added:
            return
        existing = b"" if self._is_new else read_bytes(self.path)
        line_end = b"" if existing.endswith(b"\n") or not existing else b"\n"
        new = "".join(to_json_lines([*self._cited, *self._added])).encode()
        files = {self.path: existing + line_end + new}
        if self._fetches:
            files[self.path.parent / FETCHED] = fetch_log(self.path.parent, self._fetches)
        write_files(files)

    def result(self) -> CorpusResult:
        """What was added."""
        return CorpusResult(
            path=self.path,
            documents_added=self._n_documents,
            passages_added=len(self._added),
            unchanged=self._unchanged,
            duplicates=tuple(self._duplicates),
            repeated=self._repeated,
            empty=(),
        )


def _signature(passages: Iterable[Passage]) -> Signature:
    return tuple((passage.start, passage.text) for passage in passages)


def _passages_of(loaded: LoadedArticle) -> tuple[list[Passage], int]:
    """The paragraphs of a document as passages, and the number of those that it repeats."""
    article, text = loaded.article, loaded.article.text or ""
    # What is markup alone, such as a horizontal rule, is no passage.
    visible = text if loaded.marked is None else loaded.marked.text
    passages: dict[str, Passage] = {}
    n_paragraphs = 0
    for start, end in paragraphs(text):
        if not visible[start:end].strip():
            continue
        n_paragraphs += 1
        name = f"{article.article_id}-{sha256(text[start:end])[:10]}"
        passage = Passage(
            passage_id=name,
            document_id=article.article_id,
            text=text[start:end],
            title=article.title,
            start=start,
            end=end,
            url=article.url,
            publisher=article.publisher,
            published=article.published,
            language=article.language,
        )
        passages.setdefault(name, passage)
    return list(passages.values()), n_paragraphs - len(passages)
