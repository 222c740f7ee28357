"""Thoughts before an answer, in fields of their own, and in parts of the content."""

from __future__ import annotations

import json

import pytest
from model_server import completion

from harness.endpoints.completions import first_choice, has_thoughts

ANSWER = '{"label": "yes"}'
QUOTING = '{"quotes": [{"passage": 1, "quote": "a </think> b"}], "verdict": "yes"}'


@pytest.mark.parametrize(
    ("content", "answer", "thoughts"),
    [
        (ANSWER, ANSWER, ""),
        (f"<think>\nSo.\n</think>\n\n{ANSWER}", ANSWER, "So."),
        (f"\n<THINKING>So.</THINKING>{ANSWER}", ANSWER, "So."),
        (f"<think>a</think><think>b</think>{ANSWER}", ANSWER, "b"),
        (f"[THINK]So.[/THINK]{ANSWER}", ANSWER, "So."),
        (f"◁think▷So.◁/think▷{ANSWER}", ANSWER, "So."),
        (
            f"<|channel|>analysis<|message|>So.<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}",
            ANSWER,
            "So.",
        ),
        (
            f"<|channel|>analysis<|message|>So.<|end|><|channel|>final <|constrain|>json<|message|>{ANSWER}",
            ANSWER,
            "So.",
        ),
        (
            f"<|channel|>commentary<|message|>So.<|end|><|start|>assistant<|channel|>analysis<|message|>And.<|end|>"
            f"<|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>",
            ANSWER,
            "And.",
        ),
        (f"<|channel|>final<|message|>{ANSWER}<|return|>", ANSWER, ""),
        (f"<|channel>thought\nSo.\n<channel|>{ANSWER}", ANSWER, "So."),
        (f"<thinking>So.</thinking>\n<answer>\n{ANSWER}\n</answer>", ANSWER, "So."),
        (f"So the claim is a figure.\n</think>\n{ANSWER}", ANSWER, "So the claim"),  # the prompt ended in the mark
        (QUOTING, QUOTING, ""),
        (f"<think>So.</think>{QUOTING}", QUOTING, "So."),
        ("<think>So it goes on", "", "So it goes on"),
        ("yes", "yes", ""),
        (None, "", ""),
        ([{"type": "text", "text": '{"label": '}, {"type": "text", "text": '"yes"}'}], ANSWER, ""),
        (
            [{"type": "thinking", "thinking": [{"type": "text", "text": "So."}]}, {"type": "text", "text": ANSWER}],
            ANSWER,
            "So.",
        ),
        ([{"type": "reasoning", "text": "So."}, {"type": "output_text", "text": ANSWER}], ANSWER, "So."),
        ([{"type": "text", "text": f"<think>So.</think>{ANSWER}"}], ANSWER, "So."),
        (["<think>So.</think>", ANSWER], ANSWER, "So."),
        ([{"text": ANSWER}], ANSWER, ""),
        ({"type": "text", "text": ANSWER}, ANSWER, ""),
        ([{"type": "redacted_thinking", "data": "x"}, {"type": "message_text", "text": ANSWER}], ANSWER, ""),
        ([{"thought": True, "text": "So."}, {"text": ANSWER}], ANSWER, "So."),
        ([], "", ""),
    ],
)
def test_the_answer_is_apart_from_the_thoughts(content, answer, thoughts):
    reply = json.dumps(completion(content))
    message = first_choice(reply)["message"]
    assert message["content"].strip() == answer
    assert thoughts in message["thoughts"]
    assert has_thoughts(reply) == bool(thoughts)


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_thoughts_in_a_field(field):
    body = completion(ANSWER)
    body["choices"][0]["message"][field] = "So."
    assert first_choice(json.dumps(body))["message"]["thoughts"] == "So."
    assert has_thoughts(json.dumps(body))


def test_thoughts_that_are_only_counted():
    usage = {"total_tokens": 90, "completion_tokens_details": {"reasoning_tokens": 64}}
    assert has_thoughts(json.dumps(completion(ANSWER, usage=usage)))
    usage["completion_tokens_details"]["reasoning_tokens"] = 0
    assert not has_thoughts(json.dumps(completion(ANSWER, usage=usage)))


def test_a_part_that_refuses():
    content = [{"type": "refusal", "refusal": "I cannot help."}]
    assert first_choice(json.dumps(completion(content)))["message"]["refusal"]
