"""Endpoints that are down, slow, rate-limiting, truncating or lying: a clear message, no work lost, no key told."""

from __future__ import annotations

import datetime
import json
import os
import socket
import time
from email.utils import format_datetime
from pathlib import Path

import pytest
from claim_tables import claims_of, yes_no
from model_server import broken_off, completion, dripping, dripping_headers, gives, hangs_up, hinting, says, slow

from harness.classifiers import build
from harness.errors import HarnessError

GUIDE = {"question": "Is it a statistic?", "answers": [{"label": "no"}, {"label": "yes"}]}
ONE = claims_of(["It sold 5 loaves."])
BUSY = {"error": {"message": "busy"}}
KEY = "sk-very-secret-0123456789"
STREAM = 'data: {"choices": [{"delta": {"content": "{"}}]}\n\ndata: [DONE]\n\n'
CHOICE = {"index": 0, "message": {"content": '{"label": "yes"}'}, "finish_reason": "stop"}


def fitted(server, **settings):
    common = {"endpoint": server.url, "model": "tiny", "guide": GUIDE, "retries": 2, "backoff_s": 0.01}
    return build("language_model", common | {"timeout_s": 0.5, "concurrency": 1} | settings).fit(*yes_no(), 13)


TROUBLES = {
    "rate limit": (gives(BUSY, 429), "status 429: 'busy'"),
    "server error": (gives(BUSY, 500), "status 500: 'busy'"),
    "bad gateway in HTML": (
        gives("<html>Bad gateway</html>", 502, Content_Type="text/html"),
        "status 502: 'Bad gateway'",
    ),
    "HTML as success": (gives("<html>log in</html>", Content_Type="text/html"), "not a chat completion: 'log in'"),
    "a stream": (gives(STREAM, Content_Type="text/event-stream"), "not a chat completion: 'data: "),
    "an error as success": (gives({"error": {"message": "overloaded"}}), "not a chat completion: 'overloaded'"),
    "no choices": (gives({"choices": []}), "not a chat completion"),
    "choices of another kind": (gives({"choices": [None]}), "not a chat completion"),
    "a message of another kind": (gives({"choices": [{"message": "yes"}]}), "not a chat completion"),
    "content of another kind": (gives(completion([7])), "not a chat completion"),
    "cut JSON": (gives('{"choices": [{"message": {"content": "{'), "not a chat completion"),
    "deep JSON": (gives("[" * 100_000), "not a chat completion"),
    "nothing": (gives(""), "not a chat completion: ''"),
    "broken off": (broken_off, "the connection failed"),
    "hung up": (hangs_up, "the connection failed"),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_trouble_is_tried_again_and_then_told(model_server, name):
    answer, message = TROUBLES[name]
    scorer = fitted(model_server)
    before = len(model_server.asked)
    model_server.script = [answer, answer]
    assert scorer.score(ONE)[0, 1] > 0.5  # the third attempt is answered
    assert len(model_server.asked) - before == 3
    model_server.script = [answer] * 9
    with pytest.raises(HarnessError, match="no usable reply in 3 attempts: ") as raised:
        scorer.score(claims_of(["Another."]))
    assert message in str(raised.value)
    assert model_server.url in str(raised.value)
    assert "0 of 1 replies arrived and are saved; run the same command again to continue" in str(raised.value)
    assert len(model_server.script) == 9 - 3  # one layer of retries, not two


@pytest.mark.parametrize(
    "answer",
    [slow(0.6, says()), dripping, dripping_headers, hinting],
    ids=["slow", "dripping", "dripping headers", "hinting"],
)
def test_an_attempt_ends_in_time(model_server, answer):
    scorer = fitted(model_server, timeout_s=0.2, retries=0)
    model_server.script = [answer]
    start = time.monotonic()
    with pytest.raises(HarnessError, match=r"no usable reply in 1 attempt: .* within 0\.2 s"):
        scorer.score(ONE)
    assert time.monotonic() - start < 1


def test_an_answer_without_end_ends(model_server, monkeypatch):
    monkeypatch.setattr("harness.endpoints.client.MAX_REPLY_BYTES", 1_000)
    scorer = fitted(model_server, retries=0)
    model_server.script = [gives(completion("x" * 2_000))]
    with pytest.raises(HarnessError, match="the reply is larger than 1,000 bytes"):
        scorer.score(ONE)


def test_an_endpoint_that_is_down():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    recipe = build("language_model", {"endpoint": url, "model": "tiny", "guide": GUIDE, "retries": 0})
    with pytest.raises(HarnessError, match=rf"{url} \(model tiny\): .* in 1 attempt: the connection failed"):
        recipe.fit(*yes_no(), 13)


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "reply-cache"))


