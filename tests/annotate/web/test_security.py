"""Who may talk to the server."""

from __future__ import annotations

import pytest

from harness.annotate.web import security
from harness.annotate.web.security import MAX_VISITS, Guard, Rate, is_loopback, same


@pytest.fixture
def guard():
    return Guard(["ann", "bob"], "192.168.1.5", 8000)


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:8000", True),
        ("localhost:8000", True),
        ("[::1]:8000", True),
        ("192.168.1.5:8000", True),
        ("127.0.0.1:8001", False),
        ("127.0.0.1", False),
        ("evil.example:8000", False),
        ("localhost.evil.example:8000", False),
        ("127.0.0.1.evil.example:8000", False),
        ("127.0.0.1:8000@evil.example", False),
        ("evil.example@127.0.0.1:8000", False),
        ("127.0.0.1:8000/x", False),
        ("127.0.0.1:x", False),
        ("[::1:8000", False),
        ("", False),
        (None, False),
    ],
)
def test_hosts_of_a_name_that_somebody_else_could_point_here_are_unknown(guard, host, known):
    assert guard.is_known_host(host) is known


def test_the_name_that_the_user_gave_is_known():
    assert Guard(["a"], "desk.example", 80).is_known_host("Desk.Example")


def test_origins(guard):
    own = {"host": "127.0.0.1:8000", "origin": "http://127.0.0.1:8000"}
    assert guard.is_own_origin(own)
    for origin in ("http://evil.example", "null", "https://127.0.0.1:8000", "http://127.0.0.1:8000.evil.example"):
        assert not guard.is_own_origin(own | {"origin": origin})
    assert not guard.is_own_origin({"host": "127.0.0.1:8000"})


def test_a_token_opens_a_visit_of_its_annotator_only(guard):
    assert len({*guard.tokens.values()}) == 2
    assert all(len(token) >= 43 for token in guard.tokens.values())
    visit = guard.enter(guard.tokens["bob"])
    assert visit.annotator == "bob"
    assert guard.visit(visit.cookie) == visit
    assert guard.visit(visit.csrf) is None
    for token in ("", "x", guard.tokens["bob"][:-1], guard.tokens["bob"] + "x", "ö"):
        assert guard.enter(token) is None
    assert guard.visit(None) is None
    assert guard.is_own_form(visit, visit.csrf)
    assert not guard.is_own_form(visit, guard.enter(guard.tokens["bob"]).csrf)


def test_a_link_is_open_in_a_limited_number_of_browsers(guard):
    first = guard.enter(guard.tokens["ann"])
    other = guard.enter(guard.tokens["bob"])
    for _ in range(MAX_VISITS):
        guard.enter(guard.tokens["ann"])
    assert guard.visit(first.cookie) is None
    assert guard.visit(other.cookie) == other


def test_every_secret_is_compared_in_constant_time_and_with_all(guard, monkeypatch):
    compared = []
    monkeypatch.setattr(
        security.hmac, "compare_digest", lambda given, expected: compared.append(expected) or given == expected
    )
    guard.enter(guard.tokens["ann"])
    assert compared == [token.encode() for token in guard.tokens.values()]
    assert same("a", "a")
    assert not same("\udcff", "a")


def test_rates(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(security.time, "monotonic", lambda: now[0])
    rate = Rate(2, 3)
    assert [rate.take() for _ in range(4)] == [True, True, True, False]
    now[0] += 0.5
    assert [rate.take(), rate.take()] == [True, False]
    now[0] += 1000
    assert [rate.take() for _ in range(4)] == [True, True, True, False]


def test_strangers_do_not_slow_annotators_down(guard):
    visit = guard.enter(guard.tokens["ann"])
    while not guard.is_busy(None):
        pass
    assert not guard.is_busy(visit)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("desk", False)],
)
def test_loopback(host, loopback):
    assert is_loopback(host) is loopback
