"""The reply cache: keys, sharing between processes, caps; and cassettes."""

from __future__ import annotations

import json
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from claim_tables import claims_of, yes_no
from model_server import completion, gives, says, slow

from harness.classifiers import build
from harness.endpoints.cache import Cache, Usage
from harness.errors import FaultsError, HarnessError
from harness.files import WriteError

GUIDE = {"question": "Is it a statistic?", "answers": [{"label": "no"}, {"label": "yes"}]}
FIVE = claims_of([f"It sold {n} loaves." for n in range(5)], "five")


def model(server, **settings):
    common = {"endpoint": server.url, "model": "tiny", "guide": GUIDE, "retries": 0, "backoff_s": 0.01}
    return build("language_model", common | settings)


def fitted(server, **settings):
    return model(server, **settings).fit(*yes_no(), 13)


def test_a_reply_is_asked_for_once(model_server):
    first = fitted(model_server).score(FIVE)
    assert len(model_server.asked) == 1 + 5
    assert (fitted(model_server).score(FIVE) == first).all()
    assert len(model_server.asked) == 1 + 5


def test_equal_claims_are_asked_about_once(model_server):
    scores = fitted(model_server).score(claims_of(["It sold 5 loaves."] * 3))
    assert len(model_server.asked) == 1 + 1
    assert len(set(scores[:, 1])) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"model": "other"},
        {"temperature": 0.5},
        {"max_tokens": 20},
        {"seed": 1},
        {"top_logprobs": 3},
        {"response_format": "text"},
        {"extra": {"top_p": 0.9}},
        {"n_examples": 2},
        {"context": ["previous"]},
        {"guide": GUIDE | {"question": "Does it hold a number?"}},
        {"scoring": "self_consistency", "samples": 1},
    ],
    ids=str,
)
def test_whatever_shapes_a_reply_is_in_its_key(model_server, changed):
    base = {call.key for each in fitted(model_server).requests(FIVE) for call in each}
    other = {call.key for each in fitted(model_server, **changed).requests(FIVE) for call in each}
    assert not base & other


@pytest.mark.parametrize(
    "changed",
    [{"concurrency": 1}, {"retries": 9}, {"timeout_s": 5.0}, {"max_calls": 99}, {"requests_per_minute": 6000}],
)
def test_how_it_is_asked_is_not(model_server, changed):
    base = [call.key for each in fitted(model_server).requests(FIVE) for call in each]
    assert base == [call.key for each in fitted(model_server, **changed).requests(FIVE) for call in each]


def test_another_endpoint_is_asked_anew(model_server):
    scorer = fitted(model_server)
    elsewhere = model(model_server, endpoint=model_server.url.replace("127.0.0.1", "localhost")).fit(*yes_no(), 13)
    assert scorer.requests(FIVE)[0][0].key != elsewhere.requests(FIVE)[0][0].key


WORKER = """
import sys, json
from pathlib import Path
from claim_tables import claims_of, yes_no
from harness.classifiers import build
settings = json.loads(sys.argv[1])
claims = claims_of([f"Claim {n}." for n in range(int(sys.argv[2]))])
print(build("language_model", settings).fit(*yes_no(), 13).score(claims).tobytes().hex())
"""


def worker_environment() -> dict[str, str]:
    tests = Path(__file__).parents[1]
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(tests / "classifiers"), str(tests.parent)])}


def start_worker(server, claims: int, **settings) -> subprocess.Popen[str]:
    settings = {"endpoint": server.url, "model": "tiny", "guide": GUIDE} | settings
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, json.dumps(settings), str(claims)],
        env=worker_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_processes_share_the_replies_and_the_cassette(model_server, tmp_path):
    cassette = tmp_path / "cassette.jsonl"
    workers = [start_worker(model_server, 30, cassette=str(cassette), record=True) for _ in range(2)]
    outputs = [worker.communicate(timeout=60) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0]
    lines = [json.loads(line) for line in cassette.read_text().splitlines()]
    assert len(lines) == len({line["key"] for line in lines}) == 30 + 1
    before = len(model_server.asked)
    scores = fitted(model_server).score(claims_of([f"Claim {n}." for n in range(30)]))
    assert scores.tobytes().hex() == outputs[0][0].strip()
    assert len(model_server.asked) == before


def test_what_a_killed_process_had_is_kept(model_server):
    model_server.answer = slow(0.02, says())
    worker = start_worker(model_server, 200, concurrency=1)
    while len(model_server.claims()) < 10:
        time.sleep(0.005)
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    model_server.answer = says()
    asked = model_server.claims()
    fitted(model_server).score(claims_of([f"Claim {n}." for n in range(len(asked))]))
    assert len(model_server.claims()) <= len(asked) + 1  # the one that was on its way


