"""All edits: deterministic, never the same text, and edits of passages."""

from __future__ import annotations

from random import Random

import pytest

import harness
from harness.data.claims import ShownPassage
from harness.scoring.probes.edits import EDITS, Shown, exchange_evidence, remove_evidence, shuffle_evidence

ONE, TWO, THREE = (ShownPassage(name, f"Text {name}.") for name in ("one", "two", "three"))
SHOWN = Shown([(ONE, TWO), (ONE,), (THREE,), ()], ["a", "a", "b", "c"])


@pytest.mark.parametrize("name", [edit.name for edit in EDITS.values() if edit.change is not None])
def test_an_edit_changes_the_text_and_depends_on_the_seed_alone(name):
    edit = EDITS[name]
    texts = [str(claim.text) for claim in harness.open_dataset("planted-errors").claims]
    edited = [edit.change(text, Random(7)) for text in texts]
    assert any(text is not None for text in edited)
    assert all(before != after for before, after in zip(texts, edited, strict=True))
    assert edited == [edit.change(text, Random(7)) for text in texts]


def test_every_edit_states_its_effect():
    assert all(edit.change is not None or edit.of_detection is None for edit in EDITS.values())
    flips = {edit.name for edit in EDITS.values() if edit.of_verdict == "verdict should flip"}
    assert flips == {edit.name for edit in EDITS.values() if edit.becomes} == {"negation", "number", "unit"}


def test_passages_change_their_order_their_claim_or_go():
    assert shuffle_evidence(0, SHOWN, Random(1)) == (TWO, ONE)
    assert shuffle_evidence(1, SHOWN, Random(1)) is None
    assert exchange_evidence(0, SHOWN, Random(1)) == (THREE,)
    assert exchange_evidence(2, SHOWN, Random(1)) in {(ONE, TWO), (ONE,)}
    assert exchange_evidence(3, SHOWN, Random(1)) is None
    assert remove_evidence(0, SHOWN, Random(1)) == ()
    assert remove_evidence(3, SHOWN, Random(1)) is None
