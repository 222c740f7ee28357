"""HoVer in the published format: claims made from one question are one article, and their facts one group."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import FaultsError, check, fetch, open_dataset
from harness.data.formats.source import SourceFile
from harness.data.formats.verification.hover_json import read_articles
from harness.schemes import load_scheme

ROWS = [
    {
        "uid": "a-1",
        "claim": "The architect of the pier was born in Harbor.",
        "supporting_facts": [["Pier (Harbor)", 0], ["Ann Wright", 2], ["Pier (Harbor)", 0]],
        "label": "SUPPORTED",
        "num_hops": 2,
        "hpqa_id": "5abc",
    },
    {"uid": "a-2", "claim": "Fog is wet.", "supporting_facts": [["Fog", 1]], "label": "SUPPORTED", "hpqa_id": "6def"},
    {
        "uid": "a-3",
        "claim": "The architect of the pier was born in Fogtown.",
        "supporting_facts": [["Pier (Harbor)", 0]],
        "label": "NOT_SUPPORTED",
        "num_hops": 3,
        "hpqa_id": "5abc",
    },
]


def source(rows):
    return SourceFile(Path("a.json"), json.dumps(rows).encode(), load_scheme("hover"))


def test_claims_of_one_question_are_one_article():
    pier, fog = read_articles(source(ROWS))
    assert [claim.text[-9:] for claim in pier.claims] == ["n Harbor.", " Fogtown."]
    assert [[(e.passage_id, e.group, e.stance) for e in claim.evidence] for claim in pier.claims] == [
        [("Pier (Harbor):0", 0, "supports"), ("Ann Wright:2", 0, "supports")],
        [("Pier (Harbor):0", 0, None)],
    ]
    assert [claim.topic for article in (pier, fog) for claim in article.claims] == ["2 hops", "3 hops", None]


def test_claims_of_the_test_part_come_in():
    first, second = read_articles(source([{"uid": "a-1", "claim": "One."}, {"uid": "a-2", "claim": "Two."}]))
    assert (first.claims[0].labels, second.claims[0].evidence) == ((), ())


@pytest.mark.parametrize("facts", [7, [["Pier"]], [["Pier", "0"]], [["Pier", True]], [["", 0]], [None]])
def test_facts_that_are_none(facts):
    with pytest.raises(FaultsError) as refused:
        read_articles(source([ROWS[0] | {"supporting_facts": facts}, ROWS[1] | {"label": 1}, {"uid": "x"}]))
    facts_fault, label, claim = map(str, refused.value.faults)
    assert facts_fault.startswith('a.json:1: supporting_facts: expected a list of ["page", sentence number], got ')
    assert label == 'a.json:2: label: expected one of NOT_SUPPORTED, SUPPORTED, got "1"'
    assert claim == "a.json:3: claim: is missing"


def test_a_copy_comes_in(tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "hover_dev_release_v1.1.json").write_text(json.dumps(ROWS), encoding="utf-8")
    got = fetch("hover", tmp_path / "copy", tmp_path / "root")
    assert (got.articles, got.claims, len(open_dataset(got.folder).evidence)) == (2, 3, 4)
    assert check([got.folder]) == []
