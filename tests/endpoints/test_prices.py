"""What calls cost: by the host and model, or by the config; never by the network."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from importlib.metadata import version

import pytest

from harness.endpoints.calls import Endpoint, Request
from harness.endpoints.completions import TokenCounts
from harness.endpoints.limits import shown_dollars
from harness.endpoints.prices import Price, rate_of

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOSTED = {
    "https://api.openai.com/v1": "gpt-4o-mini",
    "https://someone.openai.azure.com/openai/deployments/gpt-4o?api-version=2024-10-21": "gpt-4o",
    "https://api.anthropic.com/v1": "claude-sonnet-4-5",
    "https://generativelanguage.googleapis.com/v1beta/openai": "gemini-2.5-flash",
    "https://api.mistral.ai/v1": "mistral-small-latest",
    "https://api.deepseek.com/v1": "deepseek-chat",
}


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refused(*_, **__):
        raise AssertionError("a price needs no network")

    monkeypatch.setattr(socket, "socket", refused)


@pytest.mark.parametrize("endpoint", HOSTED)
def test_the_price_of_a_hosted_model_is_known(endpoint):
    rate = rate_of(endpoint, HOSTED[endpoint], None)
    assert rate is not None
    assert rate.source == f"genai-prices {version('genai-prices')}"
    fresh = rate.dollars(TokenCounts(1_000, 100), NOW)
    assert 0 < rate.dollars(TokenCounts(1_000, 100, cached=1_000), NOW) < fresh
    assert rate.dollars(TokenCounts(1_000, 200), NOW) > fresh
    assert rate.most(1_000, 100) >= fresh


def test_a_dated_price_of_the_list():
    rate = rate_of("https://api.openai.com/v1", "gpt-4o-mini-2024-07-18", None)
    assert rate is not None
    assert rate.dollars(TokenCounts(1_000_000, 1_000_000, cached=400_000), NOW) == pytest.approx(0.09 + 0.03 + 0.6)


@pytest.mark.parametrize("endpoint", ["http://localhost:8000/v1", "https://proxy.example.org/openai/v1"])
def test_a_model_elsewhere_has_another_price(endpoint):
    assert rate_of(endpoint, "gpt-4o", None) is None


@pytest.mark.parametrize("model", ["no-such-model", "text-embedding-3-small"])
def test_a_model_without_a_price_of_answers_has_none(model):
    assert rate_of("https://api.openai.com/v1", model, None) is None


def test_a_price_of_the_config_comes_first():
    rate = rate_of("https://api.openai.com/v1", "gpt-4o", Price(input=1.0, cached_input=0.25, output=4.0))
    assert rate is not None
    assert rate.source == "the config"
    assert rate.dollars(TokenCounts(1_000_000, 500_000, cached=400_000), NOW) == pytest.approx(0.6 + 0.1 + 2.0)
    assert rate.most(1_000_000, 500_000) == 3
    dear_cache = rate_of("http://localhost/v1", "m", Price(input=1.0, cached_input=3.0, output=4.0))
    assert dear_cache is not None
    assert dear_cache.most(1_000_000, 0) == 3


def test_the_bound_of_a_request_holds_for_limits_by_either_name():
    body = {"messages": [{"role": "user", "content": "ab"}], "max_tokens": 50, "max_completion_tokens": 80}
    request = Request("http://localhost/v1", json.dumps(body))
    assert (request.answer_bound, request.prompt_bound, request.token_bound) == (80, 2 + 16, 98)


def test_an_estimate_is_dollars_by_a_source():
    settings = dict.fromkeys(Endpoint.__dataclass_fields__) | {"endpoint": "http://localhost/v1", "model": "m"}
    request = Request("http://localhost/v1", json.dumps({"messages": [{"content": "x" * 300}], "max_tokens": 50}))
    assert Endpoint(**settings).estimate(request)[1:3] == (None, "")
    priced = Endpoint(**settings | {"price": Price(input=1.0, output=2.0)}).estimate(request)
    assert priced.tokens == 100 + 16 + 50
    assert priced.dollars == pytest.approx((116 * 1 + 50 * 2) / 1e6)
    assert priced.prices == "the config"


@pytest.mark.parametrize(
    ("dollars", "shown"),
    [(0, "$0.00"), (1234.5, "$1,234.50"), (0.5, "$0.500"), (0.0123, "$0.0123"), (3.21e-6, "$0.00000321")],
)
def test_dollars_are_shown_with_the_digits_that_tell(dollars, shown):
    assert shown_dollars(dollars) == shown
