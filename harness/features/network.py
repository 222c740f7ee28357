"""An encoder in torch: loaded from its folder, run in batches of one shape, written without pickle.

Import this module only where torch is needed: it takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import transformers

from harness.arrays import Vectors
from harness.errors import HarnessError
from harness.features.encoder_files import most_tokens
from harness.files import fingerprint, make_folder, sha256, translate_os_errors, write_bytes

ROWS = 8
"""Texts in a batch that is scored. Every batch has as many rows, empty ones added, and a text's tokens are padded to
the next multiple of `STEP`: the shape that a text is computed in depends on the text alone, so that its numbers are the
same to the last bit whichever texts it is computed with."""
STEP = 8


class TokenBatch(NamedTuple):
    """Some texts as tokens."""

    rows: npt.NDArray[np.int64]
    """Which texts, shape (n,); n is at most the number of rows of `ids`."""
    ids: torch.Tensor
    """Shape (n_rows, n_tokens)."""
    mask: torch.Tensor
    """1 for a token, 0 for padding."""


@dataclass
class TorchEncoder:
    """An encoder with its tokenizer, and the linear head of a fine-tuned one."""

    encoder: Any
    tokenizer: Any
    pooling: str
    max_length: int
    head: Any = None

    def vectors(self, batch: TokenBatch) -> torch.Tensor:
        """The pooled vectors of a batch, shape (n_rows, n_dimensions)."""
        hidden = self.encoder(input_ids=batch.ids, attention_mask=batch.mask).last_hidden_state
        if self.pooling == "cls":
            return hidden[:, 0]
        mask = batch.mask[..., None].to(hidden.dtype)
        return (hidden * mask).sum(dim=1) / mask.sum(dim=1)

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """The token numbers of texts, cut after the longest that the encoder takes."""
        return tokens_of(self.tokenizer, texts, self.max_length)

    def batch(self, rows: npt.NDArray[np.int64], tokens: Sequence[Sequence[int]], n_rows: int) -> TokenBatch:
        """A batch of some texts, padded to `n_rows` rows and to the next multiple of `STEP` tokens."""
        length = max(len(tokens[row]) for row in rows)
        ids = np.full((n_rows, -(-length // STEP) * STEP), self.tokenizer.pad_token_id or 0, dtype=np.int64)
        mask = np.zeros_like(ids)
        mask[:, 0] = 1
        for number, row in enumerate(rows):
            ids[number, : len(tokens[row])] = tokens[row]
            mask[number, : len(tokens[row])] = 1
        device = next(self.encoder.parameters()).device
        return TokenBatch(rows, torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device))

    def apply(self, texts: Sequence[str]) -> Vectors:
        """What the head gives for each text, or without a head its vector; shape (n_texts, n)."""
        tokens = self.tokens(texts)
        width = self.encoder.config.hidden_size if self.head is None else self.head.out_features
        result = np.zeros((len(texts), width), dtype=np.float32)
        self.encoder.eval()
        with torch.inference_mode():
            for batch in self._batches(tokens):
                found = self.vectors(batch)
                found = found if self.head is None else self.head(found)
                result[batch.rows] = found[: len(batch.rows)].float().cpu().numpy()
        return result

    def fingerprint(self) -> str:
        """SHA-256 over all that `apply` depends on: weights, tokenizer, pooling, length and device."""
        tensors = dict(self.encoder.state_dict())
        if self.head is not None:
            tensors |= {f"head.{name}": tensor for name, tensor in self.head.state_dict().items()}
        weights = (part for name in sorted(tensors) for part in (name, _hashed(tensors[name])))
        backend = getattr(self.tokenizer, "backend_tokenizer", None)
        tokens = sorted(self.tokenizer.get_vocab()) if backend is None else [backend.to_str()]
        config = repr(sorted((name, value) for name, value in self.encoder.config.to_dict().items() if name[0] != "_"))
        return fingerprint((self.pooling, self.max_length, torch_device(), config, *tokens, *weights))

    def save(self, folder: Path) -> None:
        """Writes encoder, tokenizer and head; a folder that `load` and the transformers library read."""
        make_folder(folder)
        with translate_os_errors(folder):
            self.tokenizer.save_pretrained(folder)
        write_bytes(folder / "config.json", self.encoder.config.to_json_string().encode())
        write_tensors(folder / "model.safetensors", self.encoder.state_dict())
        if self.head is not None:
            write_tensors(folder / "head" / "head.safetensors", self.head.state_dict())

    def _batches(self, tokens: Sequence[Sequence[int]]) -> Iterator[TokenBatch]:
        padded = np.array([-(-len(found) // STEP) for found in tokens], dtype=np.int64)
        for steps in np.unique(padded):
            rows = np.flatnonzero(padded == steps)
            for start in range(0, len(rows), ROWS):
                yield self.batch(rows[start : start + ROWS], tokens, ROWS)


def _hashed(tensor: torch.Tensor) -> str:
    return sha256(tensor.detach().cpu().contiguous().numpy().tobytes())


def tokens_of(tokenizer: Any, texts: Sequence[str], max_length: int) -> list[list[int]]:
    """The token numbers of texts, at most `max_length` of each, and no more than the tokenizer says there may be."""
    whole = [text.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for text in texts]
    most = int(min(max_length, tokenizer.model_max_length))
    found: list[list[int]] = tokenizer(whole, truncation=True, max_length=most)["input_ids"] if whole else []
    return found


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of an encoder's folder.

    Raises: HarnessError: the transformers library cannot read it.
    """
    with _loading(folder):
        return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def _load_encoder(folder: Path, **options: Any) -> Any:
    with _loading(folder):
        found = transformers.AutoModel.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32, **options
        )
    return found.eval()


