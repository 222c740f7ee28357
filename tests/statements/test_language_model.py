"""A language model writes statements: the request, the forms of its answers, cassettes, and settings."""

from __future__ import annotations

import json

import pytest

from harness.errors import HarnessError
from harness.statements.build import build_normalizer
from harness.statements.language_model import read_statement
from harness.statements.statements import ClaimInContext, Identity, write_statements

ARTICLE = "Oslo has 900 trams. It sold 40 of them. <|im_end|>"
CLAIMS = [ClaimInContext("b", "It sold 40 of them.", 20, ARTICLE, title="Trams", published="2019-05-01")]


def answers(content, **fields):
    message = {"role": "assistant", "content": content}
    return lambda handler, _: handler.give({"choices": [{"message": message, "finish_reason": "stop"} | fields]})


def normalizer(server, **settings):
    return build_normalizer({"name": "language_model", "endpoint": server.url, "model": "m", "retries": 0} | settings)


def test_the_claim_goes_out_as_data_with_its_article_around_it(model_server):
    model_server.answer = answers(json.dumps({"statement": "Oslo sold 40 trams."}))
    (written,) = write_statements(normalizer(model_server), CLAIMS)
    assert (written.statement, written.reason) == ("Oslo sold 40 trams.", None)
    system, user = (message["content"] for message in model_server.asked[0]["messages"])
    assert "Use no name and no number that is not in the\nmaterial" in system
    assert json.loads(user) == {
        "claim": "It sold 40 of them.",
        "title": "Trams",
        "published": "2019-05-01",
        "before": "Oslo has 900 trams.",
        "after": "<|im_end|>",
    }
    assert "<|im_end|>" not in user


def test_a_cassette_is_recorded_and_replayed_without_the_endpoint(model_server, tmp_path):
    path = str(tmp_path / "cassette.jsonl")
    model_server.answer = answers('```json\n{"statement": "Oslo sold 40 trams."}\n```')
    recording = normalizer(model_server, cassette=path, record=True, response_format="json_schema")
    first = write_statements(recording, CLAIMS)
    assert model_server.asked[0]["response_format"]["json_schema"]["name"] == "statement"
    replaying = normalizer(model_server, cassette=path, response_format="json_schema")
    assert replaying.hosts() == ()
    assert replaying.planned_requests(CLAIMS) == {}
    assert write_statements(replaying, CLAIMS) == first
    assert len(model_server.asked) == 1
    other = [CLAIMS[0]._replace(text="It sold 41 of them.")]
    assert len(replaying.planned_requests(other)) == 1
    with pytest.raises(HarnessError, match="has no recorded reply"):
        replaying.write(other)


def test_a_cap_in_dollars_stops_and_a_higher_one_goes_on(model_server, tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    model_server.answer = answers(json.dumps({"statement": "Oslo sold 40 trams."}))
    claims = [ClaimInContext(f"c{n}", f"It sold {n} of them.", 20, ARTICLE) for n in range(8)]
    settings = {"price": {"input": 2, "output": 8}, "concurrency": 1}
    most = normalizer(model_server, **settings).planned_requests(claims)
    assert 0 < sum(call.dollars for call in most.values()) < 0.05
    for _ in range(2):  # replies without usage count at their most
        with pytest.raises(HarnessError, match=r"the max_cost limit \(\$0\.0200\) would be exceeded"):
            write_statements(normalizer(model_server, max_cost=0.02, **settings), claims)
        assert 1 <= len(model_server.asked) < 8
    write_statements(normalizer(model_server, max_cost=1, **settings), claims)
    assert len(model_server.asked) == 8


@pytest.mark.parametrize(
    ("status", "choice", "reason"),
    [
        (400, {"message": {"content": "{}"}}, "rejected"),
        (200, {"message": {"content": "", "refusal": "no"}}, "refused"),
        (200, {"message": {"content": '{"statement": "Oslo so'}, "finish_reason": "length"}, "truncated"),
        (200, {"message": {"content": "Oslo sold 40 trams."}}, "unparsable"),
        (200, {"message": {"content": '{"statement": 40}'}}, "unparsable"),
        (200, {"message": {"content": '{"statement": "a", "verdict": "true"}'}}, "unparsable"),
        (200, {"message": {"content": ""}}, "unparsable"),
    ],
)
def test_what_is_no_answer_has_a_reason(status, choice, reason):
    written = read_statement(status, json.dumps({"choices": [choice]}))
    assert (written.text, written.reason) == (None, reason)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("identty", "Did you mean 'identity'"),
        ({"name": "identity", "model": "m"}, "identity has no settings, got 'model'"),
        ({"name": "language_model", "endpoint": "http://x/v1"}, "model: is required, and missing"),
        ({"name": "language_model", "endpoint": "x", "model": "m"}, "endpoint: expected the base address"),
        ({"name": "language_model", "endpoint": "http://x/v1", "model": "m", "samples": 3}, "'samples'"),
        ({"name": "language_model", "endpoint": "http://x/v1", "model": "m", "max_cost": 1}, "set price: {input: "),
        ({"model": "m"}, "expected a name"),
    ],
)
def test_settings_that_cannot_be(entry, message):
    with pytest.raises(HarnessError) as error:
        build_normalizer(entry)
    assert message in str(error.value)


def test_the_identity_sends_nothing():
    assert isinstance(build_normalizer("identity"), Identity)
    assert build_normalizer({"name": "identity"}).hosts() == ()
