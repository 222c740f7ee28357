"""Endpoints that are nearly alike: what they refuse is left out, what they ignore is told, cut answers end a run."""

from __future__ import annotations

import json

import numpy as np
import pytest
from claim_tables import claims_of, yes_no
from model_server import SURE, completion, gives, says, token

from harness.classifiers import build
from harness.errors import HarnessError

GUIDE = {"question": "Is it a statistic?", "answers": [{"label": "no"}, {"label": "yes"}]}
MANY = claims_of([f"It sold {n} loaves." for n in range(40)])
ANSWER = '{"label": "yes"}'


def fitted(server, **settings):
    common = {"endpoint": server.url, "model": "tiny", "guide": GUIDE, "retries": 0, "samples": 2}
    return build("language_model", common | settings).fit(*yes_no(), 13)


def refusing(status, error, *names):
    """Refuses each of the parameters, one after the other."""

    def answer(handler, body):
        for name in names:
            if name in body and not (name == "temperature" and body[name] == 1):
                handler.give(error(name), status)
                return
        says()(handler, body)

    return answer


def in_param(name):
    return {"error": {"message": "It is not taken.", "param": name, "code": "unsupported_parameter"}}


def in_text(name):
    return {"error": {"message": f"Unsupported parameter: '{name}' is not supported with this model.", "param": None}}


def in_path(name):
    return {"detail": [{"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted"}]}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, in_param),
        (400, in_text),
        (403, in_text),
        (422, in_path),
        (404, in_text),
        (500, in_param),
        (501, in_text),
        (200, in_text),
    ],
)
def test_what_is_refused_by_name_is_renamed_or_left_out_once(model_server, status, error):
    model_server.answer = refusing(status, error, "max_tokens", "temperature", "logprobs", "seed")
    scorer = fitted(model_server, seed=7)
    scores = scorer.score(claims_of(["It sold 5 loaves.", "Fine."]))
    assert scorer.predict(MANY.take(np.array([0, 1])), scores).tolist() == [1, 0]
    last = model_server.asked[-1]
    assert set(last) == {"model", "messages", "max_completion_tokens", "response_format"}
    assert len(model_server.asked) == 4 + 1 + 2 * 2  # one call for each refusal, one that is taken, and the samples
    assert "max_tokens sent as max_completion_tokens" in scorer.chosen
    assert "refused by the endpoint: logprobs and seed and temperature" in scorer.chosen
    fitted(model_server, seed=7)
    assert len(model_server.asked) == 9  # the refusals are kept


def test_a_format_that_is_refused_by_name_gives_way_to_the_next(model_server):
    model_server.answer = refusing(400, in_param, "response_format")
    scorer = fitted(model_server)
    assert scorer.chosen == "token probabilities, text, 0 examples"
    assert len(model_server.asked) == 3  # not one call for each format with and without token probabilities


@pytest.mark.parametrize(
    ("settings", "name", "remedy"),
    [
        ({"scoring": "token_probabilities"}, "logprobs", "set scoring: auto or self_consistency"),
        ({"response_format": "json_schema"}, "response_format", "set response_format: auto or text"),
    ],
)
def test_what_the_settings_require_is_not_left_out(model_server, settings, name, remedy):
    model_server.answer = refusing(400, in_text, name)
    with pytest.raises(HarnessError, match=f"rejects every request; .*'{name}' is not supported.*; {remedy}"):
        fitted(model_server, **settings)


def test_a_further_parameter_that_is_refused_is_the_users_to_remove(model_server):
    model_server.answer = refusing(400, in_text, "reasoning_effort")
    with pytest.raises(
        HarnessError, match=r"'reasoning_effort' is not supported.*; check reasoning_effort under extra"
    ):
        fitted(model_server, extra={"reasoning_effort": "low"}, scoring="self_consistency")


def test_no_permission_is_no_refusal_of_a_parameter(model_server):
    model_server.answer = gives({"error": {"message": "You are not allowed to use this model"}}, 403)
    with pytest.raises(HarnessError, match=r"status 403: .* set api_key_variable"):
        fitted(model_server)
    assert ["logprobs" in body for body in model_server.asked] == [True, False]


@pytest.mark.parametrize("status", [403, 501])
def test_token_probabilities_that_are_denied_without_a_name(model_server, status):
    def answer(handler, body):
        handler.give("Denied", status) if "logprobs" in body else says()(handler, body)

    model_server.answer = answer
    assert fitted(model_server).chosen.startswith("self-consistency of")
    assert ["logprobs" in body for body in model_server.asked] == [True, False]


