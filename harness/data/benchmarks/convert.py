"""Converts the output of the format readers to a dataset in the project's own format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from harness.data.articles.article_file import safe_name
from harness.data.benchmarks.benchmark import Benchmark, Part
from harness.data.corpora.passages import Passage
from harness.data.dataset import Dataset, DatasetInfo, sort_claims
from harness.data.formats import CORPORA, READERS
from harness.data.formats.source import SourceArticle, SourceClaim, SourceEvidence, SourceFile
from harness.data.labels.annotations import new_annotation
from harness.data.sentences.claims_of import make_claim
from harness.errors import Fault, FaultsError
from harness.files import sha256
from harness.records import Annotation, Article, Claim, Evidence
from harness.schemes import Scheme, load_scheme


class Converted(NamedTuple):
    """What a publisher's files become."""

    dataset: Dataset
    passages: tuple[Passage, ...]
    """Passages of the publisher's corpus, or of its files of claims; empty where neither has any."""


def convert(benchmark: Benchmark, folder: Path, files: Mapping[str, tuple[Path, bytes]]) -> Converted:
    """Convert the publisher's files of a benchmark to a dataset, and to a corpus if one of them has passages.

    Args:
        benchmark: the description of the benchmark.
        folder: the folder of the dataset; nothing is written.
        files: published path to local path and bytes, for the files that are present.
    Raises: FaultsError: all faults of all files.
    """
    builder = _DatasetBuilder(load_scheme(benchmark.scheme))
    companions = {name: files[name][1] for name in benchmark.companions if name in files}
    faults: list[Fault] = []
    passages = _read_passages(benchmark, builder.scheme, files)
    for name, part in benchmark.parts.items():
        published_paths = [file for pattern in part.files for file in files if fnmatchcase(file, pattern)]
        for path, data in (files[published_path] for published_path in published_paths):
            file = SourceFile(path, data, builder.scheme, benchmark.options | part.options, companions, passages)
            try:
                articles = READERS[part.format or benchmark.format](file)
            except FaultsError as error:
                faults += error.faults
                continue
            builder.add_articles(name, part, articles)
            builder.rows[name] += sum(len(article.claims) for article in articles) + len(file.skipped_rows)
    if faults:
        raise FaultsError(faults)
    info = DatasetInfo(
        format=2,
        name=benchmark.name,
        version=builder.scheme.version,
        title=benchmark.title,
        license=benchmark.license,
        language=benchmark.language,
        schemes=(benchmark.scheme,),
        citation=benchmark.citation,
        published_rows=dict(builder.rows),
    )
    if benchmark.ancestry:
        info = info.model_copy(update={"ancestry": benchmark.ancestry})
    return Converted(builder.build(folder, info), tuple({**(passages or {}), **builder.passages}.values()))


def _read_passages(
    benchmark: Benchmark, scheme: Scheme, files: Mapping[str, tuple[Path, bytes]]
) -> dict[str, Passage] | None:
    """Read the corpus, by the id of its passages; None if its file is absent.

    Raises: FaultsError: the file is invalid. Claims are not read then, because they would cite what it lacks.
    """
    for name in benchmark.corpus:
        if name in files:
            file = SourceFile(*files[name], scheme, benchmark.options)
            return {passage.passage_id: passage for passage in CORPORA[benchmark.format](file)}
    return None


class _DatasetBuilder:
    """Collects the articles of several files and builds one dataset of them."""

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme
        # Article id to its first occurrence and language, and to all its claims with their part.
        self.articles: dict[str, tuple[SourceArticle, str | None]] = {}
        self.source_claims: dict[str, list[tuple[str, SourceClaim]]] = {}
        self.records: list[Article] = []
        self.claims: list[Claim] = []
        self.annotations: list[Annotation] = []
        self.evidence: list[Evidence] = []
        self.passages: dict[str, Passage] = {}
        self.part_of: dict[str, str] = {}
        # Rows of each part in the publisher's files, without text or not.
        self.rows: Counter[str] = Counter()

    def add_articles(self, name: str, part: Part, articles: list[SourceArticle]) -> None:
        """Add the articles of one file of a part; the claims of an article in several files are merged."""
        for source in articles:
            for passage in source.passages:
                self.passages.setdefault(passage.passage_id, passage)
            if not source.claims:
                continue
            article_id = self._unique_id(name, source) if source.alone else source.article_id
            self.articles.setdefault(article_id, (source, part.language))
            self.source_claims.setdefault(article_id, []).extend((name, claim) for claim in source.claims)

    def _unique_id(self, part: str, source: SourceArticle) -> str:
        """An id for a claim that is an article of its own; publishers repeat ids, so a number keeps them apart."""
        base = safe_name(f"{part}-{source.article_id}", "claim")
        article_id = base
        number = 1
        while article_id in self.articles:
            number += 1
            article_id = f"{base}.{number}"
        return article_id

    def build(self, folder: Path, info: DatasetInfo) -> Dataset:
        """Build the dataset of all added articles."""
        for article_id, (source, language) in self.articles.items():
            source_claims = sorted(self.source_claims[article_id], key=lambda pair: pair[1].order)
            article = Article(
                article_id=article_id,
                title=source.title,
                text="\n".join(claim.text for _, claim in source_claims),
                published=source.published,
                publisher=source.publisher,
                url=source.url,
                language=None if language == info.language else language,
            )
            self.records.append(article)
            start = 0
            for part, source_claim in source_claims:
                # The article keeps the publisher's white space; the claim's span begins and ends with its words.
                text = source_claim.text
                begin = start + len(text) - len(text.lstrip())
                claim = make_claim(
                    article,
                    begin,
                    begin + len(text.strip()),
                    speaker=source_claim.speaker,
                    date=source_claim.date,
                    topic=source_claim.topic,
                    statement=source_claim.statement,
                )
                start += len(text) + 1  # the line break of the join above
                self._add_claim(claim, part, source_claim)
        return Dataset(
            folder=folder,
            info=info,
            articles=tuple(self.records),
            claims=sort_claims(self.records, self.claims),
            annotations=tuple(self.annotations),
            splits={"official": self.part_of},
            evidence=tuple(self.evidence),
        )

    def _add_claim(self, claim: Claim, part: str, source_claim: SourceClaim) -> None:
        """Add a claim with its part, its labels as annotations, and its evidence."""
        self.claims.append(claim)
        self.part_of[claim.claim_id] = part
        for code, axis_name, annotator, value, note, role, url in source_claim.labels:
            axis = self.scheme.axis(axis_name) if axis_name else self.scheme.axes[0]
            label = axis.label_names[0] if axis.feature else axis.coded(code)
            if label is None:
                raise ValueError(f"scheme '{self.scheme.name}' has no code {code!r} on axis '{axis.name}'")
            self.annotations.append(
                new_annotation(
                    claim_id=claim.claim_id,
                    scheme=self.scheme.name,
                    axis=axis.name,
                    label=label,
                    annotator=annotator,
                    guideline=self.scheme.version,
                    value=value,
                    note=note,
                    role=role,
                    url=url,
                )
            )
        self.evidence += [
            _evidence(claim.claim_id, number, passage) for number, passage in enumerate(source_claim.evidence)
        ]


def _evidence(claim_id: str, number: int, passage: SourceEvidence) -> Evidence:
    # The number is part of the id because a claim can have the same passage twice.
    return Evidence(
        evidence_id=sha256(f"{claim_id}\n{number}\n{passage.text}")[:16], claim_id=claim_id, **passage._asdict()
    )
