"""One claim with two verdicts, and verdicts that are a rule of stances."""

from __future__ import annotations

import random

from audited import Row, dataset, results

BOATS = "Forty boats are in the harbor."
PROOF = "The ledger lists forty boats on the first of May."
REPLY = "The harbor master counted thirty boats on the second of May."


def test_one_claim_text_with_two_verdicts():
    rows = [Row(BOATS, "supported", (PROOF,)), Row("Forty boats are in the harbor", "refuted", (REPLY,))]
    (result,) = results("A18", dataset(rows))
    assert (result.severity, result.rows, result.where) == ("warning", 2, "data, scheme.verdict")
    assert result.message == (
        "1 of 1 claim texts have two verdicts or more (1 'refuted' and 'supported'), for example 'data-0' is "
        "'supported', 'data-1' is 'refuted'"
    )
    assert not results("A18", dataset([rows[0], rows[1]._replace(label="supported")]))


def test_the_same_evidence_with_two_verdicts_is_an_error():
    contradiction, several = results(
        "A18", dataset([Row(BOATS, label, (PROOF,)) for label in ("refuted", "supported")])
    )
    assert (contradiction.severity, contradiction.rows, several.severity) == ("error", 2, "warning")


def test_short_claims_count_too():
    assert len(results("A18", dataset([Row("Boats sink.", "refuted"), Row("boats sink", "supported")]))) == 1


def test_a_claim_whose_passages_disagree():
    (result,) = results("A18", dataset([Row(BOATS, None, ((PROOF, "supports"), (REPLY, "refutes")))]))
    assert (result.severity, result.rows, result.where) == ("note", 1, "data, stances")
    assert not results("A18", dataset([Row(BOATS, None, ((PROOF, "supports"), (REPLY, None)))]))


def judged(label_of, n=60):
    draw = random.Random(3)
    rows = []
    for number in range(n):
        stances = [draw.choice(["supports", "refutes", None]) for _ in range(3)]
        passages = tuple((f"passage {number} {i}", stance) for i, stance in enumerate(stances))
        rows.append(Row(f"claim {number}", label_of(set(stances), draw), passages))
    return dataset(rows)


def by_rule(stances, _):
    if {"supports", "refutes"} <= stances:
        return "disputed"
    return next(iter(stances - {None}), "open")


def test_a_verdict_that_follows_from_stances():
    (result,) = results("A19", judged(by_rule))
    assert result.severity == "warning"
    assert "no stance and refutes and supports -> disputed" in result.message
    assert not results("A19", judged(lambda stances, draw: draw.choice(["disputed", by_rule(stances, draw)])))


def test_one_stance_per_claim_is_a_note():
    rows = [Row(f"claim {n}", ("supported", "refuted")[n % 2], ((f"p {n}", ("yes", "no")[n % 2]),)) for n in range(40)]
    (result,) = results("A19", dataset(rows))
    assert (result.severity, result.rows) == ("note", 40)


def test_removed_texts_are_not_one_claim():
    rows = [Row("[removed]", ("supported", "refuted")[number % 2], (PROOF,)) for number in range(300)]
    assert not results("A18", dataset(rows))
