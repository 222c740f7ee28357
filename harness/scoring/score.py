"""Scores new articles or claims, and writes the scored claims as JSONL, CSV, Parquet or a page (HTML)."""

from __future__ import annotations

import csv
import heapq
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from harness.arguments import as_list
from harness.data.articles.article_file import ReadOptions
from harness.data.exchange.export import safe_cell
from harness.display import displayed
from harness.errors import UnknownName, unknown_name
from harness.files import atomic_file, json_line
from harness.progress import Advance, Progress, silent
from harness.runner.models.card import ModelCard
from harness.runner.models.saved_model import Model
from harness.scoring.inputs import ScoringInput
from harness.scoring.score_claims import ScoredBatch, ScoredClaim, language_warnings, open_system, score_batches

TOP = 20
"""Number of claims in the printed table."""


@displayed
@dataclass(kw_only=True)
class ScoringResult:
    """Result of `score`."""

    card: ModelCard
    model: Path | None
    """Folder of the saved model; None: a system that needs no training."""
    out: Path | None
    """Output file; None: no file was written."""
    n: int = 0
    """Number of claims."""
    n_articles: int = 0
    """Number of articles."""
    top: tuple[ScoredClaim, ...] = ()
    """Claims with the highest scores, the highest first."""
    claims: tuple[ScoredClaim, ...] = ()
    """All claims in order; empty if they were written to a file."""
    warnings: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = ()
    """Remarks on how the inputs were read."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Number of pieces of the articles that gave no claim, by kind (`time`, `byline`)."""
    fetched: tuple[dict[str, Any], ...] = ()
    """How each article from the web was fetched: URLs, date, status, SHA-256."""

    def document(self) -> dict[str, Any]:
        """Returns the result as `harness score --json` prints it."""
        return {
            "system": model_summary(self.card, self.model),
            "n": self.n,
            "n_articles": self.n_articles,
            "out": None if self.out is None else str(self.out),
            "warnings": list(self.warnings),
            "notes": list(self.notes),
            "dropped": self.dropped,
            "fetched": list(self.fetched),
            "claims": [claim.document() for claim in self.claims],
        }


def model_summary(card: ModelCard, folder: Path | None) -> dict[str, Any]:
    """Returns the description of a system that readers need to interpret its scores."""
    fields = card.model_dump(mode="json", include=set(ModelCard.model_fields) - {"format"})
    return fields | {"path": None if folder is None else str(folder)}


def score(
    inputs: str | Path | Sequence[str | Path],
    system: str | Path | None = None,
    out: str | Path | None = None,
    *,
    claims: bool = False,
    columns: Mapping[str, str] | None = None,
    transcript: bool = False,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    name: str | None = None,
    language: str | None = None,
    offline: bool = False,
    max_articles: int = 50,
    reasons: bool = True,
    root: str | Path | None = None,
    progress: Progress = silent,
    announce: Callable[[str], None] = lambda _: None,
) -> ScoringResult:
    """Scores new articles or claims with a saved model, or with a system that needs no training.

    Args:
        inputs: one or more of: an article file, a folder of article files, a glob pattern, the URL of a page or a feed,
            `-` (standard input), the folder or name of a dataset, a table of claims (.jsonl, .csv, .tsv, .xlsx,
            .parquet).
        system: folder of a saved model, of its result, or of a run with one saved model; or name of a registered
            system that needs no training (such as `rules`). None: a model that ranks sentences for checking, trained
            on the shipped articles on first use, and kept.
        out: output file: .jsonl, .csv, .parquet or .html; None: the claims are returned in the result.
        claims: whether each row of a table is one claim; always so for a table with a column claim_id.
        columns: column names of a table by field, for fields whose column has another name.
        transcript: whether each line is the turn of one speaker.
        encoding: encoding of text files; default: detected.
        delimiter: delimiter of .csv and .tsv files: comma, semicolon, tab, at, pipe, none, or a character; default:
            found.
        sheet: name of the sheet of .xlsx files; default: the first.
        name: name of standard input.
        language: language of inputs that declare none; default: detected, else the first language of the model, else
            English.
        offline: whether to refuse inputs that need the network.
        max_articles: number of entries of a feed that are read.
        reasons: whether claims get the reasons for their scores; for encoders, this takes one scoring per word.
        root: folder of fetched benchmarks.
        progress: shows progress over the claims, whose number is not known before.
        announce: called with a line before the default model is trained.
    Raises: HarnessError: an input or the model is invalid, or the disk fails; nothing is written.
    """
    target = None if out is None else Path(out)
    if target is not None and target.suffix.lower() not in WRITERS:
        raise UnknownName(f"-o {target}: {unknown_name('suffix', target.suffix, list(WRITERS))}")
    if system is None:
        from harness.scoring.default_model import default_model

        model = default_model(announce)
    else:
        model = open_system(system)
    model_languages = model.card.languages or model.card.made_for
    source = ScoringInput(
        reading=ReadOptions(
            columns=columns or {},
            transcript=transcript,
            encoding=encoding,
            delimiter=delimiter,
            sheet=sheet,
            name=name or "stdin",
            offline=offline,
            max_articles=max_articles,
        ),
        language=language or (model_languages[0] if model_languages else "en"),
        detects=language is None,
        as_claims=claims,
        root=root,
    )
    result = ScoringResult(card=model.card, model=model.folder, out=target)
    with progress(None) as advance:
        batches = _count_claims(score_batches(model, source, as_list(inputs), explained=reasons), result, advance)
        if target is None:
            result.claims = tuple(claim for batch in batches for claim in batch.claims)
        else:
            with atomic_file(target) as temporary:
                WRITERS[target.suffix.lower()](
                    temporary, WriteRequest(model, batches, lambda: (*_warnings(model, source), *source.all_notes()))
                )
    # The languages and notes of the inputs are complete only now that every batch is read.
    result.warnings, result.notes = _warnings(model, source), tuple(source.all_notes())
    result.dropped = dict(source.dropped)
    result.fetched = tuple(source.fetched)
    return result


