"""Encoders in torch: loading from a folder, running in batches of fixed shape, and saving without pickle.

Import this module only where torch is needed: the import takes seconds.
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
from harness.display import displayed
from harness.errors import HarnessError
from harness.features.encoder_files import most_tokens
from harness.files import fingerprint, make_folder, sha256, translate_os_errors, write_bytes

ROWS = 8
"""Rows of every scoring batch, including empty ones. A text's tokens are padded to the next multiple of `STEP`. The
shape that a text is computed in therefore depends on that text alone, and its vector is the same to the last bit
whatever other texts are in the batch."""
STEP = 8
"""Granularity of the padding, in tokens."""


@displayed
class TokenBatch(NamedTuple):
    """A padded batch of tokenized texts."""

    rows: npt.NDArray[np.int64]
    """Indices of the texts, shape (n,); n is at most the number of rows of `ids`."""
    ids: torch.Tensor
    """Token ids, shape (n_rows, n_tokens)."""
    mask: torch.Tensor
    """Attention mask, shape (n_rows, n_tokens): 1 for a token, 0 for padding."""


@displayed
@dataclass
class TorchEncoder:
    """An encoder with its tokenizer and, if fine-tuned, its linear head."""

    encoder: Any
    """Model of the transformers library."""
    tokenizer: Any
    """Tokenizer of the transformers library."""
    pooling: str
    """Rule that combines the token vectors: `mean` or `cls`."""
    max_length: int
    """Maximum number of tokens."""
    head: Any = None
    """Linear layer from vectors to labels; None: no head."""

    def vectors(self, batch: TokenBatch) -> torch.Tensor:
        """Returns the pooled vectors of a batch, shape (n_rows, n_dimensions)."""
        hidden = self.encoder(**self.inputs(batch)).last_hidden_state
        if self.pooling == "cls":
            return hidden[:, 0]
        mask = batch.mask[..., None].to(hidden.dtype)
        return (hidden * mask).sum(dim=1) / mask.sum(dim=1)

    def inputs(self, batch: TokenBatch) -> dict[str, torch.Tensor]:
        """Returns the arguments of the model for a batch."""
        return {"input_ids": batch.ids, "attention_mask": batch.mask}

    @property
    def width(self) -> int:
        """Number of values for each text: the labels of the head, or the dimensions of a vector without one."""
        return int(self.encoder.config.hidden_size if self.head is None else self.head.out_features)

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns the token ids of texts, truncated to `max_length`."""
        return tokens_of(self.tokenizer, texts, self.max_length)

    def batch(self, rows: npt.NDArray[np.int64], tokens: Sequence[Sequence[int]], n_rows: int) -> TokenBatch:
        """Returns a batch of the texts `rows`, padded to `n_rows` rows and to the next multiple of `STEP` tokens."""
        longest = max(len(tokens[row]) for row in rows)
        n_tokens = -(-longest // STEP) * STEP  # rounded up
        ids = np.full((n_rows, n_tokens), self.tokenizer.pad_token_id or 0, dtype=np.int64)
        mask = np.zeros_like(ids)
        # Empty rows attend to one token: with none, attention and mean pooling would divide by zero.
        mask[:, 0] = 1
        for batch_row, row in enumerate(rows):
            ids[batch_row, : len(tokens[row])] = tokens[row]
            mask[batch_row, : len(tokens[row])] = 1
        device = next(self.encoder.parameters()).device
        return TokenBatch(rows, torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device))

    def apply(self, texts: Sequence[Any]) -> Vectors:
        """Returns the head's output for each text, or its vector if there is no head; shape (n_texts, n)."""
        tokens = self.tokens(texts)
        result = np.zeros((len(texts), self.width), dtype=np.float32)
        self.encoder.eval()
        with torch.inference_mode():
            for batch in self._batches(tokens):
                vectors = self.vectors(batch)
                outputs = vectors if self.head is None else self.head(vectors)
                result[batch.rows] = outputs[: len(batch.rows)].float().cpu().numpy()
        return result

    def fingerprint(self) -> str:
        """Returns a SHA-256 over all that `apply` depends on: weights, tokenizer, pooling, length, and device."""
        tensors = dict(self.encoder.state_dict())
        if self.head is not None:
            tensors |= {f"head.{name}": tensor for name, tensor in self.head.state_dict().items()}
        weights = (text for name in sorted(tensors) for text in (name, _tensor_hash(tensors[name])))
        # A fast tokenizer serializes all of its rules; a slow one exposes no more than its vocabulary.
        backend = getattr(self.tokenizer, "backend_tokenizer", None)
        tokens = sorted(self.tokenizer.get_vocab()) if backend is None else [backend.to_str()]
        # Names that begin with an underscore hold paths and versions, which do not change the output.
        config = repr(sorted((name, value) for name, value in self.encoder.config.to_dict().items() if name[0] != "_"))
        return fingerprint((self.pooling, self.max_length, torch_device(), config, *tokens, *weights))

    def save(self, folder: Path) -> None:
        """Writes encoder, tokenizer, and head to a folder that `load` and the transformers library can read."""
        make_folder(folder)
        with translate_os_errors(folder):
            self.tokenizer.save_pretrained(folder)
        write_bytes(folder / "config.json", self.encoder.config.to_json_string().encode())
        write_tensors(folder / "model.safetensors", self.encoder.state_dict())
        if self.head is not None:
            write_tensors(folder / "head" / "head.safetensors", self.head.state_dict())

    def _batches(self, tokens: Sequence[Sequence[int]]) -> Iterator[TokenBatch]:
        """Batches of texts whose tokens are padded to the same length."""
        n_steps = np.array([-(-len(ids) // STEP) for ids in tokens], dtype=np.int64)
        for steps in np.unique(n_steps):
            rows = np.flatnonzero(n_steps == steps)
            for start in range(0, len(rows), ROWS):
                yield self.batch(rows[start : start + ROWS], tokens, ROWS)


def _tensor_hash(tensor: torch.Tensor) -> str:
    return sha256(tensor.detach().cpu().contiguous().numpy().tobytes())


def tokens_of(tokenizer: Any, texts: Sequence[str], max_length: int) -> list[list[int]]:
    """Returns the token ids of texts, truncated to `max_length` or the tokenizer's own limit, whichever is lower."""
    valid_texts = [valid_text(text) for text in texts]
    if not valid_texts:
        return []
    limit = int(min(max_length, tokenizer.model_max_length))
    ids: list[list[int]] = tokenizer(valid_texts, truncation=True, max_length=limit)["input_ids"]
    return ids


def valid_text(text: str) -> str:
    """The text with lone surrogates replaced, which JSON input can contain, and which tokenizers in Rust reject."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def load_tokenizer(folder: Path) -> Any:
    """Loads the tokenizer of an encoder folder.

    Raises: HarnessError: the transformers library cannot read it.
    """
    with translate_loading_errors(folder):
        return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def _load_encoder(folder: Path, **options: Any) -> Any:
    with translate_loading_errors(folder):
        encoder = transformers.AutoModel.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32, **options
        )
    return encoder.eval()


def exportable(folder: Path) -> Any:
    """Returns the encoder as a module that maps token ids and mask to hidden states, for the ONNX export."""
    # The exporter cannot trace the fused attention kernels that are the default.
    encoder = _load_encoder(folder, attn_implementation="eager")
    plain = encoder.forward
    encoder.forward = lambda ids, mask: plain(input_ids=ids, attention_mask=mask).last_hidden_state
    return encoder


@contextmanager
def translate_loading_errors(folder: Path) -> Iterator[None]:
    """Turns any error of the transformers library, while it loads a folder, into one that names the folder."""
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    try:
        yield
    except Exception as error:  # the library raises many types for a folder that is not an encoder
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise HarnessError(f"encoder '{folder}': cannot be loaded: {reason}") from None


def load(folder: Path, pooling: str, max_length: int) -> TorchEncoder:
    """Loads an encoder from its folder, including its head if the folder contains one.

    Raises: HarnessError: the transformers library cannot read it, or its weights are pickled.
    """
    tokenizer = load_tokenizer(folder)
    encoder = _load_encoder(folder)
    network = TorchEncoder(encoder.to(torch_device()), tokenizer, pooling, min(max_length, most_tokens(folder)))
    if (folder / "head" / "head.safetensors").exists():
        tensors = read_tensors(folder / "head" / "head.safetensors")
        network.head = new_head(encoder.config.hidden_size, tensors["weight"].shape[0])
        network.head.load_state_dict(tensors)
    return network


def new_head(width: int, n_labels: int) -> Any:
    """Returns a randomly initialized linear layer from vectors to labels, on the device in use."""
    return torch.nn.Linear(width, n_labels).to(torch_device())


def torch_device() -> str:
    """Returns the device that torch uses: a GPU if one is available."""
    return "cuda" if torch.cuda.is_available() else "cpu"


CPU_INFO = Path("/proc/cpuinfo")
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
"""CPU flags of native bfloat16 arithmetic. Without it, bfloat16 is slower than 32-bit arithmetic."""


def fast_bfloat16() -> bool:
    """Returns whether the device in use computes faster in bfloat16 than in 32 bits, as GPUs do."""
    if torch_device() == "cuda":
        return True
    try:
        return not BFLOAT16_FLAGS.isdisjoint(CPU_INFO.read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        return False


def write_tensors(path: Path, tensors: dict[str, Any]) -> None:
    """Writes named tensors to a safetensors file, atomically."""
    from safetensors.torch import save

    # Safetensors rejects tensors that share memory, as tied weights do; a clone has its own.
    write_bytes(path, save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}))


def read_tensors(path: Path) -> dict[str, Any]:
    """Reads the tensors of a safetensors file.

    Raises: HarnessError: the file cannot be read as safetensors.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors: dict[str, Any] = load_file(path)
    except (SafetensorError, OSError) as error:
        raise HarnessError(f"{path}: cannot be read as safetensors: {error}") from None
    return tensors


@contextmanager
def deterministic(seed: int, threads: int) -> Iterator[None]:
    """Makes torch reproducible on one machine: fixed seed, fixed number of threads, deterministic algorithms.

    Restores the previous settings and random state on exit.
    """
    threads_before = torch.get_num_threads()
    deterministic_before = torch.are_deterministic_algorithms_enabled()
    devices = list(range(torch.cuda.device_count()))
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed % 2**63)  # torch accepts 64-bit signed seeds only
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True, warn_only=True)
        try:
            yield
        finally:
            torch.set_num_threads(threads_before)
            torch.use_deterministic_algorithms(deterministic_before)
