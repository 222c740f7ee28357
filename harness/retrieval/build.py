"""Builds a retriever from the name and settings in a config."""

from __future__ import annotations

import inspect
import json
from typing import Any

from pydantic import ValidationError

from harness.errors import HarnessError
from harness.records import explain_validation
from harness.registry import Registry, UnknownComponent, import_named
from harness.retrieval.base import Retriever

RETRIEVERS: Registry[type[Retriever]] = Registry(
    "retriever",
    {
        "bm25": "harness.retrieval.bm25:Bm25",
        "tfidf": "harness.retrieval.tfidf:Tfidf",
        "embedding": "harness.retrieval.embedding:Embedding",
        "fused": "harness.retrieval.fused:Fused",
        "best_of": "harness.retrieval.best_of:BestOf",
        "reranked": "harness.retrieval.reranked:Reranked",
    },
    "harness.retrievers",
)
"""Import path of each retriever; the module is imported on first use."""


def build_retriever(name: str, settings: dict[str, Any]) -> Retriever:
    """Builds a retriever from its name and settings; reads no data.

    Args:
        name: a registered name, or `module:Name` of a Retriever.
        settings: settings as in a config, without the name.
    Raises:
        UnknownComponent: the name is unknown, cannot be imported, or is no retriever.
        pydantic.ValidationError: a setting is unknown or out of range; its `loc` is the name of the setting.
    """
    component: object = import_named(name, "retriever") if ":" in name else RETRIEVERS.get(name)
    if isinstance(component, type) and issubclass(component, Retriever) and not inspect.isabstract(component):
        return component.model_validate_json(json.dumps(settings, default=str))
    raise UnknownComponent(f"retriever '{name}' is no retriever; name a class that inherits from Retriever")


def checked_retriever(name: str, settings: dict[str, Any]) -> Retriever:
    """Builds a retriever; a setting that is unknown or out of range is an error of the user.

    Raises: HarnessError: the name is unknown, or a setting is invalid.
    """
    try:
        return build_retriever(name, settings)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e.place))}: {e.message}" for e in explain_validation(error))
        raise HarnessError(f"retriever '{name}': {problems}") from None


def retriever_of_entry(entry: str | dict[str, Any]) -> Retriever:
    """Builds a retriever from its name, or from a mapping with its name and settings.

    Raises: HarnessError: the entry has no name, the name is unknown, or a setting is invalid.
    """
    return checked_retriever(*name_and_settings(entry))


def name_and_settings(entry: str | dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The name and the settings of an entry.

    Raises: HarnessError: the entry has no name.
    """
    settings = {} if isinstance(entry, str) else dict(entry)
    name = entry if isinstance(entry, str) else settings.pop("name", None)
    if not isinstance(name, str):
        raise HarnessError(f"expected a name, or a mapping with a name and settings, got {entry}")
    return name, settings
