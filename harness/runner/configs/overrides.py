"""Changes to a config from the command line: `KEY=VALUE` with a dotted key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from harness.errors import FaultsError, HarnessError
from harness.records import is_unicode, preview
from harness.runner.configs.places import with_text_keys
from harness.yaml_file import KeyPath, format_key_path


def override(content: dict[str, Any], text: str, path: Path = Path("config")) -> KeyPath:
    """Changes a value of a config.

    Args:
        content: the config, which is changed.
        text: `KEY=VALUE` with a dotted key (`split.k=3`, `classifiers.0.C=10`) and a value in YAML.
        path: the config, for messages.
    Returns: the key path of the changed value.
    Raises: FaultsError: the text has another form, the config has no such key, or the value cannot be read.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise FaultsError.single(f"{path} with --set", f"expected KEY=VALUE, got {preview(text)}")
    place = f"{path} with --set {preview(key)[1:-1]}"
    key_path = tuple(int(part) if part.isdecimal() and len(part) < 10 else part for part in key.split("."))
    if key_path[0] == "extends":
        raise FaultsError.single(place, "is read before changes; write `extends` in the config", code="invalid-key")
    try:
        parsed = _parse_value(value)
    except HarnessError as error:
        raise FaultsError.single(place, str(error), code="not-yaml") from None
    *parents, last = key_path
    target: Any = content
    for depth, parent in enumerate(parents):
        part = _step(target, parent, key_path[:depth], place)
        if isinstance(target, dict) and target.get(part) is None:
            target[part] = {}
        target = target[part]
    target[_step(target, last, key_path[:-1], place)] = parsed
    return tuple(str(part) if not isinstance(part, int) else part for part in key_path)


def _step(target: Any, part: str | int, above: KeyPath, place: str) -> Any:
    """The key or the position that a part of a dotted key means in a value of a config.

    Args:
        above: key path of the value.
    Raises: FaultsError: the value has none.
    """
    field = format_key_path(above)
    if isinstance(target, dict):
        return str(part)
    if not isinstance(target, list):
        message = f"is {preview(target)}, which has no key '{part}'; set the whole of it: {field}=VALUE"
        raise FaultsError.single(place, message, field=field, code="no-such-key")
    if isinstance(part, int) and part < len(target):
        return part
    names = [entry.get("name") if isinstance(entry, dict) else entry for entry in target]
    listed = ", ".join(f"{number} ({name})" for number, name in enumerate(map(str, names)))
    message = f"is a list, with no entry '{part}'; name an entry by its position: {listed or 'the list is empty'}"
    if part in names:
        message += f". '{part}' is at {names.index(part)}"
    raise FaultsError.single(place, message, field=field, code="no-such-key")


def _parse_value(value: str) -> Any:
    """Parses the value of an override.

    Raises: HarnessError: it is not YAML, or it has no form in JSON, which settings are checked in.
    """
    try:
        parsed = yaml.safe_load(value)
        if not is_unicode(json.dumps(parsed, default=str, ensure_ascii=False)):
            raise ValueError("a character that is not Unicode")
    except yaml.YAMLError as error:
        raise HarnessError(f"the value is not YAML: {error}") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise HarnessError(f"cannot read the value {preview(value)} ({error}); put it in quotes") from None
    return with_text_keys(parsed)
