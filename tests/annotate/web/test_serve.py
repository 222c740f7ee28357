"""The real command with `--web`: starts, prints links, stops, and keeps its secrets."""

from __future__ import annotations

import importlib.util
import random
import signal
import socket
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner
from dataset_folders import lines, to_label

from harness import HarnessError, check, disputes, label, serve_labeling
from harness.cli.command import harness
from harness.errors import MissingExtra

from .conftest import served


def cli(*args):
    return CliRunner().invoke(harness, [*map(str, args)])


class Visitor:
    """One browser without a script."""

    def __init__(self, link):
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        self.origin = link.partition("/enter")[0]
        self.page = self.opener.open(link, timeout=20).read().decode()

    def value(self, name):
        return self.page.partition(f'name="{name}" value="')[2].partition('"')[0]

    def post(self, path, **fields):
        form = urlencode({"csrf": self.value("csrf"), "turn": self.value("turn")} | fields).encode()
        request = urllib.request.Request(f"{self.origin}{path}", form, {"Origin": self.origin})
        self.page = self.opener.open(request, timeout=20).read().decode()
        return self.page


def test_several_people_label_one_decides_and_no_token_is_printed_again(tmp_path):
    folder = to_label(tmp_path / "d").folder
    with served(tmp_path, "label", "d", "--web", "--as", "ann", "--as", "bob") as (process, links):
        ann, bob = Visitor(links["ann"]), Visitor(links["bob"])
        assert "saved: factual = yes" in ann.post("/label", number=1, note="I read it")
        assert "saved: factual = no" in bob.post("/label", number=2)
        with pytest.raises(HTTPError, match="403"):
            ann.opener.open(f"{ann.origin}/enter?token=wrong", timeout=20)
        # The name is taken as long as the server runs.
        with pytest.raises(HarnessError, match="somebody is labeling as 'ann' now"):
            label(folder, "ann", keys="")
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert errors == ""
    assert "token" not in output
    assert output.count(": 1 answer\nanswered: 1 of 14 questions\n") == 2
    assert "go on with: harness label d --web --as bob" in output
    assert check([folder]) == []
    assert len(disputes(folder).disputes) == 1
    with served(tmp_path, "adjudicate", "d", "--web", "--as", "chief") as (_, links):
        chief = Visitor(links["chief"])
        assert "I read it" in chief.page
        assert "give the reason of your decision, too" in chief.post("/label", number=1)
        assert "No question is left" in chief.post("/label", number=1, note="a year is a fact")
    (line,) = lines(folder / "annotations/chief.jsonl")
    assert (line["role"], line["label"], line["note"]) == ("adjudicate", "yes", "a year is a fact")
    assert not disputes(folder).disputes


def kill_servers(tmp_path, kills):
    """Kills a server with four annotators at work, several times; returns the answers acknowledged and on disk."""
    folder = to_label(tmp_path / "d", {"a": " ".join(f"Line {n} is short." for n in range(2000))}).folder
    names = ("ann", "bob", "cal", "dee")
    acknowledged = dict.fromkeys(names, 0)

    def label_until_killed(name, link):
        with suppress(OSError, HTTPException):
            visitor = Visitor(link)
            while True:
                acknowledged[name] += "saved: " in visitor.post("/label", number=1)

    for kill in range(kills):
        with served(tmp_path, "label", "d", "--web", *(part for name in names for part in ("--as", name))) as run:
            process, links = run
            with ThreadPoolExecutor(len(names)) as pool:
                for name in names:
                    pool.submit(label_until_killed, name, links[name])
                # On a slow machine too, everybody is at work when the server is killed.
                before, deadline = dict(acknowledged), time.monotonic() + 60
                while min(acknowledged[name] - before[name] for name in names) < 2 and time.monotonic() < deadline:
                    time.sleep(0.05)
                time.sleep(random.Random(kill).uniform(0, 0.3))
                process.kill()
            process.communicate()
    assert check([folder]) == []
    on_disk = [len(lines(folder / f"annotations/{name}.jsonl")) for name in names]
    assert all(n <= found <= n + kills for n, found in zip(acknowledged.values(), on_disk, strict=True))
    return sum(acknowledged.values()), sum(on_disk)


def test_a_killed_server_loses_no_answer(tmp_path):
    acknowledged, on_disk = kill_servers(tmp_path, 1)
    assert 0 < acknowledged <= on_disk


@pytest.mark.soak
def test_a_server_that_is_killed_125_times_loses_no_answer(tmp_path):
    acknowledged, on_disk = kill_servers(tmp_path, 125)
    assert 0 < acknowledged <= on_disk


def test_without_the_extra_the_remedy_is_told(tmp_path, monkeypatch):
    folder = to_label(tmp_path / "d").folder
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "uvicorn" else find(name))
    with pytest.raises(MissingExtra, match=r"--web needs uvicorn; install it with: pip install 'claim-harness\[web\]'"):
        serve_labeling(folder, "ann")


def test_an_address_that_cannot_be_used(tmp_path):
    folder = to_label(tmp_path / "d").folder
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(HarnessError, match=r"cannot listen there: .*give another --port"):
            serve_labeling(folder, "ann", port=taken.getsockname()[1])
    with pytest.raises(HarnessError, match="cannot listen there"):
        serve_labeling(folder, "ann", host="203.0.113.1")


def test_options_of_the_page(tmp_path):
    folder = to_label(tmp_path / "d").folder
    for command in ("label", "adjudicate"):
        assert "several people label with --web" in cli(command, folder, "--as", "a", "--as", "b").output
        assert "--host needs --web" in cli(command, folder, "--as", "a", "--host", "::1").output
        assert "--port needs --web" in cli(command, folder, "--as", "a", "--port", "0").output
