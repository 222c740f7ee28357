"""Batches: many requests in one file; nothing is submitted twice or lost, and single calls find every reply."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading

import pytest
from batch_server import serving_batches
from claim_tables import claims_of, yes_no
from model_server import broken_off, completion, gives, hangs_up

from harness.classifiers import build
from harness.endpoints.cache import Cache
from harness.endpoints.client import LimitReached
from harness.errors import HarnessError
from harness.folders import cache_folder

GUIDE = {"question": "Is it a statistic?", "answers": [{"label": "no"}, {"label": "yes"}]}
FIVE = claims_of([f"{n} loaves." if n % 2 else "Lovely" + "!" * n for n in range(5)])
KEY = "sk-very-secret-0123456789"
BUSY = {"error": {"message": "busy"}}


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "reply-cache"))
    with serving_batches() as server:
        yield server


def model(server, **settings):
    common = {"endpoint": server.url, "model": "tiny", "guide": GUIDE, "retries": 2, "backoff_s": 0.01, "batch": True}
    return build("language_model", common | settings)


def fitted(server, **settings):
    return model(server, **settings).fit(*yes_no(), 13)


def sizes(server):
    return [len(ids) for ids in server.submitted()]


def open_batches():
    with Cache(cache_folder()) as cache, cache.transaction() as database:
        return (
            database.execute("SELECT COUNT(*) FROM batches").fetchone()[0]
            + (database.execute("SELECT COUNT(*) FROM batched").fetchone()[0])
        )


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The scores by single calls."""
    with pytest.MonkeyPatch.context() as patch, serving_batches() as server:
        patch.setenv("HARNESS_CACHE", str(tmp_path_factory.mktemp("single")))
        return fitted(server, batch=False).score(FIVE)


def test_a_batch_answers_as_single_calls_do(server, expected):
    scorer = fitted(server)
    assert (scorer.score(FIVE) == expected).all()
    assert len(server.asked) == 1  # the trial
    assert [set(ids) for ids in server.submitted()] == [{call.key for each in scorer.requests(FIVE) for call in each}]
    single = fitted(server, batch=False)
    assert (single.score(FIVE) == expected).all()
    assert len(server.asked) == 1  # every reply was found
    assert single.api_usage(FIVE) == scorer.api_usage(FIVE)
    assert single.api_usage(FIVE).tokens > 0
    assert open_batches() == 0


def test_samples_are_requests_of_their_own(server):
    scorer = fitted(server, scoring="self_consistency", samples=3)
    scorer.score(FIVE)
    assert sizes(server) == [15]


def test_the_lines_are_the_requests_also_with_odd_characters(server):
    scorer = fitted(server)
    claims = claims_of(["Ein \u2028 Zeichen \x85 und \U0001f600 \u2029.", 'A "quote" \\ and \x0b.'])
    scorer.score(claims)
    sent = {row["custom_id"]: row["body"] for rows in server.rows.values() for row in rows}
    bodies = {call.key: call.body for each in scorer.requests(claims) for call in each}
    assert {key: json.loads(body) for key, body in bodies.items()} == sent


def test_the_wait_says_counts(server, caplog):
    server.states = ["validating", "in_progress", "in_progress", "completed"]
    with caplog.at_level(logging.WARNING):
        fitted(server).score(FIVE)
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0].startswith("batch batch_0 at 127.0.0.1: submitted with 5 requests. If this process stops, run the")
    assert lines[1] == "batch batch_0 at 127.0.0.1: validating, 0 of 5 answered, 0 failed, waited 0:00:00"
    assert lines[-1] == "batch batch_0 at 127.0.0.1: completed, 5 of 5 replies arrived and are saved"


def test_a_wait_that_is_too_long_ends_and_the_next_run_waits_on(server, expected):
    server.states = ["in_progress"]
    with pytest.raises(LimitReached, match=r"batch_0 is in progress, 0 of 5 .* after batch_wait_s \(0.05 s\); .*again"):
        fitted(server, batch_wait_s=0.05).score(FIVE)
    server.states = ["completed"]
    assert (fitted(server).score(FIVE) == expected).all()
    assert sizes(server) == [5]


def shuffled(replies, _):
    replies.reverse()


def repeated(replies, _):
    replies.insert(1, dict(replies[0], response={"status_code": 200, "body": completion("no label")}))
    replies.append(dict(replies[0], custom_id="another"))
    replies.extend(["not JSON", "[]", '{"custom_id": 3}', "{}"])