def test_retry_after_is_waited_for(model_server):
    scorer = fitted(model_server)
    model_server.script = [gives(BUSY, 429, Retry_After="0.3")]
    scorer.score(ONE)
    first, second = model_server.times[-2:]
    assert 0.3 <= second - first < 1


def test_retry_after_as_a_date_holds_for_all_calls(model_server):
    scorer = fitted(model_server, concurrency=4)
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1.3)
    model_server.script = [gives(BUSY, 503, Retry_After=format_datetime(until, usegmt=True))]
    begun = time.monotonic()
    scorer.score(ONE)
    # dates have whole seconds, so between .3 and 1.3 seconds are left
    assert 0.2 <= model_server.times[-1] - begun < 1.6


def test_while_one_call_is_told_to_wait_no_other_is_sent(model_server):
    scorer = fitted(model_server, concurrency=2, requests_per_minute=1_200)
    model_server.script = [gives(BUSY, 429, Retry_After="0.4")]
    scorer.score(claims_of([f"Claim {n}." for n in range(6)]))
    times = [each - model_server.times[1] for each in model_server.times[1:]]
    assert len(times) == 7
    assert sum(each < 0.38 for each in times) <= 2 + 1  # those that had their turn already


def test_a_wait_that_is_too_long_ends_the_run_at_once(model_server):
    scorer = fitted(model_server, max_wait_s=5)
    model_server.script = [gives(BUSY, 429, Retry_After="3600")]
    with pytest.raises(HarnessError, match=r"a wait of 3600 s, more than max_wait_s \(5\); run .* again later"):
        scorer.score(ONE)


@pytest.mark.parametrize("retry_after", ["soon", "-5", "nan", ""])
def test_retry_after_that_means_nothing(model_server, retry_after):
    scorer = fitted(model_server)
    model_server.script = [gives(BUSY, 429, Retry_After=retry_after)]
    assert scorer.score(ONE)[0, 1] > 0.5


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (401, "set api_key_variable if the endpoint needs a key"),
        (403, "set api_key_variable if the endpoint needs a key"),
        (404, "check endpoint (the base address, such as http://localhost:8000/v1) and model"),
        (307, "set endpoint to the final address, without redirects"),
    ],
)
def test_what_asking_again_cannot_cure_is_told_at_once(model_server, status, remedy):
    scorer = fitted(model_server)
    model_server.script = [gives({"error": {"message": "no"}}, status, Location="http://127.0.0.1:1/")]
    before = len(model_server.asked)
    with pytest.raises(HarnessError) as raised:
        scorer.score(ONE)
    assert f"status {status}: 'no'; {remedy}" in str(raised.value)
    assert len(model_server.asked) == before + 1


def test_calls_go_out_together_up_to_the_limit(model_server):
    scorer = fitted(model_server, concurrency=3)
    model_server.answer = slow(0.05, says())
    scorer.score(claims_of([f"Claim {n}." for n in range(9)]))
    assert model_server.most_flying == 3


def test_requests_keep_their_distance(model_server):
    scorer = fitted(model_server, concurrency=4, requests_per_minute=600)
    begun = time.monotonic()
    scorer.score(claims_of([f"Claim {n}." for n in range(4)]))
    times = sorted(model_server.times[1:])
    assert times[-1] - begun >= 0.3  # 3 gaps of a tenth of a second, and whatever the server took to see the last
    assert len(times) == 4


def test_the_first_failure_stops_the_rest_and_what_came_is_kept(model_server):
    scorer = fitted(model_server, retries=0)
    claims = claims_of([f"Claim {n}." for n in range(20)])
    model_server.script = [says()] * 5 + [gives(BUSY, 500)]
    with pytest.raises(HarnessError, match="5 of 20 replies arrived and are saved"):
        scorer.score(claims)
    assert len(model_server.claims()) == 5 + 1
    scorer.score(claims)
    assert sorted(set(model_server.claims())) == sorted(claims.text)
    assert len(model_server.claims()) == 20 + 1  # nothing that was answered is asked again


def everything_written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_key_is_sent_and_never_written_or_told(model_server, monkeypatch, tmp_path):
    monkeypatch.setenv("MY_KEY", KEY)
    cassette = tmp_path / "kept" / "cassette.jsonl"
    scorer = fitted(model_server, api_key_variable="MY_KEY", cassette=str(cassette), record=True, retries=0)
    model_server.script = [gives(completion('{"label": "yes"}', note=f"your key is {KEY}"))]
    scorer.score(ONE)
    assert {headers["Authorization"] for headers in model_server.headers} == {f"Bearer {KEY}"}
    for status in (401, 500):
        model_server.script = [gives({"error": {"message": f"Incorrect API key provided: {KEY}"}}, status)]
        with pytest.raises(HarnessError) as raised:
            scorer.score(claims_of([f"Claim {status}."]))
        assert KEY not in str(raised.value)
        assert "[api key]" in str(raised.value)
        assert ("check the key in MY_KEY" in str(raised.value)) == (status == 401)
    assert KEY not in repr(scorer)
    written = everything_written(tmp_path)
    assert b"your key is [api key]" in written
    assert KEY.encode() not in written


