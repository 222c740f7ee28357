"""Changes to a config from the command line: `KEY=VALUE` with a dotted key."""

from __future__ import annotations

import json
from typing import Any

import yaml

from harness.errors import HarnessError
from harness.records import is_unicode, preview
from harness.runner.configs.places import with_text_keys
from harness.yaml_file import KeyPath


def override(content: dict[str, Any], text: str) -> KeyPath:
    """Changes a value of a config.

    Args:
        content: the config, which is changed.
        text: `KEY=VALUE` with a dotted key (`split.k=3`, `classifiers.0.C=10`) and a value in YAML.
    Returns: the key path of the changed value.
    Raises: HarnessError: the text has another form, the config has no such key, or the value cannot be read.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise HarnessError(f"--set: expected KEY=VALUE, got {preview(text)}")
    target: Any = content
    path = tuple(int(part) if part.isdecimal() and len(part) < 10 else part for part in key.split("."))
    *parents, last = path
    try:
        for parent in parents:
            if isinstance(target, dict):
                parent = str(parent)
                if target.get(parent) is None:
                    target[parent] = {}
            target = target[parent]
        target[str(last) if isinstance(target, dict) else last] = _parse_value(key, value)
    except (IndexError, KeyError, TypeError, AttributeError):
        raise HarnessError(f"--set: the config has no key '{preview(key)[1:-1]}'") from None
    return path


def _parse_value(key: str, value: str) -> Any:
    """Parses the value of an override.

    Raises: HarnessError: it is not YAML, or it has no form in JSON, which settings are checked in.
    """
    try:
        parsed = yaml.safe_load(value)
        if not is_unicode(json.dumps(parsed, default=str, ensure_ascii=False)):
            raise ValueError("a character that is not Unicode")
    except yaml.YAMLError as error:
        raise HarnessError(f"--set {key}: the value is not YAML: {error}") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise HarnessError(f"--set {key}: cannot read the value {preview(value)} ({error}); put it in quotes") from None
    return with_text_keys(parsed)
