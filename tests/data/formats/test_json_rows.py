"""JSON files of publishers with values of the wrong kind in the right places: faults, never a traceback."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path

import pytest

from harness import FaultsError, HarnessError
from harness.data.benchmarks.benchmark import load_benchmark
from harness.data.benchmarks.convert import convert
from harness.data.dataset import write_dataset
from harness.data.formats import READERS
from harness.data.formats.source import SourceFile
from harness.schemes import load_scheme

UNPAIRED = "contains an unpaired surrogate escape such as \\ud800"
ODD = [None, True, 0, -1, 1.5, 10**30, "", " ", "\n", "\x00", "x", "\ud800", "a\ud83d", "../x", "31-02-2020", [], {}]
ODD += [[None], [[]], [{}], {"a": None}, {"": {}}, [["a", "b", "c", "d"]]]

ROWS = {
    "averitec": [
        {
            "claim": "The ferry sank.",
            "label": "Refuted",
            "claim_date": "1-2-2020",
            "questions": [{"question": "Did it?", "answers": [{"answer": "No", "boolean_explanation": "It floats."}]}],
        }
    ],
    "scifact": [{"id": 1, "claim": "Iron helps.", "evidence": {"9": [{"label": "SUPPORT", "sentences": [1]}]}}],
    "fever": [{"id": 0, "claim": "It is red.", "label": "REFUTES", "evidence": [[[1, 2, "A_Page", 3]]]}],
    "climate-fever": [
        {
            "claim_id": "7",
            "claim": "It warms.",
            "claim_label": "SUPPORTS",
            "evidences": [{"evidence_id": "A:1", "evidence_label": "SUPPORTS", "article": "A", "evidence": "It does."}],
        }
    ],
    "covid-fact": [{"claim": "Fog helps.", "label": "REFUTED", "evidence": ["Fog is wet."], "gold_source": "u"}],
    "fool-me-twice": [
        {
            "text": "The pier burned.",
            "label": "SUPPORTS",
            "wikipedia_page": "Pier",
            "gold_evidence": [{"text": "It burned.", "section_header": "Fire"}],
            "retrieved_evidence": [{"text": "It is long.", "section_header": ""}],
        }
    ],
    "feverous": [{"id": 7, "claim": "It burned.", "label": "REFUTES", "evidence": [{"content": ["Pier_title"]}]}],
    "hover": [{"claim": "It burned.", "label": "SUPPORTED", "supporting_facts": [["Pier", 3]], "hpqa_id": "5a"}],
    "quantemp": [{"claim": "It cost 9.", "label": "True", "taxonomy_label": "statistical", "label_original": "true"}],
    "environmental-claims": [{"text": "Our bottles are green.", "label": 1}],
    "newsclaims": [{"a": {"a-0": {"topic": "Cure", "claimer": "a nurse", "claim_span": [0, 4]}}}],
}
SENTENCES = {"a": {"a-0": {"sentence": "One."}, "a-1": {"sentence": "Two."}}}


def first_file(name):
    part = next(iter(load_benchmark(name).parts.values()))
    return next(iter(part.files))


def brought(name, row, folder, sentences=SENTENCES):
    """The dataset of one row, written."""
    found = {first_file(name): (Path("f.json"), json.dumps(row).encode())}
    if name == "newsclaims":
        found["all_sents.json"] = (Path("all_sents.json"), json.dumps(sentences).encode())
    write_dataset(convert(load_benchmark(name), folder, found).dataset)


def places(value, path=()):
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, found in inside:
        yield from places(found, (*path, key))


def changed(value, path, new):
    if not path:
        return new
    value = copy.deepcopy(value)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return value


@pytest.mark.parametrize("name", ROWS)
def test_the_unchanged_row_comes_in(name, tmp_path):
    brought(name, ROWS[name][0], tmp_path / "d")
    assert (tmp_path / "d" / "dataset.yaml").is_file()


@pytest.mark.parametrize("name", ROWS)
def test_any_value_in_any_place_gives_a_dataset_or_faults(name, tmp_path):
    """Every place of a good row with every odd value; what is refused leaves nothing behind."""
    row, chance, refused = ROWS[name][0], random.Random(7), 0
    cases = [(path, odd) for path in places(row) for odd in ODD]
    for number, (path, odd) in enumerate(chance.sample(cases, min(80, len(cases)))):
        folder = tmp_path / str(number)
        try:
            brought(name, changed(row, path, odd), folder)
        except HarnessError:
            refused += 1
            assert not folder.exists(), (path, odd)
    assert refused > 0


def test_any_value_in_the_companion_gives_a_dataset_or_faults(tmp_path):
    for number, (path, odd) in enumerate((path, odd) for path in places(SENTENCES) for odd in ODD):
        folder = tmp_path / str(number)
        try:
            brought("newsclaims", ROWS["newsclaims"][0], folder, changed(SENTENCES, path, odd))
        except HarnessError:
            assert not folder.exists(), (path, odd)


@pytest.mark.parametrize("half", ["\\ud800", "\\uDC00", "a\\ud83d b", "\\ude00\\ud83d"])
def test_half_a_character_is_refused_with_its_line(half):
    data = '{"text": "Fine.", "label": 0}\n{"text": "' + half + '", "label": 0}\n'
    options, scheme = load_benchmark("environmental-claims").options, load_scheme("environmental-claims")
    with pytest.raises(FaultsError) as refused:
        READERS["labeled_json"](SourceFile(Path("a.jsonl"), data.encode(), scheme, options))
    assert [str(fault) for fault in refused.value.faults] == [f"a.jsonl:2: is not JSON: {UNPAIRED}"]


def test_a_whole_pair_is_one_character():
    options, scheme = load_benchmark("environmental-claims").options, load_scheme("environmental-claims")
    data = b'{"text": "Green \\ud83c\\udf31", "label": 1}'
    (article,) = READERS["labeled_json"](SourceFile(Path("a.jsonl"), data, scheme, options))
    assert article.claims[0].text == "Green \N{SEEDLING}"


@pytest.mark.parametrize(
    ("written", "date"),
    [("29-2-2020", "2020-02-29"), ("29-2-2021", None), ("31-4-2020", None), ("1-1-0000", None), (None, None)],
)
def test_a_day_that_is_in_no_calendar_is_no_date(written, date):
    row = {"claim": "a", "label": "Refuted", "claim_date": written}
    file = SourceFile(Path("a.json"), json.dumps([row]).encode(), load_scheme("averitec"))
    (article,) = READERS["averitec_json"](file)
    assert article.claims[0].date == date


def test_the_published_climate_fever_is_not_refused_for_being_whole(tmp_path):
    """The pin of an excerpt would refuse the publisher's own file, which has the same name."""
    from harness import fetch

    row = ROWS["climate-fever"][0]
    (tmp_path / "climate-fever.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    got = fetch("climate-fever", tmp_path, tmp_path / "root")
    assert got.claims == 1
    assert [name.partition(" ")[0] for name in got.unpinned] == ["climate-fever.jsonl"]
