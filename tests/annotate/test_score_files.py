"""Files of scores: what is no file is said to be none, and not read for ever."""

from __future__ import annotations

import pytest

from harness import FaultsError
from harness.annotate.score_files import asked_in, read_scores


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_device_is_no_file_of_scores(tmp_path, suffix):
    path = tmp_path / f"zero.{suffix}"
    path.symlink_to("/dev/zero")
    assert asked_in(path) == (None, None)
    with pytest.raises(FaultsError, match="is a device or a pipe; expected a file"):
        read_scores("--scores", path, ["a"])
