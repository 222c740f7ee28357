"""Raw replies: whatever an endpoint sends is read without a fault, and never guessed from."""

from __future__ import annotations

import json
import math

import pytest
from claim_tables import claims_of
from hypothesis import given
from hypothesis import strategies as st
from model_server import completion, token

from harness.classifiers.language_models.prompt import claim_messages
from harness.classifiers.language_models.replies import has_token_probabilities, read_reply
from harness.endpoints.completions import error_summary, first_choice, reported_tokens

LABELS = ("no", "yes")
WHY = {"rejected", "refused", "truncated", "unparsable"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TOKEN = st.fixed_dictionaries(
    {},
    optional={
        "token": JSON | st.sampled_from(['{"label": "', "yes", "no", '"}']),
        "logprob": JSON | st.floats(max_value=0),
        "top_logprobs": JSON
        | st.lists(st.fixed_dictionaries({"token": st.text(max_size=3), "logprob": st.floats()}), max_size=3),
    },
)
CONTENT = st.sampled_from(['{"label": "yes"}', '{"label":"no"}', "yes", ""]) | st.text(max_size=20)
CHOICE = st.fixed_dictionaries(
    {"message": st.fixed_dictionaries({}, optional={"content": CONTENT | JSON, "refusal": JSON}) | JSON},
    optional={
        "finish_reason": JSON | st.sampled_from(["stop", "length", "content_filter"]),
        "logprobs": JSON | st.fixed_dictionaries({"content": st.lists(TOKEN, max_size=5) | JSON}),
    },
)
BODY = st.fixed_dictionaries(
    {}, optional={"choices": st.lists(CHOICE, max_size=2) | JSON, "usage": JSON, "error": JSON}
)


@given(st.one_of(st.text(max_size=50), (BODY | JSON).map(json.dumps)), st.sampled_from([200, 400]))
def test_any_reply_is_read_as_an_answer_or_as_none(text, status):
    parsed = read_reply(status, text, LABELS)
    assert (parsed.label is None) == (parsed.missing_reason in WHY)
    assert parsed.label in (None, 0, 1)
    if parsed.probabilities is not None:
        assert math.isclose(sum(parsed.probabilities), 1, abs_tol=1e-9)
        assert all(0 <= chance <= 1 + 1e-9 for chance in parsed.probabilities)
    assert first_choice(text) is None or isinstance(first_choice(text), dict)
    assert reported_tokens(text) is None or reported_tokens(text) > 0
    assert has_token_probabilities(text) in (False, True)
    assert error_summary(text).isprintable()


PIECES = st.sampled_from(['{"label": "|yes|"}', '{"|label|":| "|y|es|"}', '{"label": "yes"}', '{|"label": "ye|s"|}'])


OTHERS = st.dictionaries(
    st.text(max_size=4) | st.sampled_from(["no", "ye", "n"]), st.none() | st.booleans() | st.floats(), max_size=3
)


@given(PIECES, st.lists(OTHERS, max_size=7))
def test_any_alternatives_give_probabilities_or_none(pieces, alternatives):
    tokens = []
    for number, text in enumerate(pieces.split("|")):
        candidates = alternatives[number] if number < len(alternatives) else {}
        others = [{"token": other, "logprob": value} for other, value in candidates.items()]
        tokens.append({"token": text, "logprob": -0.1, "top_logprobs": others})
    content = pieces.replace("|", "")
    parsed = read_reply(200, json.dumps(completion(content, logprobs={"content": tokens})), LABELS)
    assert parsed.label == 1
    if parsed.probabilities is not None:
        assert math.isclose(sum(parsed.probabilities), 1, abs_tol=1e-9)
        assert parsed.probabilities[1] > 0


@given(st.text(max_size=200))
def test_data_hold_the_text_and_nothing_that_ends_it(text):
    row = claim_messages(claims_of([text]), ())[0]
    assert json.loads(row) == {"claim": text}
    assert row.startswith('{"claim": "')
    assert not set(row) & set("<>[]\n\r\u2028\u2029")


def probabilities(content: str, *tokens, labels=LABELS):
    return read_reply(200, json.dumps(completion(content, logprobs={"content": list(tokens)})), labels).probabilities


def test_every_spelling_of_a_label_counts_for_it():
    by_label = probabilities(
        '{"label": "yes"}',
        token('{"'),
        token("label"),
        token('": "', **{'": "': 0.9, '":"': 0.1}),  # before the label: says nothing of it
        token("yes", yes=0.5, Yes=0.1, no=0.2, ye=0.1, maybe=0.1),
        token('"}'),
    )
    # yes: .5 + .1 + .1 (begins yes alone); no: .2; maybe begins no label: of .9
    assert by_label == pytest.approx((0.2 / 0.9, 0.7 / 0.9))


def test_a_token_that_holds_the_quote_and_the_label():
    by_label = probabilities(
        '{"label":"no"}', token('{"label":'), token('"no', **{'"no': 0.75, '"yes': 0.25}), token('"}')
    )
    assert by_label == pytest.approx((0.75, 0.25))


def test_a_label_alone():
    assert probabilities("Yes", token("Yes", Yes=0.6, No=0.4)) == pytest.approx((0.4, 0.6))
    assert probabilities("Yes", token("Yes", Yes=0.6, Nothing=0.4)) == pytest.approx((0.0, 1.0))


def test_labels_that_begin_alike():
    labels = ("true", "true-ish", "false")
    start, end = token('{"label": "'), token('"}', **{'"}': 0.8, "-": 0.2})
    tokens = [start, token("true", true=0.5, false=0.5), end]
    # .5 false; of the other .5, .8 ends as true and .2 goes on to true-ish
    assert probabilities('{"label": "true"}', *tokens, labels=labels) == pytest.approx((0.4, 0.1, 0.5))


@pytest.mark.parametrize(
    "tokens",
    [
        [],
        [{"token": "yes", "logprob": "high", "top_logprobs": []}],
        [{"token": '{"label": "no"}', "logprob": 0.0, "top_logprobs": []}],  # not what the answer says
        [{"token": None, "logprob": 0.0}],
        [{"logprob": 0.0}],
        [{"token": '{"label": "yes"}', "logprob": math.nan}],
        [{"token": '{"label": "yes"}', "logprob": 0.0, "top_logprobs": [{"token": None, "logprob": -1.0}]}],
    ],
)
def test_token_probabilities_that_make_no_sense_are_not_used(tokens):
    parsed = read_reply(200, json.dumps(completion('{"label": "yes"}', logprobs={"content": tokens})), LABELS)
    assert (parsed.label, parsed.probabilities) == (1, None)


@pytest.mark.parametrize(
    "content",
    [
        '```JSON\n{"label": "yes"}\n```',
        '```{"label": "yes"}```',
        'Here is the answer:\n```json\n{"label": "yes"}\n```\n',
    ],
)
def test_the_only_code_fence_is_the_answer(content):
    assert read_reply(200, json.dumps(completion(content)), LABELS).label == 1


def test_of_two_code_fences_none_is_the_answer():
    content = '```\n{"label": "yes"}\n```\nor\n```\n{"label": "no"}\n```'
    assert read_reply(200, json.dumps(completion(content)), LABELS).missing_reason == "unparsable"


def test_thoughts_without_an_answer_are_cut_off():
    assert read_reply(200, json.dumps(completion("<think>So it goes on")), LABELS).missing_reason == "truncated"


@pytest.mark.parametrize(
    ("reply", "summary"),
    [
        ({"errors": [{"message": "Not deployed"}]}, "'Not deployed'"),
        ({"detail": [{"loc": ["body"], "msg": "Missing"}]}, "'Missing'"),
        ({"detail": {"error": {"msg": "No credit", "code": 7}}}, "'No credit'"),
        ({"error": {"code": 7}}, "'{\"code\": 7}'"),
        ("<!DOCTYPE html><html><style>p {}</style><h1>502 Bad&nbsp;Gateway</h1></html>", "'502 Bad Gateway'"),
    ],
)
def test_the_message_of_an_error(reply, summary):
    assert error_summary(reply if isinstance(reply, str) else json.dumps(reply)) == summary


def test_what_an_error_says_is_shown_on_one_short_line():
    assert error_summary('{"error": {"message": "bad\\n\\u001b[31mkey"}}') == "'bad \ufffd[31mkey'"
    assert len(error_summary("x" * 10_000)) < 320
