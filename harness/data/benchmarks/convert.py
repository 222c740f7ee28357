"""What format readers give becomes a dataset in the project's own format."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from harness.data.articles.reading import safe_name
from harness.data.benchmarks.benchmark import Benchmark, Part
from harness.data.dataset import Dataset, DatasetInfo, sort_claims
from harness.data.formats import READERS
from harness.data.formats.source import SourceArticle, SourceClaim, SourceEvidence, SourceFile
from harness.data.labels.annotations import new_annotation
from harness.data.sentences.claims_of import make_claim
from harness.errors import Fault, FaultsError
from harness.files import sha256
from harness.records import Annotation, Article, Claim, Evidence
from harness.schemes import Scheme, load_scheme


def convert(benchmark: Benchmark, folder: Path, found: Mapping[str, tuple[Path, bytes]]) -> Dataset:
    """The dataset of a benchmark's files.

    Args:
        benchmark: its description.
        folder: where the dataset will be.
        found: published path to where a file lies and its bytes; those absent are left out.
    Raises: FaultsError: every fault of every file.
    """
    making = _DatasetBuilder(load_scheme(benchmark.scheme))
    companions = {name: found[name][1] for name in benchmark.companions if name in found}
    faults: list[Fault] = []
    for name, part in benchmark.parts.items():
        listed = [file for published in part.files for file in found if fnmatchcase(file, published)]
        for path, data in (found[file] for file in listed):
            file = SourceFile(path, data, making.scheme, benchmark.options | part.options, companions)
            try:
                making.take(name, part, READERS[part.format or benchmark.format](file))
            except FaultsError as error:
                faults += error.faults
    if faults:
        raise FaultsError(faults)
    info = DatasetInfo(
        format=2,
        name=benchmark.name,
        version=making.scheme.version,
        title=benchmark.title,
        license=benchmark.license,
        language=benchmark.language,
        schemes=(benchmark.scheme,),
        citation=benchmark.citation,
    )
    if benchmark.ancestry:
        info = info.model_copy(update={"ancestry": benchmark.ancestry})
    return making.dataset(folder, info)


class _DatasetBuilder:
    """Articles of several files on their way into one dataset."""

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme
        self.articles: dict[str, tuple[SourceArticle, str | None]] = {}
        self.lines: dict[str, list[tuple[str, SourceClaim]]] = {}
        self.records: list[Article] = []
        self.claims: list[Claim] = []
        self.annotations: list[Annotation] = []
        self.evidence: list[Evidence] = []
        self.official: dict[str, str] = {}

    def take(self, name: str, part: Part, articles: list[SourceArticle]) -> None:
        """The articles of one file of a part; one that several files hold is put together."""
        for source in articles:
            if not source.claims:
                continue
            article_id = self._unique(name, source) if source.alone else source.article_id
            self.articles.setdefault(article_id, (source, part.language))
            self.lines.setdefault(article_id, []).extend((name, claim) for claim in source.claims)

    def _unique(self, part: str, source: SourceArticle) -> str:
        plain = safe_name(f"{part}-{source.article_id}", "claim")
        name, number = plain, 1
        while name in self.articles:
            number += 1
            name = f"{plain}.{number}"
        return name

    def dataset(self, folder: Path, info: DatasetInfo) -> Dataset:
        """Everything taken, as one dataset."""
        for article_id, (source, language) in self.articles.items():
            lines = sorted(self.lines[article_id], key=lambda line: line[1].order)
            article = Article(
                article_id=article_id,
                title=source.title,
                text="\n".join(claim.text for _, claim in lines),
                published=source.published,
                publisher=source.publisher,
                url=source.url,
                language=None if language == info.language else language,
            )
            self.records.append(article)
            start = 0
            for part, found in lines:
                left = start + len(found.text) - len(found.text.lstrip())
                more = {"speaker": found.speaker, "date": found.date, "topic": found.topic}
                claim = make_claim(article, left, left + len(found.text.strip()), **more)
                start += len(found.text) + 1
                self._add(claim, part, found)
        splits = {"official": self.official}
        claims = sort_claims(self.records, self.claims)
        return Dataset(folder, info, tuple(self.records), claims, tuple(self.annotations), splits, tuple(self.evidence))

    def _add(self, claim: Claim, part: str, found: SourceClaim) -> None:
        self.claims.append(claim)
        self.official[claim.claim_id] = part
        for code, axis_name, annotator, value, note, role in found.labels:
            axis = self.scheme.axis(axis_name) if axis_name else self.scheme.axes[0]
            label = axis.label_names[0] if axis.feature else axis.coded(code)
            if label is None:
                raise ValueError(f"scheme '{self.scheme.name}' has no code {code!r} on axis '{axis.name}'")
            self.annotations.append(
                new_annotation(
                    claim.claim_id,
                    self.scheme.name,
                    axis.name,
                    label,
                    annotator,
                    self.scheme.version,
                    value=value,
                    note=note,
                    role=role,
                )
            )
        self.evidence += [_evidence(claim.claim_id, number, passage) for number, passage in enumerate(found.evidence)]


def _evidence(claim_id: str, number: int, passage: SourceEvidence) -> Evidence:
    return Evidence(
        evidence_id=sha256(f"{claim_id}\n{number}\n{passage.text}")[:16], claim_id=claim_id, **passage._asdict()
    )
