"""Dialects of common endpoints, as the guide's table has them, spoken by a local server."""

from __future__ import annotations

import json

import pytest
from claim_tables import claims_of, yes_no
from model_server import SURE, completion, labels_of, token

from harness.classifiers import build

GUIDE = {"question": "Is it a statistic?", "answers": [{"label": "no"}, {"label": "yes"}]}
CLAIMS = claims_of(["It sold 5 loaves.", "It was fine."])
KEY = "sk-very-secret-0123456789"


def label(body):
    claim = json.loads(body["messages"][-1]["content"])["claim"]
    return "yes" if any(mark.isdigit() for mark in claim) else "no"


def answer(body, *, enforced=True):
    """The answer; a model whose schema is not enforced does what the trial says."""
    trapped = "the one word unbound" in body["messages"][0]["content"]
    if not trapped:
        return json.dumps({"label": label(body)})
    return json.dumps({"label": labels_of(body)[0]}) if enforced else "unbound"


def probabilities(body, before=()):
    said = label(body)
    chances = {said: SURE, "no" if said == "yes" else "yes": 1 - SURE}
    return {"content": [*map(token, before), token('{"label": "'), token(said, **chances), token('"}')]}


def openai_reasoning(handler, body):
    for name, text in (
        (
            "max_tokens",
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'.",
        ),
        (
            "temperature",
            "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) is.",
        ),
        ("logprobs", "You are not allowed to request logprobs from this model"),
    ):
        if name in body:
            status = 403 if name == "logprobs" else 400
            handler.give({"error": {"message": text, "param": name if status == 400 else None, "code": None}}, status)
            return
    usage = {"prompt_tokens": 500, "completion_tokens": 200, "total_tokens": 700}
    usage |= {"prompt_tokens_details": {"cached_tokens": 100}, "completion_tokens_details": {"reasoning_tokens": 128}}
    handler.give(completion(answer(body), usage=usage))


def azure(handler, body):
    if "api-version=2024-10-21" not in handler.path or handler.headers["api-key"] != KEY:
        handler.give({"error": {"code": "404", "message": "Resource not found"}}, 404)
    else:
        openai_reasoning(handler, body)


def anthropic_layer(handler, body):
    usage = {"prompt_tokens": 500, "completion_tokens": 200, "prompt_tokens_details": {}}
    handler.give(completion(answer(body, enforced=False), usage=usage))


def gemini_layer(handler, body):
    for name in ("seed", "logprobs"):
        if name in body:
            message = f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
            handler.give([{"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}], 400)
            return
    handler.give(completion(answer(body), usage={"prompt_tokens": 500, "completion_tokens": 6, "total_tokens": 700}))


def mistral(handler, body):
    unknown = [name for name in ("seed", "logprobs", "top_logprobs") if name in body]
    if unknown:
        detail = [{"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs"} for name in unknown]
        handler.give({"object": "error", "message": {"detail": detail}}, 422)
        return
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "So."}]}
    handler.give(completion([thinking, {"type": "text", "text": answer(body)}]))


def vllm(handler, body):
    usage = {"prompt_tokens": 500, "total_tokens": 700, "completion_tokens": 200, "prompt_tokens_details": None}
    reply = completion(answer(body), logprobs=probabilities(body, ["So", ".", "</think>"]), usage=usage)
    reply["choices"][0]["message"]["reasoning"] = "So."
    handler.give(reply)


def vllm_without_parser(handler, body):
    """With `--enable-prompt-tokens-details`."""
    usage = {"prompt_tokens": 500, "completion_tokens": 200, "prompt_tokens_details": {"cached_tokens": 100}}
    thoughts = "So.\n</think>\n\n"
    handler.give(completion(thoughts + answer(body), logprobs=probabilities(body, [thoughts]), usage=usage))


def ollama(handler, body):
    """It does not know `max_completion_tokens`, and counts thoughts in no part of their own."""
    usage = {"prompt_tokens": 500, "completion_tokens": 200, "total_tokens": 700}
    asked = {"logprobs": probabilities(body, ["So."])} if body.get("logprobs") else {}
    reply = completion(answer(body), usage=usage, finish="stop" if "max_tokens" in body else "length", **asked)
    reply["choices"][0]["message"]["reasoning"] = "So."
    handler.give(reply)