def test_rows_in_another_order_repeated_or_of_others(server, expected):
    server.endings = [("completed", shuffled)]
    assert (fitted(server).score(FIVE) == expected).all()
    assert sizes(server) == [5]


def test_rows_that_are_repeated_or_none(server, expected):
    server.endings = [("completed", repeated)]
    assert (fitted(server).score(FIVE) == expected).all()
    assert sizes(server) == [5]


def moved(status, body=BUSY, n=2):
    """Moves rows to the file of errors with a status; None: with an error in place of a reply."""

    def edit(replies, errors):
        for _ in range(n):
            row = replies.pop()
            reply = {"response": {"status_code": status, "body": body}}
            none = {"response": None, "error": {"code": "batch_expired", "message": "not within the window"}}
            errors.append(row | (none if status is None else reply))

    return edit


@pytest.mark.parametrize(
    ("ending", "second"),
    [
        (("completed", moved(429)), 2),
        (("completed", moved(500, n=5)), 5),
        (("expired", moved(None)), 2),
        (("completed", lambda replies, _: replies.__delitem__(slice(1, None))), 4),
        (("expired", lambda replies, _: replies.clear()), 5),
    ],
    ids=["busy", "all failed", "expired", "missing", "expired before the first"],
)
def test_what_has_no_usable_reply_is_asked_again_in_a_new_batch(server, expected, ending, second):
    server.endings = [ending]
    assert (fitted(server).score(FIVE) == expected).all()
    assert sizes(server) == [5, second]


def test_what_fails_twice_is_told_and_the_others_are_kept(server):
    server.endings = [("completed", moved(500)), ("completed", moved(500))]
    with pytest.raises(
        HarnessError, match=r"2 of 5 requests have no usable reply in 2 batches: status 500: 'busy'. 3 "
    ):
        fitted(server).score(FIVE)
    fitted(server).score(FIVE)
    assert sizes(server) == [5, 2, 2]


def test_a_row_with_a_status_that_no_retry_helps_ends_the_run(server):
    server.endings = [("completed", moved(401, n=1))]
    with pytest.raises(HarnessError, match=r"status 401: 'busy'; set api_key_variable .* 4 of 5 replies arrived"):
        fitted(server).score(FIVE)
    fitted(server).score(FIVE)
    assert sizes(server) == [5, 1]


def test_a_request_that_is_rejected_counts_as_by_single_calls(server):
    server.endings = [("completed", moved(400, {"error": {"message": "against the policy"}}))]
    scorer = fitted(server)
    scorer.score(FIVE)
    assert scorer.unanswered_by_reason(FIVE) == {"rejected": 2}
    assert sizes(server) == [5]


def test_a_parameter_that_is_refused_is_found_out_before_the_batch(server):
    server.script = [gives({"error": {"message": "Unsupported parameter", "param": "temperature"}}, 400)]
    fitted(server).score(FIVE)
    assert "temperature" in server.asked[0]
    assert all("temperature" not in row["body"] for row in server.rows["batch_0"])


def test_a_batch_that_is_cancelled_is_told_and_the_rest_asked_by_the_next_run(server, expected):
    server.endings = [("cancelled", moved(None))]
    with pytest.raises(HarnessError, match=r"batch batch_0 was cancelled. 3 of 5 replies arrived and are saved; run "):
        fitted(server).score(FIVE)
    assert (fitted(server).score(FIVE) == expected).all()
    assert sizes(server) == [5, 2]


def test_a_batch_that_is_refused_names_the_errors(server):
    server.endings = [("failed", lambda replies, _: replies.clear())]
    errors = [{"code": "model_not_found", "message": "no \x1b[31m model", "line": n, "param": None} for n in (1, 2)]
    server.errors = {"object": "list", "data": [*errors, {"code": "empty", "message": "no line"}]}
    with pytest.raises(HarnessError) as raised:
        fitted(server).score(FIVE)
    message = str(raised.value)
    assert (
        "the endpoint refuses batch batch_0 of 5 requests: line 1: 'no \ufffd[31m model'; 'no line'; and 1 more"
        in message
    )
    assert open_batches() == 0
    fitted(server).score(FIVE)
    assert sizes(server) == [5, 5]


@pytest.mark.parametrize("path", ["POST /files", "POST /batches"])
def test_an_endpoint_without_batches_is_told(server, path):
    server.troubles = [(path, gives({"detail": "Not Found"}, 404), False)]
    with pytest.raises(HarnessError, match=r"404: 'Not Found'; the endpoint knows no batches: remove batch: true"):
        fitted(server).score(FIVE)
    assert open_batches() == 0


