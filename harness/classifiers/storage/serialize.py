"""Saves fitted scorers as files and loads them without pickle: only objects of listed types are created.

A scorer is a tree of numbers, strings, tuples, lists, dictionaries, arrays and objects of listed types. The tree is
saved as JSON and its arrays in one `.npz` file; a scorer saves any other field to files of its own.
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
from harness.classifiers.storage.scorer_types import GROUP, ScorerTypes, scorer_types
from harness.errors import HarnessError
from harness.registry import UnknownComponent

ARRAYS = "arrays.npz"
FILES = "files"


class CannotSave(HarnessError):
    """A scorer that cannot be saved; the message names the part and the reason."""


class ModelFileError(HarnessError):
    """Files from which no scorer can be loaded; the message says what is wrong."""


def serialize(scorer: Scorer, folder: Path, types: ScorerTypes | None = None) -> Any:
    """Writes a scorer's arrays and files to a folder and returns its structure as JSON data.

    Args:
        scorer: the fitted scorer.
        folder: an existing, empty folder.
        types: the types that the scorer may contain; by default those of this project's classifiers and of other
            packages.
    Raises: CannotSave: a part of the scorer is of a type that is not listed, or cannot be saved.
    """
    serializer = _Serializer(folder, types or scorer_types())
    structure = serializer.serialize(scorer, type(scorer).__name__)
    (folder / ARRAYS).write_bytes(serializer.arrays.to_bytes())
    return structure


def deserialize(structure: Any, folder: Path, types: ScorerTypes | None = None) -> Scorer:
    """The scorer with a structure and a folder from `serialize`.

    Args:
        structure: JSON data.
        folder: the folder that `serialize` wrote.
        types: the types that the scorer may contain; by default those of this project's classifiers and of other
            packages.
    Raises: ModelFileError: the structure names a type that is not listed, an array or file is missing, or the parts
        do not match.
    """
    path = folder / ARRAYS
    try:
        deserializer = _Deserializer(folder, types or scorer_types(), ArrayReader(path.read_bytes()))
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error.strerror}; save the model again") from None
    except ArrayFault as error:
        raise ModelFileError(f"{path}: {error}; save the model again") from None
    try:
        scorer = deserializer.deserialize(structure)
    except ArrayFault as error:
        raise ModelFileError(f"{path}: {error}") from None
    except RecursionError:
        raise ModelFileError(f"{folder}: the structure in model.json is nested too deeply") from None
    if not isinstance(scorer, Scorer):
        raise ModelFileError(f"{folder}: model.json describes a {type(scorer).__name__}, which is not a scorer")
    return scorer


def _listed_name(type_: type, types: ScorerTypes) -> str:
    """The name of a listed type.

    Raises: CannotSave: the type is not listed.
    """
    if type_.__name__ in types.table and types.get(type_.__name__) is type_:
        return type_.__name__
    for name in types.names():
        if name in types.table:
            continue
        try:
            if types.get(name) is type_:
                return name
        except UnknownComponent:  # a type of another package that cannot be imported, so not the type of this object
            continue
    raise CannotSave(
        f"type '{type_.__module__}:{type_.__qualname__}' is not listed, so it could not be loaded again; a package "
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
    """Turns a scorer into nodes: a node is a plain JSON value, or a mapping whose key `is` names its kind."""

    def __init__(self, folder: Path, types: ScorerTypes) -> None:
        self.folder = folder
        self.types = types
        self.arrays = ArrayWriter()
        self.n_file_folders = 0

    def serialize(self, value: Any, path: str) -> Any:
        """The node of a value; `path` is its position in the scorer, for messages."""
        # Before `int` and `float`: np.float64 is a float, and would lose its type.
        if isinstance(value, np.generic):
            return {"is": "number", "array": self._array(np.asarray(value), path)}
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {"is": "float", "value": repr(value)}
        if isinstance(value, str):
            return value if _is_encodable(value) else {"is": "text", "strings": self.arrays.add_strings([value])}
        if isinstance(value, np.ndarray):
            return {"is": "array", "array": self._array(value, path)}
        # Before tuples: a NamedTuple is an object with a type of its own.
        fields = _fields_of(value)
        if fields is not None:
            return self._object(value, fields, path)
        if isinstance(value, list | tuple):
            return self._sequence(value, path)
        if isinstance(value, dict):
            return self._mapping(value, path)
        return self._sparse_matrix(value, path)

    def _array(self, array: Any, path: str) -> dict[str, Any]:
        try:
            return self.arrays.add(array)
        except ArrayFault as error:
            raise CannotSave(f"{path}: {error}") from None

    def _object(self, value: Any, fields: Mapping[str, Any], path: str) -> dict[str, Any]:
        node: dict[str, Any] = {"is": "object", "type": _listed_name(type(value), self.types)}
        in_files = value.in_files if isinstance(value, Scorer) else ()
        node["fields"] = {
            name: self.serialize(field, f"{path}.{name}") for name, field in fields.items() if name not in in_files
        }
        if in_files:
            # A folder per object, so that two scorers of one ensemble can use the same file names.
            node["files"] = str(self.n_file_folders)
            self.n_file_folders += 1
            own_folder = self.folder / FILES / node["files"]
            own_folder.mkdir(parents=True)
            value.save_files(own_folder)
        return node

    def _sequence(self, value: list[Any] | tuple[Any, ...], path: str) -> dict[str, Any]:
        kind = "list" if isinstance(value, list) else "tuple"
        if value and all(type(part) is str for part in value):
            return {"is": kind, "strings": self.arrays.add_strings(value)}
        return {"is": kind, "of": [self.serialize(part, f"{path}[{index}]") for index, part in enumerate(value)]}

    def _mapping(self, value: dict[Any, Any], path: str) -> dict[str, Any]:
        non_string = next((key for key in value if type(key) is not str), None)
        if non_string is not None:
            raise CannotSave(f"{path}: cannot save a key of type {type(non_string).__name__}; keys must be strings")
        keys = self.arrays.add_strings(value)
        # An n-gram vocabulary maps up to millions of strings to 0, 1, 2, ...: the keys alone are enough.
        if all(type(number) is int and number == index for index, number in enumerate(value.values())):
            return {"is": "vocabulary", "strings": keys}
        return {"is": "dict", "strings": keys, "of": [self.serialize(part, f"{path}[...]") for part in value.values()]}

    def _sparse_matrix(self, value: Any, path: str) -> dict[str, Any]:
        # Checked by name, so that SciPy is not imported for scorers without sparse matrices.
        if type(value).__module__.partition(".")[0] != "scipy" or getattr(value, "format", None) != "csr":
            type_name = f"{type(value).__module__}.{type(value).__qualname__}"
            raise CannotSave(f"{path}: cannot save a value of type {type_name}")
        parts = {name: self._array(getattr(value, name), path) for name in ("data", "indices", "indptr")}
        return {"is": "csr", "shape": [int(size) for size in value.shape], **parts}


def _is_encodable(text: str) -> bool:
    """Whether a text can be written to JSON as UTF-8: it has no lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Deserializer:
    """Creates values from nodes. Each kind of node has a method; nothing else is created."""

    def __init__(self, folder: Path, types: ScorerTypes, arrays: ArrayReader) -> None:
        self.folder = folder
        self.types = types
        self.arrays = arrays
        self.readers: dict[str, Callable[[dict[str, Any]], Any]] = {
            "array": lambda node: self.arrays.get(node.get("array")),
            "csr": self._csr,
            "dict": self._dict,
            "float": self._float,
            "list": self._list,
            "number": self._number,
            "object": self._object,
            "text": lambda node: "".join(self.arrays.get_strings(node.get("strings"))),
            "tuple": lambda node: tuple(self._list(node)),
            "vocabulary": lambda node: {key: index for index, key in enumerate(self._keys(node))},
        }

    def deserialize(self, node: Any) -> Any:
        """The value of a node.

        Raises: ModelFileError, ArrayFault: the node is of an unknown kind, or its parts do not match.
        """
        if node is None or isinstance(node, bool | int | float | str):
            return node
        kind = node.get("is") if isinstance(node, dict) else None
        if not isinstance(kind, str) or kind not in self.readers:
            raise self._error(f"contains a part of unknown kind {kind!r}")
        return self.readers[kind](node)

    def _error(self, message: str) -> ModelFileError:
        return ModelFileError(f"{self.folder}: model.json {message}")

    def _keys(self, node: dict[str, Any]) -> list[str]:
        keys = self.arrays.get_strings(node.get("strings"))
        if len(set(keys)) < len(keys):
            raise self._error("contains a duplicate key")
        return keys

    def _list(self, node: dict[str, Any]) -> list[Any]:
        if "strings" in node:
            return self.arrays.get_strings(node["strings"])
        parts = node.get("of")
        if not isinstance(parts, list):
            raise self._error("contains a list without parts")
        return [self.deserialize(part) for part in parts]

    def _dict(self, node: dict[str, Any]) -> dict[str, Any]:
        keys = self._keys(node)
        values = self._list({"of": node.get("of")})
        if len(keys) != len(values):
            raise self._error(f"contains {len(keys)} keys for {len(values)} values")
        return dict(zip(keys, values, strict=True))

    def _float(self, node: dict[str, Any]) -> float:
        # Finite numbers are plain JSON, so these are the only values that this kind can have.
        if node.get("value") not in ("nan", "inf", "-inf"):
            raise self._error("contains an invalid number")
        return float(node["value"])

    def _number(self, node: dict[str, Any]) -> Any:
        return self.arrays.get(node.get("array"))[()]  # an array without dimensions becomes its NumPy scalar

    def _csr(self, node: dict[str, Any]) -> Any:
        from scipy.sparse import csr_matrix

        parts = tuple(self.arrays.get(node.get(name)) for name in ("data", "indices", "indptr"))
        try:
            matrix = csr_matrix(parts, shape=tuple(node.get("shape") or ()))
            # SciPy's compiled code trusts the indices and would read outside of the arrays.
            matrix.check_format(full_check=True)
        except (TypeError, ValueError, IndexError) as error:
            raise self._error(f"contains an invalid sparse matrix ({error})") from None
        return matrix

    def _object(self, node: dict[str, Any]) -> Any:
        name = node.get("type")
        fields = node.get("fields")
        if not isinstance(name, str) or name not in self.types.names():
            raise self._error(
                f"is refused: type {name!r} is not listed. Listed types: {', '.join(self.types.names())}. A package "
                f"lists its types as entry points in the group {GROUP}; check that the package is installed"
            )
        type_ = self.types.get(name)
        if not isinstance(fields, dict):
            raise self._error(f"contains a {name} without fields")
        values = {field: self.deserialize(part) for field, part in fields.items()}
        if issubclass(type_, Scorer) and type_.in_files:
            values |= type_.load_files(self._own_folder(name, node.get("files")))
        try:
            return type_(**values)
        except (TypeError, ValueError) as error:
            raise self._error(f"contains invalid fields of a {name} ({error})") from None

    def _own_folder(self, name: str, number: Any) -> Path:
        # Only digits: any other name, such as "../..", could lead out of the model's folder.
        if not isinstance(number, str) or not number.isdigit() or not (self.folder / FILES / number).is_dir():
            raise ModelFileError(f"{self.folder}: the files of a {name} are missing; save the model again")
        return self.folder / FILES / number
