"""The content of a dataset folder in memory, and how it is written. `harness.data.load` opens and checks folders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationError

from harness.data.jsonl import to_json_lines
from harness.data.packed.columns import Constant
from harness.data.packed.records import PackedRecords, chosen, column_of
from harness.display import Rows, displayed
from harness.errors import Fault, FaultsError, HarnessError
from harness.files import fingerprint, write_files
from harness.records import Annotation, Article, Claim, Evidence, Name, Record, explain_validation
from harness.yaml_file import read_yaml

if TYPE_CHECKING:
    import datasets
    import numpy as np
    import pandas as pd

    from harness.data.claims import Claims


class Segmentation(Record):
    """How articles are split into sentences: the options of `harness.data.sentences.segment.sentences`."""

    split_quotations: bool = True
    """Whether a period, question mark or exclamation mark inside a quotation ends a sentence."""


class DatasetInfo(Record):
    """The description of a dataset, `dataset.yaml`."""

    format: Literal[2]
    """Version of the folder format."""
    name: Name
    version: str
    title: str
    license: str
    language: str
    """BCP 47 code; applies to articles that state no language."""
    schemes: tuple[Name, ...] = ()
    """Names of the label schemes that annotations may use."""
    citation: str | None = None
    ancestry: tuple[str, ...] = ()
    """Names of the datasets that the texts of this one come from."""
    segmentation: Segmentation = Field(default_factory=Segmentation)
    published_rows: dict[str, int] = Field(default_factory=dict)
    """Rows of each official part in the publisher's files; a part with rows without text has fewer claims."""


def started_info(name: str, language: str, schemes: tuple[str, ...] = ()) -> DatasetInfo:
    """The description of a dataset that begins now, with nothing stated of its license."""
    return DatasetInfo(
        format=2,
        name=name,
        version="0.1",
        title=name,
        license="not stated",
        language=language,
        schemes=schemes,
        segmentation=Segmentation(split_quotations=True),
    )


class ClaimPart(Record):
    """One line of a split file."""

    claim_id: str
    part: str