def test_a_call_that_is_not_allowed_names_the_remedy(server):
    server.troubles = [("POST /files", gives({"error": {"message": "no"}}, 401), False)]
    with pytest.raises(HarnessError, match=r"/files: status 401: 'no'; set api_key_variable"):
        fitted(server).score(FIVE)


@pytest.mark.parametrize(
    ("call", "trouble"),
    [
        ("POST /files", hangs_up),
        ("POST /batches", gives(BUSY, 503)),
        ("GET /batches/batch_0", gives(BUSY, 429, Retry_After="0.01")),
        ("GET /files/file-output-1", broken_off),
    ],
)
def test_what_fails_for_the_moment_is_tried_again(server, expected, call, trouble):
    server.troubles = [(call, trouble, False)]
    assert (fitted(server).score(FIVE) == expected).all()
    assert server.troubles == []
    assert sizes(server) == [5]


def test_a_wait_outlasts_an_outage_of_some_minutes(server, expected, monkeypatch):
    server.troubles = [("GET /batches/batch_0", hangs_up, False)] * 3
    server.states = ["in_progress"] * 5 + ["completed"]
    server.troubles.insert(0, ("GET /batches/batch_0", gives({"id": "batch_0", "status": "in_progress"}), False))
    assert (fitted(server, retries=0).score(FIVE) == expected).all()
    assert sizes(server) == [5]
    monkeypatch.setattr("harness.endpoints.batches.waiting.OUTAGE_S", 0)
    server.troubles = [
        ("GET /batches/batch_1", gives({"id": "batch_1", "status": "in_progress"}), False),
        ("GET /batches/batch_1", hangs_up, False),
    ]
    other = claims_of(["Another."])
    with pytest.raises(HarnessError, match="the connection failed"):
        fitted(server, retries=0).score(other)
    fitted(server).score(other)
    assert sizes(server) == [5, 1]


def test_a_submission_whose_answer_is_lost_is_not_repeated(server, expected):
    server.troubles = [("POST /batches", hangs_up, True)]
    assert (fitted(server).score(FIVE) == expected).all()
    assert sizes(server) == [5]


def test_a_submission_without_an_answer_is_looked_up_by_the_next_run(server, expected):
    scorer = fitted(server, retries=0)
    server.troubles = [("POST /batches", hangs_up, True)]
    with pytest.raises(HarnessError, match="the connection failed"):
        scorer.score(FIVE)
    server.page = 1
    for number in range(2):  # others came after it
        server.batches[f"other{number}"] = {"id": f"other{number}", "input_file_id": "another"}
    assert (fitted(server).score(FIVE) == expected).all()
    assert sizes(server) == [5]
    assert sum("GET /batches?" in call for call in server.calls) == 3  # pages


def test_an_upload_that_was_not_submitted_is_submitted_once(server, expected):
    server.troubles = [("POST /batches", hangs_up, False)]
    with pytest.raises(HarnessError, match="the connection failed"):
        fitted(server, retries=0).score(FIVE)
    assert (fitted(server).score(FIVE) == expected).all()
    assert sizes(server) == [5]


def test_an_endpoint_that_does_not_say_whether_it_has_a_batch(server):
    server.troubles = [("POST /batches", hangs_up, True)] + [("GET /batches.limit", gives("", 404), False)] * 2
    with pytest.raises(HarnessError, match="whether the batch was submitted is unknown"):
        fitted(server).score(FIVE)
    with pytest.raises(HarnessError, match=r"does not say whether it has it\. .* run once with --fresh"):
        fitted(server).score(FIVE)
    assert sizes(server) == [5]
    recipe = model(server)
    recipe.renew()  # what --fresh does
    assert open_batches() == 0


def test_a_batch_that_the_endpoint_forgot_is_told_once_and_then_submitted_anew(server, expected):
    server.states = ["in_progress"]
    with pytest.raises(LimitReached):
        fitted(server, batch_wait_s=0.01).score(FIVE)
    server.batches.clear()
    server.states = ["completed"]
    with pytest.raises(HarnessError, match=r"does not know batch batch_0 .*run the same command again, which submits"):
        fitted(server).score(FIVE)
    assert (fitted(server).score(FIVE) == expected).all()
    assert open_batches() == 0


def test_result_files_that_are_gone_are_told_once_and_then_submitted_anew(server, expected):
    server.troubles = [("GET /files/.*/content", gives("", 404), False)] * 2
    with pytest.raises(HarnessError, match=r"does not know batch batch_0 or its files any more"):
        fitted(server).score(FIVE)
    assert (fitted(server).score(FIVE) == expected).all()
    assert sizes(server) == [5, 5]


