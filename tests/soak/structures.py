"""Inputs that are nearly right: a valid file with one or a few of its parts changed, in the structure it has."""

from __future__ import annotations

import copy
import csv
import io
import json
import random
import zipfile
from collections.abc import Callable
from typing import Any

import yaml

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 10**400, 0.5, -0.0, 1e308, float("inf"), float("nan"),
    "", " ", "0", "true", "null", "nan", "1e400", "9" * 5000, "\x00", "\ud800", "\u2028", "\x1b]0;x\x07", "\u202e",
    "../../x", "/dev/zero", "a" * 70_000, "=1+1", "1999-99-99", "2020-01-01T00:00:00Z", "[", '"', "!!python/name:os",
    [], {}, [[]], [None], {"": None}, {"a": {"b": {"c": []}}}, ["a"], [1, "a", None], {"text": 1}, [{"text": "a"}],
)  # fmt: skip
"""Values that a field rarely expects."""
LETTERS = "abc ABC 0123456789.,;:-'\"äßЖ中\t\n\u00a0😀"
DEEP = 100_000
"""Brackets of a document that is nested too deeply for any reader."""
Change = Callable[[Any, random.Random], Any]


def changed(data: bytes, kind: str, draw: random.Random) -> bytes:
    """Returns a file with some of its parts changed.

    Args:
        data: a valid file.
        kind: its structure: json, jsonl, yaml, csv, tsv, zip or text, or a function of `document_structures`.
        draw: source of the choices.
    """
    roll = draw.random()
    if roll < 0.03:
        return _bytes_changed(data, draw)
    if roll < 0.031:
        return b"[" * DEEP + b"]" * DEEP
    try:
        if kind not in CHANGES:
            import document_structures

            change: Change = getattr(document_structures, kind)
            return bytes(change(data, draw))
        return CHANGES[kind](data, draw)
    except (ValueError, yaml.YAMLError, csv.Error, UnicodeError, RecursionError, zipfile.BadZipFile):
        return _bytes_changed(data, draw)


def _bytes_changed(data: bytes, draw: random.Random) -> bytes:
    content = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 8))):
        at = draw.randrange(len(content) + 1)
        edit = draw.randrange(4)
        if edit == 0:
            content[at:at] = bytes(draw.randrange(256) for _ in range(draw.choice((1, 4))))
        elif edit == 1:
            del content[at : at + draw.choice((1, 2, 20))]
        elif edit == 2 and at < len(content):
            content[at] = draw.randrange(256)
        else:
            content[at:at] = content[draw.randrange(len(content) + 1) :][: draw.choice((1, 30))]
    return bytes(content)


def text_changed(text: str, draw: random.Random) -> str:
    """Returns a text with a few characters inserted or removed."""
    at = draw.randrange(len(text) + 1)
    inserted = "".join(draw.choice(LETTERS) for _ in range(draw.choice((0, 1, 3, 12))))
    return text[:at] + inserted + text[at + draw.choice((0, 0, 1, 5)) :]


def _alike(value: Any, draw: random.Random) -> Any:
    """Another value of the same type, which most fields take."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return max(0, value + draw.choice((-1, 1, 2, 10)))
    if isinstance(value, float):
        return value * draw.choice((0.5, 1, 0.9))
    if isinstance(value, str):
        return text_changed(value, draw)
    return value


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Every container with every key of it."""
    places, waiting = [], [tree]
    while waiting and len(places) < 2000:
        node = waiting.pop()
        keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
        places += [(node, key) for key in keys]
        waiting += [node[key] for key in keys]
    return places


def tree_changed(tree: Any, draw: random.Random) -> Any:
    """Returns a tree of lists and mappings with one to three nodes changed; two in three keep their type."""
    tree = copy.deepcopy(tree)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        places = _places(tree)
        if not places:
            return draw.choice(ODD)
        node, key = draw.choice(places)
        edit = draw.random()
        if edit < 0.65:
            node[key] = _alike(node[key], draw)
        elif edit < 0.80:
            node[key] = copy.deepcopy(draw.choice(ODD))
        elif edit < 0.86:
            del node[key]
        elif edit < 0.91:
            node[key] = copy.deepcopy(draw.choice(places)[0])
        elif edit < 0.95:
            node[key] = [node[key]]
        elif isinstance(node, dict):
            node[draw.choice(("text", "id", "", "x", "claim", "label", text_changed(str(key), draw)))] = node[key]
        else:
            node.append(copy.deepcopy(node[key]))
    return tree


def _json(data: bytes, draw: random.Random) -> bytes:
    return _to_json(tree_changed(json.loads(data), draw), draw)


def _to_json(tree: Any, draw: random.Random) -> bytes:
    text = json.dumps(tree, ensure_ascii=draw.random() < 0.5)
    return text.encode("utf-8", "surrogatepass" if draw.random() < 0.2 else "replace")


def _json_lines(data: bytes, draw: random.Random) -> bytes:
    records = [json.loads(line) for line in data.split(b"\n") if line.strip()]
    records = tree_changed(records, draw) if draw.random() < 0.8 else [*records, tree_changed(records[-1], draw)]
    return b"\n".join(_to_json(record, draw) for record in records) + b"\n" if isinstance(records, list) else b"1"


def _yaml(data: bytes, draw: random.Random) -> bytes:
    tree = tree_changed(yaml.safe_load(data), draw)
    return yaml.safe_dump(tree, allow_unicode=draw.random() < 0.5, sort_keys=False).encode("utf-8", "replace")


def _table(delimiter: str) -> Callable[[bytes, random.Random], bytes]:
    def change(data: bytes, draw: random.Random) -> bytes:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))
        rows = [row if isinstance(row, list) else [row] for row in tree_changed(rows, draw)]
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=delimiter, lineterminator=draw.choice(("\n", "\n", "\r\n"))).writerows(rows)
        return out.getvalue().encode("utf-8", "replace")

    return change


def _zip(data: bytes, draw: random.Random) -> bytes:
    """A zip file with one member changed, or the archive itself."""
    if draw.random() < 0.3:
        return _bytes_changed(data, draw)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w") as copied:
        names = archive.namelist()
        chosen = draw.choice(names)
        for name in names:
            member = archive.read(name)
            copied.writestr(
                name,
                text_changed(member.decode("latin-1"), draw).encode("latin-1", "replace") if name == chosen else member,
            )
    return out.getvalue()


def _prose(data: bytes, draw: random.Random) -> bytes:
    return text_changed(data.decode("utf-8"), draw).encode("utf-8", "replace")


CHANGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "json": _json,
    "jsonl": _json_lines,
    "yaml": _yaml,
    "csv": _table(","),
    "tsv": _table("\t"),
    "zip": _zip,
    "text": _prose,
}