def test_a_cap_on_calls_stops_before_it_is_passed(model_server):
    recipe = model(model_server, max_calls=4)
    scorer = recipe.fit(*yes_no(), 13)
    with pytest.raises(HarnessError, match=r"the max_calls limit \(4\) is reached; raise it .*\. 3 of 5 replies"):
        scorer.score(FIVE)
    assert len(model_server.asked) == 4
    more = fitted(model_server, max_calls=2)  # what is kept costs nothing
    more.score(FIVE)
    assert len(model_server.asked) == 1 + 5


def test_repeated_calls_count_towards_the_cap(model_server):
    scorer = fitted(model_server, max_calls=4, retries=9)
    model_server.script = [gives("busy", 500)] * 9
    with pytest.raises(HarnessError, match="max_calls"):
        scorer.score(FIVE)
    assert len(model_server.asked) == 4


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_cap_on_tokens_is_never_passed(model_server, concurrency):
    claims = claims_of([f"It sold {n} loaves and {n} buns." for n in range(60)])
    cap = 9_000
    scorer = fitted(model_server, max_total_tokens=cap, concurrency=concurrency)
    with pytest.raises(HarnessError, match=r"max_total_tokens limit \(9,000\) .*: [\d,]+ tokens are used, .*; raise"):
        scorer.score(claims)
    took = sum(sum(len(m["content"]) for m in body["messages"]) // 4 + 5 for body in model_server.asked)
    assert took <= cap
    with Cache(Path(os.environ["HARNESS_CACHE"])) as cache:
        assert cache.usage(scorer.ledger) == Usage(len(model_server.asked), took)
    # it stops only where the next call might not fit: no token is shorter than a byte
    assert took + scorer.requests(claims)[-1][0].token_bound > cap


@pytest.mark.parametrize(
    "usage", [None, {"total_tokens": 10**30}, {"prompt_tokens": 10**30}, {"total_tokens": -5}, {"total_tokens": True}]
)
def test_what_an_answer_does_not_count_is_taken_at_its_most(model_server, usage):
    scorer = fitted(model_server)
    model_server.script = [gives(completion('{"label": "no"}', usage=usage))]
    with Cache(Path(os.environ["HARNESS_CACHE"])) as cache:
        before = cache.usage(scorer.ledger)
        scorer.score(claims_of(["Without usage."]))
        most = scorer.requests(claims_of(["Without usage."]))[0][0].token_bound
        assert cache.usage(scorer.ledger) == Usage(before.calls + 1, before.tokens + most)


def test_the_caps_hold_over_threads_and_fits(model_server):
    recipe = model(model_server, max_calls=7)
    failures = []

    def work(number: int) -> None:
        try:
            recipe.fit(*yes_no(), 13).score(claims_of([f"Thread {number}, claim {n}." for n in range(5)]))
        except HarnessError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(model_server.asked) == 7
    assert failures


def test_the_caps_hold_over_copies_in_other_processes(model_server):
    recipe = model(model_server, max_calls=4)
    copies = [pickle.loads(pickle.dumps(recipe)) for _ in range(2)]
    assert recipe != model(model_server, max_calls=4)  # another run counts anew
    for number, copy in enumerate(copies):
        with pytest.raises(HarnessError, match="max_calls"):
            copy.fit(*yes_no(), 13).score(claims_of([f"Copy {number}, claim {n}." for n in range(4)]))
    assert len(model_server.asked) == 4


def test_a_forecast_asks_nobody_and_is_kept_to(model_server):
    claims, gold = yes_no()
    recipe = model(model_server, samples=3)
    cold = recipe.planned_requests(claims, gold, FIVE, 13)
    assert model_server.asked == []
    assert len(cold) == 1 + 5 * 3  # the trial; samples, unless the endpoint gives token probabilities
    scorer = recipe.fit(claims, gold, 13)
    warm = recipe.planned_requests(claims, gold, FIVE, 13)
    assert set(warm) == {call.key for each in scorer.requests(FIVE) for call in each}
    scorer.score(FIVE)
    assert recipe.planned_requests(claims, gold, FIVE, 13) == {}
    took = scorer.api_usage(FIVE)
    assert took.calls == len(warm) == 5
    assert took.tokens <= sum(call.tokens for call in warm.values()) <= 3 * took.tokens


def test_an_estimate_of_tokens_by_hand(model_server):
    call = fitted(model_server, response_format="text", max_tokens=7).requests(claims_of(["ab"]))[0][0]
    system, data = (message["content"] for message in json.loads(call.body)["messages"])
    assert data == '{"claim": "ab"}'
    # two messages with 16 tokens around each, and 7 of the answer
    assert call.token_bound == len(system) + 15 + 2 * 16 + 7
    assert call.token_estimate == (len(system) + 15) // 3 + 2 * 16 + 7


def test_a_cassette_scores_again_without_endpoint_or_key(model_server, tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-0123456789")
    cassette = tmp_path / "cassette.jsonl"
    common = {"api_key_variable": "MY_KEY", "cassette": str(cassette), "n_examples": 2}
    recorded = fitted(model_server, record=True, **common)
    model_server.script = [gives(completion(None, refusal="No."))]
    scores = recorded.score(FIVE)
    asked = len(model_server.asked)
    line = json.loads(cassette.read_text().splitlines()[-1])
    assert set(line) == {"key", "endpoint", "sample", "request", "status", "reply", "at"}
    assert line["request"]["messages"][0]["role"] == "system"

    monkeypatch.delenv("MY_KEY")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "empty"))
    replayed = model(model_server, **common)
    replayed.check()
    assert replayed.hosts() == ()
    scorer = replayed.fit(*yes_no(), 13)
    assert (scorer.score(FIVE) == scores).all()
    assert scorer.n_unanswered(FIVE) == 1
    assert len(model_server.asked) == asked
    assert not (tmp_path / "empty").exists()
    assert replayed.result_files() == {"cassette.jsonl": cassette.read_bytes()}


