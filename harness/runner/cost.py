"""The cost of a fit in time and memory, written beside the predictions of a unit and never part of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from pydantic import ValidationError

from harness.classifiers.base import ApiUsage
from harness.endpoints.prices import joined_sources
from harness.files import json_document, state_bytes
from harness.records import Record

MEGABYTE = 2**20


class Cost(Record):
    """Time and memory of fitting and scoring, as measured at the time; other load on the machine affects them."""

    fit_seconds: float
    score_seconds: float
    claims_scored: int
    peak_megabytes: float | None
    """Peak memory of the process during fitting and scoring, including the claims; None if the system does not report
    it."""
    calls: int | None = None
    """Calls of a service behind the scores, including cached replies; None if no service is used."""
    tokens: int | None = None
    """Tokens of those calls as the service reports them, prompts and answers together."""
    cached_tokens: int | None = None
    """Those of prompts that the service had cached; None if no service is used, or it was not recorded."""
    reasoning_tokens: int | None = None
    """Those of thoughts before the answers."""
    dollars: float | None = None
    """Price of those calls; None if a price, or the tokens of a reply, are not known."""
    prices: str | None = None
    """Who says the price: `the config`, or the package `genai-prices` with its version."""
    fits: int | None = None
    """Number of fits, including those of candidates and inner folds; None if it was not recorded."""

    def money(self) -> str | None:
        """What the calls took, as a sentence; None if no call has a known price."""
        tokens = (self.tokens or 0, self.cached_tokens or 0, self.reasoning_tokens or 0)
        return ApiUsage(self.calls or 0, *tokens, dollars=self.dollars, prices=self.prices or "").money()


class Clock:
    """Adds up seconds by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Adds the time spent inside to the total of a name."""
        start = perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - start


def reset_peak() -> None:
    """Resets the peak memory where the system can (Linux); elsewhere it stays that of the whole process."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def peak_megabytes() -> float | None:
    """Peak resident memory since `reset_peak`, or of the whole process; None if the system does not report it."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except (OSError, ValueError):
        pass
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MEGABYTE if sys.platform == "darwin" else peak / 1024


def cost_path(unit_file: Path) -> Path:
    """Path of the cost of a unit."""
    return unit_file.with_suffix(".cost.json")


def encode_cost(cost: Cost) -> bytes:
    """The content of the file of a cost."""
    return json_document(cost.model_dump(mode="json")).encode("utf-8")


def read_cost(unit_file: Path) -> Cost | None:
    """The cost of a unit; None if it is unknown.

    Raises: FaultsError: what is in the place of its file is none, or not readable.
    """
    try:
        return Cost.model_validate_json(json.dumps(json.loads(state_bytes(cost_path(unit_file)) or b"")))
    except (ValueError, ValidationError):
        return None


def total_cost(unit_files: Sequence[Path]) -> Cost | None:
    """Total cost of several units: summed times and the peak memory; None without units, or if one is unknown."""
    read = [read_cost(path) for path in unit_files]
    costs = [cost for cost in read if cost is not None]
    if not costs or len(costs) < len(read):
        return None
    fits = [cost.fits for cost in costs if cost.fits is not None]
    dollars = [cost.dollars for cost in costs if cost.dollars is not None]
    peaks = [cost.peak_megabytes for cost in costs if cost.peak_megabytes is not None]
    return Cost(
        fit_seconds=sum(cost.fit_seconds for cost in costs),
        score_seconds=sum(cost.score_seconds for cost in costs),
        claims_scored=sum(cost.claims_scored for cost in costs),
        peak_megabytes=max(peaks) if len(peaks) == len(costs) else None,
        calls=_total([cost.calls for cost in costs]),
        tokens=_total([cost.tokens for cost in costs]),
        cached_tokens=_total([cost.cached_tokens for cost in costs]),
        reasoning_tokens=_total([cost.reasoning_tokens for cost in costs]),
        dollars=sum(dollars) if len(dollars) == len(costs) else None,
        prices=joined_sources([cost.prices or "" for cost in costs]) or None,
        fits=sum(fits) if len(fits) == len(costs) else None,
    )


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
