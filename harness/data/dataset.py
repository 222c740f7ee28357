"""A dataset folder: opened with everything checked, and saved. The one way in for everybody above."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field, ValidationError

from harness.data.claims import Claims
from harness.data.jsonl import to_json_lines
from harness.errors import Fault, FaultsError, HarnessError
from harness.files import fingerprint, write_files
from harness.records import Annotation, Article, Claim, Evidence, Name, Record, explain_validation
from harness.yaml_file import read_yaml

if TYPE_CHECKING:
    import datasets
    import pandas as pd


class Segmentation(Record):
    """How claims are cut from the articles: the options of `harness.data.sentences.segment.sentences`."""

    split_quotations: bool = True
    """Whether a sentence ends at a mark inside a quotation too."""


class DatasetInfo(Record):
    """The head of a dataset folder, `dataset.yaml`."""

    format: Literal[2]
    name: Name
    version: str
    title: str
    license: str
    language: str
    """BCP 47 code of the articles that name none."""
    schemes: tuple[Name, ...] = ()
    """The label schemes that annotations may use."""
    citation: str | None = None
    ancestry: tuple[str, ...] = ()
    """The datasets that this one's text came from."""
    segmentation: Segmentation = Field(default_factory=Segmentation)


class ClaimPart(Record):
    """One line of a split file."""

    claim_id: str
    part: str


@dataclass(frozen=True)
class Dataset:
    """The content of a dataset folder, checked."""

    folder: Path
    info: DatasetInfo
    articles: tuple[Article, ...]
    claims: tuple[Claim, ...]
    """One article after another in the order of `articles`, by offset within it."""
    annotations: tuple[Annotation, ...] = ()
    splits: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Split name to claim_id to part."""
    evidence: tuple[Evidence, ...] = ()

    @property
    def missing_text(self) -> tuple[Article, ...]:
        """The articles of a stand-off dataset whose text is not there yet."""
        return tuple(article for article in self.articles if article.text is None)

    @cached_property
    def superseded(self) -> frozenset[str]:
        """The articles that a new version replaces; a version without claims (a write cut short) replaces none yet."""
        claimed = {claim.article_id for claim in self.claims}
        return frozenset(a.replaces for a in self.articles if a.replaces is not None and a.article_id in claimed)

    @cached_property
    def current(self) -> tuple[Claim, ...]:
        """The claims of all articles but superseded ones."""
        if not self.superseded:
            return self.claims
        return tuple(claim for claim in self.claims if claim.article_id not in self.superseded)

    def require_text(self) -> None:
        """Raises: HarnessError: the dataset is stand-off and not brought to life; says what to ingest."""
        if self.missing_text:
            listed = "; ".join(_article_citation(article) for article in self.missing_text[:3])
            raise HarnessError(
                f"{self.folder}: this dataset carries labels without text and is not brought to life yet. Get your own "
                f"copy of {listed}, then: harness ingest COPY --into {self.folder}"
            )

    def table(self) -> Claims:
        """The current claims as the table that classifiers get; those of superseded articles are left out.

        Raises: HarnessError: the dataset is not brought to life.
        """
        self.require_text()
        articles = {article.article_id: article for article in self.articles}
        owner = [claim.article_id for claim in self.current]
        text = [claim.text or "" for claim in self.current]
        same = [before == after for before, after in itertools.pairwise(owner)]
        position = np.zeros(len(owner), dtype=np.int64)
        for row, kept in enumerate(same, start=1):
            position[row] = position[row - 1] + 1 if kept else 0
        column = _column
        return Claims(
            claim_id=column(claim.claim_id for claim in self.current),
            article_id=column(owner),
            text=column(text),
            position=position,
            previous=column([""] * bool(text) + [t if kept else "" for t, kept in zip(text, same, strict=False)]),
            next=column([t if kept else "" for t, kept in zip(text[1:], same, strict=True)] + [""] * bool(text)),
            title=column(articles[name].title for name in owner),
            speaker=column(claim.speaker for claim in self.current),
            published=column(claim.date or articles[claim.article_id].published for claim in self.current),
            topic=column(claim.topic for claim in self.current),
            source=column(articles[name].publisher or self.info.name for name in owner),
        )

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over everything that classifiers can see of the claims, in order."""
        titles = {article.article_id: (article.title, article.published) for article in self.articles}
        return fingerprint(
            (claim.claim_id, claim.text, claim.speaker, claim.date, *titles[claim.article_id], *_said(claim.topic))
            for claim in self.current
        )

    def to_pandas(self) -> dict[str, pd.DataFrame]:
        """The whole dataset as frames: info, articles, claims, annotations, evidence, splits."""
        from harness.data.exchange.frames import to_pandas

        return to_pandas(self)

    def to_hf(self) -> datasets.DatasetDict:
        """The same as a `datasets.DatasetDict`."""
        from harness.data.exchange.frames import to_hf

        return to_hf(self)

    @staticmethod
    def from_pandas(frames: Mapping[str, pd.DataFrame], folder: str | Path) -> Dataset:
        """The dataset that `to_pandas` gave frames of; nothing is written.

        Raises: HarnessError: a frame is missing, or a row is wrong.
        """
        from harness.data.exchange.frames import from_pandas

        return from_pandas(frames, folder)

    @staticmethod
    def from_hf(tables: Mapping[str, datasets.Dataset], folder: str | Path) -> Dataset:
        """The dataset that `to_hf` gave tables of; nothing is written.

        Raises: HarnessError: a table is missing, or a row is wrong.
        """
        from harness.data.exchange.frames import from_hf

        return from_hf(tables, folder)


