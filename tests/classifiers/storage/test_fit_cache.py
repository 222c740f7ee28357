"""The cache of slow fits: what was damaged is fitted again, and never loaded."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from claim_tables import yes_no

from harness.classifiers.ngram_models.linear import TfidfLogreg
from harness.classifiers.storage.fit_cache import FITS, fit_or_load, is_whole_fit


@pytest.fixture
def fits(tmp_path, monkeypatch):
    """Fits a classifier by the cache; lists the fits that it made."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    fitted = []
    fit = TfidfLogreg.fit
    monkeypatch.setattr(TfidfLogreg, "fit", lambda *given: fitted.append(given) or fit(*given))
    claims, gold = yes_no()
    return lambda: fit_or_load(TfidfLogreg(min_df=1), claims, gold, 1).score(claims), fitted


def _damage(path, how: str) -> None:
    data = bytearray(path.read_bytes())
    if how == "flip":
        data[len(data) // 2] ^= 1
    path.write_bytes({"flip": data, "cut": data[: len(data) // 2], "empty": b"", "longer": data + b" "}[how])


@pytest.mark.parametrize("how", ["flip", "cut", "empty", "longer", "lost"])
def test_a_damaged_fit_is_fitted_again(fits, tmp_path, how):
    score, fitted = fits
    expected = score()
    assert np.array_equal(score(), expected)
    assert len(fitted) == 1
    (folder,) = (path for path in (tmp_path / FITS).iterdir() if path.is_dir())
    files = sorted(path.name for path in folder.iterdir())
    assert len(files) >= 3
    for name in files:
        (folder / name).unlink() if how == "lost" else _damage(folder / name, how)
        assert np.array_equal(score(), expected), name
        assert is_whole_fit(folder), name
    # a space after the checks, which are JSON, changes nothing
    assert len(fitted) == 1 + len(files) - (how == "longer")


def test_a_file_in_place_of_the_cache_is_no_error(fits, tmp_path):
    score, fitted = fits
    (tmp_path / FITS).write_text("", encoding="utf-8")
    assert np.array_equal(score(), score())
    assert len(fitted) == 2
    (tmp_path / FITS).unlink()
    score()
    assert len(fitted) == 3
    shutil.rmtree(tmp_path / FITS)