@displayed
@dataclass(frozen=True)
class Dataset:
    """The checked content of a dataset folder. Its length is the number of current claims."""

    folder: Path
    info: DatasetInfo
    articles: Sequence[Article]
    claims: Sequence[Claim]
    """Claims in the order of `articles`, and by offset within an article."""
    annotations: Sequence[Annotation] = ()
    splits: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Part of each claim: split name to claim_id to part."""
    evidence: Sequence[Evidence] = ()

    def __post_init__(self) -> None:
        for name in ("articles", "claims", "annotations", "evidence"):
            records = getattr(self, name)
            object.__setattr__(self, name, records if isinstance(records, PackedRecords) else Rows(records))

    def __len__(self) -> int:
        return len(self.current)

    @property
    def missing_text(self) -> tuple[Article, ...]:
        """Articles of a stand-off dataset whose text is missing."""
        texts = column_of(self.articles, "text")
        return tuple(self.articles[row] for row, text in enumerate(texts) if text is None)

    @cached_property
    def superseded(self) -> frozenset[str]:
        """Ids of the articles that a new version replaces."""
        # Articles are written before claims, so a killed write can leave a new version without claims. The old version
        # stays current then; otherwise the dataset would lose its claims.
        if not any(column_of(self.articles, "replaces")):
            return frozenset()
        with_claims = set(column_of(self.claims, "article_id"))
        return frozenset(a.replaces for a in self.articles if a.replaces is not None and a.article_id in with_claims)

    @cached_property
    def current(self) -> Sequence[Claim]:
        """Claims of all articles that no new version replaces."""
        if not self.superseded:
            return self.claims
        current = chosen(self.claims, ("article_id",), lambda article_id: article_id not in self.superseded)
        return current if isinstance(current, PackedRecords) else Rows(current)

    def require_text(self) -> None:
        """Checks that the text of every article is present.

        Raises: HarnessError: the text of an article is missing; the message gives the article and the command to run.
        """
        if self.missing_text:
            citations = "; ".join(_article_citation(article) for article in self.missing_text[:3])
            raise HarnessError(
                f"{self.folder}: this dataset ships without article text (stand-off). Obtain a copy of {citations}, "
                f"then run: harness ingest COPY --into {self.folder}"
            )

    def table(self) -> Claims:
        """Returns the table of current claims that classifiers receive.

        Raises: HarnessError: the text of an article is missing.
        """
        # Here, because a dataset is checked and labeled without arrays.
        import numpy as np

        from harness.data.claims import Claims

        self.require_text()
        names = ("claim_id", "article_id", "text", "speaker", "date", "topic", "statement")
        current = {name: column_of(self.current, name) for name in names}
        article_ids = _column(current["article_id"])
        texts = _column(text or "" for text in current["text"])
        # Only a claim of the same article is the context of another.
        follows = np.zeros(len(texts), dtype=bool)
        follows[1:] = article_ids[1:] == article_ids[:-1]
        rows = np.arange(len(texts))
        previous, following = np.full(len(texts), "", dtype=object), np.full(len(texts), "", dtype=object)
        previous[1:] = np.where(follows[1:], texts[:-1], "")
        following[:-1] = np.where(follows[1:], texts[1:], "")
        published = map(self._by_article("published"), article_ids)
        publishers = map(self._by_article("publisher"), article_ids)
        return Claims(
            **{name: _column(current[name]) for name in ("claim_id", "speaker", "topic", "statement")},
            article_id=article_ids,
            text=texts,
            position=rows - np.maximum.accumulate(np.where(follows, 0, rows)),
            previous=previous,
            next=following,
            title=_column(map(self._by_article("title"), article_ids)),
            published=_column(date or other for date, other in zip(current["date"], published, strict=True)),
            source=_column(publisher or self.info.name for publisher in publishers),
        )

    def _by_article(self, name: str) -> Callable[[str], Any]:
        """Returns what gives the value of a field of an article by the id of the article."""
        ids, values = column_of(self.articles, "article_id"), column_of(self.articles, name)
        return dict(zip(ids, values, strict=True)).__getitem__

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hex, of everything that classifiers can see of the current claims, in order."""
        names = ("claim_id", "text", "speaker", "date")
        columns: list[Iterable[Any]] = [column_of(self.current, name) for name in names]
        article_ids = column_of(self.current, "article_id")
        columns += [map(self._by_article(name), article_ids) for name in ("title", "published")]
        topics, statements = (column_of(self.current, name) for name in ("topic", "statement"))
        parts: Iterable[tuple[Any, ...]] = zip(*columns, strict=True)
        if not ({None}.issuperset(topics) and {None}.issuperset(statements)):
            # The fields are newer than the fingerprint: leaving absent ones out preserves earlier fingerprints.
            parts = (
                (*part, *([] if topic is None else [topic]), *([] if statement is None else [["statement", statement]]))
                for part, topic, statement in zip(parts, topics, statements, strict=True)
            )
        return fingerprint(parts)

    def to_pandas(self) -> dict[str, pd.DataFrame]:
        """Returns the dataset as frames: info, articles, claims, annotations, evidence, splits."""
        from harness.data.exchange.frames import to_pandas

        return to_pandas(self)

    def to_hf(self) -> datasets.DatasetDict:
        """Returns the dataset as a `datasets.DatasetDict` with the tables of `to_pandas`."""
        from harness.data.exchange.frames import to_hf

        return to_hf(self)

    @staticmethod
    def from_pandas(frames: Mapping[str, pd.DataFrame], folder: str | Path) -> Dataset:
        """Returns the dataset of frames that `to_pandas` returned; writes nothing.

        Args:
            frames: frames by name.
            folder: folder of the new dataset.
        Raises: HarnessError: a frame is missing, or a row is invalid.
        """
        from harness.data.exchange.frames import from_pandas

        return from_pandas(frames, folder)

    @staticmethod
    def from_hf(tables: Mapping[str, datasets.Dataset], folder: str | Path) -> Dataset:
        """Returns the dataset of tables that `to_hf` returned; writes nothing.

        Args:
            tables: tables by name.
            folder: folder of the new dataset.
        Raises: HarnessError: a table is missing, or a row is invalid.
        """
        from harness.data.exchange.frames import from_hf

        return from_hf(tables, folder)


def _article_citation(article: Article) -> str:
    name = f"'{article.title}'" if article.title else article.article_id
    origin = ", ".join(part for part in (article.publisher, article.published, article.url) if part)
    return f"{name} ({origin})" if origin else name


