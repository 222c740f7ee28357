"""What gives verdicts away: words in evidence, claims alone, evidence alone, form alone."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from audited import Row, dataset, results

from harness.data.sentences.normalize import normalize_text

PLACES = ("Oslo", "Lima", "Quito", "Riga", "Perth", "Turin", "Porto", "Osaka", "Cork", "Graz")
DEEDS = ("built", "sold", "closed", "moved", "painted", "bought", "lost", "opened")
THINGS = ("a bridge", "a ferry", "two trams", "the market", "a school", "nine boats", "the old mill", "a tunnel")
LABELS = ("refuted", "supported")


def rows(change: Callable[[Row, random.Random], Row] = lambda row, _: row, n=240, seed=11):
    """Claims whose words and evidence are independent of their labels, but for what `change` does."""
    draw = random.Random(seed)
    made_rows = []
    for number in range(n):
        claim, proof = (
            f"{draw.choice(PLACES)} {draw.choice(DEEDS)} {draw.choice(THINGS)} in {draw.randrange(1900, 2000)}."
            for _ in range(2)
        )
        row = Row(f"{claim[:-1]} by {number}.", draw.choice(LABELS), (f"Ledger {number}: {proof}",))
        made_rows.append(change(row, draw))
    return made_rows


def test_independent_labels_are_not_given_away():
    assert not any(results(number, dataset(rows())) for number in ("A20", "A21", "A22", "A23"))


@pytest.mark.parametrize("number", ["A20", "A21", "A22", "A23"])
def test_few_rows_say_nothing(number):
    telling = rows(lambda row, _: row._replace(text=f"{row.label} {row.text}", evidence=(f"{row.label} false",)), n=20)
    assert not results(number, dataset(telling))


def test_a_verdict_word_that_goes_with_the_label():
    def with_word(row, draw):
        said = draw.random() < (0.5 if row.label == "refuted" else 0.1)
        return row._replace(evidence=(f"{row.evidence[0]} The story is false.",)) if said else row

    (result,) = results("A20", dataset(rows(with_word)))
    assert result.severity == "warning"
    assert result.message.startswith("words of fact-checkers in the evidence go with the label: ")
    assert "'false' (" in result.message
    assert "'refuted' in " in result.message


def test_a_verdict_word_that_only_occurs():
    def with_word(row, draw):
        return row._replace(evidence=(f"{row.evidence[0]} The story is false.",)) if draw.random() < 0.4 else row

    assert not results("A20", dataset(rows(with_word)))


def test_one_passage_of_many_claims_is_one_observation():
    fact_check = "A fact check says that the story is false."
    telling = rows(lambda row, _: row._replace(evidence=(fact_check,)) if row.label == "refuted" else row)
    assert not results("A20", dataset(telling))


def test_a_claim_that_gives_the_label_away():
    def with_word(row, draw):
        said = draw.random() < (0.6 if row.label == "refuted" else 0.1)
        return row._replace(text=row.text.replace(" in ", " never in ")) if said else row

    (result,) = results("A21", dataset(rows(with_word)))
    assert (result.severity, result.rows) == ("warning", 240)
    assert result.message.startswith("words of the claim alone predict the label: ROC AUC 0.")
    assert not results("A22", dataset(rows(with_word)))


def test_copies_of_a_claim_do_not_give_its_label_away():
    # Each text five times with one label: a model that had seen a copy would know all others.
    copies = [row._replace(evidence=()) for row in rows(n=48) for _ in range(5)]
    assert not results("A21", dataset(copies))


def test_evidence_that_gives_the_label_away():
    def with_word(row, draw):
        said = draw.random() < (0.6 if row.label == "supported" else 0.1)
        return row._replace(evidence=(f"{row.evidence[0]} The mayor was there.",)) if said else row

    (result,) = results("A22", dataset(rows(with_word)))
    assert result.severity == "warning"
    assert not results("A21", dataset(rows(with_word)))


def test_stances_are_the_labels_of_data_without_verdicts():
    draw = random.Random(2)
    data = [
        Row(f"{row.text} {number}", None, tuple((f"{word} ledger {number}", stance) for word, stance in pairs))
        for number, row in enumerate(rows(n=80))
        for pairs in [[("Yes," if draw.random() < 0.8 else "No,", "supports"), ("No,", "refutes")]]
    ]
    (result,) = results("A22", dataset(data))
    assert result.where == "data, stances"


def spaced(row):
    return row._replace(text=row.text.replace(" in ", " , in "))


CHANGES = {
    "space before punctuation (": lambda row, draw: spaced(row) if draw.random() < 0.5 else row,
    "all letters lowercase (": lambda row, _: row._replace(text=row.text.lower()),
    "the marker <|cit|> (": lambda row, draw: row._replace(text=f"{row.text} <|cit|>") if draw.random() < 0.5 else row,
    "characters (median ": lambda row, _: row._replace(text=row.text[:-1] + " after a long debate in the council."),
    "a period at the end (": lambda row, _: row._replace(text=row.text[:-1]),
    "space at an end (": lambda row, _: row._replace(text=f"{row.text} "),
}


@pytest.mark.parametrize("feature", CHANGES)
def test_form_that_gives_the_label_away(feature):
    change = CHANGES[feature]
    data = dataset(rows(lambda row, draw: change(row, draw) if row.label == "refuted" else row))
    (result,) = results("A23", data)
    assert result.message.startswith("the form of the claims alone predicts the label: ROC AUC ")
    assert feature in result.message


def test_the_remedy_is_a_key_of_the_config_that_works():
    spaced = rows(lambda row, _: row._replace(text=row.text.replace(".", " .")) if row.label == "refuted" else row)
    (result,) = results("A23", dataset(spaced))
    assert "space before punctuation (100% of 'refuted', 0% of the others)" in result.message
    assert "same_form: [spacing] in the config" in result.message
    assert not results("A23", dataset([row._replace(text=normalize_text(row.text, ["spacing"])) for row in spaced]))


def test_sorted_rows_give_the_label_away():
    data = sorted(rows(), key=lambda row: str(row.label))
    (result,) = results("A23", dataset(data))
    assert "place in the order of rows (median 0." in result.message


def test_the_first_of_each_group_gives_the_label_away():
    data = []
    for number, row in enumerate(rows()):
        group = number // 3
        data.append(row._replace(label=LABELS[number % 3 == 0], evidence=(f"Ledger {group} lists all of it.",)))
    (result,) = results("A23", dataset(data))
    assert result.severity == "warning"
    assert "share its evidence or article (100% of 'supported', 0% of the others); the order is safe" in result.message


def test_a_standing_phrase_for_no_evidence_counts_once_a_claim():
    nothing = rows(
        lambda row, draw: (
            row._replace(evidence=("No answer could be found.",))
            if row.label == "refuted" and draw.random() < 0.4
            else row
        )
    )
    (result,) = results("A20", dataset(nothing))
    assert "'no evidence' (100% 'refuted' in " in result.message


def test_the_number_of_passages_gives_the_label_away():
    more = rows(lambda row, _: row._replace(evidence=(*row.evidence, "More.")) if row.label == "refuted" else row)
    (result,) = results("A23", dataset(more))
    assert "the form of the evidence alone predicts" in result.message
    assert "passages (median 2 for 'refuted', 1 for the others)" in result.message


def test_claims_without_evidence_give_their_label_away():
    none = rows(lambda row, _: row._replace(evidence=()) if row.label == "refuted" else row)
    (result,) = results("A23", dataset(none))
    assert result.severity == "note"
    assert result.message == ("the absence of evidence predicts the label: 100% of 'refuted', 0% of the others")
