"""Adds articles to a dataset folder: splits new ones into claims, makes versions of changed ones, restores text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from harness.arguments import as_list
from harness.data.articles.article_file import ArticleSource, Fetch, LoadedArticle, MaskedText, ReadOptions, safe_name
from harness.data.articles.encoding import UTF_8
from harness.data.articles.language import Detection
from harness.data.articles.sources import read_articles
from harness.data.dataset import Dataset, info_file_contents, started_info, with_text
from harness.data.jsonl import to_json_bytes
from harness.data.load import open_folder
from harness.data.new_dataset import git_files
from harness.data.sentences.claims_of import NewClaims, claims_of, make_claim, unsupported
from harness.data.versions import Versions, appended_logs, carry_over_labels, match_claims, next_version
from harness.data.web.log import FETCHED, fetch_log
from harness.display import displayed
from harness.errors import Fault, FaultsError, HarnessError, UnknownName, unknown_name
from harness.files import Content, pieces, read_bytes, sha256, write_files
from harness.folders import folder_lock
from harness.memory import gc_paused
from harness.partial_files import remove_partial_files
from harness.records import Article, Claim

__all__ = ["IngestResult", "ingest", "make_claim"]


@displayed
class IngestResult(NamedTuple):
    """What `ingest` changed in a dataset folder."""

    folder: Path
    articles_added: int
    """Number of articles added, including new versions."""
    claims_added: int
    text_restored: int
    """Number of stand-off articles whose text was restored."""
    unchanged: int
    """Number of articles that were already present with the same text."""
    missing_text: int
    """Number of stand-off articles whose text is still missing."""
    versions: tuple[Article, ...] = ()
    """New versions of articles that were present with other text; `replaces` gives the old version."""
    carried_over: int = 0
    """Number of labels carried over to unchanged sentences of new versions."""
    to_relabel: tuple[Claim, ...] = ()
    """New and changed sentences of new versions, in order."""
    encodings: tuple[tuple[str, str], ...] = ()
    """(source, encoding) of each source that is not UTF-8."""
    warnings: tuple[str, ...] = ()
    """Messages about languages without rules for sentence segmentation."""
    notes: tuple[str, ...] = ()
    """How the sources were read, where that is not plain: files passed over, a delimiter that was found."""
    dropped: Mapping[str, int] = MappingProxyType({})
    """Number of pieces of the new articles that gave no claim, by kind (`time`, `byline`)."""


def ingest(
    sources: ArticleSource | Iterable[ArticleSource],
    into: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    transcript: bool = False,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    name: str | None = None,
    replaces: str | None = None,
    offline: bool = False,
    max_articles: int = 50,
) -> IngestResult:
    """Adds articles and their sentences to a dataset folder. Never changes existing ids.

    Args:
        sources: one or several of: an article file (.txt, .md, .html, .pdf, .docx, .odt, .rtf, .eml, .rss, .atom, .xml,
            .warc, .warc.gz, .jsonl, .csv, .tsv, .xlsx, .parquet), a folder of them, a pattern (`news/**/*.md`), the URL
            of a page or a feed, `-` (standard input), `hub:OWNER/NAME`, an `Article`, a `datasets.Dataset`.
        into: dataset folder; created if absent. An article that is already present is skipped; an article that is
            present with other text becomes a new version, and the labels of its unchanged sentences carry over. While
            the text of stand-off articles is missing, only these texts are accepted.
        columns: field of an article to column of a table, where the names differ (`{"text": "body"}`).
        transcript: whether each line (`Speaker: text`), or each row of a table with a speaker column, is a turn.
        encoding: encoding of text files; default: detected.
        delimiter: delimiter of .csv and .tsv files: comma, semicolon, tab, at, pipe, none, or a character; default:
            found.
        sheet: name of the sheet of .xlsx files; default: the first.
        name: id of the article from standard input.
        replaces: id of the article that the only article of `sources` replaces.
        offline: whether to refuse sources that need the network.
        max_articles: number of entries of a feed that are read.
    Raises: FaultsError: all faults of all sources; nothing is written. HarnessError: `replaces` with several articles.
    """
    folder = Path(into)
    reading = ReadOptions(
        columns=columns or {},
        transcript=transcript,
        encoding=encoding,
        delimiter=delimiter,
        sheet=sheet,
        name=name,
        offline=offline,
        max_articles=max_articles,
    )
    articles = read_articles([sources] if isinstance(sources, Article) else as_list(sources), reading)
    if replaces is not None and len(articles) != 1:
        raise HarnessError(f"replaces: expected one article, the new version of '{replaces}'; got {len(articles)}")
    with folder_lock(folder, "ingest"), gc_paused():
        remove_partial_files(folder)
        new = not (folder / "dataset.yaml").exists()
        session = _IngestSession(_empty_dataset(folder) if new else open_folder(folder), articles, replaces)
        faults = [fault for article in articles if (fault := session.add(article)) is not None]
        if faults:
            raise FaultsError(faults)
        session.write(new=new)
    return session.result(articles)._replace(notes=(*reading.notes, *session.detection.notes()))


def _empty_dataset(folder: Path) -> Dataset:
    name = safe_name(folder.resolve().name, "dataset")
    info = started_info(name, "en", schemes=("three-axes",))
    return Dataset(folder, info, (), ())


class _IngestSession:
    """Collects the changes to a dataset, and writes all of them at the end."""

    def __init__(self, dataset: Dataset, loaded: Sequence[LoadedArticle], replaces: str | None) -> None:
        self.dataset = dataset
        self.replaces = replaces
        texts = {sha256(text): text for text in (source.article.text or "" for source in loaded)}
        self.restored = {
            article.article_id: article.model_copy(update={"text": texts[article.text_sha256]})
            for article in dataset.missing_text
            if article.text_sha256 in texts
        }
        self.missing_text = [article for article in dataset.missing_text if article.article_id not in self.restored]
        self.present = {a.article_id: self.restored.get(a.article_id, a) for a in dataset.articles}
        given: dict[str, list[Claim]] = {}
        for claim in dataset.claims:
            given.setdefault(claim.article_id, []).append(with_text(claim, self.present[claim.article_id]))
        self.claims: dict[str, Sequence[Claim]] = {**given}
        # By hash of the text: whether this call restores it. Articles without claims are absent: an earlier write was
        # cut short before their claims, which are still to be made.
        with_claims = (article for article in dataset.articles if article.article_id in self.claims)
        self.is_restored = {article.text_sha256: article.article_id in self.restored for article in with_claims}
        self.versions = Versions(dataset.articles)
        self.loaded_texts: dict[str, str | None] = {}
        self.version_claims: list[Claim] = []
        self.added: list[Article] = []
        self.changed: list[Claim] = []
        self.unchanged = 0
        self.languages: set[str] = set()
        self.dropped = Counter[str]()
        self.detection = Detection()
        self.fetches: list[tuple[Fetch, Article]] = []

    def add(self, loaded: LoadedArticle) -> Fault | None:
        """Adds one article; returns its fault if it cannot be added."""
        article = loaded.article
        digest = sha256(article.text or "")
        if digest in self.is_restored:
            self.unchanged += not self.is_restored[digest]
            return None
        present = self.present.get(article.article_id)
        if self.missing_text and (present is None or present.text is None):
            return Fault(str(loaded.path), loaded.line, None, _no_missing_text(digest, self.missing_text))
        if self.loaded_texts.setdefault(article.article_id, article.text) != article.text:
            message = f"two sources with different text have the id '{article.article_id}'; rename one of them"
            return Fault(str(loaded.path), loaded.line, "article_id", message, "duplicate-id")
        replaced = self.replaces or article.replaces
        if replaced is not None and replaced not in self.present:
            message = unknown_name("article", replaced, list(self.present))
            return Fault(str(loaded.path), loaded.line, "replaces", message, UnknownName.code)
        if present is None and replaced is None:
            self._add_article(article, loaded)
            return None
        return self._add_version(loaded, replaced or article.article_id)

    def _add_version(self, loaded: LoadedArticle, article_id: str) -> Fault | None:
        """Adds an article of which some version is present; returns its fault if it cannot be added."""
        article = loaded.article
        chain = self.versions.of(article_id)
        same_text = next((a for a in map(self.present.__getitem__, chain) if a.text == article.text), None)
        if same_text is not None:
            self.unchanged += same_text.article_id in self.claims
            self._segment(same_text, loaded.marked)
            return None
        last = self.present[chain[-1]]
        if article.replaces is None or self.replaces is not None:
            name = self.versions.next_id(last.article_id, self.present)
        elif article.replaces != last.article_id:
            message = f"'{article.replaces}' already has a newer version; expected '{last.article_id}'"
            return Fault(str(loaded.path), loaded.line, "replaces", message)
        elif article.article_id in self.present:
            message = f"'{article.article_id}' is already present with other text; give the new version another id"
            return Fault(str(loaded.path), loaded.line, "article_id", message, "duplicate-id")
        else:
            name = article.article_id
        self._add_article(next_version(last, article, name), loaded)
        return None

    def _add_article(self, article: Article, loaded: LoadedArticle) -> None:
        article = self.detection.of(article, self.dataset.info.language, is_row=loaded.line is not None)
        self.present[article.article_id] = article
        self.versions.add(article)
        self.added.append(article)
        if loaded.fetch is not None:
            self.fetches.append((loaded.fetch, article))
        self._segment(article, loaded.marked)

    def _segment(self, article: Article, marked: MaskedText | None) -> None:
        """Makes the claims of an article that has none: it is new, or an earlier write was cut short before them."""
        name = article.article_id
        info = self.dataset.info
        if name not in self.claims:
            self.languages.add(article.language or info.language)
            claims = claims_of(article, info.segmentation, info.language, marked, self.dropped)
            if article.replaces is not None:
                claims, changed = match_claims(article, claims, self.claims.get(article.replaces, []))
                self.changed += changed
            self.claims[name] = claims if article.replaces is not None else NewClaims(article, claims)
        if article.replaces is not None:
            self.version_claims += self.claims[name]

    def write(self, *, new: bool) -> None:
        """Writes all changes; labels come last because they refer to claims.

        Args:
            new: whether the folder is not a dataset yet.
        """
        folder = self.dataset.folder
        self.labels = carry_over_labels(self.version_claims, self.dataset.annotations)
        self.claims_added = sum(map(len, self.claims.values())) - len(self.dataset.claims)
        if new or self.added or self.restored or self.claims_added:
            # Articles come first because claims refer to them: a write that is cut short leaves no broken reference.
            files: dict[Path, Content] = {
                folder / "articles.jsonl": lambda: to_json_bytes(self.present.values()),
                folder / "claims.jsonl": lambda: to_json_bytes(self._claims_in_order()),
            }
            if new:
                _refuse_to_overwrite(files)
                files |= git_files(folder) | info_file_contents(folder, self.dataset.info)
            if self.fetches:
                files[folder / FETCHED] = fetch_log(folder, self.fetches)
            write_files(files | appended_logs(folder, self.labels))
        elif self.labels:
            write_files(appended_logs(folder, self.labels))

    def _claims_in_order(self) -> Iterator[Claim]:
        """The claims in the order of their articles, then by offset."""
        for article_id in self.present:
            yield from sorted(self.claims.get(article_id, ()), key=lambda claim: (claim.start, claim.end))

    def result(self, loaded: Sequence[LoadedArticle]) -> IngestResult:
        """Returns what was written."""
        encodings = dict.fromkeys((str(a.path), a.encoding) for a in loaded if a.encoding != UTF_8)
        return IngestResult(
            folder=self.dataset.folder,
            articles_added=len(self.added),
            claims_added=self.claims_added,
            text_restored=len(self.restored),
            unchanged=self.unchanged,
            missing_text=len(self.missing_text),
            versions=tuple(article for article in self.added if article.replaces is not None),
            carried_over=len(self.labels),
            to_relabel=tuple(self.changed),
            encodings=tuple(encodings),
            warnings=tuple(unsupported(sorted(self.languages))),
            dropped=dict(self.dropped),
        )


def _refuse_to_overwrite(files: Mapping[Path, Content]) -> None:
    """Raises an error if a file exists that an earlier ingest cannot have written.

    Raises: FaultsError: a file has a line that is not about to be written.
    """
    # dataset.yaml is written last, so a killed ingest leaves the other files without it. Running the same ingest again
    # must succeed: files whose lines are all among the new ones are its own.
    for path, content in files.items():
        if not path.exists():
            continue
        others = set(read_bytes(path).split(b"\n")) - {b""}
        for piece in pieces(content):
            others.difference_update(piece.split(b"\n"))
        if others:
            message = "already exists in a folder without dataset.yaml; move it away, or choose another folder"
            raise FaultsError.single(path, message)


def _no_missing_text(digest: str, missing: Sequence[Article]) -> str:
    """Returns the message for an article whose text is not among the missing ones."""
    expected = ", ".join(
        f"{article.article_id} (SHA-256 {(article.text_sha256 or '')[:12]}...)" for article in missing[:3]
    )
    return (
        f"the text (SHA-256 {digest[:12]}...) is not a missing text of this stand-off dataset; expected {expected}. "
        "Use the publisher's text unchanged: the same line ends, nothing added or trimmed"
    )