def test_a_cassette_that_lacks_exchanges_says_how_many(model_server, tmp_path):
    cassette = str(tmp_path / "cassette.jsonl")
    fitted(model_server, cassette=cassette, record=True).score(FIVE.take(np.arange(2)))
    replayed = fitted(model_server, cassette=cassette)
    with pytest.raises(HarnessError, match=r"cassette\.jsonl: .* for 3 of 5 requests.* record: true"):
        replayed.score(FIVE)
    asked = len(model_server.asked)
    fitted(model_server, cassette=cassette, record=True).score(FIVE)
    assert len(model_server.asked) == asked + 3
    replayed.score(FIVE)


def test_a_cassette_with_faults_names_every_line(model_server, tmp_path):
    cassette = tmp_path / "cassette.jsonl"
    fitted(model_server, cassette=str(cassette), record=True).score(FIVE)
    lines = cassette.read_text().splitlines()
    lines[1], lines[3] = "not JSON", lines[3].replace('"status": 200', '"status": "fine"').replace('"status":200', "{")
    cassette.write_text("\n".join(lines))
    with pytest.raises(FaultsError) as raised:
        model(model_server, cassette=str(cassette)).check()
    assert [fault.line for fault in raised.value.faults] == [2, 4]
    with pytest.raises(FaultsError, match=r"none\.jsonl: does not exist; .* record: true"):
        model(model_server, cassette=str(tmp_path / "none.jsonl")).check()


def test_a_cache_that_is_no_cache_is_told(model_server, tmp_path, monkeypatch):
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "replies.sqlite").write_text("not a database " * 100)
    monkeypatch.setenv("HARNESS_CACHE", str(folder))
    with pytest.raises(WriteError, match=r"the reply cache cannot be used .*set HARNESS_CACHE to another folder"):
        fitted(model_server)


def test_a_cache_with_a_row_that_is_no_reply_is_told(model_server):
    fitted(model_server)
    with closing(sqlite3.connect(Path(os.environ["HARNESS_CACHE"]) / "replies.sqlite")) as rows:
        rows.execute("UPDATE replies SET record = '{}'")
        rows.commit()
    with pytest.raises(WriteError, match=r"cannot be used \(a row is not a valid reply\); .*set HARNESS_CACHE"):
        fitted(model_server)


def test_a_cassette_without_its_last_line_end_is_added_to(model_server, tmp_path):
    cassette = tmp_path / "cassette.jsonl"
    fitted(model_server, cassette=str(cassette), record=True).score(FIVE.take(np.arange(2)))
    cassette.write_bytes(cassette.read_bytes().rstrip(b"\n"))
    fitted(model_server, cassette=str(cassette), record=True).score(FIVE)
    assert len(cassette.read_text().splitlines()) == 1 + 5
    fitted(model_server, cassette=str(cassette)).score(FIVE)


