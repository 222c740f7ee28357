"""Objects show themselves shortly: every object that the public functions return, as far as its fields reach."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import pytest
from small_dataset import PLACES, make_dataset

import harness
from harness.display import Rows, ShownRows, displayed, fields_of, html_of, short_repr

LONGEST = 500
"""Characters of a `repr`."""


def reached_from(item: Any, visited: dict[int, Any]) -> None:
    """Collects an object and everything that its fields, items and values reach in this package."""
    if id(item) in visited or isinstance(item, str | int | float | type(None)):
        return
    visited[id(item)] = item
    children = list(fields_of(item).values())
    if isinstance(item, dict):
        children += item.values()
    elif isinstance(item, tuple | list | ShownRows):
        children += item
    for child in children:
        reached_from(child, visited)


@pytest.fixture(scope="module")
def public_objects(tmp_path_factory):
    folder = tmp_path_factory.mktemp("display")
    data, config, out = make_dataset(folder), folder / "config.yaml", folder / "runs"
    harness.add_claims(data, [{"article_id": place, "text": "Well.", "checkable": "no"} for place in PLACES], "second")
    systems = "[majority, length, rules, tfidf_logreg]"
    config.write_text(f"name: shown\ntask: checkability\ndataset: {data}\nsplit: {{k: 2}}\nclassifiers: {systems}\n")
    run = harness.run(config, out=out, save_models=True)
    dataset = harness.open_dataset(data)
    models = [harness.load_model(model.folder) for model in run.models if model.folder]
    assert models
    article = folder / "new.txt"
    article.write_text("Prices rose by 3 percent. I like it.\n", encoding="utf-8")
    return [
        dataset,
        dataset.table(),
        run,
        harness.plan(config, out=out),
        harness.load_experiment(config),
        harness.compare_results([run.folder]),
        harness.check_gate([run.folder], ["f1 < baseline - 0.9"]),
        harness.audit_targets([data]),
        harness.agreement(data),
        harness.score(article, models[0].folder),
        harness.build_report([run.folder], folder / "report.html"),
        harness.freeze_split(data, folder / "split.jsonl", k=2),
        harness.new(folder / "new"),
        harness.check([folder]),
        *models,
    ]


def test_every_public_object_has_a_short_repr_and_a_table_for_notebooks(public_objects):
    visited: dict[int, Any] = {}
    for item in public_objects:
        reached_from(item, visited)
    own = [item for item in visited.values() if type(item).__module__.startswith("harness.")]
    assert {type(item).__name__ for item in own} >= {
        "Dataset",
        "RunResult",
        "Result",
        "Comparison",
        "SystemPair",
        "Model",
    }
    assert {type(item).__name__: len(repr(item)) for item in own if len(repr(item)) > LONGEST} == {}
    assert {type(item).__name__ for item in own if not hasattr(item, "_repr_html_")} == set()
    for item in own:
        HTMLParser().feed(item._repr_html_())


def test_a_long_value_is_shown_by_its_size_and_a_table_is_escaped():
    @displayed
    @dataclass(frozen=True)
    class Page:
        title: str
        words: tuple[str, ...]
        seeds: tuple[int, ...] = (13,)

    page = Page("<b>" * 1000, ("word",) * 1234)
    assert repr(page).startswith("Page(title='<b><b>")
    assert repr(page).endswith("...', words=<1,234 str>, seeds=(13,))")
    assert "<b>" not in html_of(page)
    assert "&lt;b&gt;" in html_of(page)
    assert "<b>" not in Rows([page])._repr_html_()
    assert short_repr(page) == repr(page)


def test_many_fields_end_in_an_ellipsis():
    names = [f"a_field_with_a_long_name_{number}" for number in range(100)]
    many = type("Many", (), {"_fields": names, **dict.fromkeys(names, 1)})()
    assert len(short_repr(many)) < LONGEST
    assert short_repr(many).endswith(", ...)")


def test_rows_are_a_tuple_with_a_frame():
    from harness.errors import Fault

    faults = Rows([Fault("a.yaml", 1, None, "is empty"), Fault("b.yaml", None, "name", "is missing")])
    assert repr(faults) == "<2 Fault>"
    assert faults == tuple(faults)
    frame = faults.to_pandas()
    assert list(frame["path"]) == ["a.yaml", "b.yaml"]
    assert repr(Rows[Fault]()) == "()"
