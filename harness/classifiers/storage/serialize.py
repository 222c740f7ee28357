"""Fitted scorers as files, and back, without pickle: only objects of listed types are made again.

A scorer is a tree of numbers, strings, tuples, lists, dictionaries, arrays and objects of listed types. The tree is
kept as JSON, its arrays in one `.npz`; what a scorer cannot say so, it writes into files of its own.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.classifiers.base import Scorer
from harness.classifiers.storage.arrays import ArrayFault, ArrayReader, ArrayWriter
from harness.classifiers.storage.scorer_types import GROUP, Kinds, scorer_types
from harness.errors import HarnessError
from harness.registry import UnknownComponent

ARRAYS = "arrays.npz"
FILES = "files"


class CannotSave(HarnessError):
    """A scorer that cannot be kept; says which part of it, and why."""


class ModelFileError(HarnessError):
    """Files that no scorer can be made of; says what is wrong."""


def serialize(scorer: Scorer, folder: Path, kinds: Kinds | None = None) -> Any:
    """Writes a scorer's arrays and files into a folder, which exists and is empty.

    Args:
        kinds: the types that it may be made of; default those of this project's classifiers and of other packages.
    Returns: its structure, as plain JSON data.
    Raises: CannotSave: a part of it is of a type that is not listed, or holds what cannot be kept.
    """
    packer = _Serializer(folder, kinds or scorer_types())
    structure = packer.serialize(scorer, type(scorer).__name__)
    (folder / ARRAYS).write_bytes(packer.arrays.to_bytes())
    return structure


def deserialize(structure: Any, folder: Path, kinds: Kinds | None = None) -> Scorer:
    """The scorer of a structure and the folder that `serialize` wrote.

    Raises: ModelFileError: it asks for a type that is not listed, an array or file is missing, or a part does not fit.
    """
    try:
        unpacker = _Deserializer(folder, kinds or scorer_types(), ArrayReader((folder / ARRAYS).read_bytes()))
    except OSError as error:
        raise ModelFileError(f"{folder / ARRAYS}: cannot be read: {error.strerror}; save the model again") from None
    except ArrayFault as error:
        raise ModelFileError(f"{folder / ARRAYS}: {error}; save the model again") from None
    try:
        scorer = unpacker.deserialize(structure)
    except ArrayFault as error:
        raise ModelFileError(f"{folder / ARRAYS}: {error}") from None
    except RecursionError:
        raise ModelFileError(f"{folder}: the structure of the scorer is nested too deep") from None
    if not isinstance(scorer, Scorer):
        raise ModelFileError(f"{folder}: the structure is that of a {type(scorer).__name__}, which is no scorer")
    return scorer


def _name_of(kind: type, kinds: Kinds) -> str:
    """The listed name of a type.

    Raises: CannotSave: it is not listed.
    """
    for name in kinds.names():
        try:
            if kinds.get(name) is kind:
                return name
        except UnknownComponent:  # another package's, which cannot be imported: not the one that is asked for
            continue
    raise CannotSave(
        f"type '{kind.__module__}:{kind.__qualname__}' is not listed, so it could not be loaded again; a package "
        f"lists its types as entry points in the group {GROUP} (docs/how-to/extend.md)"
    )


def _fields_of(value: Any) -> dict[str, Any] | None:
    """The fields of a dataclass or a NamedTuple by name; None for anything else."""
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
    if isinstance(value, Scorer):
        return {}
    return dict(value._asdict()) if isinstance(value, tuple) and hasattr(value, "_asdict") else None


class _Serializer:
    """Walks a scorer; a node of the result is a plain JSON value, or a mapping whose `is` says what it stands for."""

    def __init__(self, folder: Path, kinds: Kinds) -> None:
        self.folder, self.kinds, self.arrays = folder, kinds, ArrayWriter()
        self.with_files = 0

    def serialize(self, value: Any, place: str) -> Any:
        """The node of a value; `place` is where it stands in the scorer, for messages."""
        if isinstance(value, np.generic):
            return {"is": "number", "array": self._array(np.asarray(value), place)}
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {"is": "float", "value": repr(value)}
        if isinstance(value, str):
            return value if _encodable(value) else {"is": "text", "strings": self.arrays.add_strings([value])}
        if isinstance(value, np.ndarray):
            return {"is": "array", "array": self._array(value, place)}
        fields = _fields_of(value)
        if fields is not None:
            return self._object(value, fields, place)
        if isinstance(value, list | tuple):
            return self._sequence(value, place)
        if isinstance(value, dict):
            return self._mapping(value, place)
        return self._sparse(value, place)

    def _array(self, array: Any, place: str) -> dict[str, Any]:
        try:
            return self.arrays.add(array)
        except ArrayFault as error:
            raise CannotSave(f"{place}: {error}") from None

    def _object(self, value: Any, fields: Mapping[str, Any], place: str) -> dict[str, Any]:
        node: dict[str, Any] = {"is": "object", "type": _name_of(type(value), self.kinds)}
        apart = value.in_files if isinstance(value, Scorer) else ()
        node["fields"] = {n: self.serialize(field, f"{place}.{n}") for n, field in fields.items() if n not in apart}
        if apart:
            node["files"] = str(self.with_files)
            self.with_files += 1
            own = self.folder / FILES / node["files"]
            own.mkdir(parents=True)
            value.save_files(own)
        return node

    def _sequence(self, value: list[Any] | tuple[Any, ...], place: str) -> dict[str, Any]:
        kind = "list" if isinstance(value, list) else "tuple"
        if value and all(type(part) is str for part in value):
            return {"is": kind, "strings": self.arrays.add_strings(value)}
        return {"is": kind, "of": [self.serialize(part, f"{place}[{number}]") for number, part in enumerate(value)]}

    def _mapping(self, value: dict[Any, Any], place: str) -> dict[str, Any]:
        strange = next((key for key in value if type(key) is not str), None)
        if strange is not None:
            raise CannotSave(f"{place}: a key of type {type(strange).__name__} cannot be kept; only strings can")
        keys = self.arrays.add_strings(value)
        if all(type(number) is int and number == at for at, number in enumerate(value.values())):
            return {"is": "vocabulary", "strings": keys}
        return {"is": "dict", "strings": keys, "of": [self.serialize(part, f"{place}[...]") for part in value.values()]}

    def _sparse(self, value: Any, place: str) -> dict[str, Any]:
        if type(value).__module__.partition(".")[0] != "scipy" or getattr(value, "format", None) != "csr":
            raise CannotSave(
                f"{place}: a value of type {type(value).__module__}.{type(value).__qualname__} cannot be kept"
            )
        parts = {name: self._array(getattr(value, name), place) for name in ("data", "indices", "indptr")}
        return {"is": "csr", "shape": [int(size) for size in value.shape], **parts}


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Deserializer:
    """Makes values of nodes; every kind of node is a method of its own, and nothing else is ever made."""

    def __init__(self, folder: Path, kinds: Kinds, arrays: ArrayReader) -> None:
        self.folder, self.kinds, self.arrays = folder, kinds, arrays
        self.makers: dict[str, Callable[[dict[str, Any]], Any]] = {
            "array": lambda node: self.arrays.get(node.get("array")),
            "csr": self._csr,
            "dict": self._dict,
            "float": self._float,
            "list": self._list,
            "number": self._number,
            "object": self._object,
            "text": lambda node: "".join(self.arrays.get_strings(node.get("strings"))),
            "tuple": lambda node: tuple(self._list(node)),
            "vocabulary": lambda node: {key: at for at, key in enumerate(self._keys(node))},
        }

    def deserialize(self, node: Any) -> Any:
        """The value of a node.

        Raises: ModelFileError, ArrayFault: the node is of no known kind, or does not fit.
        """
        if node is None or isinstance(node, bool | int | float | str):
            return node
        kind = node.get("is") if isinstance(node, dict) else None
        if not isinstance(kind, str) or kind not in self.makers:
            raise ModelFileError(f"{self.folder}: the structure has a part of the unknown kind {kind!r}")
        return self.makers[kind](node)

    def _keys(self, node: dict[str, Any]) -> list[str]:
        keys = self.arrays.get_strings(node.get("strings"))
        if len(set(keys)) < len(keys):
            raise ModelFileError(f"{self.folder}: the structure has a key twice")
        return keys

    def _list(self, node: dict[str, Any]) -> list[Any]:
        if "strings" in node:
            return self.arrays.get_strings(node["strings"])
        parts = node.get("of")
        if not isinstance(parts, list):
            raise ModelFileError(f"{self.folder}: the structure has a list without parts")
        return [self.deserialize(part) for part in parts]

    def _dict(self, node: dict[str, Any]) -> dict[str, Any]:
        keys, values = self._keys(node), self._list({"of": node.get("of")})
        if len(keys) != len(values):
            raise ModelFileError(f"{self.folder}: the structure has {len(keys)} keys for {len(values)} values")
        return dict(zip(keys, values, strict=True))

    def _float(self, node: dict[str, Any]) -> float:
        if node.get("value") not in ("nan", "inf", "-inf"):
            raise ModelFileError(f"{self.folder}: the structure has a number that is none")
        return float(node["value"])

    def _number(self, node: dict[str, Any]) -> Any:
        return self.arrays.get(node.get("array"))[()]

    def _csr(self, node: dict[str, Any]) -> Any:
        from scipy.sparse import csr_matrix

        parts = tuple(self.arrays.get(node.get(name)) for name in ("data", "indices", "indptr"))
        try:
            matrix = csr_matrix(parts, shape=tuple(node.get("shape") or ()))
            matrix.check_format(full_check=True)
        except (TypeError, ValueError, IndexError) as error:
            raise ModelFileError(f"{self.folder}: a sparse matrix does not fit together ({error})") from None
        return matrix

    def _object(self, node: dict[str, Any]) -> Any:
        name, fields = node.get("type"), node.get("fields")
        if not isinstance(name, str) or name not in self.kinds.names():
            known = ", ".join(self.kinds.names())
            raise ModelFileError(
                f"{self.folder}: refused: it asks for the type {name!r}, which is not listed. Listed: {known}. A "
                f"package lists its types as entry points in the group {GROUP}; is one not installed?"
            )
        kind = self.kinds.get(name)
        if not isinstance(fields, dict):
            raise ModelFileError(f"{self.folder}: the structure has a {name} without fields")
        values = {field: self.deserialize(part) for field, part in fields.items()}
        if issubclass(kind, Scorer) and kind.in_files:
            values |= kind.load_files(self._own_files(name, node.get("files")))
        try:
            return kind(**values)
        except (TypeError, ValueError) as error:
            raise ModelFileError(f"{self.folder}: the fields of a {name} do not fit ({error})") from None

    def _own_files(self, name: str, number: Any) -> Path:
        if not isinstance(number, str) or not number.isdigit() or not (self.folder / FILES / number).is_dir():
            raise ModelFileError(f"{self.folder}: the files of a {name} are missing; save the model again")
        return self.folder / FILES / number