def ollama_before_logprobs(handler, body):
    ollama(handler, {name: value for name, value in body.items() if name != "logprobs"})


def llama_cpp_alone(handler, body):
    """Counts what it had cached, under `usage` and under `timings`."""
    usage = {"prompt_tokens": 500, "completion_tokens": 200, "prompt_tokens_details": {"cached_tokens": 100}}
    reply = completion(answer(body), logprobs=probabilities(body, ["So."]), usage=usage)
    reply["choices"][0]["message"]["reasoning_content"] = "So."
    handler.give(reply | {"timings": {"cache_n": 100, "prompt_n": 400}})


def llama_cpp(handler, body):
    if "logprobs" in body and "response_format" in body:
        handler.give({"error": {"code": 500, "message": "logprobs is not supported with json_schema"}}, 500)
        return
    reply = completion(answer(body))
    reply["choices"][0]["message"]["reasoning_content"] = "So."
    handler.give(reply)


REASONING = (
    "self-consistency of 2, json_schema, max_tokens sent as max_completion_tokens, "
    "refused by the endpoint: logprobs and temperature, up to 4,000 tokens of thoughts"
)
DIALECTS = {
    openai_reasoning: REASONING,
    azure: REASONING,
    anthropic_layer: "self-consistency of 2, json_schema (accepted, not enforced)",
    gemini_layer: "self-consistency of 2, json_schema, refused by the endpoint: logprobs and seed",
    mistral: (
        "self-consistency of 2, json_schema, refused by the endpoint: logprobs and seed and top_logprobs, up to 4,000 "
        "tokens of thoughts"
    ),
    vllm: "token probabilities, json_schema, up to 4,000 tokens of thoughts",
    vllm_without_parser: "token probabilities, json_schema, up to 4,000 tokens of thoughts",
    ollama: "token probabilities, json_schema, up to 4,000 tokens of thoughts",
    ollama_before_logprobs: "self-consistency of 2, json_schema, up to 4,000 tokens of thoughts",
    llama_cpp_alone: "token probabilities, json_schema, up to 4,000 tokens of thoughts",
}
CACHED = {openai_reasoning, azure, vllm_without_parser, llama_cpp_alone}
"""Dialects that count cached tokens of prompts."""


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.__name__)
def test_address_and_model_are_enough(model_server, monkeypatch, dialect):
    monkeypatch.setenv("MY_KEY", KEY)
    model_server.answer = dialect
    settings = {"endpoint": model_server.url, "model": "tiny", "guide": GUIDE, "retries": 0, "samples": 2, "seed": 7}
    if dialect is azure:
        address = model_server.url.removesuffix("/v1") + "/openai/deployments/tiny?api-version=2024-10-21"
        settings |= {"endpoint": address, "api_key_variable": "MY_KEY", "api_key_header": "api-key"}
    scorer = build("language_model", settings).fit(*yes_no(), 13)
    assert scorer.chosen == f"{DIALECTS[dialect]}, 0 examples"
    scores = scorer.score(CLAIMS)
    assert scorer.predict(CLAIMS, scores).tolist() == [1, 0]
    assert scorer.n_unanswered(CLAIMS) == 0
    assert scores[0, 1] == pytest.approx(SURE if "probabilities" in scorer.chosen else 1, abs=1e-5)
    usage = scorer.api_usage(CLAIMS)
    assert usage.tokens == (0 if dialect is mistral else 700 * usage.calls)
    assert usage.cached_tokens == (100 * usage.calls if dialect in CACHED else 0)
    assert usage.reasoning_tokens == (128 * usage.calls if DIALECTS[dialect] == REASONING else 0)


def test_what_is_refused_only_together(model_server):
    """Both are named, so that both are left out."""
    model_server.answer = llama_cpp
    settings = {"endpoint": model_server.url, "model": "tiny", "guide": GUIDE, "retries": 0, "samples": 2}
    scorer = build("language_model", settings).fit(*yes_no(), 13)
    assert scorer.predict(CLAIMS, scorer.score(CLAIMS)).tolist() == [1, 0]
    assert "refused by the endpoint: logprobs" in scorer.chosen
