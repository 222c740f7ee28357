"""Reads articles from data sets of the `datasets` library: in memory, in local files, or on the Hugging Face Hub."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.data.articles.article_file import LoadedArticle, ReadOptions, safe_name
from harness.data.articles.tables import ArticleTable, articles_from_table, resolve_columns, rows_from_dicts
from harness.errors import FaultsError, HarnessError

if TYPE_CHECKING:
    import datasets

HUB = "hub:"
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
"""OWNER/NAME; a name without an owner could be one of the library's own readers, such as the one of pickle files."""


def hub_host(source: str) -> str | None:
    """The host that a source is read from; None if it is local, names no data set, or does not start with `hub:`."""
    name = _split_source(source)[0]
    if not source.startswith(HUB) or Path(name).exists() or not HUB_NAME.fullmatch(name):
        return None
    from urllib.parse import urlsplit

    from huggingface_hub import constants

    return urlsplit(constants.ENDPOINT).hostname


def _split_source(source: str) -> tuple[str, str | None]:
    """The name of the data set (or a local path) and the part of it that is read; None for all parts."""
    name = source.removeprefix(HUB)
    if Path(name).exists():  # a path may contain a colon itself
        return name, None
    name, _, part = name.partition(":")
    return name, part or None


def read_hub(source: str, reading: ReadOptions) -> list[LoadedArticle]:
    """Read the articles of `hub:OWNER/NAME`, `hub:OWNER/NAME:PART`, or `hub:` with a local path that `datasets` reads.

    Raises: FaultsError: the data set cannot be loaded, or a row is invalid; HarnessError: it needs the network and
        `offline` is set.
    """
    host = hub_host(source)
    if host is not None and reading.offline:
        raise HarnessError(f"{source}: needs the network ({host}), which --offline refuses; give a local folder")
    name, part = _split_source(source)
    loaded = _load(source, name, part)
    parts = loaded.values() if isinstance(loaded, Mapping) else [loaded]
    articles: list[LoadedArticle] = []
    for rows in parts:
        articles += read_dataset_rows(rows, source, reading, name=safe_name(Path(name).stem, "hub"))
    return articles


def _load(source: str, name: str, part: str | None) -> Any:
    import datasets

    datasets.disable_progress_bars()
    path = Path(name)
    readers = _file_readers()
    allowed = ", ".join(readers)
    files = _files_in(path, readers)
    if path.exists() and not files and not _is_saved(path):
        ending = f"its ending is {path.suffix!r}" if path.is_file() else "the folder has no file that can be read"
        raise FaultsError.single(source, f"{ending}; allowed: {allowed}; save the data as Parquet or JSON Lines")
    if not path.exists() and not HUB_NAME.fullmatch(name):
        expected = f"expected hub:OWNER/NAME, or hub: with the path of a folder or of a file ({allowed})"
        raise FaultsError.single(
            source, f"there is no such file or folder, and {name!r} is no name on the Hub; {expected}"
        )
    try:
        if _is_saved(path):
            return datasets.load_from_disk(name)
        if files:  # not by `load_dataset`, which reports every use to its publisher and follows addresses in a README
            return {str(file): readers[file.suffix.lower()](str(file)) for file in files}
        return datasets.load_dataset(name, split=part)
    except Exception as error:  # the library passes on any error of its readers, builders and the network
        reason = str(error).split("\n")[0][:300] or type(error).__name__
        raise FaultsError.single(source, f"cannot be loaded: {reason}") from None


def _is_saved(path: Path) -> bool:
    """Whether a folder was written by `save_to_disk`."""
    return any((path / name).is_file() for name in ("state.json", "dataset_dict.json"))


def _file_readers() -> dict[str, Callable[[str], Any]]:
    """The readers of local files, by the ending of their names. No other ending chooses a reader."""
    from datasets import Dataset

    return {
        ".arrow": Dataset.from_file,
        ".csv": Dataset.from_csv,
        ".json": Dataset.from_json,
        ".jsonl": Dataset.from_json,
        ".ndjson": Dataset.from_json,
        ".parquet": Dataset.from_parquet,
        ".tsv": lambda path: Dataset.from_csv(path, sep="\t"),
        ".txt": Dataset.from_text,
    }


def _files_in(path: Path, readers: Mapping[str, Any]) -> list[Path]:
    """The file, or the files in a folder, that a reader takes; hidden ones are left out, and descriptions of data."""
    inside = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [
        file
        for file in inside
        if file.is_file()
        and file.suffix.lower() in readers
        and file.name != "dataset_infos.json"
        and not any(part.startswith((".", "__")) for part in file.relative_to(path).parts)
    ]


def read_dataset_rows(
    rows: datasets.Dataset, source: str, reading: ReadOptions, name: str = "dataset"
) -> list[LoadedArticle]:
    """Read the articles of a data set in memory, one per row.

    Args:
        rows: the data set.
        source: its name in messages.
        reading: the options for reading.
        name: the prefix of article ids that are made from a hash.
    Raises: FaultsError: `rows` is not a data set, no column holds the texts, or a row is invalid.
    """
    names = getattr(rows, "column_names", None)
    if not isinstance(names, list):
        message = "expected a path, an Article or a datasets.Dataset (one part of a DatasetDict)"
        raise FaultsError.single(source, f"{message}, got {type(rows).__name__}")
    columns = resolve_columns(source, names, reading.columns)
    # Only the needed columns: others may hold images or audio, which are slow to decode.
    selected = rows.select_columns(sorted(set(columns.values())))
    return articles_from_table(ArticleTable(source, name, rows_from_dicts(selected, columns)), reading)
