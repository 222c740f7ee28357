"""Parameters that endpoints refuse, in the words and the fields that they refuse them with."""

from __future__ import annotations

import json

import pytest

from harness.endpoints.refusals import refused_parameters

SENT = ("model", "messages", "max_tokens", "temperature", "logprobs", "top_logprobs", "seed", "response_format")


def error(message, **more):
    return {"error": {"message": message} | more}


REFUSALS = {
    "the field param": (error("It failed.", param="temperature"), {"temperature"}),
    "another field": (error("Bad.", details=[{"field": "seed", "description": "Bad."}]), {"seed"}),
    "a field of something else": (error("'seed' is not supported", param="body"), {"seed"}),
    "should be": (error("temperature: Input should be 1"), {"temperature"}),
    "not compatible": (error("logprobs is incompatible with this model"), {"logprobs"}),
    "a path in param": (error("Invalid schema.", param="response_format.json_schema.schema"), {"response_format"}),
    "another name": (
        error("Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.", param=None),
        {"max_tokens"},
    ),
    "not allowed": (error("You are not allowed to request logprobs from this model"), {"logprobs"}),
    "a value": (error("temperature does not support 0 with this model, only the default (1)"), {"temperature"}),
    "a list": ([error('Invalid JSON payload received. Unknown name "seed": Cannot find field.')], {"seed"}),
    "camel case": (error('Unknown name "responseFormat"'), {"response_format"}),
    "the value's name": (error("`json_schema` is not supported by this backend"), {"response_format"}),
    "a validator": (
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs", "input": 1}]},
        {"seed"},
    ),
    "a validator, of two": (
        {"message": {"detail": [{"loc": ["body", "logprobs"]}, {"loc": ["body", "top_logprobs"]}]}},
        {"logprobs", "top_logprobs"},
    ),
    "with those that are taken": (
        error("Unknown parameter: 'logprobs'. Supported parameters are: temperature, seed, max_tokens."),
        {"logprobs"},
    ),
    "with those that are taken, in one sentence": (
        error("logprobs is not supported; allowed: temperature, seed"),
        {"logprobs"},
    ),
    "German": (error("Der Parameter `logprobs` wird von diesem Modell nicht unterstützt."), {"logprobs"}),
    "French": (error("Le paramètre « temperature » n’est pas pris en charge."), {"temperature"}),
    "Russian": (error("Параметр max_tokens недопустим для этой модели"), {"max_tokens"}),
    "Chinese": (error("参数seed不被支持"), {"seed"}),
    "Japanese": ({"detail": "logprobs パラメータを利用できません"}, {"logprobs"}),
    "an object of errors": ({"errors": {"seed": ["Unbekanntes Feld."]}}, {"seed"}),
    "plain text": ("seed: Extra inputs are not permitted", {"seed"}),
    "too long": (error("maximum context length is 10 tokens, however you requested 60", param="messages"), set()),
    "a name that is none of these": (error("model 'seeder' is not loaded"), set()),
    "the model": (error("You are not allowed to use this model"), set()),
    "a parameter without a refusal": (error("Choose another temperature and seed"), set()),
    "deep": ("[" * 100_000, set()),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_the_parameters_that_a_reply_refuses(name):
    reply, refused = REFUSALS[name]
    text = reply if isinstance(reply, str) else json.dumps(reply)
    assert refused_parameters(text, SENT) == refused


def test_a_parameter_that_was_not_sent_is_not_refused():
    assert refused_parameters(json.dumps(error("seed is unknown")), ("model", "messages")) == frozenset()
