"""The tokens that replies report, in the words of common endpoints."""

from __future__ import annotations

import json

import pytest

from harness.endpoints.completions import TokenCounts, reported_tokens, token_counts

USAGE = {
    "OpenAI": (
        {
            "prompt_tokens": 2_006,
            "completion_tokens": 300,
            "total_tokens": 2_306,
            "prompt_tokens_details": {"cached_tokens": 1_920, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 256, "accepted_prediction_tokens": 0},
        },
        TokenCounts(2_006, 300, cached=1_920, reasoning=256),
    ),
    "OpenRouter": (
        {
            "prompt_tokens": 9,
            "completion_tokens": 2,
            "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 4},
        },
        TokenCounts(9, 2, cached=3, written=4),
    ),
    "DeepSeek": (
        {"prompt_tokens": 90, "completion_tokens": 2, "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 26},
        TokenCounts(90, 2, cached=64),
    ),
    "Gemini, whose completion tokens are without thoughts": (
        {"prompt_tokens": 21, "completion_tokens": 4, "total_tokens": 85, "completion_tokens_details": None},
        TokenCounts(21, 64),
    ),
    "xAI, likewise": (
        {
            "prompt_tokens": 32,
            "completion_tokens": 9,
            "total_tokens": 135,
            "completion_tokens_details": {"reasoning_tokens": 94},
        },
        TokenCounts(32, 103, reasoning=94),
    ),
    "vLLM": (
        {"prompt_tokens": 30, "total_tokens": 34, "completion_tokens": 4, "prompt_tokens_details": None},
        TokenCounts(30, 4),
    ),
    "vLLM with details": (
        {
            "prompt_tokens": 30,
            "completion_tokens": 4,
            "prompt_tokens_details": {"cached_tokens": 16, "audio_tokens": None},
        },
        TokenCounts(30, 4, cached=16),
    ),
    "Responses": (
        {
            "input_tokens": 30,
            "output_tokens": 40,
            "input_tokens_details": {"cached_tokens": 16},
            "output_tokens_details": {"reasoning_tokens": 32},
        },
        TokenCounts(30, 40, cached=16, reasoning=32),
    ),
    "a total alone": ({"total_tokens": 700}, TokenCounts(0, 700)),
    "more cached than sent": (
        {"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 50}},
        TokenCounts(5, 1, cached=5),
    ),
    "details in a list": (
        {"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": [{"cached_tokens": 4}]},
        TokenCounts(5, 1, cached=4),
    ),
    "details of another kind": (
        {"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": "none", "completion_tokens_details": [3]},
        TokenCounts(5, 1),
    ),
    "counts of another kind": (
        {"prompt_tokens": 5, "completion_tokens": 1, "cached_tokens": True, "reasoning_tokens": "9"},
        TokenCounts(5, 1),
    ),
}


@pytest.mark.parametrize("dialect", USAGE)
def test_tokens_are_read_in_each_dialect(dialect):
    usage, counts = USAGE[dialect]
    text = json.dumps({"usage": usage})
    assert token_counts(text) == counts
    assert reported_tokens(text) == counts.input + counts.output


@pytest.mark.parametrize(
    "usage", [None, {}, [], {"prompt_tokens": 10**30}, {"total_tokens": -5}, {"total_tokens": True}]
)
def test_no_plausible_counts_are_none(usage):
    assert token_counts(json.dumps({"usage": usage})) is None
    assert token_counts("not JSON") is None
