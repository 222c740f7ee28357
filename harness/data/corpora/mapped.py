"""Passages in a file that is memory-mapped: a large corpus is read from it without being in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, overload

from harness.data.corpora.passages import Corpus, Passage

ROWS = 4096
"""Passages in a batch of the file, and in memory at once where they are read or written in order."""


def write_passages(path: Path, passages: Iterable[Passage]) -> int:
    """Writes passages to an Arrow file, a batch at a time, and returns their number."""
    import pyarrow

    numbers = {"start", "end"}
    names = list(Passage.model_fields)
    schema = pyarrow.schema([(name, pyarrow.int64() if name in numbers else pyarrow.large_string()) for name in names])
    left, n_passages = iter(passages), 0
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_file(file, schema) as writer:
        while batch := list(islice(left, ROWS)):
            columns = [_column([getattr(p, name) for p in batch], schema.field(name).type) for name in names]
            writer.write_batch(pyarrow.record_batch(columns, schema=schema))
            n_passages += len(batch)
    return n_passages


def _column(values: list[Any], kind: Any) -> Any:
    """Values as an Arrow array; a lone surrogate, which JSON can hold and Arrow cannot, is replaced."""
    import pyarrow

    try:
        return pyarrow.array(values, kind)
    except UnicodeEncodeError:
        texts = (value and value.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for value in values)
        return pyarrow.array(list(texts), kind)


class PassageTable(Sequence[Passage]):
    """The passages of a file by `write_passages`; each is made when it is asked for."""

    def __init__(self, path: Path) -> None:
        import pyarrow

        # The reader keeps the map open; the pages that were read belong to the operating system, not to the process.
        self._reader = pyarrow.ipc.open_file(pyarrow.memory_map(str(path)))
        last = self._reader.num_record_batches - 1
        self._n = 0 if last < 0 else last * ROWS + self._reader.get_batch(last).num_rows

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, row: int) -> Passage: ...

    @overload
    def __getitem__(self, row: slice) -> list[Passage]: ...

    def __getitem__(self, row: int | slice) -> Passage | list[Passage]:
        if isinstance(row, slice):
            return [self[one] for one in range(*row.indices(self._n))]
        if not -self._n <= row < self._n:
            raise IndexError(row)
        batch, place = divmod(row % self._n, ROWS)
        [values] = self._reader.get_batch(batch).slice(place, 1).to_pylist()
        return Passage.model_construct(**values)

    def __iter__(self) -> Iterator[Passage]:
        for number in range(self._reader.num_record_batches):
            for values in self._reader.get_batch(number).to_pylist():
                yield Passage.model_construct(**values)

    def values(self, field: str) -> Iterator[Any]:
        """Yields the value of a field of each passage, in order."""
        for number in range(self._reader.num_record_batches):
            yield from self._reader.get_batch(number).column(field).to_pylist()


@dataclass(frozen=True)
class MappedCorpus(Corpus):
    """A corpus whose passages are read from a memory-mapped file."""

    passages: PassageTable

    def values(self, field: str) -> Iterator[Any]:
        """Yields the value of a field of each passage, in order."""
        return self.passages.values(field)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row of each passage by its id, from 0."""
        return {name: row for row, name in enumerate(self.values("passage_id"))}