@pytest.mark.parametrize("left", [1, 40, 3_000])
def test_a_line_that_was_cut_off_as_it_was_recorded_is_recorded_anew(model_server, tmp_path, left):
    cassette = tmp_path / "cassette.jsonl"
    fitted(model_server, cassette=str(cassette), record=True).score(FIVE)
    whole = cassette.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    cassette.write_bytes(whole[: min(last + left, len(whole) - 2)])
    with pytest.raises(FaultsError, match=r"cassette\.jsonl:6: is not JSON"):
        model(model_server, cassette=str(cassette)).check()
    asked = len(model_server.asked)
    recipe = model(model_server, cassette=str(cassette), record=True)
    recipe.check()
    recipe.fit(*yes_no(), 13).score(FIVE)
    assert cassette.read_bytes() == whole
    assert len(model_server.asked) == asked  # the reply is in the cache


SMALL_DISK = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))"


def test_a_full_disk_leaves_no_half_line_in_a_cassette(model_server, tmp_path):
    cassette = tmp_path / "cassette.jsonl"
    fitted(model_server).score(claims_of([f"Claim {n}." for n in range(30)]))  # so that the cache need not grow
    cassette.write_text("\n" * 470_000)
    settings = {"endpoint": model_server.url, "model": "tiny", "guide": GUIDE, "cassette": str(cassette)}
    # -B: Python would keep its compiled modules cut off at the limit.
    command = [sys.executable, "-B", "-c", f"{SMALL_DISK}\n{WORKER}", json.dumps(settings | {"record": True}), "30"]
    result = subprocess.run(command, env=worker_environment(), capture_output=True, text=True, check=False)
    assert "WriteError" in result.stderr
    assert "the file would exceed the file-size limit" in result.stderr
    assert cassette.read_text().endswith("}\n") or not cassette.read_text().strip()
    fitted(model_server, cassette=str(cassette), record=True).score(claims_of([f"Claim {n}." for n in range(30)]))
    assert len(cassette.read_text().split("\n")) == 470_000 + 31 + 1


def test_an_exchange_whose_request_was_changed_is_named(model_server, tmp_path):
    cassette = tmp_path / "cassette.jsonl"
    fitted(model_server, cassette=str(cassette), record=True).score(FIVE)
    cassette.write_text(cassette.read_text().replace("It sold 3 loaves", "It sold 9 loaves"))
    with pytest.raises(FaultsError, match=r"cassette\.jsonl:\d: key: .* modified .*record again") as raised:
        model(model_server, cassette=str(cassette)).check()
    assert len(raised.value.faults) == 1


def test_processes_that_ask_the_same_at_once_pay_once(model_server):
    fitted(model_server)
    model_server.answer = slow(0.05, says())
    workers = [start_worker(model_server, 20) for _ in range(3)]
    outputs = [worker.communicate(timeout=60) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0], outputs
    assert len({out for out, _ in outputs}) == 1
    assert len(model_server.asked) == 1 + 20


def test_a_call_that_a_dead_process_was_asking_is_asked_at_once(model_server):
    fitted(model_server)
    model_server.answer = slow(2, says())
    worker = start_worker(model_server, 1)
    while not model_server.claims():
        time.sleep(0.005)
    worker.kill()
    worker.communicate()
    model_server.answer = says()
    begun = time.monotonic()
    fitted(model_server).score(claims_of(["Claim 0."]))
    assert time.monotonic() - begun < 1


def test_an_interrupt_waits_for_answers_that_are_on_their_way_and_a_second_one_does_not(model_server):
    fitted(model_server)
    model_server.answer = slow(1, says())
    first = start_worker(model_server, 1)
    while len(model_server.claims()) < 1:
        time.sleep(0.005)
    first.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in first.communicate()[1]
    assert len(fitted(model_server).score(claims_of(["Claim 0."]))) == 1
    assert len(model_server.claims()) == 1  # what was paid for is kept
    model_server.answer = slow(8, says())
    second = start_worker(model_server, 5)
    while len(model_server.claims()) < 1 + 4:
        time.sleep(0.005)
    begun = time.monotonic()
    second.send_signal(signal.SIGINT)
    time.sleep(0.5)
    second.send_signal(signal.SIGINT)
    second.communicate(timeout=60)
    assert time.monotonic() - begun < 5


def test_a_call_that_failed_elsewhere_is_asked_here(model_server):
    scorer, other = fitted(model_server), fitted(model_server)
    model_server.script = [slow(0.3, gives("down", 500))]

    def fail() -> None:
        with pytest.raises(HarnessError, match="status 500"):
            scorer.score(FIVE.take(np.arange(1)))

    failed = threading.Thread(target=fail)
    failed.start()
    while not model_server.claims():
        time.sleep(0.005)
    assert len(other.score(FIVE)) == 5
    failed.join()
    assert len(model_server.claims()) == 1 + 5