def test_many_requests_are_several_batches(server, expected, monkeypatch, caplog):
    monkeypatch.setattr("harness.endpoints.batches.rows.MAX_REQUESTS", 2)
    assert (fitted(server).score(FIVE) == expected).all()
    assert sizes(server) == [2, 2, 1]
    assert "submitted with 2 requests (part 1 of 3)" in caplog.text


def test_large_requests_are_several_batches(server, monkeypatch):
    scorer = fitted(server)
    monkeypatch.setattr("harness.endpoints.batches.rows.MAX_BYTES", 3_000)
    scorer.score(FIVE)
    assert sum(sizes(server)) == 5
    assert len(sizes(server)) > 1
    uploads = [text for file, text in server.files.items() if "input" in file]
    assert all(len(text.encode()) <= 3_000 for text in uploads)


def test_lots_of_claims_are_submitted_before_any_is_waited_for(server, expected, monkeypatch):
    monkeypatch.setattr("harness.classifiers.language_models.scorer.BATCH_SIZE", 2)
    assert (fitted(server).score(FIVE) == expected).all()
    assert sizes(server) == [2, 2, 1]
    calls = [call for call in server.calls if call.startswith(("POST /batches", "GET /batches/"))]
    assert calls[:3] == ["POST /batches"] * 3


def test_of_many_requests_the_first_are_single_calls_which_can_end_the_run(server, monkeypatch):
    monkeypatch.setattr("harness.endpoints.replay.MIN_BATCH_AFTER_FIRST", 5)
    six = claims_of([f"Claim {n}." for n in range(6)])
    scorer = fitted(server)
    server.answer = gives(completion('{"label": "ye', finish="length"))
    with pytest.raises(HarnessError, match="all of the first 5 answers are cut off"):
        scorer.score(six)
    assert server.batches == {}
    assert len(server.asked) == 1 + 5


def test_a_small_batch_is_looked_at_when_it_is_answered(server):
    scorer = fitted(server)
    server.answer = gives(completion('{"label": "ye', finish="length"))
    with pytest.raises(HarnessError, match="all of the first 5 answers are cut off"):
        scorer.score(FIVE)


def test_a_cap_of_calls_holds_for_batches(server):
    scorer = fitted(server, max_calls=4)
    with pytest.raises(LimitReached, match=r"the max_calls limit \(4\) is reached"):
        scorer.score(FIVE)
    assert sizes(server) == [3]  # and the trial


def test_what_a_batch_does_not_use_of_a_cap_is_free_for_the_next(server):
    price = {"input": 1.0, "output": 1.0}
    bound = fitted(server).requests(FIVE)[0][0].token_bound
    for cap in ({"max_total_tokens": 3 * bound}, {"max_cost": 3 * bound / 1e6, "price": price}):
        server.rows.clear()
        scorer = fitted(server, **cap)
        scorer.score(claims_of([f"Other {n} {len(cap)}." for n in range(4)]))
        assert sum(sizes(server)) == 4
        assert 1 < len(sizes(server)) < 4


def test_a_reply_that_cannot_be_used_was_billed_all_the_same(server):
    def no_completion(replies, errors):
        replies[0]["response"]["body"] = {"usage": {"prompt_tokens": 100, "completion_tokens": 11}}
        errors.append(replies.pop() | {"response": {"status_code": 500, "body": BUSY}})

    server.endings = [("completed", no_completion)]
    scorer = fitted(server, max_total_tokens=100_000)
    with Cache(cache_folder()) as cache:
        before = cache.usage(scorer.ledger).tokens
        scorer.score(FIVE)
        assert sizes(server) == [5, 2]
        assert cache.usage(scorer.ledger).tokens == before + scorer.api_usage(FIVE).tokens + 111


def test_parts_that_are_not_submitted_cost_nothing(server, monkeypatch):
    monkeypatch.setattr("harness.endpoints.batches.rows.MAX_REQUESTS", 2)
    scorer = fitted(server, max_total_tokens=100_000)
    server.troubles = [("POST /files", gives(BUSY, 400), False)]
    with Cache(cache_folder()) as cache:
        before = cache.usage(scorer.ledger).tokens
        with pytest.raises(HarnessError, match="status 400"):
            scorer.score(FIVE)
        assert cache.usage(scorer.ledger).tokens == before


