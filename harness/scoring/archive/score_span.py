"""Scores one span of an archive, in whichever process, and writes its parts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.data.streams.blocks import Block, Span, blocks_of
from harness.data.streams.columns import number_column, text_column
from harness.errors import Fault, FaultsError
from harness.runner.models.saved_model import Model
from harness.scoring.archive.parts import DIGITS, PartInfo, part_writer, read_part
from harness.scoring.archive.rows import ClaimTable, RowReader
from harness.scoring.score_claims import open_system

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class ScoringJob:
    """What every process needs to know to score a span."""

    system: str
    folder: Path
    """Folder of the scores."""
    staging: Path
    """Folder of unfinished parts."""
    as_claims: bool
    columns: Mapping[str, str]
    delimiter: str | None
    language: str
    detects: bool

    def options(self) -> dict[str, Any]:
        """Returns the options that change the scores or their rows."""
        names = ("as_claims", "columns", "delimiter", "language", "detects")
        return {name: getattr(self, name) for name in names}


@dataclass
class SpanOutcome:
    """What became of a span; counts are of the parts that are there now."""

    n_claims: int = 0
    n_new: int = 0
    """Claims that were scored now."""
    n_rows: int = 0
    n_empty: int = 0
    n_parts: int = 0
    languages: dict[str, None] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    """Parts that were damaged."""
    changed: list[str] = field(default_factory=list)
    """Blocks of the input that changed since they were scored."""

    def add(self, info: PartInfo, *, is_new: bool) -> None:
        """Counts a part."""
        self.n_claims += info.n_claims
        self.n_new += info.n_claims if is_new else 0
        self.n_rows += info.n_rows
        self.n_empty += info.n_empty
        self.n_parts += 1
        self.languages |= dict.fromkeys(info.languages)


@lru_cache(maxsize=1)
def _model(system: str) -> Model:
    return open_system(system)


def score_span(job: ScoringJob, span: Span, parts: Mapping[int, list[Path]]) -> SpanOutcome:
    """Scores the blocks of a span that have no whole part yet.

    Args:
        job: what to score with.
        span: what to score.
        parts: parts that are there, by block.
    Raises: WriteError: a part cannot be written.
    """
    outcome = SpanOutcome()
    left = dict(parts)
    try:
        if not span.is_sequential and (info := _finished(span.file.version, left.get(span.number, []), outcome)):
            outcome.add(info, is_new=False)
            return outcome
        for block in blocks_of(span, job.columns, job.delimiter):
            try:
                _score_block(job, block, left.pop(block.number, []), outcome)
            except FaultsError as error:
                outcome.faults += error.faults
                # What follows a block that cannot be read is read if it can be reached without it.
                if span.is_sequential and not block.faults:
                    break
    except FaultsError as error:
        outcome.faults += error.faults
    if not outcome.faults:
        for path in (path for paths in left.values() for path in paths):
            path.unlink(missing_ok=True)  # of blocks that the file no longer has
    return outcome


def _finished(version: str, paths: list[Path], outcome: SpanOutcome) -> PartInfo | None:
    """Returns the whole part of the same input among those of a block; damaged ones are removed, with a note."""
    finished: tuple[Path, PartInfo] | None = None
    for path in filter(Path.exists, paths):
        info = read_part(path)
        if info is None:
            outcome.damaged.append(str(path))
            path.unlink()
        elif info.version == version:
            finished = path, info
    if finished is None:
        return None
    for path in filter(Path.exists, paths):
        if path != finished[0]:
            path.unlink()  # a process was killed between writing one part and removing the other
    return finished[1]


def _score_block(job: ScoringJob, block: Block, paths: list[Path], outcome: SpanOutcome) -> None:
    info = _finished(block.file.version, paths, outcome)
    if info is not None:
        for _ in block.batches:
            pass  # the next block begins where this one ends
        outcome.add(info, is_new=False)
        return
    digest = hashlib.sha256()
    reader = RowReader(as_claims=job.as_claims, language=job.language, detects=job.detects)
    model = _model(job.system)
    with part_writer(job.folder, job.staging, _schema(model)) as writer:
        try:
            for table in reader.claims(block, _hashed(block.batches, digest)):
                writer.write(_scored(model, table, block))
            if block.faults:
                raise FaultsError(block.faults)
        except FaultsError:
            _remove_changed(block, paths, None, outcome)  # a block that cannot be read has no part
            raise
        info = PartInfo(
            input=block.file.url,
            block=block.number,
            version=block.file.version,
            content=digest.hexdigest()[:DIGITS],
            n_rows=reader.n_rows,
            n_claims=writer.n_claims,
            n_empty=reader.n_empty,
            languages=tuple(reader.languages),
        )
        part = writer.finish(block.file, info)
    _remove_changed(block, paths, part, outcome)
    outcome.add(info, is_new=True)


def _remove_changed(block: Block, paths: list[Path], new: Path | None, outcome: SpanOutcome) -> None:
    """Removes the parts of a block as it was before its input changed, with a note."""
    for path in paths:
        if path != new and path.exists():
            outcome.changed.append(f"{block.file.url} block {block.number}")
            path.unlink()


def _hashed(tables: Iterator[pa.Table], digest: Any) -> Iterator[pa.Table]:
    for table in tables:
        for batch in table.to_batches():
            digest.update(batch.serialize())
        yield table


def _schema(model: Model) -> Any:
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    fields = [("input", pa.dictionary(pa.int32(), text)), ("block", number), ("row", number)]
    fields += [("claim_id", text), ("article_id", text), ("start", number), ("end", number), ("position", number)]
    fields += [("text", text), *((f"score:{label}", pa.float64()) for label in model.card.labels)]
    return pa.schema([*fields, ("predicted", text)])


def _scored(model: Model, table: ClaimTable, block: Block) -> Any:
    """Returns the rows of a part for some claims."""
    import numpy as np
    import pyarrow as pa

    claims = table.claims
    scores = model.score(claims)
    n = len(claims)
    lengths = np.fromiter(map(len, claims.text), dtype=np.int64, count=n)
    columns = [
        pa.DictionaryArray.from_arrays(number_column(np.zeros(n, dtype=np.int32)), text_column([block.file.url])),
        number_column(np.full(n, block.number)),
        number_column(table.row),
        text_column(claims.claim_id),
        text_column(table.article_id),
        number_column(table.start),
        number_column(table.start + lengths),
        number_column(claims.position),
        text_column(claims.text),
        *(number_column(scores[:, column]) for column in range(scores.shape[1])),
        text_column(model.predict(claims, scores)),
    ]
    return pa.Table.from_arrays(columns, schema=_schema(model))
