"""Articles into a dataset folder: new ones become claims, changed ones versions, awaited ones bring it to life."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.data.articles.encoding import UTF_8
from harness.data.articles.reading import ArticleSource, LoadedArticle, MaskedText, ReadOptions, safe_name
from harness.data.articles.sources import read_articles
from harness.data.dataset import Dataset, DatasetInfo, Segmentation, claim_file_contents, info_file_contents, with_text
from harness.data.load import open_folder
from harness.data.sentences.claims_of import claims_of, make_claim, unsupported
from harness.data.versions import Versions, appended_logs, carry_over_labels, match_claims, next_version
from harness.errors import Fault, FaultsError, HarnessError, UnknownName, unknown_name
from harness.files import folder_lock, gc_paused, read_bytes, remove_partial_files, sha256, write_files
from harness.records import Article, Claim

__all__ = ["IngestResult", "ingest", "make_claim"]


class IngestResult(NamedTuple):
    """What an ingest did to a dataset folder."""

    folder: Path
    articles_added: int
    """New versions among them."""
    claims_added: int
    text_restored: int
    """Stand-off articles whose text was found."""
    unchanged: int
    """Articles that were there already."""
    missing_text: int
    """Stand-off articles whose text is still missing."""
    versions: tuple[Article, ...] = ()
    """New versions of articles that were there with other text; each names the one that it replaces."""
    carried_over: int = 0
    """Labels of unchanged sentences that were given to the new versions too."""
    to_relabel: tuple[Claim, ...] = ()
    """The sentences of new versions that are new or were changed, in order."""
    encodings: tuple[tuple[str, str], ...] = ()
    """(source, encoding) of each that is not UTF-8."""
    warnings: tuple[str, ...] = ()


def ingest(
    sources: ArticleSource | Iterable[ArticleSource],
    into: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    transcript: bool = False,
    encoding: str | None = None,
    name: str | None = None,
    replaces: str | None = None,
    offline: bool = False,
) -> IngestResult:
    """Adds articles and their sentences to a dataset folder, which is created if absent; never renumbers.

    Args:
        sources: one or several of: an article file (.txt, .md, .html, .jsonl, .csv, .tsv, .parquet), a folder of
            them, a pattern (`news/**/*.md`), `-` (standard input), `hub:OWNER/NAME`, an `Article`, a
            `datasets.Dataset`.
        into: a dataset folder. An article that is there already adds nothing; one that is there with other text
            becomes a new version, to which the labels of unchanged sentences carry over. While stand-off articles
            await their text, only their texts are taken.
        columns: field of an article to the column of a table, where their names differ (`{"text": "body"}`).
        transcript: whether lines are turns (`Speaker: text`), or the rows of a table with a speaker column are.
        encoding: of text files; default: detected.
        name: the id of what comes from standard input.
        replaces: the article that the only article of the sources is a new version of.
        offline: refuse what needs the network.
    Raises: FaultsError: every fault of every source; nothing is written then.
    """
    folder = Path(into)
    reading = ReadOptions(columns=columns or {}, transcript=transcript, encoding=encoding, name=name, offline=offline)
    found = read_articles(_listed(sources), reading)
    if replaces is not None and len(found) != 1:
        raise HarnessError(f"replaces: expected one article, the new version of '{replaces}'; got {len(found)}")
    with folder_lock(folder, "ingest"), gc_paused():
        remove_partial_files(folder)
        new = not (folder / "dataset.yaml").exists()
        ingesting = _IngestSession(_empty(folder) if new else open_folder(folder), found, replaces)
        faults = [fault for source in found if (fault := ingesting.take(source)) is not None]
        if faults:
            raise FaultsError(faults)
        ingesting.write(new=new)
    return ingesting.outcome(found)


def _listed(sources: ArticleSource | Iterable[ArticleSource]) -> list[ArticleSource]:
    alone = isinstance(sources, str | Path | Article) or hasattr(sources, "column_names")
    return [sources] if alone else list(sources)  # type: ignore[arg-type]


def _empty(folder: Path) -> Dataset:
    name = safe_name(folder.resolve().name, "dataset")
    info = DatasetInfo(
        format=2,
        name=name,
        version="0.1",
        title=name,
        license="not stated",
        language="en",
        schemes=("three-axes",),
        segmentation=Segmentation(split_quotations=True),
    )
    return Dataset(folder, info, (), ())


class _IngestSession:
    """Articles on their way into a dataset: collects, and writes at the end."""

    def __init__(self, dataset: Dataset, found: Sequence[LoadedArticle], replaces: str | None) -> None:
        self.dataset, self.replaces = dataset, replaces
        texts = {sha256(text): text for text in (source.article.text or "" for source in found)}
        self.restored = {
            article.article_id: article.model_copy(update={"text": texts[article.text_sha256]})
            for article in dataset.missing_text
            if article.text_sha256 in texts
        }
        self.missing_text = [article for article in dataset.missing_text if article.article_id not in self.restored]
        self.present = {a.article_id: self.restored.get(a.article_id, a) for a in dataset.articles}
        self.claims: dict[str, list[Claim]] = {}
        for claim in dataset.claims:
            self.claims.setdefault(claim.article_id, []).append(with_text(claim, self.present[claim.article_id]))
        claimed = (article for article in dataset.articles if article.article_id in self.claims)
        self.stand_off = {article.text_sha256: article.article_id in self.restored for article in claimed}
        self.versions = Versions(dataset.articles)
        self.taken: dict[str, str | None] = {}
        self.of_versions: list[Claim] = []
        self.added: list[Article] = []
        self.changed: list[Claim] = []
        self.unchanged = 0
        self.languages: set[str] = set()

    def take(self, found: LoadedArticle) -> Fault | None:
        """Takes one article in; or says what is wrong with it."""
        article, digest = found.article, sha256(found.article.text or "")
        if digest in self.stand_off:
            self.unchanged += not self.stand_off[digest]
            return None
        known = self.present.get(article.article_id)
        if self.missing_text and (known is None or known.text is None):
            return Fault(str(found.path), found.line, None, _stranger(digest, self.missing_text))
        if self.taken.setdefault(article.article_id, article.text) != article.text:
            message = f"'{article.article_id}' is the name of two sources with other text; give this one another name"
            return Fault(str(found.path), found.line, "article_id", message, "duplicate-id")
        replaced = self.replaces or article.replaces
        if replaced is not None and replaced not in self.present:
            message = unknown_name("article", replaced, list(self.present))
            return Fault(str(found.path), found.line, "replaces", message, UnknownName.code)
        if known is None and replaced is None:
            self._add(article, found.marked)
            return None
        return self._again(found, replaced or article.article_id)

    def _again(self, found: LoadedArticle, article_id: str) -> Fault | None:
        """An article that is there in one version or another."""
        article, chain = found.article, self.versions.of(article_id)
        same = next((a for a in map(self.present.__getitem__, chain) if a.text == article.text), None)
        if same is not None:
            self.unchanged += same.article_id in self.claims
            self._segment(same, found.marked)
            return None
        last = self.present[chain[-1]]
        if article.replaces is None or self.replaces is not None:
            name = self.versions.next_id(last.article_id, self.present)
        elif article.replaces != last.article_id:
            message = f"'{article.replaces}' was replaced by '{last.article_id}' already; name that one"
            return Fault(str(found.path), found.line, "replaces", message)
        elif article.article_id in self.present:
            message = f"'{article.article_id}' is there with other text; a new version needs an id of its own"
            return Fault(str(found.path), found.line, "article_id", message, "duplicate-id")
        else:
            name = article.article_id
        self._add(next_version(last, article, name), found.marked)
        return None

    def _add(self, article: Article, marked: MaskedText | None) -> None:
        self.present[article.article_id] = article
        self.versions.add(article)
        self.added.append(article)
        self._segment(article, marked)

    def _segment(self, article: Article, marked: MaskedText | None) -> None:
        """The claims of an article that has none yet: it is new, or an ingest was cut short before them."""
        name, info = article.article_id, self.dataset.info
        if name not in self.claims:
            self.languages.add(article.language or info.language)
            claims = claims_of(article, info.segmentation, info.language, marked)
            if article.replaces is not None:
                claims, changed = match_claims(article, claims, self.claims.get(article.replaces, []))
                self.changed += changed
            self.claims[name] = claims
        if article.replaces is not None:
            self.of_versions += self.claims[name]

    def write(self, *, new: bool) -> None:
        """Everything at once; the labels last, which need their claims."""
        folder = self.dataset.folder
        claims = [claim for listed in self.claims.values() for claim in listed]
        self.labels = carry_over_labels(self.of_versions, self.dataset.annotations)
        self.claims_added = len(claims) - len(self.dataset.claims)
        if new or self.added or self.restored or self.claims_added:
            files = claim_file_contents(folder, self.present.values(), claims)
            if new:
                _refuse_to_overwrite(files)
                files |= info_file_contents(folder, self.dataset.info)
            write_files(files | appended_logs(folder, self.labels))
        elif self.labels:
            write_files(appended_logs(folder, self.labels))

    def outcome(self, found: Sequence[LoadedArticle]) -> IngestResult:
        """What was done."""
        encodings = dict.fromkeys((str(f.path), f.encoding) for f in found if f.encoding != UTF_8)
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
        )


def _refuse_to_overwrite(files: Mapping[Path, bytes]) -> None:
    """A folder without dataset.yaml may hold what an ingest that was cut short wrote, but nothing else of that name."""
    for path, data in files.items():
        if path.exists() and not set(read_bytes(path).split(b"\n")) <= set(data.split(b"\n")):
            message = "is there already, in a folder without dataset.yaml; move it away, or choose another folder"
            raise FaultsError.single(path, message)


def _stranger(digest: str, awaited: Sequence[Article]) -> str:
    wanted = ", ".join(
        f"{article.article_id} (SHA-256 {(article.text_sha256 or '')[:12]}...)" for article in awaited[:3]
    )
    return (
        f"its text (SHA-256 {digest[:12]}...) is none of those that this stand-off dataset waits for: {wanted}. "
        "Take the publisher's text unchanged: the same line ends, nothing added or trimmed"
    )
