"""How objects show themselves: a `repr` of one line, a table in notebooks, and sequences that become data frames."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Mapping, Sequence, Set
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import pandas as pd

C = TypeVar("C", bound=type)
T_co = TypeVar("T_co", covariant=True)

MAX_VALUE = 60
"""Number of characters of a value in a `repr`."""
MAX_REPR = 400
"""Number of characters of a `repr`; further fields are left out."""
MAX_ROWS = 10
"""Number of rows that a notebook shows of a sequence."""


def fields_of(item: Any) -> dict[str, Any]:
    """The fields of a record, a data class or a named tuple by name; empty for anything else."""
    names = getattr(type(item), "model_fields", None) or getattr(type(item), "_fields", None)
    if names is None and dataclasses.is_dataclass(item):
        names = [field.name for field in dataclasses.fields(item)]
    return {name: getattr(item, name) for name in names or () if not name.startswith("_")}


def brief(value: Any) -> str:
    """A value in at most about 60 characters: itself if it is short, else what it is and how much of it there is."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"<{type(value).__name__} of shape {shape}>"
    if isinstance(value, str | PurePath):
        text = str(value)
        return repr(text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 3] + "...")
    is_sequence = isinstance(value, list | tuple | Set) and not hasattr(value, "_fields")
    if (is_sequence or isinstance(value, Mapping)) and len(value):
        return _brief_collection(value)
    text = repr(value)
    return text if len(text) <= MAX_VALUE else f"{type(value).__name__}(...)"


def _brief_collection(value: Mapping[Any, Any] | Sequence[Any] | Set[Any]) -> str:
    """Whole if it is short; else the number of items, and the keys of a mapping."""
    first = next(iter(value))
    if len(value) <= MAX_VALUE // 2 and not fields_of(first):
        text = repr(tuple(value) if isinstance(value, tuple) else value)
        if len(text) <= MAX_VALUE:
            return text
    if isinstance(value, Mapping):
        keys = ", ".join(str(key) for key, _ in zip(value, range(3), strict=False))
        return brief_line(f"<{len(value):,}: {keys}{', ...' if len(value) > 3 else ''}>")
    return f"<{len(value):,} {type(first).__name__}>"


def brief_line(text: str) -> str:
    """A text cut to about 60 characters."""
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 3] + "..."


def short_repr(self: Any) -> str:
    """The name of the type and its fields, long values as their size; at most about 400 characters."""
    text = ""
    for name, value in fields_of(self).items():
        part = f"{name}={brief(value)}"
        if len(text) + len(part) > MAX_REPR:
            text += ", ..."
            break
        text += f", {part}" if text else part
    return f"{type(self).__name__}({text})"


def html_of(self: Any) -> str:
    """The fields as a table for notebooks."""
    rows = [(name, brief(value)) for name, value in fields_of(self).items()]
    body = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(value)}</td></tr>' for name, value in rows
    )
    return f"<table><caption>{html.escape(type(self).__name__)}</caption><tbody>{body}</tbody></table>"


def displayed(cls: C) -> C:
    """Gives a data class or a named tuple a short `repr`, and a table in notebooks unless it has its own."""
    cls.__repr__ = short_repr  # type: ignore[assignment]
    if not hasattr(cls, "_repr_html_"):
        setattr(cls, "_repr_html_", html_of)  # noqa: B010 - a type checker refuses the plain assignment
    return cls


def html_rows(rows: Sequence[Mapping[str, Any]], caption: str, n_rows: int | None = None) -> str:
    """The first rows of a table for notebooks; `n_rows` are in the table, if `rows` are not all."""
    shown = rows[:MAX_ROWS]
    columns = list(dict.fromkeys(name for row in shown for name in row))
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in columns)
    cells = [[brief(row[name]) if name in row else "" for name in columns] for row in shown]
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in cells)
    title = caption if (len(rows) if n_rows is None else n_rows) <= MAX_ROWS else f"{caption}, the first {MAX_ROWS}"
    parts = [f"<caption>{html.escape(title)}</caption>", f"<thead><tr>{head}</tr></thead>", f"<tbody>{body}</tbody>"]
    return f"<table>{''.join(parts)}</table>"


class ShownRows:
    """What a sequence of records does to say how many they are, show the first ones, and become a data frame."""

    __slots__ = ()

    def __repr__(self: Any) -> str:
        return f"<{len(self):,} {type(self[0]).__name__}>" if len(self) else "()"

    def _repr_html_(self: Any) -> str:
        return html_rows([row_of(item) for item in self[:MAX_ROWS]], repr(self), len(self))

    def to_pandas(self: Any) -> pd.DataFrame:
        """The records as a data frame, one row each."""
        import pandas as pd

        return pd.DataFrame([row_of(item) for item in self])


class Rows(ShownRows, tuple[T_co, ...]):
    """A tuple of records that says how many they are, shows the first ones in notebooks, and becomes a data frame."""

    __slots__ = ()
    to_pandas = ShownRows.to_pandas


def row_of(item: Any) -> dict[str, Any]:
    """A record as one row of a table: its `document()` if it has one, else its fields."""
    document = getattr(item, "document", None)
    return dict(document()) if callable(document) else fields_of(item)
