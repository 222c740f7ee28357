"""The folder of scores: what is in the place of its settings."""

from __future__ import annotations

import os

import pytest

from harness import FaultsError
from harness.scoring.archive.parts import prepare


@pytest.mark.parametrize("place", [os.mkdir, os.mkfifo])
def test_what_is_no_file_in_the_place_of_the_settings_is_named(place, tmp_path):
    place(tmp_path / "scores.json")
    with pytest.raises(FaultsError, match=r"scores.json: is a (folder|device or a pipe); expected a file"):
        prepare(tmp_path, {"system": "rules"})
