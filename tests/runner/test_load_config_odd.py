"""Odd configs: whatever stands in a config or in `--set`, the answer is a fault, never an error of our own."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import HarnessError, check, load_experiment

GOOD: dict[str, Any] = {
    "name": "mine",
    "task": "checkability",
    "dataset": "no-such-data",
    "gold": "adjudicated",
    "scheme": "three-axes",
    "split": {"protocol": "official", "train": ["a"], "test": ["b"], "inner_folds": {"k": 3}, "train_share": 0.5},
    "classifiers": [
        "majority",
        {"name": "tfidf_logreg", "C": {"each": [1, 2]}, "label": "x", "min_df": {"search": {"low": 1, "high": 3}}},
        {"name": "rules", "threshold": {"aim": "flagged_share", "share": 0.2}},
        {"name": "ensemble", "members": ["majority", {"name": "length", "cap": 3}]},
        {"name": "from_file", "path": "a.csv"},
    ],
    "metrics": ["f1", {"name": "precision_at", "k": 5}],
    "random_seeds": [13],
    "intervals": {"method": "auto"},
    "slices": ["speaker"],
    "explain": False,
}


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place] * bool(place) + [inner for key, child in items for inner in places(child, (*place, key))]


def replaced(place: tuple[Any, ...], value: Any) -> Any:
    config = copy.deepcopy(GOOD)
    holder: Any = config
    for part in place[:-1]:
        holder = holder[part]
    holder[place[-1]] = value
    return config


WORDS = st.sampled_from(["each", "grid", "search", "name", "aim", "low", "a" * 300, "a/b", "\x00", "\ud800", "*", ""])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | WORDS | st.just(10**4000)
KEYS = WORDS | st.integers() | st.booleans() | st.none() | st.dates()
ODD = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.integers() | st.booleans(), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(places(GOOD)), value=ODD)
def test_any_value_at_any_place_is_answered_with_faults(tmp_path, place, value):
    path = tmp_path / "odd.yaml"
    path.write_text(yaml.safe_dump(replaced(place, value), sort_keys=False), encoding="utf-8", errors="surrogatepass")
    faults = check([path], tmp_path)
    assert faults  # the dataset is not there
    assert all(str(path) in fault.path or fault.line is None for fault in faults)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.sampled_from(places(GOOD)),
    value=st.text(max_size=12) | ODD.map(lambda value: yaml.safe_dump(value, default_flow_style=True)),
    key=st.sampled_from(["{}", "{}.x", "{}.0", "{}.", ".{}", "{}.-1", "{}.99999999999"]),
)
def test_any_override_is_taken_or_answered_with_a_message(tmp_path, place, value, key):
    path = tmp_path / "good.yaml"
    path.write_text(yaml.safe_dump(GOOD, sort_keys=False), encoding="utf-8")
    override = f"{key.format('.'.join(map(str, place)))}={value}"
    with suppress(HarnessError):
        assert load_experiment(path, [override]).systems


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("split: [a]", 'odd.yaml:4: split: expected a mapping, got ["a"]'),
        ("split: null", "odd.yaml:4: split: expected a mapping, got null"),
        ("split: 3", "odd.yaml:4: split: expected a mapping, got 3"),
        ("scheme: [a]", 'odd.yaml:4: scheme: expected a text, got ["a"]'),
        ("gold: {single: me}", 'odd.yaml:4: gold: expected a text, got {"single": "me"}'),
        ("metrics: 3", "odd.yaml:4: metrics: expected a list, got 3"),
        ("metrics: [[f1]]", "odd.yaml:4: metrics[0]: expected"),
        ("random_seeds: [1" + "0" * 5000 + "]", "odd.yaml:4: random_seeds[0]: cannot be read: "),
        (
            "random_seeds: [0x1" + "0" * 5000 + "]",
            "odd.yaml:4: random_seeds[0]: cannot be read: the number",
        ),
        ('slices: ["\\uD800"]', "odd.yaml:4: slices[0]: cannot be read: "),
        ("explain: 2024-13-01", "odd.yaml:4: explain: cannot be read: month must be in 1..12"),
        ("slices: [{a: b}]", 'odd.yaml:4: slices[0]: expected a text, got {"a": "b"}'),
    ],
)
def test_an_odd_value_is_a_fault_with_its_line(tmp_path, line, fault):
    path = tmp_path / "odd.yaml"
    path.write_text(f"name: x\ntask: checkability\ndataset: public-matters\n{line}\nclassifiers: [majority]\n")
    assert [text for text in map(str, check([path])) if text.removeprefix(f"{tmp_path}/").startswith(fault)]
