"""What tables say of random seeds: nothing of a single one, and of several what stands after the ±."""

from __future__ import annotations

from harness.metrics.intervals import SeedValue, Value
from harness.metrics.seed_text import describe_seeds, format_spread, seed_rows

MEANS = "; intervals are those of the mean, without the spread over seeds"


def over(**by_seed: float | None) -> Value:
    seed_values = tuple(SeedValue(random_seed=int(seed[1:]), value=value) for seed, value in by_seed.items())
    return Value(value=0.5, n_units=9, standard_deviation=0.0125, seed_values=seed_values)


def test_single_seeds_are_not_spoken_of():
    assert describe_seeds({"a": [13], "b": [], "c": [13]}) == []
    assert format_spread(Value(value=0.5, n_units=9)) == ""
    assert seed_rows(["F1"], {"a": [Value(value=0.5, n_units=9)]}) == []


def test_several_seeds_are_listed_and_what_was_fitted_once_is_named():
    assert describe_seeds({"a": [1, 2, 3], "b": [], "c": [1, 2, 3], "d": []}) == [
        f"mean ± standard deviation over 3 random seeds (1, 2, 3){MEANS}",
        "fitted once, as the random seed changes nothing: b, d",
    ]


def test_systems_with_other_seeds_are_told_apart():
    assert describe_seeds({"a": [1, 2, 3], "b": [1, 2], "c": [13]}) == [
        f"mean ± standard deviation over 3 random seeds (1, 2, 3) of a or 2 random seeds (1, 2) of b{MEANS}",
        "random seed 13 only, so without a standard deviation: c",
    ]


def test_many_seeds_are_cut_short():
    (line,) = describe_seeds({"a": range(12)})
    assert "over 12 random seeds (0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more);" in line


def test_each_seed_has_a_row():
    values = {"a": [over(s1=0.25, s2=None), over(s1=0.5, s2=0.75)], "b": [Value(value=0.5, n_units=9)] * 2}
    assert seed_rows(["F1", "AP"], values) == [
        ["system", "random seed", "F1", "AP"],
        ["a", "1", ".250", ".500"],
        ["a", "2", "-", ".750"],
    ]
    assert format_spread(values["a"][0]) == " ± .013"


def test_more_seeds_than_a_table_can_show_have_no_rows():
    value = over(**{f"s{seed}": 0.5 for seed in range(11)})
    assert seed_rows(["F1"], {"a": [value]}) == []
    assert len(seed_rows(["F1"], {"a": [value]}, max_seeds=None)) == 12
