"""Scored claims as files: JSONL, CSV, Parquet, and a page with the articles highlighted."""

from __future__ import annotations

import csv
import heapq
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.articles.reading import ReadOptions
from harness.data.exchange.export import safe_cell
from harness.errors import UnknownName, unknown_name
from harness.files import atomic_file, json_line
from harness.runner.models.card import ModelCard
from harness.runner.models.model import Model
from harness.scoring.inputs import ScoringInput
from harness.scoring.score_claims import ScoredBatch, ScoredClaim, language_warnings, open_system, scored

TOP = 20
"""Claims that a table shows."""


@dataclass(kw_only=True)
class ScoringResult:
    """What `score` gave."""

    card: ModelCard
    model: Path | None
    """Where the model is kept; None: a system that needs no training."""
    out: Path | None
    n: int = 0
    n_articles: int = 0
    top: tuple[ScoredClaim, ...] = ()
    """The claims with the highest scores, the highest first."""
    claims: tuple[ScoredClaim, ...] = ()
    """All claims in order, where nothing was written."""
    warnings: tuple[str, ...] = field(default=())

    def document(self) -> dict[str, Any]:
        """The outcome as `harness score --json` prints it."""
        return {
            "system": model_summary(self.card, self.model),
            "n": self.n,
            "n_articles": self.n_articles,
            "out": None if self.out is None else str(self.out),
            "warnings": list(self.warnings),
            "claims": [claim.document() for claim in self.claims],
        }


def model_summary(card: ModelCard, folder: Path | None) -> dict[str, Any]:
    """What a reader must know of a system to read its scores."""
    said = card.model_dump(mode="json", include=set(ModelCard.model_fields) - {"format"})
    return said | {"path": None if folder is None else str(folder)}


def score(
    inputs: str | Path | Sequence[str | Path],
    system: str | Path,
    out: str | Path | None = None,
    *,
    claims: bool = False,
    columns: Mapping[str, str] | None = None,
    transcript: bool = False,
    encoding: str | None = None,
    name: str | None = None,
    language: str | None = None,
    reasons: bool = True,
    root: str | Path | None = None,
) -> ScoringResult:
    """Scores new articles or claims with a saved model, or a system that needs no training.

    Args:
        inputs: one or several of: an article file, a folder of them, a pattern, `-` (standard input), a dataset's
            folder or name, a table of claims (.jsonl, .csv, .tsv, .parquet).
        system: the folder of a saved model, of its result, or of a run with one saved model; or the name of a
            registered system that needs no training (`rules`).
        out: a file to write: .jsonl, .csv, .parquet or .html; None: the claims are in the outcome.
        claims: whether each row of a table is one claim; a table with a column claim_id always is so.
        columns: field to the column of a table, where their names differ.
        transcript: whether lines are turns of speakers.
        encoding: of text files; default: detected.
        name: what standard input is called.
        language: of what does not state its own; default: what the model was trained on, else English.
        reasons: whether each claim gets what moved its score; encoders score it once for each of its words to tell.
        root: where fetched benchmarks live.
    Raises: HarnessError: an input, the model or the disk is at fault; then nothing is written.
    """
    target = None if out is None else Path(out)
    if target is not None and target.suffix.lower() not in WRITERS:
        raise UnknownName(f"-o {target}: {unknown_name('suffix', target.suffix, list(WRITERS))}")
    model = open_system(system)
    listed = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    known = model.card.languages or model.card.made_for
    source = ScoringInput(
        reading=ReadOptions(
            columns=columns or {}, transcript=transcript, encoding=encoding, name=name or "stdin", offline=True
        ),
        language=language or (known[0] if known else "en"),
        as_claims=claims,
        root=root,
    )
    outcome = ScoringResult(card=model.card, model=model.folder, out=target)
    batches = _counted(scored(model, source, listed, explained=reasons), outcome)
    if target is None:
        outcome.claims = tuple(claim for batch in batches for claim in batch.claims)
    else:
        with atomic_file(target) as temporary:
            WRITERS[target.suffix.lower()](temporary, WriteRequest(model, batches, lambda: _warnings(model, source)))
    outcome.warnings = _warnings(model, source)
    return outcome


def _warnings(model: Model, source: ScoringInput) -> tuple[str, ...]:
    return (*model.warnings, *language_warnings(model, list(source.languages)), *source.notes)


def _counted(batches: Iterator[ScoredBatch], outcome: ScoringResult) -> Iterator[ScoredBatch]:
    """Passes batches on, and keeps count and the top claims."""
    for batch in batches:
        outcome.n += len(batch.claims)
        outcome.n_articles += len(batch.documents)
        best = heapq.nsmallest(TOP, [*outcome.top, *batch.claims], key=lambda claim: -claim.rank_score)
        outcome.top = tuple(best)
        yield batch


class WriteRequest(NamedTuple):
    """What is to be written."""

    model: Model
    batches: Iterator[ScoredBatch]
    warnings: Callable[[], tuple[str, ...]]
    """What a reader must know; complete when all batches were taken."""


def _write_jsonl(path: Path, job: WriteRequest) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for batch in job.batches:
            stream.writelines(json_line(claim.document()) for claim in batch.claims)


def _row(claim: ScoredClaim) -> dict[str, Any]:
    """A claim as one row of a table."""
    cells = claim._asdict()
    scores, reasons = cells.pop("score"), cells.pop("reasons")
    said = None if reasons is None else json.dumps([reason._asdict() for reason in reasons], ensure_ascii=False)
    predicted = cells.pop("predicted")
    return (
        cells | {f"score:{label}": value for label, value in scores.items()} | {"predicted": predicted, "reasons": said}
    )


def _write_csv(path: Path, job: WriteRequest) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(_columns(job.model))
        for batch in job.batches:
            writer.writerows([safe_cell(cell) for cell in _row(claim).values()] for claim in batch.claims)


def _columns(model: Model) -> list[str]:
    first = [name for name in ScoredClaim._fields if name not in ("score", "predicted", "reasons")]
    return [*first, *(f"score:{label}" for label in model.card.labels), "predicted", "reasons"]


def _write_parquet(path: Path, job: WriteRequest) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = dict.fromkeys(("start", "end", "position"), pa.int64())
    kinds |= {f"score:{label}": pa.float64() for label in job.model.card.labels}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in _columns(job.model)])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in job.batches:
            writer.write_table(pa.Table.from_pylist([_row(claim) for claim in batch.claims], schema=schema))


def _write_html(path: Path, job: WriteRequest) -> None:
    from harness.scoring.article_page import article_page

    batches = list(job.batches)
    path.write_text(article_page(job.model, batches, job.warnings()), encoding="utf-8")


WRITERS: dict[str, Callable[[Path, WriteRequest], None]] = {
    ".jsonl": _write_jsonl,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".html": _write_html,
}
"""Suffix to what writes such a file."""
