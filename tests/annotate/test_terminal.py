"""A session in a real terminal of 80 by 24."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

import pytest
from dataset_folders import lines, to_label
from rich.console import Console

from harness import label

TIMEOUT_S = 60


class Screen:
    """A process with a terminal of its own."""

    def __init__(self, cwd, *args, rows=24, columns=80):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.environ["TERM"] = "xterm"
            os.execv(sys.executable, [sys.executable, "-m", "harness", *args])
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.output = ""

    def read_until(self, text):
        end = time.monotonic() + TIMEOUT_S
        start = len(self.output)
        while text not in self.output[start:]:
            assert time.monotonic() < end, self.output[-2000:]
            if select.select([self.terminal], [], [], 0.2)[0]:
                try:
                    data = os.read(self.terminal, 65536)
                except OSError:  # the process has ended
                    break
                self.output += data.decode("utf-8", "replace")
        screen = self.output.rpartition("\x1b[2J")[2]
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen).replace("\r", "")

    def press(self, keys, text):
        os.write(self.terminal, keys.encode())
        return self.read_until(text)

    def end(self):
        _, status = os.waitpid(self.pid, 0)
        os.close(self.terminal)
        return os.waitstatus_to_exitcode(status)


@pytest.fixture
def folder(tmp_path):
    return to_label(tmp_path / "d").folder


def test_keys_act_at_once_and_every_screen_fits(folder):
    screen = Screen(folder.parent, "label", "d", "--as", "ann")
    first = screen.read_until("q leave")
    assert "»The bridge opened in 1932.«" in first
    # A key of several characters, with digits among them, chooses nothing.
    second = screen.press("\x1b[1;5C1", "q leave")
    assert "saved: factual = yes" in second
    assert "Read the whole article first." in screen.press("?", "digits choose")
    assert "q leave" in screen.press("\n", "q leave")
    assert "note of your next answer (Enter, Esc): 2" in screen.press("n2", "Esc): 2")
    assert "Esc): 2 for 1" in screen.press("\x1b[200~ for 1\x1b[201~", "for 1")
    assert "the note goes with" in screen.press("\n", "q leave")
    assert "saved: tone = cannot tell (with a note)" in screen.press("3", "q leave")
    assert "the key 11q does nothing here" in screen.press("\x1b[200~11q\x1b[201~", "q leave")
    undone = screen.press("u", "q leave")
    assert "taken back: tone = cannot tell" in undone
    assert all(text.count("\n") <= 23 for text in (first, second, undone))
    # The note of the answer that was taken back is offered again, and is not lost without a word.
    assert "with your next answer: the note '2 for 1'" in undone
    assert "not stored without an answer: the note '2 for 1' (sentence 1); q again" in screen.press("q", "q leave")
    assert "answered: 1 of 14 questions" in screen.press("q", "go on with")
    assert screen.end() == 0
    assert [a["role"] for a in lines(folder / "annotations/ann.jsonl")] == ["label", "label", "withdraw"]


def test_the_end_waits_for_undo_and_enter_leaves(folder):
    screen = Screen(folder.parent, "label", "d", "--as", "ann", "--axis", "factual")
    screen.read_until("q leave")
    assert "No question is left." in screen.press("1" * 7, "No question is left.")
    assert "»Was it worth it?«" in screen.press("u", "Was it worth it?«")
    screen.press("2", "No question is left.")
    screen.press("\n", "answered: 7 of 7")
    assert screen.end() == 0


def test_ctrl_c_leaves_and_the_terminal_shows_keys_again(folder):
    screen = Screen(folder.parent, "label", "d", "--as", "ann")
    screen.read_until("q leave")
    assert "flagged: look again" in screen.press("!", "q leave")
    assert "3  fairly sure" in screen.press("c", "Esc: back")
    assert "'fairly sure' goes with your next answer" in screen.press("3", "q leave")
    assert "(with confidence: fairly sure)" in screen.press("1", "saved: factual")
    attributes = termios.tcgetattr(screen.terminal)
    assert not attributes[3] & termios.ECHO
    os.kill(screen.pid, signal.SIGINT)
    screen.read_until("completed work is saved")
    assert termios.tcgetattr(screen.terminal)[3] & termios.ECHO
    assert screen.end() == 130
    log = lines(folder / "annotations/ann.jsonl")
    assert [(a["role"], a.get("confidence")) for a in log] == [("flag", None), ("label", 0.75)]


def test_an_adjudicator_is_asked_for_the_reason(folder):
    for name, key in (("ann", "1"), ("bob", "2")):
        label(folder, name, keys=f"{key}q", console=Console(quiet=True))
    screen = Screen(folder.parent, "adjudicate", "d", "--as", "chief")
    screen.read_until("q leave")
    assert "reason for 'yes', stored with the decision" in screen.press("1", "with the decision")
    assert "not decided: give the reason" in screen.press("\n", "q leave")
    screen.press("1", "with the decision")
    assert "No question is left" in screen.press("a date\n", "saved: factual = yes (with a note)")
    screen.press("q", "answered: 1 of 1")
    assert screen.end() == 0
    (line,) = lines(folder / "annotations/chief.jsonl")
    assert (line["role"], line["note"]) == ("adjudicate", "a date")