def test_a_format_that_is_taken_and_ignored_is_told(model_server):
    def ignoring(handler, body):
        trapped = "the one word unbound" in body["messages"][0]["content"]
        handler.give(completion("unbound" if trapped else ANSWER))

    model_server.answer = ignoring
    scorer = fitted(model_server)
    assert scorer.chosen == "self-consistency of 2, json_schema (accepted, not enforced), 0 examples"
    model_server.answer = gives(completion(None))
    assert "json_schema (accepted, not checked)" in fitted(model_server, model="silent").chosen
    model_server.answer = gives(completion('{"other": 1}'))
    assert "json_object, " in fitted(model_server, model="o", response_format="json_object").chosen
    assert "json_schema (accepted, not enforced)" in fitted(model_server, model="p").chosen
    model_server.answer = gives(completion(ANSWER))  # follows the prompt, in spite of the trap, but not the schema
    assert "json_schema (accepted, not enforced)" in fitted(model_server, model="q").chosen


@pytest.mark.parametrize(("trap", "seen"), [("none", " (accepted, not checked)"), ("words", "")])
def test_a_cassette_from_before_the_present_trap_is_replayed(model_server, tmp_path, monkeypatch, trap, seen):
    cassette = tmp_path / "kept.jsonl"
    monkeypatch.setattr("harness.classifiers.language_models.trials.TRAPS", (trap,))
    recorded = fitted(model_server, cassette=str(cassette), record=True).score(MANY)
    monkeypatch.undo()
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "another-cache"))
    n_asked = len(model_server.asked)
    scorer = fitted(model_server, cassette=str(cassette))
    assert scorer.score(MANY).tolist() == recorded.tolist()
    assert scorer.chosen == f"token probabilities, json_schema{seen}, 0 examples"
    assert len(model_server.asked) == n_asked


def test_the_probabilities_of_an_answer_after_thoughts(model_server):
    tokens = [
        token("<think>"),
        token('A "yes"?'),
        token("</think>\n"),
        token('{"label": "'),
        token("yes", yes=SURE, no=1 - SURE),
        token('"}'),
    ]
    whole = completion("".join(entry["token"] for entry in tokens), logprobs={"content": tokens})
    apart = completion(ANSWER, logprobs={"content": tokens})
    for number, body in enumerate((whole, apart)):
        model_server.answer = gives(body)
        scorer = fitted(model_server, model=f"m{number}")
        assert scorer.score(claims_of(["A claim."]))[0, 1] == pytest.approx(SURE, abs=1e-5)


def test_thoughts_have_tokens_of_their_own_and_are_kept_in_the_cassette(model_server, tmp_path):
    model_server.answer = gives(completion(f"<think>\nIt has a number.\n</think>\n\n{ANSWER}"))
    cassette = tmp_path / "kept.jsonl"
    scorer = fitted(model_server, cassette=str(cassette), record=True)
    assert scorer.predict(MANY, scorer.score(MANY)).tolist() == [1] * 40
    assert model_server.asked[0]["max_tokens"] == 50
    assert model_server.asked[-1]["max_tokens"] == 4_050
    assert "up to 4,000 tokens of thoughts" in scorer.chosen
    replies = [json.loads(line)["reply"] for line in cassette.read_text().splitlines()]
    assert all("It has a number." in reply for reply in replies)


@pytest.mark.parametrize("finish", ["max_tokens", "MAX_TOKENS", "model_length"])
def test_other_words_for_the_limit(model_server, finish):
    model_server.answer = gives(completion('{"label', finish=finish))
    with pytest.raises(HarnessError, match="answers are cut off"):
        fitted(model_server).score(MANY)


@pytest.mark.parametrize("limit", [{}, {"max_tokens": None}, {"thought_tokens": 0}])
def test_a_run_whose_first_answers_are_all_cut_off_stops(model_server, limit):
    model_server.answer = gives(completion("", finish="length"))
    scorer = fitted(model_server, concurrency=8, **limit)
    n_trials = len(model_server.asked)
    for _ in range(2):
        with pytest.raises(HarnessError, match=r"all of the first 5 answers are cut off .* Raise max_tokens"):
            scorer.score(MANY)
        assert len(model_server.asked) == n_trials + 5  # and no call more when it is run again


def test_a_run_goes_on_if_one_of_the_first_answers_is_whole(model_server):
    scorer = fitted(model_server, scoring="self_consistency", samples=1)
    model_server.script = [gives(completion("", finish="length"))] * 4
    scorer.score(MANY)
    assert scorer.unanswered_by_reason(MANY) == {"truncated": 4}
