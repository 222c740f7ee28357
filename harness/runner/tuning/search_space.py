"""What a config says of settings to choose: the values of a grid, or ranges that candidates are drawn from."""

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

SettingsChoice = dict[str, Any]
TUNE = "tune"
DIGITS = 4


class Range(Record):
    """Where the values of one setting are drawn from; whole numbers where both ends are and the setting may be."""

    low: int | float
    """Lower end of the range."""
    high: int | float
    """Upper end of the range."""
    scale: Literal["linear", "log"] = "linear"
    """`log`: each factor, and not each step, is as likely as another (0.01 to 0.1 as 1 to 10)."""

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"expected low < high, got low {self.low} and high {self.high}")
        if self.scale == "log" and self.low <= 0:
            raise ValueError(f"expected low above 0 where scale is log, got {self.low}")
        return self

    def value(self, place: float, whole: bool) -> int | float:
        """The value at a place in [0, 1) of the range."""
        low, high = float(self.low), float(self.high) + whole
        if self.scale == "log":
            found = math.exp(math.log(low) + place * (math.log(high) - math.log(low)))
        else:
            found = low + place * (high - low)
        return min(max(math.floor(found), int(low)), int(self.high)) if whole else float(f"{found:.{DIGITS}g}")


class Tune(Record):
    """How many candidates are drawn from ranges."""

    candidates: int = Field(default=20, ge=1, le=1000)
    """Number of candidates."""
    random_seed: int = Field(default=13, ge=0)
    """Random seed of the draw."""


class _SearchField(Record):
    search: Range


def search_candidates(name: str, settings: Mapping[str, Any]) -> tuple[SettingsChoice, list[SettingsChoice]]:
    """The fixed settings of a classifier, and what each candidate sets beside them; none where nothing is chosen.

    Grids alone give their product. With a range, candidates are drawn from the ranges and the grids together, evenly
    spread over both (Halton's sequence, shifted by the seed); equal ones count once.

    Args:
        name: the classifier's, or `module:Class`.
        settings: as the config gives them: values, `{grid: [...]}`, `{search: {low, high, scale}}`, and `tune`.
    Raises: ValidationError: a range, or `tune`, is wrong.
    """
    grids = {key: value["grid"] for key, value in settings.items() if _is(value, "grid") and value["grid"]}
    asked = {key: value for key, value in settings.items() if isinstance(value, dict) and set(value) == {"search"}}
    found = TypeAdapter(dict[str, _SearchField]).validate_python(asked)
    ranges = {key: one.search for key, one in found.items()}
    fixed = {key: value for key, value in settings.items() if key not in grids and key not in ranges}
    if not ranges:
        return fixed, [dict(zip(grids, values, strict=True)) for values in itertools.product(*grids.values()) if grids]
    said = {TUNE: fixed.pop(TUNE, {})}
    tune = TypeAdapter(dict[Literal["tune"], Tune]).validate_python(said)["tune"]
    return fixed, _sample_candidates(ranges, grids, {key for key in ranges if _whole(name, key, ranges[key])}, tune)


def allowed_fields(place: tuple[str | int, ...]) -> list[str]:
    """The fields that may stand at a place inside a classifier's settings; empty: those of the classifier."""
    if place[:1] == (TUNE,):
        return list(Tune.model_fields)
    return list(Range.model_fields) if place[1:2] == ("search",) else []


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, dict) and set(value) == {kind} and isinstance(value[kind], list)


def _whole(name: str, key: str, given: Range) -> bool:
    """Whether a setting is drawn as whole numbers."""
    field = CLASSIFIERS.get(name).model_fields.get(key) if name in CLASSIFIERS.names() else None
    return type(given.low) is type(given.high) is int and (field is None or field.annotation is not float)


def _sample_candidates(
    ranges: Mapping[str, Range], grids: Mapping[str, list[Any]], whole: set[str], tune: Tune
) -> list[SettingsChoice]:
    drawn: list[SettingsChoice] = []
    for row in _halton_points(tune, len(ranges) + len(grids)).tolist():
        choice: SettingsChoice = {key: one.value(row[at], key in whole) for at, (key, one) in enumerate(ranges.items())}
        choice |= {key: one[int(row[len(ranges) + at] * len(one))] for at, (key, one) in enumerate(grids.items())}
        if choice not in drawn:
            drawn.append(choice)
    return drawn


def _halton_points(tune: Tune, dimensions: int) -> npt.NDArray[np.float64]:
    """Points spread evenly over the unit cube; shape (n_candidates, dimensions), in [0, 1).

    Source: Halton 1960; the shift, Cranley and Patterson 1976.
    """
    from scipy.stats.qmc import Halton

    shift = np.random.default_rng(tune.random_seed).random(dimensions)
    points: npt.NDArray[np.float64] = (Halton(dimensions, scramble=False).random(tune.candidates) + shift) % 1.0
    return points
