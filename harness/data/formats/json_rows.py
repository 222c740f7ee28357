"""Publishers' JSON files: one document that is a list, or one object per line; UTF-8 or UTF-16."""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic_core import from_json

from harness.data.archives import InputFile
from harness.data.formats.source import FileFaults
from harness.errors import FaultsError
from harness.files import decode, opened
from harness.records import preview

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


class JsonRow(NamedTuple):
    """One object of a file."""

    line: int
    """Line of the file, from 1; in a list, the position of the object, from 1."""
    fields: dict[str, Any]


def json_text(file: InputFile) -> str:
    """Returns the text of a JSON file.

    Raises: FaultsError: the file is neither UTF-8 nor UTF-16 with a byte order mark.
    """
    if not file.data.startswith(UTF16_MARKS):
        return decode(file.data, file.path)
    try:
        return file.data.decode("utf-16")
    except UnicodeDecodeError as error:
        message = f"starts with a UTF-16 byte order mark but is not valid UTF-16: {error.reason}"
        raise FaultsError.single(file.path, message) from None


def _parse(text: str, check_surrogates: bool = True) -> Any:
    """Parses JSON.

    Args:
        text: JSON.
        check_surrogates: whether the text can contain an escape of a surrogate.

    Raises: ValueError: the text is not JSON, has a key twice in one object, or contains an unpaired surrogate escape.
    """
    value = DECODER.decode(text)
    # json.loads accepts a lone \ud800, which no UTF-8 file can store. A text without such an escape, which is nearly
    # every text, needs no second pass.
    if check_surrogates and SURROGATE_ESCAPE.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("contains an unpaired surrogate escape such as \\ud800") from None
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Returns the object of the pairs; Python's parser would take the last value of a repeated key."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        (key, count), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"one object has the key {preview(key)} {count} times; keep one of them")
    return fields


DECODER = json.JSONDecoder(object_pairs_hook=_unique_keys)
"""One for all lines: making it costs a third of the time that a line takes."""


def json_document(file: InputFile) -> Any:
    """Returns the value of a file that is one JSON document.

    Raises: FaultsError: the file is not JSON.
    """
    try:
        return _parse(json_text(file))
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise FaultsError.single(
            file.path, f"is not JSON: {getattr(error, 'msg', error)}", line=line, code="not-json"
        ) from None


def json_rows(file: InputFile, faults: FileFaults) -> Iterator[JsonRow]:
    """Yields the objects of a JSON list, or of a file with one object per line.

    Args:
        file: a file whose text begins with `[` is read as a list.
        faults: receives a fault for each line or list item that is not an object.
    Raises: FaultsError: the file is a list that is not JSON.
    """
    text = json_text(file)
    is_list = text.lstrip().startswith("[")
    for number, value in enumerate(json_document(file), start=1) if is_list else _values_of_lines(text, faults):
        if isinstance(value, dict):
            yield JsonRow(number, value)
        else:
            faults.add(number, None, "is not a JSON object", "not-json")


def _values_of_lines(text: str, faults: FileFaults) -> Iterator[tuple[int, Any]]:
    """The value of each line that is not blank, one at a time, so that a large file is never in memory as objects."""
    check_surrogates = SURROGATE_ESCAPE.search(text) is not None
    # Not splitlines(), which also splits at U+2028 and other characters that JSON allows inside a string.
    for number, line in enumerate(_lines(text), start=1):
        if not line.strip():
            continue
        try:
            yield number, _parse(line, check_surrogates)
        except (ValueError, RecursionError) as error:
            faults.add(number, None, f"is not JSON: {getattr(error, 'msg', error)}", "not-json")


def _lines(text: str) -> Iterator[str]:
    start = 0
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1


def plain_rows(path: Path) -> Iterator[dict[str, Any] | None]:
    """The objects of a file with one object per line, read line by line, so that memory does not grow with the file.

    Yields: an object; None for a line that is not certainly a JSON object in UTF-8 with each key once. Only `json_rows`
        says what is wrong with such a line, if anything is.
    """
    with opened(path) as lines:
        for line in lines:
            if line.isspace():
                continue
            try:
                value = from_json(line)
            except ValueError:
                yield None
                continue
            # The parser takes the last value of a repeated key. Each key has a colon, so with as many colons as keys
            # none is repeated.
            unique = isinstance(value, dict) and (line.count(b":") == len(value) or _has_unique_keys(line))
            yield value if unique else None


def _has_unique_keys(line: bytes) -> bool:
    try:
        DECODER.decode(line.decode())
    except (ValueError, RecursionError):
        return False
    return True


def required_text(row: JsonRow, name: str, faults: FileFaults) -> str | None:
    """Returns a field that must be text, or None after adding a fault."""
    value = row.fields.get(name)
    if isinstance(value, str) and value.strip():
        return value
    message = "is empty" if value == "" else "expected text"
    faults.add(row.line, name, message if name in row.fields else "is missing")
    return None
