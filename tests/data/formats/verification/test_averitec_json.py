"""AVeriTeC's answers as passages."""

import json
from pathlib import Path

from harness.data.formats.source import SourceFile
from harness.data.formats.verification.averitec_json import read_articles
from harness.schemes import load_scheme


def read(questions, **fields):
    row = {"claim": "The tower is blue.", "label": "Refuted", "questions": questions} | fields
    file = SourceFile(Path("dev.json"), json.dumps([row, row]).encode(), load_scheme("averitec"))
    return [article.claims[0] for article in read_articles(file)]


def test_equal_answers_are_one_passage_and_the_question_stands_beside_them():
    answer = {
        "answer": "It is red.",
        "answer_type": "Extractive",
        "source_url": "https://a.org",
        "source_medium": "Web",
    }
    first, second = read([{"question": "Which color?", "answers": [answer]}])
    assert first.evidence[0].passage_id == second.evidence[0].passage_id
    passage = first.evidence[0]
    assert (passage.text, passage.question, passage.url, passage.stance) == (
        "It is red.",
        "Which color?",
        "https://a.org",
        None,
    )


def test_one_answer_without_a_list_counts_and_an_explanation_belongs_to_it():
    answer = {"answer": "No", "answer_type": "Boolean", "boolean_explanation": "It was painted red."}
    listed, single = (read([{"question": "Blue?", "answers": answers}])[0] for answers in ([answer], answer))
    assert listed.evidence == single.evidence
    assert [e.text for e in single.evidence] == ["No. It was painted red."]


def test_a_question_without_an_answer_is_neutral():
    unanswered = [
        {"question": "Who?", "answers": []},
        {"question": "Why?", "answers": [{"answer": "No answer could be found.", "answer_type": "Unanswerable"}]},
        {"question": "Where?"},
    ]
    claim = read(unanswered)[0]
    assert {(e.text, e.stance) for e in claim.evidence} == {("No answer could be found.", "neutral")}
    assert [e.question for e in claim.evidence] == ["Who?", "Why?", "Where?"]


def test_the_page_of_the_verdict_is_known_so_that_its_passages_can_be_left_out():
    claim = read([], fact_checking_article="https://check.org/1")[0]
    assert claim.labels[0].url == "https://check.org/1"
