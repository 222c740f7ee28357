"""The clock of stages: exclusive times, and no clock."""

from __future__ import annotations

from time import sleep

import pytest

from harness.features.stages import Spent, add_up, in_stage, stage, stage_clock


def test_a_stage_is_without_the_stages_inside_it():
    with stage_clock() as spent, stage("fit"):
        sleep(0.02)
        with stage("featurize"):
            sleep(0.05)
        sleep(0.02)
    assert spent["fit"].wall == pytest.approx(0.04, abs=0.03)
    assert 0.05 <= spent["featurize"].wall < 0.12
    assert spent["featurize"].processor < 0.03


def test_an_error_ends_a_stage_too():
    with stage_clock() as spent:
        with pytest.raises(ValueError, match="x"), stage("fit"), stage("featurize"):
            raise ValueError("x")
        with stage("score"):
            pass
    assert set(spent) == {"fit", "featurize", "score"}


def test_without_a_clock_nothing_is_counted():
    @in_stage("fit")
    def double(number: int) -> int:
        return 2 * number

    assert double(2) == 4
    with stage_clock() as spent:
        assert double(3) == 6
    assert set(spent) == {"fit"}


def test_times_of_several_clocks_add_up():
    total = add_up({"fit": Spent(1, 2)}, {"fit": Spent(3, 4), "score": Spent(5, 6)})
    assert total == {"fit": Spent(4, 6), "score": Spent(5, 6)}
