"""The columns of a partition of the recall index: one value a memory."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Links = NDArray[np.intp]

COLUMNS: dict[str, Any] = {
    "is_alive": np.bool_,
    "length": np.float32,
    "context_length": np.float32,
    "before": np.intp,
    "before2": np.intp,
    "after": np.intp,
    "after2": np.intp,
    "context_scale": np.float32,
    "conversation": np.int32,
    "position": np.int64,
    "kind": np.int32,
    "project": np.int32,
    "machine": np.int32,
    "author": np.int32,
    "is_question": np.bool_,
    "at": np.float64,
    "expires_at": np.float64,
    "retired_at": np.float64,
    "half_life": np.float32,
    "importance": np.float32,
    "confidence": np.float32,
    "usage": np.int32,
    "feedback": np.int32,
    "trust": np.int8,
    "is_pinned": np.bool_,
    "digest": np.int64,
}
LINKS = ("before", "before2", "after", "after2")
NONE = -1
"""A link, or the code of a name, that is not there."""


def linked(values: Floats, first: Links, second: Links, weights: tuple[float, float]) -> Floats:
    """The values at two links of each row, weighted and added; a link of NONE gives nothing."""
    # NONE (-1) picks the zero at the end.
    padded = np.append(values, np.float32(0))
    found: Floats = padded[first]
    found *= np.float32(weights[0])
    more = padded[second]
    more *= np.float32(weights[1])
    found += more
    return found
