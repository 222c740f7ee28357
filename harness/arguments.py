"""Arguments of public functions that take one value or several."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any


def as_list(value: Any) -> list[Any]:
    """The values of an argument that takes one value or several: a text, a path or a mapping counts as one value."""
    # A datasets.Dataset is iterable, but is one source; testing for its class would import the extra.
    is_single = isinstance(value, str | bytes | os.PathLike | Mapping) or hasattr(value, "column_names")
    return [value] if is_single else list(value)
