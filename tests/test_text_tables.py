"""What a line of text says of counts and sizes."""

from __future__ import annotations

import pytest

from harness.text_tables import size_of


@pytest.mark.parametrize(
    ("n_bytes", "shown"),
    [
        (0, "0 kB"),
        (1, "1 kB"),
        (20_713, "21 kB"),
        (99_999, "100 kB"),
        (100_000, "0.1 MB"),
        (1_204_500_000, "1,204.5 MB"),
    ],
)
def test_a_small_file_is_no_empty_one(n_bytes, shown):
    assert size_of(n_bytes) == shown
