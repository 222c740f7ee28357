"""Candidate settings from a config: the values of grids, and values drawn from ranges."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, TypeAdapter, model_validator

from harness.classifiers import CLASSIFIERS
from harness.records import Record

CALIBRATION_KEYS = ("calibration", "threshold")
"""Keys of a classifier in a config that calibrate its scores or choose a threshold; they are not searched."""
SettingsChoice = dict[str, Any]
TUNE = "tune"
DIGITS = 4
"""Significant digits of a drawn value."""


class Range(Record):
    """Range of one setting. Values are whole numbers if both ends are and the setting accepts integers."""

    low: int | float
    """Lower end of the range."""
    high: int | float
    """Upper end of the range."""
    scale: Literal["linear", "log"] = "linear"
    """Scale of the draw. `log`: values are uniform on a logarithmic scale, so 0.01 to 0.1 is as likely as 1 to 10."""

    @model_validator(mode="after")
    def _check_ends(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"expected low < high, got low {self.low} and high {self.high}")
        if self.scale == "log" and self.low <= 0:
            raise ValueError(f"expected low > 0 with scale: log, got low {self.low}")
        return self

    def value(self, fraction: float, whole: bool) -> int | float:
        """Returns the value at a fraction of the range.

        Args:
            fraction: in [0, 1).
            whole: whether to return a whole number; both ends are then possible values.
        """
        # Whole numbers are rounded down, so the upper end needs an interval of its own to be as likely as the others.
        low, high = float(self.low), float(self.high) + whole
        if self.scale == "log":
            value = math.exp(math.log(low) + fraction * (math.log(high) - math.log(low)))
        else:
            value = low + fraction * (high - low)
        if whole:
            # exp(log(low)) can round to just below low, whose floor is outside the range.
            return min(max(math.floor(value), int(low)), int(self.high))
        # Rounded, so that results show the exact value and a config can repeat it.
        return float(f"{value:.{DIGITS}g}")


class Tune(Record):
    """Options of the draw of candidates from ranges."""

    candidates: int = Field(default=20, ge=1, le=1000)
    """Number of candidates."""
    random_seed: int = Field(default=13, ge=0)
    """Random seed of the draw."""


class _SearchField(Record):
    search: Range


def search_candidates(name: str, settings: Mapping[str, Any]) -> tuple[SettingsChoice, list[SettingsChoice]]:
    """Returns the fixed settings of a classifier, and the settings of each candidate.

    Grids alone give all combinations of their values. With a range, candidates are drawn from the ranges and the grids
    together, spread evenly over both (Halton sequence, shifted by the seed); duplicates are dropped.

    Args:
        name: name of the classifier, or `module:Class`.
        settings: settings from the config: values, `{grid: [...]}`, `{search: {low, high, scale}}`, and `tune`.
    Returns: fixed settings; candidates, empty if nothing is to be chosen.
    Raises: ValidationError: a range or `tune` is invalid.
    """
    grids = {key: value["grid"] for key, value in settings.items() if _is_grid(value)}
    searches = {key: value for key, value in settings.items() if isinstance(value, dict) and set(value) == {"search"}}
    # All ranges are validated in one call, so that an error names the key and all invalid ranges are reported.
    fields = TypeAdapter(dict[str, _SearchField]).validate_python(searches)
    ranges = {key: field.search for key, field in fields.items()}
    fixed = {key: value for key, value in settings.items() if key not in grids and key not in ranges}
    if not ranges:
        return fixed, [dict(zip(grids, values, strict=True)) for values in itertools.product(*grids.values()) if grids]
    # Validated inside a dict, so that the location of an error starts with the key `tune`.
    options = {TUNE: fixed.pop(TUNE, {})}
    tune = TypeAdapter(dict[Literal["tune"], Tune]).validate_python(options)["tune"]
    whole = {key for key, range_ in ranges.items() if _is_whole(name, key, range_)}
    return fixed, _sample_candidates(ranges, grids, whole, tune)


def allowed_fields(key_path: tuple[str | int, ...]) -> list[str]:
    """Returns the fields that a config may have at a path inside a classifier's settings; empty: the classifier's."""
    if key_path[:1] == (TUNE,):
        return list(Tune.model_fields)
    return list(Range.model_fields) if key_path[1:2] == ("search",) else []


def _is_grid(value: Any) -> bool:
    return (
        isinstance(value, dict) and set(value) == {"grid"} and isinstance(value["grid"], list) and bool(value["grid"])
    )


def _is_whole(name: str, key: str, range_: Range) -> bool:
    """Whether a setting is drawn as whole numbers."""
    field = CLASSIFIERS.get(name).model_fields.get(key) if name in CLASSIFIERS.names() else None
    return type(range_.low) is type(range_.high) is int and (field is None or field.annotation is not float)


def _sample_candidates(
    ranges: Mapping[str, Range], grids: Mapping[str, list[Any]], whole: set[str], tune: Tune
) -> list[SettingsChoice]:
    """Candidates drawn from ranges and grids; `whole` names the settings that are drawn as whole numbers."""
    candidates: list[SettingsChoice] = []
    for point in _halton_points(tune, len(ranges) + len(grids)).tolist():
        # One coordinate per setting: the ranges first, then the grids, whose values divide [0, 1) evenly.
        coordinate = iter(point)
        choice: SettingsChoice = {key: range_.value(next(coordinate), key in whole) for key, range_ in ranges.items()}
        choice |= {key: values[int(next(coordinate) * len(values))] for key, values in grids.items()}
        if choice not in candidates:
            candidates.append(choice)
    return candidates


def _halton_points(tune: Tune, dimensions: int) -> npt.NDArray[np.float64]:
    """Points spread evenly over the unit cube; shape (n_candidates, dimensions), in [0, 1).

    Source: Halton 1960; the shift: Cranley and Patterson 1976.
    """
    from scipy.stats.qmc import Halton

    # Without a shift, the sequence starts at the corner of the cube and is the same for every seed. A random shift
    # modulo 1 keeps its even spread.
    shift = np.random.default_rng(tune.random_seed).random(dimensions)
    points: npt.NDArray[np.float64] = (Halton(dimensions, scramble=False).random(tune.candidates) + shift) % 1.0
    return points
