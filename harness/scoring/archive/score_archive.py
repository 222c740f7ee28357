"""Scores an archive of any size, block by block, into a folder of Parquet files.

Each block of the input becomes one part, written at once and named by its input, block and content. A part that is
there and whole is not made again, so a killed command goes on where it stopped, without a lost or doubled row.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.arguments import as_list
from harness.data.delimiters import parse_delimiter
from harness.data.streams.blocks import FIELDS, Span, spans_of
from harness.data.streams.files import StreamFile, list_files
from harness.display import displayed
from harness.errors import Fault, FaultsError, HarnessError, unknown_name
from harness.files import file_sha256, fingerprint
from harness.folders import folder_lock
from harness.progress import Progress, silent
from harness.runner.models.card import CARD, ModelCard
from harness.runner.models.saved_model import Model
from harness.runner.units.shards import Shard
from harness.scoring.archive.parts import UNFINISHED, PartKey, input_of, part_paths, prepare
from harness.scoring.archive.score_span import ScoringJob, SpanOutcome, score_span
from harness.scoring.score_claims import language_warnings, open_system
from harness.text_tables import count_of, one_line

MAX_FAULTS = 10_000
"""Number of faults that are reported at most."""


@displayed
@dataclass(kw_only=True)
class ArchiveResult:
    """Result of `score_archive`."""

    card: ModelCard
    out: Path
    """Folder of the scores."""
    shard: str | None = None
    """Part of the blocks that this command scored, such as `1/4`; None: all."""
    n: int = 0
    """Number of claims of these blocks in the folder."""
    n_new: int = 0
    """Number of them that this command scored."""
    n_rows: int = 0
    """Number of rows of the input."""
    n_empty: int = 0
    """Number of rows without text, which have no score."""
    n_parts: int = 0
    """Number of parts with these claims."""
    n_other_parts: int = 0
    """Number of parts in the folder of inputs that this command did not name."""
    seconds: float = 0.0
    faults: list[Fault] = field(default_factory=list)
    """What could not be read; the blocks with faults have no part, all others have."""
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        shard = f", shard {self.shard}" if self.shard else ""
        system = one_line(self.card.system, 200)  # a saved model may come from anyone
        lines = [
            f"{self.out}: {count_of(self.n, 'claim')} in {count_of(self.n_parts, 'part')} scored by {system}{shard}"
        ]
        if self.n_new < self.n:
            lines.append(f"{self.n - self.n_new:,} of them were there already")
        if self.n_new:
            lines.append(f"{self.n_new:,} in {self.seconds:,.0f} s: {self.n_new / self.seconds:,.0f} a second")
        if self.n_empty:
            lines.append(f"{count_of(self.n_empty, 'row')} without text gave no claim")
        return "\n".join(lines)

    def document(self) -> dict[str, Any]:
        """Returns the result as `harness score --json` prints it."""
        counts = {
            name: getattr(self, name)
            for name in ("shard", "n", "n_new", "n_rows", "n_empty", "n_parts", "n_other_parts")
        }
        return {
            "system": self.card.system,
            "out": str(self.out),
            **counts,
            "seconds": round(self.seconds, 1),
            "warnings": list(self.warnings),
            "faults": [str(fault) for fault in self.faults],
        }


def score_archive(
    inputs: str | Path | Sequence[str | Path],
    system: str | Path,
    out: str | Path,
    *,
    claims: bool = False,
    columns: Mapping[str, str] | None = None,
    delimiter: str | None = None,
    language: str | None = None,
    jobs: int = 1,
    shard: str | tuple[int, int] | None = None,
    progress: Progress = silent,
) -> ArchiveResult:
    """Scores an archive of any size with a saved model, into a folder of Parquet files.

    Memory does not grow with the input. To continue after an interruption, call it again: parts that are finished are
    checked, and not made again. Several processes and machines may share the folder by `shard`.

    Args:
        inputs: files (.parquet, .jsonl, .csv, .tsv, .wet, .txt, also compressed), folders of them with their
            subfolders, glob patterns; as paths or as addresses of fsspec (`s3://bucket/pages/*.parquet`).
        system: folder of a saved model, or name of a system that needs no training, as for `score`.
        out: folder of the scores: a part per block of the input.
        claims: whether each row is one claim; else it is an article, which is segmented.
        columns: column names by field, for fields whose column has another name.
        delimiter: delimiter of CSV files (a name or a character); default: comma, and tab for .tsv.
        language: language of rows that declare none; default: that of articles is detected, else the first language
            of the model.
        jobs: number of processes.
        shard: score only this part of the blocks, as `1/4` or (1, 4).
        progress: shows progress in bytes of the input.
    Raises: HarnessError: the model or the folder is invalid. FaultsError: an input does not exist. WriteError: the
        disk is full; finished parts stay.
    """
    unknown = [name for name in columns or {} if name not in FIELDS]
    if unknown:
        raise HarnessError(f"--column {unknown[0]}: {unknown_name('field of an archive', unknown[0], list(FIELDS))}")
    started = time.monotonic()
    part = None if shard is None else Shard.parse(shard)
    model = open_system(system)
    folder = Path(out)
    model_languages = model.card.languages or model.card.made_for
    job = ScoringJob(
        system=str(system),
        folder=folder,
        staging=folder / f"{UNFINISHED}{(part or Shard(1, 1)).number}-of-{(part or Shard(1, 1)).of}",
        as_claims=claims,
        columns=dict(columns or {}),
        delimiter=None if delimiter is None else parse_delimiter(delimiter),
        language=language or (model_languages[0] if model_languages else "en"),
        detects=language is None,
    )
    files = list_files([str(name) for name in as_list(inputs)])
    settings = {"system": _model_document(model), "labels": list(model.card.labels), **job.options()}
    prepare(folder, settings)
    result = ArchiveResult(card=model.card, out=folder, shard=None if part is None else str(part))
    with folder_lock(folder, "scoring of the same blocks", name=f"{job.staging.name}.lock"):
        smallest_block = prepare(folder, settings)
        shutil.rmtree(job.staging, ignore_errors=True)
        try:
            spans = _spans_of_shard(job, files, part, smallest_block, result)
            _score_spans(model, job, spans, result, jobs=jobs, progress=progress)
        finally:
            shutil.rmtree(job.staging, ignore_errors=True)
    result.seconds = time.monotonic() - started
    result.warnings = (*model.warnings, *result.warnings)
    return result


def _spans_of_shard(
    job: ScoringJob, files: Sequence[StreamFile], part: Shard | None, smallest_block: int, result: ArchiveResult
) -> list[Span]:
    """Returns what belongs to a shard; removes parts of blocks that are gone, and reports parts of other inputs."""
    existing = part_paths(job.folder)
    spans: list[Span] = []
    for file in files:
        try:
            own = spans_of(file, smallest_block)
        except FaultsError as error:
            result.faults += error.faults
            continue
        if not (own and own[0].is_sequential):
            _remove_blocks(existing, file, from_block=len(own))
        spans += [span for span in own if part is None or part.has(fingerprint([span.file.url, span.number]))]
    listed = {file.key for file in files}
    others = [path for key, paths in existing.items() if key.file_key not in listed for path in paths]
    if others:
        result.n_other_parts = len(others)
        result.warnings += (
            f"{job.folder}: also holds {count_of(len(others), 'part')} of inputs that this command does not name, such "
            f"as {input_of(others[0])}; they were left as they are: remove them if they should not count",
        )
    return spans


def _score_spans(
    model: Model, job: ScoringJob, spans: Sequence[Span], result: ArchiveResult, *, jobs: int, progress: Progress
) -> None:
    """Scores spans, and counts them in the result."""
    existing = part_paths(job.folder)
    languages: dict[str, None] = {}
    told: set[Fault] = set()
    damaged: list[str] = []
    changed: list[str] = []
    begun = time.monotonic()
    with progress(sum(span.size for span in spans)) as advance:
        for span, outcome in _outcomes(job, spans, existing, jobs):
            result.n += outcome.n_claims
            result.n_new += outcome.n_new
            result.n_rows += outcome.n_rows
            result.n_empty += outcome.n_empty
            result.n_parts += outcome.n_parts
            # Each row group of a file reports what is wrong with the file as a whole.
            for fault in outcome.faults:
                if len(told) < MAX_FAULTS and fault not in told:
                    told.add(fault)
                    result.faults.append(fault)
            languages |= dict.fromkeys(outcome.languages)
            damaged += outcome.damaged
            changed += outcome.changed
            rate = result.n_new / max(time.monotonic() - begun, 1e-9)
            advance(f"{result.n:,} claims, {rate:,.0f} new ones a second", span.size)
    result.warnings += (
        *_counted(damaged, "is damaged; its rows are scored again"),
        *_counted(changed, "changed since it was scored; its earlier scores were removed"),
        *language_warnings(model, list(languages)),
    )


def _counted(places: Sequence[str], finding: str) -> list[str]:
    """Returns one warning for all places with the same finding."""
    if not places:
        return []
    more = f" (and {len(places) - 1:,} more)" if len(places) > 1 else ""
    return [f"{places[0]}: {finding}{more}"]


def _outcomes(
    job: ScoringJob, spans: Sequence[Span], existing: Mapping[PartKey, list[Path]], jobs: int
) -> Iterator[tuple[Span, SpanOutcome]]:
    by_file: dict[str, dict[int, list[Path]]] = {}
    for (key, block), paths in existing.items():
        by_file.setdefault(key, {})[block] = paths

    def parts(span: Span) -> dict[int, list[Path]]:
        blocks = by_file.get(span.file.key, {})
        return blocks if span.is_sequential else {span.number: blocks.get(span.number, [])}

    if jobs == 1 or len(spans) < 2:
        for span in spans:
            yield span, score_span(job, span, parts(span))
        return
    from joblib import Parallel, delayed

    workers = Parallel(n_jobs=min(jobs, len(spans)), return_as="generator_unordered", batch_size=1)
    yield from workers(delayed(_with_span)(job, span, parts(span)) for span in spans)


def _with_span(job: ScoringJob, span: Span, parts: Mapping[int, list[Path]]) -> tuple[Span, SpanOutcome]:
    return span, score_span(job, span, parts)


def _remove_blocks(existing: dict[PartKey, list[Path]], file: StreamFile, from_block: int) -> None:
    """Removes parts of blocks that a file no longer has."""
    for key in [key for key in existing if key.file_key == file.key and key.block >= from_block]:
        for path in existing.pop(key):
            path.unlink(missing_ok=True)


def _model_document(model: Model) -> dict[str, Any]:
    """Returns what tells a system from another one: for a saved model, the fingerprint of its card and files."""
    digest = None if model.folder is None else file_sha256(model.folder / CARD)
    return {"name": model.card.system, "sha256": digest}