def _article_citation(article: Article) -> str:
    name = f"'{article.title}'" if article.title else article.article_id
    origin = ", ".join(part for part in (article.publisher, article.published, article.url) if part)
    return f"{name} ({origin})" if origin else name


def _said(value: str | None) -> tuple[str, ...]:
    """A later field in a fingerprint: nothing where it is absent, so that older fingerprints stay."""
    return () if value is None else (value,)


def _column(values: Iterable[object]) -> np.ndarray[Any, np.dtype[np.object_]]:
    listed = list(values)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array


def read_info(folder: Path) -> DatasetInfo:
    """The head of a dataset folder.

    Raises: FaultsError: the folder or its `dataset.yaml` is absent or wrong.
    """
    path = folder / "dataset.yaml"
    if not folder.is_dir():
        raise FaultsError.single(folder, "is not a folder; a dataset folder is expected", code="not-a-dataset")
    if not path.exists():
        raise FaultsError.single(folder, "is not a dataset folder: it has no dataset.yaml", code="not-a-dataset")
    found = read_yaml(path)
    if isinstance(found.content, dict) and found.content.get("format") == 1:
        message = (
            "expected 2, got 1: rename 'licence' to 'license' in dataset.yaml and articles.jsonl, and set format: 2"
        )
        raise FaultsError.single(path, message, line=found.line(("format",)), field="format")
    try:
        return DatasetInfo.model_validate_json(found.json)
    except ValidationError as error:
        raise FaultsError(
            Fault(str(path), found.line(place), ".".join(map(str, place)), message, code)
            for place, message, code, _ in explain_validation(error)
        ) from None


def with_text(claim: Claim, article: Article) -> Claim:
    """The claim with the text of its span, where the article has its text."""
    if claim.text is not None or article.text is None:
        return claim
    return claim.model_copy(update={"text": article.text[claim.start : claim.end]})


def sort_claims(articles: Iterable[Article], claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Claims in the order of their articles, then by offset."""
    rank = {article.article_id: number for number, article in enumerate(articles)}
    return tuple(sorted(claims, key=lambda claim: (rank.get(claim.article_id, len(rank)), claim.start, claim.end)))


def claim_file_contents(folder: Path, articles: Iterable[Article], claims: Iterable[Claim]) -> dict[Path, bytes]:
    """`articles.jsonl` and `claims.jsonl` as they are to be written; articles first, which claims need."""
    articles = tuple(articles)
    return {
        folder / "articles.jsonl": _to_bytes(articles),
        folder / "claims.jsonl": _to_bytes(sort_claims(articles, claims)),
    }


def info_file_contents(folder: Path, info: DatasetInfo) -> dict[Path, bytes]:
    """`dataset.yaml` as it is to be written."""
    import yaml

    document = info.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    return {folder / "dataset.yaml": text.encode()}


def write_dataset(dataset: Dataset) -> None:
    """Writes a whole dataset into its folder, `dataset.yaml` last, so that a killed write is no dataset yet."""
    folder = dataset.folder
    files = claim_file_contents(folder, dataset.articles, dataset.claims)
    annotators: dict[str, list[Annotation]] = {}
    for annotation in dataset.annotations:
        annotators.setdefault(annotation.annotator, []).append(annotation)
    for annotator, log in annotators.items():
        files[folder / "annotations" / f"{annotator}.jsonl"] = _to_bytes(log)
    for name, parts in dataset.splits.items():
        files[folder / "splits" / f"{name}.jsonl"] = _to_bytes(_lines_of_split(parts))
    if dataset.evidence:
        files[folder / "evidence.jsonl"] = _to_bytes(dataset.evidence)
    write_files(files | info_file_contents(folder, dataset.info))


def write_split(path: Path, parts: Mapping[str, str]) -> None:
    """Writes a split file: one claim and its part a line."""
    write_files({path: _to_bytes(_lines_of_split(parts))})


def _lines_of_split(parts: Mapping[str, str]) -> list[ClaimPart]:
    return [ClaimPart(claim_id=claim, part=part) for claim, part in parts.items()]


def _to_bytes(records: Iterable[Record]) -> bytes:
    return "".join(to_json_lines(records)).encode()
