"""The page of a probing: what it says, and that no text becomes markup."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import pytest

import harness
from harness.scoring.probes.page import MAX_EXAMPLES, probe_page

EVIL = '"><script>alert(1)</script>'


@pytest.fixture
def result(monkeypatch, made_up):
    module = import_module("harness.scoring.probes.probe")
    detector = made_up(lambda text, _: (0.5, 0.5 + len(text) / 1000), system=EVIL)
    monkeypatch.setattr(module, "_open", lambda _: module._Probed(EVIL, detector, None))
    return harness.probe("mine", only=["negation", "typo"])


def test_the_page_has_the_table_the_examples_and_the_faults(result):
    page = probe_page(result)
    (stage,) = result.stages
    assert all(f"{row.shift.value:+.3f}".replace("0.", ".") in page or row.edit == "typo" for row in stage.rows)
    assert page.count('<div class="examples"') == 2 * MAX_EXAMPLES
    assert "The Russian government asked Putin to resign in September 2022." in page
    assert "One name in two spellings: <b" in page
    assert "prefers-color-scheme: dark" in page


def test_no_text_becomes_markup(result):
    row = result.stages[0].rows[0]
    claim = row.claims[0]._replace(before=EVIL, after=EVIL, label_after=EVIL, score_after=9.0)
    stage = replace(result.stages[0], rows=(replace(row, claims=(claim,)),), held_out=EVIL)
    page = probe_page(replace(result, stages=(stage,), warnings=(EVIL,), dataset=EVIL))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 5


def test_an_edit_that_applies_to_no_claim_has_no_plot(result):
    stage = result.stages[0]
    rows = tuple(replace(row, n=0, claims=()) for row in stage.rows)
    assert "<svg" in probe_page(result)
    assert "<svg" not in probe_page(replace(result, stages=(replace(stage, rows=rows),)))
