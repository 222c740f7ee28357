"""Builds a system that writes statements from the name and settings in a config."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from harness.errors import HarnessError, UnknownName, unknown_name
from harness.records import explain_validation
from harness.statements.statements import Identity, Normalizer

IDENTITY, LANGUAGE_MODEL = "identity", "language_model"
NORMALIZERS = (IDENTITY, LANGUAGE_MODEL)
"""Names of the systems."""


def build_normalizer(entry: str | dict[str, Any]) -> Normalizer:
    """Builds a system from its name, or a mapping with its name and settings; reads no data and sends nothing.

    Raises: HarnessError: the name or a setting is unknown, or a value is out of range.
    """
    settings = {"name": entry} if isinstance(entry, str) else dict(entry)
    name = settings.pop("name", None)
    if not isinstance(name, str):
        raise HarnessError("expected a name, or a mapping with a name and settings")
    if name not in NORMALIZERS:
        raise UnknownName(unknown_name("system that writes statements", name, NORMALIZERS))
    if name == IDENTITY:
        for key in settings:
            raise UnknownName(f"{name} has no settings, got '{key}'")
        return Identity()
    return _language_model(settings)


def _language_model(settings: dict[str, Any]) -> Normalizer:
    # Here, because the client of endpoints takes a while to import.
    from harness.classifiers.language_models.language_model import LanguageModel
    from harness.statements.language_model import MAX_TOKENS, SETTINGS, LanguageModelNormalizer

    for key in settings:
        if key not in SETTINGS:
            raise UnknownName(unknown_name(f"setting of {LANGUAGE_MODEL}", key, SETTINGS))
    try:
        document = json.dumps({"max_tokens": MAX_TOKENS} | settings, default=str)
        return LanguageModelNormalizer(LanguageModel.model_validate_json(document))
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, e.place))}: {e.message}".removeprefix(": ") for e in explain_validation(error))
        raise HarnessError("; ".join(problems)) from None
