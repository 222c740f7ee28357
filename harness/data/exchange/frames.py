"""A whole dataset as tables, and back without loss; Parquet files of claims read without loading them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.data.dataset import Dataset, DatasetInfo, sort_claims
from harness.errors import FaultsError, HarnessError
from harness.records import Annotation, Article, Claim, Evidence, Record, explain_validation

if TYPE_CHECKING:
    import datasets
    import pandas as pd

RECORDS: dict[str, type[Record]] = {
    "articles": Article,
    "claims": Claim,
    "annotations": Annotation,
    "evidence": Evidence,
}


def to_pandas(dataset: Dataset) -> dict[str, pd.DataFrame]:
    """A dataset as frames: info (one row), articles, claims, annotations, evidence, splits.

    Every field is a column; a value that is absent is None.
    """
    import pandas as pd

    frames = {"info": pd.DataFrame([{"info": dataset.info.model_dump_json(exclude_unset=True)}], dtype="object")}
    for name, kind in RECORDS.items():
        records = getattr(dataset, name)
        columns = {field: [getattr(record, field) for record in records] for field in kind.model_fields}
        frames[name] = pd.DataFrame({field: pd.Series(cells, dtype="object") for field, cells in columns.items()})
    listed = [(name, claim, part) for name, parts in dataset.splits.items() for claim, part in parts.items()]
    frames["splits"] = pd.DataFrame(listed, columns=["split", "claim_id", "part"], dtype="object")
    return frames


def from_pandas(frames: Mapping[str, pd.DataFrame], folder: str | Path) -> Dataset:
    """The dataset that `to_pandas` gave frames of; `harness.data.dataset.write_dataset` saves it.

    Args:
        frames: those of `to_pandas`, in any order of rows; evidence and splits may be left out.
        folder: where it will be.
    Raises: HarnessError: a frame is missing, or a row is wrong; says which.
    """
    missing = [name for name in ("info", "articles", "claims") if name not in frames]
    if missing:
        raise HarnessError(f"the frame '{missing[0]}' is missing; expected those of Dataset.to_pandas()")
    found = {name: _records(name, kind, frames.get(name)) for name, kind in RECORDS.items()}
    splits: dict[str, dict[str, str]] = {}
    if frames.get("splits") is not None:
        for row in frames["splits"].to_dict("records"):
            splits.setdefault(str(row["split"]), {})[str(row["claim_id"])] = str(row["part"])
    return Dataset(
        folder=Path(folder),
        info=DatasetInfo.model_validate_json(str(frames["info"]["info"].iloc[0])),
        articles=found["articles"],
        claims=sort_claims(found["articles"], found["claims"]),
        annotations=found["annotations"],
        splits=splits,
        evidence=found["evidence"],
    )


def _records(name: str, kind: type[Record], frame: pd.DataFrame | None) -> tuple[Any, ...]:
    from pydantic import ValidationError

    if frame is None:
        return ()
    records = []
    for number, row in enumerate(frame.to_dict("records"), start=1):
        cells = {str(field): value for field, value in row.items() if not _absent(value)}
        try:
            records.append(kind.model_validate_json(json.dumps(cells, default=_plain)))
        except ValidationError as error:
            place, message, *_ = explain_validation(error)[0]
            raise HarnessError(f"frame '{name}', row {number}: {'.'.join(map(str, place))}: {message}") from None
    return tuple(records)


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _plain(value: Any) -> Any:
    """A NumPy number as Python's; a whole number that pandas made a fraction is one again."""
    return value.item() if hasattr(value, "item") else str(value)


def to_hf(dataset: Dataset) -> datasets.DatasetDict:
    """The frames of `to_pandas` as a `datasets.DatasetDict`, all texts as strings and offsets as integers."""
    import datasets

    return datasets.DatasetDict({name: datasets.Dataset(_arrow(frame)) for name, frame in to_pandas(dataset).items()})


def _arrow(frame: pd.DataFrame) -> Any:
    import pyarrow as pa

    numbers = {"start": pa.int64(), "end": pa.int64(), "group": pa.int64()}
    columns = {}
    for name in frame.columns:
        cells = frame[name].tolist()
        kind = numbers.get(name, pa.string())
        if any(isinstance(cell, list | tuple | dict) for cell in cells):
            cells = [None if cell is None else json.dumps(cell) for cell in cells]
        columns[name] = pa.array(cells, kind)
    return pa.table(columns)


def from_hf(tables: Mapping[str, datasets.Dataset], folder: str | Path) -> Dataset:
    """The dataset that `to_hf` gave tables of.

    Args: see `from_pandas`.
    Raises: HarnessError: see `from_pandas`.
    """
    import pandas as pd

    frames = {
        name: pd.DataFrame({column: pd.Series(table[column][:], dtype="object") for column in table.column_names})
        for name, table in tables.items()
    }
    return from_pandas(frames, folder)


def open_claims(path: str | Path) -> datasets.Dataset:
    """A Parquet file of claims (`harness export --to parquet`), memory-mapped: its rows are read when they are used.

    Args:
        path: the file; its Arrow form is cached beside it, in a folder `.NAME.arrow`.
    Raises: FaultsError: there is no such file, or it is no Parquet.
    """
    import datasets

    place = Path(path)
    if not place.is_file():
        raise FaultsError.single(place, "does not exist; make it with: harness export DATASET_DIR --to parquet -o FILE")
    try:
        cache = place.with_name(f".{place.name}.arrow")
        datasets.disable_progress_bars()
        return datasets.Dataset.from_parquet(str(place), cache_dir=str(cache), keep_in_memory=False)
    except (ValueError, OSError, datasets.exceptions.DatasetGenerationError) as error:
        raise FaultsError.single(place, f"is not a Parquet file that can be read: {error}") from None
