"""Articles in data sets of the `datasets` library: in memory, in local files, or on the Hub."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.data.articles.reading import LoadedArticle, ReadOptions, safe_name
from harness.data.articles.tables import ArticleTable, articles_of, chosen_columns, rows_of
from harness.errors import FaultsError, HarnessError

if TYPE_CHECKING:
    import datasets

HUB = "hub:"


def hub_host(source: str) -> str | None:
    """The host that a source is read from; None where it is no name on the Hub, or is a local file or folder."""
    if not source.startswith(HUB) or Path(_name_and_part(source)[0]).exists():
        return None
    from urllib.parse import urlsplit

    from huggingface_hub import constants

    return urlsplit(constants.ENDPOINT).hostname


def _name_and_part(source: str) -> tuple[str, str | None]:
    name = source.removeprefix(HUB)
    if Path(name).exists():
        return name, None
    name, _, part = name.partition(":")
    return name, part or None


def read_hub(source: str, reading: ReadOptions) -> list[LoadedArticle]:
    """The articles of `hub:OWNER/NAME` or `hub:OWNER/NAME:PART`, or of a local file or folder that `datasets` reads.

    Raises: FaultsError: it cannot be loaded, or a row is wrong; HarnessError: it needs the network, and may not.
    """
    host = hub_host(source)
    if host is not None and reading.offline:
        raise HarnessError(f"{source}: needs the network ({host}), which --offline refuses; give a local folder")
    name, part = _name_and_part(source)
    found: list[LoadedArticle] = []
    loaded = _loaded(source, name, part)
    for rows in loaded.values() if isinstance(loaded, Mapping) else [loaded]:
        found += read_rows_of(rows, source, reading, name=safe_name(Path(name).stem, "hub"))
    return found


def _loaded(source: str, name: str, part: str | None) -> Any:
    import datasets

    datasets.disable_progress_bars()
    path = Path(name)
    try:
        if path.is_dir() and any((path / mark).exists() for mark in ("state.json", "dataset_dict.json")):
            return datasets.load_from_disk(name)
        if path.is_file():
            kind = {"jsonl": "json", "ndjson": "json", "tsv": "csv", "txt": "text"}.get(
                path.suffix[1:], path.suffix[1:]
            )
            more = {"delimiter": "\t"} if path.suffix == ".tsv" else {}
            return datasets.load_dataset(kind, data_files=name, **more)
        return datasets.load_dataset(name, split=part)
    except Exception as error:  # it raises whatever its readers, builders and the network do
        reason = str(error).split("\n")[0][:300] or type(error).__name__
        raise FaultsError.single(source, f"cannot be loaded: {reason}") from None


def read_rows_of(
    rows: datasets.Dataset, source: str, reading: ReadOptions, name: str = "dataset"
) -> list[LoadedArticle]:
    """The articles of a data set in memory, a row each.

    Raises: FaultsError: no column of texts, or a row that is no article.
    """
    names = getattr(rows, "column_names", None)
    if not isinstance(names, list):
        message = "expected a path, an Article or a datasets.Dataset (of a DatasetDict, one part)"
        raise FaultsError.single(source, f"{message}, got {type(rows).__name__}")
    chosen = chosen_columns(source, names, reading.columns)
    kept = rows.select_columns(sorted(set(chosen.values())))
    return articles_of(ArticleTable(source, name, rows_of(kept, chosen)), reading)