@pytest.mark.parametrize("written", [r"ab\/cd+efghij", r"ab\u002Fcd\u002befghij", r"ab\\/cd+efghij"])
def test_a_key_is_hidden_however_an_answer_writes_it(model_server, monkeypatch, tmp_path, written):
    monkeypatch.setenv("MY_KEY", "ab/cd+efghij")
    cassette = tmp_path / "kept" / "cassette.jsonl"
    scorer = fitted(model_server, api_key_variable="MY_KEY", cassette=str(cassette), record=True, retries=0)
    model_server.script = [gives('{"choices": [{"message": {"content": "KEY"}}]}'.replace("KEY", written))]
    scorer.score(ONE)
    model_server.script = [gives('{"error": {"message": "no such key: KEY"}}'.replace("KEY", written), 401)]
    with pytest.raises(HarnessError, match=r"no such key: \[api key\]") as raised:
        scorer.score(claims_of(["Another."]))
    assert b"cd" not in str(raised.value).encode()
    assert b"efghij" not in everything_written(tmp_path)


def test_no_key_goes_where_none_was_named(model_server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    fitted(model_server).score(ONE)
    assert not any("Authorization" in headers for headers in model_server.headers)


@pytest.mark.parametrize("value", [None, "", "two words", "schlüssel"])
def test_a_key_that_is_not_there(model_server, monkeypatch, value):
    monkeypatch.delenv("MY_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("MY_KEY", value)
    with pytest.raises(HarnessError, match="MY_KEY") as raised:
        fitted(model_server, api_key_variable="MY_KEY")
    assert not value or value not in str(raised.value)
    assert model_server.asked == []


def test_openai_gets_its_own_key_and_nobody_else(monkeypatch):
    from harness.endpoints.api_keys import api_key

    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    openai, other = (
        build("language_model", {"endpoint": f"https://{host}/v1", "model": "m"}).connection
        for host in ("api.openai.com", "api.openai.com.example.org")
    )
    assert api_key(openai) == KEY
    assert api_key(other) is None


def test_valid_answers_of_a_wrong_content_type_are_taken(model_server):
    scorer = fitted(model_server, scoring="self_consistency", samples=1)
    model_server.script = [gives(json.dumps({"choices": [CHOICE]}), Content_Type="text/plain")]
    assert scorer.predict(ONE, scorer.score(ONE)).tolist() == [1]


def test_proxies_are_not_for_this_machine(model_server, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert os.environ["HTTP_PROXY"]
    assert fitted(model_server).score(ONE)[0, 1] > 0.5


@pytest.mark.parametrize(
    ("name", "value", "scheme"),
    [
        ("ALL_PROXY", "foo://me:sesame-open@127.0.0.1:1", "http"),
        ("HTTP_PROXY", "http://me:sesame-open@:::1", "http"),
        ("SSL_CERT_FILE", "/dev/null", "https"),
        ("SSL_CERT_FILE", "/nowhere/at-all", "https"),
    ],
)
def test_an_environment_that_allows_no_connection_is_told(monkeypatch, name, value, scheme):
    monkeypatch.setenv(name, value)
    settings = {"endpoint": f"{scheme}://model.invalid/v1", "model": "tiny", "guide": GUIDE, "retries": 0}
    with pytest.raises(HarnessError, match=r"cannot connect .*; check HTTP_PROXY") as raised:
        build("language_model", settings).fit(*yes_no(), 13)
    assert "sesame" not in str(raised.value)


def test_a_query_and_a_key_in_a_header_of_another_name(model_server, monkeypatch):
    monkeypatch.setenv("MY_KEY", KEY)
    address = model_server.url.removesuffix("/v1") + "/gateway/openai/deployments/tiny"
    for end in ("?api-version=2024-10-21", "/chat/completions?api-version=2024-10-21"):
        scorer = fitted(model_server, endpoint=address + end, api_key_variable="MY_KEY", api_key_header="api-key")
        assert scorer.score(ONE)[0, 1] > 0.5
    assert set(model_server.paths) == {"/gateway/openai/deployments/tiny/chat/completions?api-version=2024-10-21"}
    assert {headers["api-key"] for headers in model_server.headers} == {KEY}
    assert not any("Authorization" in headers for headers in model_server.headers)
    assert len(model_server.asked) == 2  # one address, however it is written
