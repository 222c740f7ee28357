"""Keys of a terminal and of a pipe."""

from __future__ import annotations

import io

import pytest

from harness.annotate.keys import keys_of


def keys(data: bytes, has_more: bool = True) -> list[str]:
    stream = io.BytesIO(data)
    return list(keys_of(lambda: stream.read(1), lambda: has_more))


@pytest.mark.parametrize(
    ("data", "pressed"),
    [
        (b"1u?q", ["1", "u", "?", "q"]),
        (b"1\r\n2", ["1", "\n", "\n", "2"]),
        ("1é字2".encode(), ["1", "é", "字", "2"]),
        # Arrow keys and function keys send digits and letters, which choose nothing.
        (b"\x1b[A\x1b[1;5C\x1bOP\x1b[15~3", ["3"]),
        (b"\x1bu3", ["3"]),
        (b"12\x043", ["1", "2"]),
        (b"\x081\xff2", ["\x7f", "1", "\ufffd", "2"]),
        (b"\x1b[1;", []),
        # A pasted text is one key, which chooses no label.
        (b"1\x1b[200~12\r\nq\x1b[201~2", ["1", "12 q", "2"]),
        (b"\x1b[200~12", ["12"]),
    ],
)
def test_keys_of_bytes(data, pressed):
    assert keys(data) == pressed


def test_the_escape_key_alone(tmp_path):
    assert keys(b"\x1b", has_more=False) == ["\x1b"]
