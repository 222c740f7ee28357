"""What a robots.txt allows, as RFC 9309 says."""

from __future__ import annotations

import time

import pytest

from harness.data.web.robots import parse_robots


@pytest.mark.parametrize(
    ("robots", "allowed", "forbidden"),
    [
        ("", ["/"], []),
        ("User-agent: *\nDisallow:", ["/a"], []),
        ("User-agent: *\nDisallow: /", [], ["/", "/a?b=1"]),
        ("user-AGENT: *\r\ndisallow: /private # for us", ["/", "/public"], ["/private", "/private/a", "/privately"]),
        # The longest rule decides, wherever it stands; of two equally long ones, the one that allows.
        ("User-agent: *\nDisallow: /\nAllow: /news/", ["/news/a"], ["/", "/new"]),
        ("User-agent: *\nAllow: /\nDisallow: /news/", ["/a"], ["/news/a"]),
        ("User-agent: *\nDisallow: /a\nAllow: /a", ["/a"], []),
        ("User-agent: *\nDisallow: /*.pdf$\nDisallow: /*?print", ["/a.pdf?x", "/a"], ["/x/a.pdf", "/a?print=1"]),
        ("User-agent: *\nDisallow: /a*b*c$", ["/abd", "/abcd"], ["/abc", "/a-b-cc"]),
        # The groups of the program's own name replace those for all.
        ("User-agent: *\nDisallow: /\n\nUser-agent: Claim-Harness/2\nDisallow: /x", ["/a"], ["/x"]),
        ("User-agent: other\nUser-agent: claim-harness\nDisallow: /x\nUser-agent: *\nDisallow: /", ["/a"], ["/x"]),
        ("User-agent: claim-harness\nDisallow: /x\n\nUser-agent: claim-harness\nDisallow: /y", ["/a"], ["/x", "/y"]),
        ("User-agent: claim\nDisallow: /", ["/a"], []),
        ("Disallow: /\nUser-agent: other\nDisallow: /", ["/a"], []),
        ("\ufeffUser-agent: *\nDisallow: /ü\nDisallow: /%7Ejoe", ["/u"], ["/%C3%BC", "/~joe/a"]),
        ("<html>User-agent: nothing here</html>", ["/"], []),
    ],
)
def test_rules(robots, allowed, forbidden):
    rules = parse_robots(robots, "claim-harness")
    assert [path for path in allowed if rules.rule_against(path)] == []
    assert [path for path in forbidden if not rules.rule_against(path)] == []


@pytest.mark.parametrize(
    ("value", "expected"), [("7", 7.0), ("2.5", 2.5), ("100000", 30.0), ("soon", 0.0), ("-1", 0.0), ("nan", 0.0)]
)
def test_a_site_can_ask_for_a_pause(value, expected):
    assert parse_robots(f"User-agent: *\nCrawl-delay: {value}\nDisallow: /x", "claim-harness").delay_s == expected


def test_a_rule_of_many_stars_takes_no_time():
    rules = parse_robots(f"User-agent: *\nDisallow: /{'*a' * 2_000}$", "claim-harness")
    begin = time.process_time()
    assert rules.rule_against("/" + "a" * 3_000 + "b") is None
    assert time.process_time() - begin < 1
