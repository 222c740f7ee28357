"""The model of `harness score --default`: trained on the shipped articles on first use, and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.metadata import version

from harness.errors import HarnessError
from harness.folders import cache_folder, folder_lock, shipped
from harness.runner.models.saved_model import Model, find_model, load_model
from harness.runner.run import run

EXPERIMENT = "default-model"
"""Shipped experiment that measures the model; its last system is the model."""
WAIT_S = 600
"""Seconds that a process waits while another one trains the model."""


def default_model(announce: Callable[[str], None] = lambda _: None) -> Model:
    """Returns the model that ranks sentences for checking, learned from the shipped articles.

    It is trained once for each version of the project, of scikit-learn and of the data, into the cache folder.

    Args:
        announce: called with a line before the model is trained.
    Raises: HarnessError: the cache folder cannot be written.
    """
    folder = cache_folder() / EXPERIMENT / _key()
    with folder_lock(folder, "the training of the default model", wait_s=WAIT_S):
        try:
            return load_model(find_model(folder / EXPERIMENT))
        except HarnessError:
            announce("first use of --default: training on the shipped articles, once; this takes some seconds")
        config = shipped("experiments") / f"{EXPERIMENT}.yaml"
        run(config, only="claimbuster_features", out=folder, save_models=True)
        return load_model(find_model(folder / EXPERIMENT))


def _key() -> str:
    """Returns a digest of everything that the model depends on."""
    digest = hashlib.sha256(f"{version('claim-harness')} {version('scikit-learn')}".encode())
    data = shipped("data") / "public-matters"
    for path in (shipped("experiments") / f"{EXPERIMENT}.yaml", *sorted(data.rglob("*.jsonl"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
