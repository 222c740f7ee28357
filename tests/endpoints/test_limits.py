"""A cap in dollars: never passed, kept over runs, and only where each call has a price."""

from __future__ import annotations

import pytest
from claim_tables import claims_of, yes_no
from model_server import broken_off, completion, gives
from pydantic import ValidationError

from harness.classifiers import build
from harness.classifiers.base import TaskPrompt
from harness.errors import HarnessError

GUIDE = {"question": "Is it a statistic?", "answers": [{"label": "no"}, {"label": "yes"}]}
PRICE = {"input": 2.0, "cached_input": 0.5, "output": 8.0}
CLAIMS = claims_of([f"It sold {n} loaves and {n} buns." for n in range(40)])
USED = {
    "prompt_tokens": 400,
    "completion_tokens": 30,
    "total_tokens": 430,
    "prompt_tokens_details": {"cached_tokens": 100},
    "completion_tokens_details": {"reasoning_tokens": 20},
}
EACH = (300 * 2.0 + 100 * 0.5 + 30 * 8.0) / 1e6
"""Dollars of a call with that usage."""
ANSWER = gives(completion('{"label": "yes"}', usage=USED))


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "reply-cache"))


def model(server, budget="runs/asked", **settings):
    common = {"endpoint": server.url, "model": "tiny", "guide": GUIDE, "retries": 0, "price": PRICE, "samples": 1}
    prompt = TaskPrompt("checkability", GUIDE["question"], ("no", "yes"), (), budget=budget)
    return build("language_model", common | settings).with_task(prompt)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_cap_on_dollars_is_never_passed_and_a_higher_one_goes_on(model_server, concurrency):
    model_server.answer = ANSWER
    cap = 12 * EACH + 0.01
    settings = {"concurrency": concurrency, "thought_tokens": 0}
    scorer = model(model_server, max_cost=cap, **settings).fit(*yes_no(), 13)
    message = r"max_cost limit \(\$0\.\d+\) would be exceeded: \$0\.\d+ are spent, .* cost up to \$0\.\d+; raise"
    with pytest.raises(HarnessError, match=message):
        scorer.score(CLAIMS)
    asked = len(model_server.asked)
    assert asked * EACH <= cap
    # It stops only where the next call might not fit, and no earlier than its most.
    request = scorer.requests(CLAIMS)[-1][0]
    most = (request.prompt_bound * 2.0 + request.answer_bound * 8.0) / 1e6
    assert cap < asked * EACH + most * concurrency
    # The same cap in another run of the same folder: what was answered is kept, and nothing more is sent.
    again = model(model_server, max_cost=cap, **settings)
    with pytest.raises(HarnessError, match="max_cost"):
        again.fit(*yes_no(), 13).score(CLAIMS)
    assert len(model_server.asked) == asked
    higher = model(model_server, max_cost=1.0, **settings).fit(*yes_no(), 13)
    higher.score(CLAIMS)
    assert len(model_server.asked) == 1 + len(CLAIMS)
    usage = higher.api_usage(CLAIMS)
    assert usage.dollars == pytest.approx(len(CLAIMS) * EACH)
    assert usage[:4] == (40, 40 * 430, 40 * 100, 40 * 20)
    assert usage.prices == "the config"


def test_another_folder_and_fresh_replies_are_paid_from_a_budget_of_their_own(model_server):
    model_server.answer = ANSWER
    few = CLAIMS.take(range(4))
    settings = {"max_cost": 0.01, "thought_tokens": 0}
    spent = model(model_server, **settings)
    with pytest.raises(HarnessError, match="max_cost"):
        spent.fit(*yes_no(), 13).score(CLAIMS)
    asked = len(model_server.asked)
    model(model_server, "runs/other", **settings | {"seed": 1}).fit(*yes_no(), 13).score(few)
    assert len(model_server.asked) == asked + 1 + 4
    spent.renew()
    model(model_server, **settings).fit(*yes_no(), 13).score(few)
    assert len(model_server.asked) == asked + 2 * (1 + 4)


@pytest.mark.parametrize("answer", [broken_off, gives(completion('{"label": "yes"}'))], ids=["broken off", "no usage"])
def test_a_call_that_may_have_been_billed_counts_at_its_most(model_server, answer):
    recipe = model(model_server, max_cost=1.0, thought_tokens=0)
    recipe.fit(*yes_no(), 13)
    most = recipe.fit(*yes_no(), 13).requests(CLAIMS)[0][0]
    dollars = (most.prompt_bound * 2.0 + most.answer_bound * 8.0) / 1e6
    model_server.answer = answer
    tight = model(model_server, "runs/tight", max_cost=1.5 * dollars, thought_tokens=0, concurrency=1)
    asked = len(model_server.asked)
    with pytest.raises(HarnessError, match=r"max_cost|no usable reply"):
        tight.fit(*yes_no(), 13).score(CLAIMS)
    with pytest.raises(HarnessError, match="max_cost"):
        tight.fit(*yes_no(), 13).score(CLAIMS)
    assert len(model_server.asked) == asked + 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"price": None}, r"max_cost: the price of tiny at 127\.0\.0\.1 is not known: .*; set price: {input: "),
        ({"max_tokens": None}, "max_cost: requires max_tokens"),
        ({"extra": {"tools": []}}, "max_cost: what tools under extra costs has no bound; remove it"),
        ({"price": {"input": -1, "output": 1}}, "price"),
        ({"max_cost": 0}, "max_cost"),
    ],
)
def test_a_cap_needs_a_bound_of_each_call(model_server, settings, message):
    with pytest.raises(ValidationError, match=message):
        model(model_server, **{"max_cost": 1.0} | settings)
    assert model_server.asked == []


def test_the_list_has_the_price_of_a_hosted_model():
    settings = {"endpoint": "https://api.openai.com/v1", "model": "gpt-4o-mini", "max_cost": 5, "guide": GUIDE}
    assert build("language_model", settings).max_cost == 5
