"""Which units a shard has, and what is no shard."""

from __future__ import annotations

import pytest

from harness.errors import HarnessError
from harness.files import sha256
from harness.runner.units.shards import Shard, ShardProgress

IDS = [sha256(str(number))[:20] for number in range(1000)]


@pytest.mark.parametrize("of", [1, 3, 4, 16])
def test_every_unit_belongs_to_one_shard_and_shards_are_of_like_size(of):
    parts = [[unit for unit in IDS if Shard(number, of).has(unit)] for number in range(1, of + 1)]
    assert sorted(unit for part in parts for unit in part) == sorted(IDS)
    # binomial(1000, 1 / of): five standard errors
    assert all(abs(len(part) - 1000 / of) <= 5 * (1000 / of) ** 0.5 for part in parts)


@pytest.mark.parametrize(("value", "shard"), [("1/4", (1, 4)), (" 4 / 4 ", (4, 4)), ((2, 3), (2, 3)), ("1/1", (1, 1))])
def test_shards_as_text_and_as_numbers(value, shard):
    assert Shard.parse(value) == shard


@pytest.mark.parametrize(
    "value",
    ["0/4", "5/4", "1", "1/", "/4", "1/0", "-1/4", "1.5/4", "a/b", "", "1/4/2", "²/4", (0, 4), (1, 2.5), ()],
)
def test_what_is_no_shard_is_refused(value):
    with pytest.raises(HarnessError, match="expected I/N with I from 1 to N, such as 1/4"):
        Shard.parse(value)


def test_a_shard_says_what_is_left():
    assert "3 of 4 units fitted; 7 units of the experiment left" in str(ShardProgress("1/4", 4, 1, 7))
    assert "no unit of the experiment is left" in str(ShardProgress("1/4", 4, 0, 0))
