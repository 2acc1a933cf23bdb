"""The recall index in a file beside the data, so that a start need not make it anew. Never the truth, and not trusted.

The file holds ids, word and vector tables of the memories and no texts. It says for which embedding model it was made
and with which change of the database it ends. Only a file that is whole, of this format and model, and whose last
changes are found in the database is used; what changed since is then taken in from there.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from claudetools.domains.memory.recall_index.entry import Partition
from claudetools.domains.memory.recall_index.snapshot import SubIndexSnapshot
from claudetools.domains.memory.recall_index.stamp import Stamp
from claudetools.domains.memory.recall_index.subindex import SubIndex
from claudetools.kit.logging import log
from claudetools.kit.search.embed import Embedder
from claudetools.kit.search.saved import DamagedFile, read_arrays, read_facts, write_arrays

try:
    import fcntl
except ImportError:  # Windows: workers there do not share a folder.
    fcntl = None  # type: ignore[assignment]

logger = log(__name__)

FORMAT = 2
"""Raised whenever terms, columns or signals change their meaning: older files are then made anew."""
FILE = "recall.index"


@dataclass(frozen=True, slots=True)
class SavedIndex:
    """What a file held."""

    stamp: Stamp
    partitions: dict[Partition, SubIndex]


class IndexFile:
    """The file of one data folder. Several processes may share it; one writes at a time."""

    def __init__(self, folder: Path, embedder: Embedder | None) -> None:
        self.path = folder / FILE
        self._model = embedder.name if embedder else ""
        self._dimensions = embedder.dimensions if embedder else 0

    def read(self) -> SavedIndex | None:
        """Return what the file holds; None if there is none or it is of no use, in which case it is removed."""
        try:
            facts, arrays = read_arrays(self.path)
            if not self._is_ours(facts):
                raise DamagedFile("it is of another format or model")
            parts: dict[str, dict[str, NDArray[Any]]] = {}
            for name, values in arrays.items():
                number, _, rest = name.partition(".")
                parts.setdefault(number, {})[rest] = values
            partitions = {
                key: SubIndex.restore(self._dimensions, parts[str(number)])
                for number, key in enumerate(facts["partitions"])
            }
            return SavedIndex(Stamp(**facts["stamp"]), partitions)
        except FileNotFoundError:
            return None
        # Whatever is wrong with it: everything in it is also in the database.
        except (OSError, DamagedFile, ValueError, KeyError, TypeError, IndexError) as error:
            logger.warning("recall index file not used", path=str(self.path), reason=str(error))
            self.remove()
            return None

    def _is_ours(self, facts: Mapping[str, Any]) -> bool:
        mine = (FORMAT, self._model, self._dimensions)
        return (facts.get("format"), facts.get("model"), facts.get("dimensions")) == mine

    def remove(self) -> None:
        """Remove the file; nothing happens if it cannot be removed."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("recall index file not removed", path=str(self.path), reason=str(error))

    def sequence(self) -> int:
        """Return the newest change in the file; 0 if there is no file that is ours."""
        try:
            facts = read_facts(self.path)
            return int(facts["stamp"]["sequence"]) if self._is_ours(facts) else 0
        except (OSError, DamagedFile, ValueError, KeyError, TypeError):
            return 0

    def write(self, stamp: Stamp, partitions: Mapping[Partition, SubIndexSnapshot]) -> bool:
        """Put an index in place of the file; return False if another process is writing or could not be kept out.

        Raises:
            OSError: the folder cannot be written to.
        """
        with self._alone() as is_alone:
            if not is_alone:
                return False
            facts = {
                "format": FORMAT,
                "model": self._model,
                "dimensions": self._dimensions,
                "stamp": {"sequence": stamp.sequence, "items": stamp.items, "deletions": stamp.deletions},
                "partitions": list(partitions),
            }
            arrays: dict[str, NDArray[Any]] = {}
            for number, snapshot in enumerate(partitions.values()):
                arrays |= {f"{number}.{name}": one for name, one in snapshot.arrays().items()}
            write_arrays(self.path, facts, arrays)
            return True

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
        finally:
            # Closing it gives the lock back.
            os.close(descriptor)