def _column(values: Iterable[object]) -> np.ndarray[Any, np.dtype[np.object_]]:
    import numpy as np

    if isinstance(values, Constant):
        from harness.data.claims import constant_column

        return constant_column(values.value, len(values))
    # np.array(values) would make a two-dimensional array of sequences of equal length.
    return np.fromiter(values, dtype=object)


def read_info(folder: Path) -> DatasetInfo:
    """Returns the content of `dataset.yaml`.

    Args:
        folder: dataset folder.
    Raises: FaultsError: the folder or its `dataset.yaml` is missing or invalid.
    """
    path = folder / "dataset.yaml"
    if not folder.is_dir():
        raise FaultsError.single(folder, "is not a folder; expected a dataset folder", code="not-a-dataset")
    if not path.exists():
        raise FaultsError.single(folder, "is not a dataset folder: it has no dataset.yaml", code="not-a-dataset")
    document = read_yaml(path)
    if isinstance(document.content, dict) and document.content.get("format") == 1:
        message = (
            "expected 2, got 1: rename 'licence' to 'license' in dataset.yaml and articles.jsonl, and set format: 2"
        )
        raise FaultsError.single(path, message, line=document.line(("format",)), field="format")
    try:
        return DatasetInfo.model_validate_json(document.json)
    except ValidationError as error:
        raise FaultsError(
            Fault(str(path), document.line(key_path), ".".join(map(str, key_path)), message, code)
            for key_path, message, code, _ in explain_validation(error)
        ) from None


def with_text(claim: Claim, article: Article) -> Claim:
    """Returns the claim with the text of its span, if the article has its text."""
    if claim.text is not None or article.text is None:
        return claim
    return claim.model_copy(update={"text": article.text[claim.start : claim.end]})


def sort_claims(articles: Iterable[Article], claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Returns claims in the order of their articles, then by offset."""
    rank = {article.article_id: index for index, article in enumerate(articles)}
    return tuple(sorted(claims, key=lambda claim: (rank.get(claim.article_id, len(rank)), claim.start, claim.end)))


def claim_file_contents(folder: Path, articles: Iterable[Article], claims: Iterable[Claim]) -> dict[Path, bytes]:
    """Returns the content of `articles.jsonl` and `claims.jsonl`, for `write_files`."""
    # Articles come first because claims refer to them: a write that stops after one file leaves no broken reference.
    articles = tuple(articles)
    return {
        folder / "articles.jsonl": _to_bytes(articles),
        folder / "claims.jsonl": _to_bytes(sort_claims(articles, claims)),
    }


def info_file_contents(folder: Path, info: DatasetInfo) -> dict[Path, bytes]:
    """Returns the content of `dataset.yaml`, for `write_files`."""
    import yaml

    document = info.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    return {folder / "dataset.yaml": text.encode()}


def dataset_file_contents(dataset: Dataset) -> dict[Path, bytes]:
    """Returns the content of all files of a dataset folder, for `write_files`."""
    # dataset.yaml is last because a folder without it is not a dataset: a killed write never leaves half a dataset.
    folder = dataset.folder
    files = claim_file_contents(folder, dataset.articles, dataset.claims)
    annotators: dict[str, list[Annotation]] = {}
    for annotation in dataset.annotations:
        annotators.setdefault(annotation.annotator, []).append(annotation)
    for annotator, log in annotators.items():
        files[folder / "annotations" / f"{annotator}.jsonl"] = _to_bytes(log)
    for name, parts in dataset.splits.items():
        files[folder / "splits" / f"{name}.jsonl"] = _to_bytes(_split_lines(parts))
    if dataset.evidence:
        files[folder / "evidence.jsonl"] = _to_bytes(dataset.evidence)
    return files | info_file_contents(folder, dataset.info)


def write_dataset(dataset: Dataset) -> None:
    """Writes a dataset into its folder."""
    write_files(dataset_file_contents(dataset))


def write_split(path: Path, parts: Mapping[str, str]) -> None:
    """Writes a split file: one claim and its part per line."""
    write_files({path: _to_bytes(_split_lines(parts))})


def _split_lines(parts: Mapping[str, str]) -> list[ClaimPart]:
    return [ClaimPart(claim_id=claim, part=part) for claim, part in parts.items()]


def _to_bytes(records: Iterable[Record]) -> bytes:
    return "".join(to_json_lines(records)).encode()