def _warnings(model: Model, source: ScoringInput) -> tuple[str, ...]:
    return (*model.warnings, *language_warnings(model, list(source.languages)))


def _count_claims(batches: Iterator[ScoredBatch], result: ScoringResult, advance: Advance) -> Iterator[ScoredBatch]:
    """Yields the batches, and updates the counts and the top claims of the result."""
    for batch in batches:
        result.n += len(batch.claims)
        result.n_articles += len(batch.documents)
        # nsmallest is stable: of claims with equal scores, the earlier ones stay on top.
        top = heapq.nsmallest(TOP, [*result.top, *batch.claims], key=lambda claim: -claim.rank_score)
        result.top = tuple(top)
        advance(batch.documents[-1].article.article_id if batch.documents else "", len(batch.claims))
        yield batch


class WriteRequest(NamedTuple):
    """Scored claims to write, with what a writer needs to know about them."""

    model: Model
    batches: Iterator[ScoredBatch]
    warnings: Callable[[], tuple[str, ...]]
    """Function that returns the warnings and notes; complete after all batches are read."""


def _write_jsonl(path: Path, request: WriteRequest) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for batch in request.batches:
            stream.writelines(json_line(claim.document()) for claim in batch.claims)


def _row(claim: ScoredClaim) -> dict[str, Any]:
    """Returns a claim as one row of a table, with a column per label score."""
    cells = claim._asdict()
    scores, reasons = cells.pop("score"), cells.pop("reasons")
    reasons_json = None if reasons is None else json.dumps([reason._asdict() for reason in reasons], ensure_ascii=False)
    predicted = cells.pop("predicted")
    cells |= {f"score:{label}": value for label, value in scores.items()}
    return cells | {"predicted": predicted, "reasons": reasons_json}


def _write_csv(path: Path, request: WriteRequest) -> None:
    # Excel reads a CSV file as UTF-8 only with the byte order mark that utf-8-sig writes.
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(_columns(request.model))
        for batch in request.batches:
            writer.writerows([safe_cell(cell) for cell in _row(claim).values()] for claim in batch.claims)


def _columns(model: Model) -> list[str]:
    claim_columns = [name for name in ScoredClaim._fields if name not in ("score", "predicted", "reasons")]
    return [*claim_columns, *(f"score:{label}" for label in model.card.labels), "predicted", "reasons"]


def _write_parquet(path: Path, request: WriteRequest) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # The schema is stated, not inferred: a first batch without predictions or reasons would give a column of nulls.
    column_types = dict.fromkeys(("start", "end", "position"), pa.int64())
    column_types |= {f"score:{label}": pa.float64() for label in request.model.card.labels}
    schema = pa.schema([(name, column_types.get(name, pa.string())) for name in _columns(request.model)])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in request.batches:
            writer.write_table(pa.Table.from_pylist([_row(claim) for claim in batch.claims], schema=schema))


def _write_html(path: Path, request: WriteRequest) -> None:
    from harness.scoring.article_page import article_page

    batches = list(request.batches)  # all of them, since the page shades every score by the range of all
    path.write_text(article_page(request.model, batches, request.warnings()), encoding="utf-8")


WRITERS: dict[str, Callable[[Path, WriteRequest], None]] = {
    ".jsonl": _write_jsonl,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".html": _write_html,
}
"""Function that writes an output file, by its suffix."""