def test_a_batch_that_came_to_nothing_costs_nothing(server):
    server.endings = [("failed", lambda replies, _: replies.clear())]
    scorer = fitted(server, max_total_tokens=12_000)
    with Cache(cache_folder()) as cache:
        before = cache.usage(scorer.ledger).tokens
        with pytest.raises(HarnessError, match="refuses batch"):
            scorer.score(FIVE)
        assert cache.usage(scorer.ledger).tokens == before
        scorer.score(FIVE)
        assert cache.usage(scorer.ledger).tokens == before + scorer.api_usage(FIVE).tokens


def test_the_forecast_says_how_many_requests_are_in_batches(server):
    claims, gold = yes_no()
    planned = model(server, scoring="token_probabilities").planned_requests(claims, gold, FIVE, 13)
    assert sorted(estimate.in_batch for estimate in planned.values()) == [False] + [True] * 5
    server.states = ["in_progress"]
    with pytest.raises(LimitReached):
        fitted(server, scoring="token_probabilities", batch_wait_s=0.01).score(FIVE.take([0, 1]))
    planned = model(server, scoring="token_probabilities").planned_requests(claims, gold, FIVE, 13)
    assert len(planned) == 3  # the others are submitted


def test_the_key_goes_with_each_call_and_into_no_file(server, monkeypatch, tmp_path):
    monkeypatch.setenv("MY_KEY", KEY)
    server.endings = [("completed", moved(400, {"error": {"message": f"bad {KEY}"}}))]
    fitted(server, api_key_variable="MY_KEY").score(FIVE)
    assert {headers["Authorization"] for headers in server.batch_headers} == {f"Bearer {KEY}"}
    files = [path for path in (tmp_path / "reply-cache").iterdir() if KEY.encode() in path.read_bytes()]
    assert files == []


def test_the_query_of_an_address_goes_with_each_call(server):
    fitted(server, endpoint=f"{server.url}?api-version=3").score(FIVE)
    assert all("api-version=3" in call for call in server.calls)


def test_a_cassette_of_a_batch_scores_again(server, tmp_path, expected):
    cassette = str(tmp_path / "cassette.jsonl")
    fitted(server, cassette=cassette, record=True).score(FIVE)
    calls = len(server.calls)
    assert (fitted(server, cassette=cassette).score(FIVE) == expected).all()
    assert len(server.calls) == calls


def test_threads_with_the_same_requests_share_a_batch(server, expected):
    scorers = [fitted(server) for _ in range(3)]
    scores = []
    threads = [threading.Thread(target=lambda s=scorer: scores.append(s.score(FIVE))) for scorer in scorers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((each == expected).all() for each in scores)
    assert len(scores) == 3
    assert sizes(server) == [5]


def test_requests_that_are_partly_in_a_batch(server):
    server.states = ["in_progress"]
    with pytest.raises(LimitReached):
        fitted(server, batch_wait_s=0.01).score(FIVE.take([0, 1]))
    server.states = ["completed"]
    fitted(server).score(FIVE)
    assert sizes(server) == [2, 3]


def test_a_batch_of_other_requests_keeps_all_its_replies(server):
    server.states = ["in_progress"]
    with pytest.raises(LimitReached):
        fitted(server, batch_wait_s=0.01).score(FIVE)
    server.states = ["completed"]
    fitted(server).score(FIVE.take([0]))
    fitted(server, batch=False).score(FIVE)
    assert len(server.asked) == 1


CHILD = """
import sys
sys.path[:0] = sys.argv[2:]
from claim_tables import yes_no
from test_batches import FIVE, GUIDE
from harness.classifiers import build
settings = {"endpoint": sys.argv[1], "model": "tiny", "guide": GUIDE, "backoff_s": 0.01, "batch": True}
build("language_model", settings).fit(*yes_no(), 13).score(FIVE)
"""


@pytest.mark.parametrize("moment", ["POST /batches", "GET /files/"])
def test_a_process_that_is_killed_at_any_call_is_continued(server, expected, moment, request):
    tests = request.config.rootpath / "tests"
    folders = [str(tests), str(tests / "classifiers"), str(tests / "endpoints" / "batches")]
    reached = threading.Event()

    def kills(handler, body):
        os.kill(child.pid, signal.SIGKILL)
        reached.set()
        hangs_up(handler, body)

    server.troubles = [(moment, kills, True)]
    child = subprocess.Popen([sys.executable, "-c", CHILD, server.url, *folders])
    assert child.wait(60) == -signal.SIGKILL
    assert reached.is_set()
    assert (fitted(server).score(FIVE) == expected).all()
    assert sizes(server) == [5]
    assert open_batches() == 0