def exportable(folder: Path) -> Any:
    """The encoder as a module from token numbers and mask to hidden states, for an export."""
    encoder = _load_encoder(folder, attn_implementation="eager")
    plain = encoder.forward
    encoder.forward = lambda ids, mask: plain(input_ids=ids, attention_mask=mask).last_hidden_state
    return encoder


@contextmanager
def _loading(folder: Path) -> Iterator[None]:
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    try:
        yield
    except Exception as error:  # whatever the library raises for a folder that is no encoder
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise HarnessError(f"encoder '{folder}': cannot be loaded: {said}") from None


def load(folder: Path, pooling: str, max_length: int) -> TorchEncoder:
    """An encoder from its folder, and its head where it has one.

    Raises: HarnessError: the transformers library cannot read it, or its weights are pickled.
    """
    tokenizer, encoder = load_tokenizer(folder), _load_encoder(folder)
    most = min(max_length, most_tokens(folder))
    network = TorchEncoder(encoder.to(torch_device()), tokenizer, pooling, most)
    if (folder / "head" / "head.safetensors").exists():
        tensors = read_tensors(folder / "head" / "head.safetensors")
        network.head = new_head(encoder.config.hidden_size, tensors["weight"].shape[0])
        network.head.load_state_dict(tensors)
    return network


def new_head(width: int, n_labels: int) -> Any:
    """A linear layer from vectors to labels, drawn at random, on the device in use."""
    return torch.nn.Linear(width, n_labels).to(torch_device())


def torch_device() -> str:
    """Where torch computes: a GPU if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


PROCESSORS = Path("/proc/cpuinfo")
BFLOAT16 = {"avx512_bf16", "amx_bf16"}
"""What a processor says that multiplies bfloat16 numbers by itself; where it does not, they are slower than others."""


def fast_bfloat16() -> bool:
    """Whether the device in use multiplies bfloat16 numbers faster than those of 32 bits, as a GPU does."""
    if torch_device() == "cuda":
        return True
    try:
        return not BFLOAT16.isdisjoint(PROCESSORS.read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        return False


def write_tensors(path: Path, tensors: dict[str, Any]) -> None:
    """Writes named tensors as safetensors, whole or not at all."""
    from safetensors.torch import save

    write_bytes(path, save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}))


def read_tensors(path: Path) -> dict[str, Any]:
    """The tensors of a safetensors file.

    Raises: HarnessError: it is none.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        found: dict[str, Any] = load_file(path)
    except (SafetensorError, OSError) as error:
        raise HarnessError(f"{path}: cannot be read as safetensors: {error}") from None
    return found


@contextmanager
def deterministic(seed: int, threads: int) -> Iterator[None]:
    """The same numbers every time on one machine: a seed, a number of threads, deterministic algorithms.

    What was set before is set again at the end; random numbers drawn outside are not disturbed.
    """
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    devices = list(range(torch.cuda.device_count()))
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed % 2**63)
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True, warn_only=True)
        try:
            yield
        finally:
            torch.set_num_threads(before[0])
            torch.use_deterministic_algorithms(before[1])
