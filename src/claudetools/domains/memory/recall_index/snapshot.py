"""A partition of the recall index at one moment, as arrays that can be kept in a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from claudetools.kit.search.bm25 import PostingsSnapshot
from claudetools.kit.search.saved import texts


@dataclass(frozen=True, slots=True)
class SubIndexSnapshot:
    """A partition at one moment."""

    ids: list[str]
    columns: dict[str, NDArray[Any]]
    codes: list[str]
    tags: dict[int, list[str]]
    order: tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
    postings: PostingsSnapshot
    vectors: dict[str, NDArray[Any]]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All as arrays; of removed memories nothing but empty rows."""
        is_alive = self.columns["is_alive"]
        self.columns["digest"][~is_alive] = 0
        ids = [one if alive else "" for one, alive in zip(self.ids, is_alive.tolist(), strict=True)]
        order = dict(zip(("codes", "sizes", "rows"), self.order, strict=True))
        return (
            {"ids": texts(ids), "codes": texts(self.codes), "tags": texts(list(self.tags.items()))}
            | {f"columns.{name}": values for name, values in self.columns.items()}
            | {f"order.{name}": values for name, values in order.items()}
            | {f"postings.{name}": values for name, values in self.postings.arrays(is_alive).items()}
            | {f"vectors.{name}": values for name, values in self.vectors.items()}
        )


def under(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays whose names begin so, without that beginning."""
    return {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}
