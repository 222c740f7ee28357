"""Where things live on disk."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from harness.folders import cache_folder, data_root

USER_CACHE = Path(platformdirs.user_cache_dir("claim-harness"))


@pytest.mark.parametrize(("folder", "variable"), [(cache_folder, "HARNESS_CACHE"), (data_root, "HARNESS_DATA_ROOT")])
def test_a_folder_is_the_one_that_its_variable_names_else_the_users_cache(folder, variable, monkeypatch):
    monkeypatch.setenv(variable, "elsewhere/kept")
    assert folder() == Path("elsewhere/kept")
    for nothing in ("", None):
        monkeypatch.setenv(variable, "") if nothing == "" else monkeypatch.delenv(variable)
        assert folder() == USER_CACHE


def test_a_data_root_that_is_given_goes_before_the_variable(monkeypatch):
    monkeypatch.setenv("HARNESS_DATA_ROOT", "elsewhere")
    assert data_root("here") == Path("here")
