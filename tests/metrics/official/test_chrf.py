"""chrF equals sacrebleu's."""

from __future__ import annotations

import pytest

from harness.metrics.official.chrf import chrf, corpus_chrf

# Printed by sacrebleu 2.6.0: CHRF().sentence_score(candidate, [reference]).score
SACREBLEU = {
    ("The prime minister resigned on Monday.", "Prime Minister resigns Monday"): 61.86837840362537,
    ("abc", "abc"): 100.0,
    ("a", "abcdefgh"): 15.151515151515152,
    ("", "x y"): 0.0,
    ("Ein Müller ﷺ läuft 12,5 km", "Der Müller lief 12.5 km"): 30.434262700589755,
    ("不是 真的", "这不是真的"): 72.57346393588602,
    ("tab\tand  two   blanks", "tab and two blanks!"): 93.88443101094023,
    ("xyz", "qqq"): 0.0,
    ("ab", "abcdef abcdef"): 15.596330275229356,
    ("no", "no"): 100.0,
}


@pytest.mark.parametrize(("texts", "printed"), SACREBLEU.items())
def test_one_statement(texts, printed):
    assert 100 * chrf(*texts) == pytest.approx(printed, abs=1e-9)


def test_a_corpus_pools_its_n_grams():
    # CHRF().corpus_score(candidates, [references]).score
    assert 100 * corpus_chrf(SACREBLEU) == pytest.approx(49.7448486935968, abs=1e-9)
    assert corpus_chrf([]) == 0
