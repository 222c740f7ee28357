"""Values over random seeds, in words and as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.metrics.intervals import Value
from harness.text_tables import format_number

MAX_SEEDS = 10
"""Number of random seeds up to which tables show the value with each of them."""


def format_spread(value: Value) -> str:
    """The standard deviation over random seeds as tables show it beside the value; empty without one."""
    return "" if value.standard_deviation is None else f" ± {format_number(value.standard_deviation)}"


def describe_seeds(seeds_by_system: Mapping[str, Sequence[int]]) -> list[str]:
    """Lines on the random seeds of a table; none if no system has several.

    Args:
        seeds_by_system: random seed of each run, by system; none if its fits do not depend on the seed.
    """
    systems_by_seeds: dict[tuple[int, ...], list[str]] = {}
    for system, seeds in seeds_by_system.items():
        systems_by_seeds.setdefault(tuple(seeds), []).append(system)
    several = {seeds: systems for seeds, systems in systems_by_seeds.items() if len(seeds) > 1}
    if not several:
        return []
    parts = [
        f"{len(seeds)} random seeds ({_listed(seeds)})" + (f" of {', '.join(systems)}" if len(several) > 1 else "")
        for seeds, systems in several.items()
    ]
    lines = [
        f"mean ± standard deviation over {' or '.join(parts)}; intervals are those of the mean, without the spread "
        "over seeds"
    ]
    for seeds, systems in systems_by_seeds.items():
        if not seeds:
            lines.append(f"fitted once, as the random seed changes nothing: {', '.join(systems)}")
        elif len(seeds) == 1:
            lines.append(f"random seed {seeds[0]} only, so without a standard deviation: {', '.join(systems)}")
    return lines


def _listed(seeds: Sequence[int]) -> str:
    shown = ", ".join(map(str, seeds[:MAX_SEEDS]))
    return shown if len(seeds) <= MAX_SEEDS else f"{shown} and {len(seeds) - MAX_SEEDS} more"


def seed_rows(
    headings: Sequence[str], values: Mapping[str, Sequence[Value]], *, max_seeds: int | None = MAX_SEEDS
) -> list[list[str]]:
    """The value of each system with each random seed, as rows of a table; empty if no system has several seeds.

    Args:
        headings: headings of the metrics.
        values: a value for each heading, by system.
        max_seeds: systems with more seeds have no rows; None: no limit.
    """
    rows = []
    for system, of_system in values.items():
        seeds = dict.fromkeys(each.random_seed for value in of_system for each in value.seed_values)
        if max_seeds is not None and len(seeds) > max_seeds:
            continue
        by_seed = [{each.random_seed: each.value for each in value.seed_values} for value in of_system]
        for seed in seeds:
            numbers = [of_metric.get(seed) for of_metric in by_seed]
            cells = ["-" if number is None else format_number(number) for number in numbers]
            rows.append([system, "-" if seed is None else str(seed), *cells])
    return [["system", "random seed", *headings], *rows] if rows else []
