"""What recall is asked, and which memories of a partition may answer."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from claudetools.domains.memory.recall_index.columns import NONE
from claudetools.domains.memory.recall_index.entry import Partition
from claudetools.domains.memory.recall_index.subindex import SubIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked, by whom, and of which partitions; an empty set of partitions finds nothing.

    now ages memories and expires them; as_of answers as it was known then: later memories are left out, and ones
    retired since come back. exclude_conversation leaves out what the asking session itself said, exclude_machine what
    came from one machine. min_score drops weaker hits (ranking.SILENCE_FLOOR for what is injected unasked).
    """

    text: str
    partitions: frozenset[Partition]
    now: datetime
    project_id: str | None = None
    machine_id: str | None = None
    exclude_conversation: str | None = None
    exclude_machine: str | None = None
    kinds: frozenset[str] | None = None
    exclude_kinds: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    as_of: datetime | None = None
    limit: int = 50
    min_score: float | None = None


def visible_rows(partition: SubIndex, query: Query) -> NDArray[np.bool_]:
    """Which rows of a partition a query may see, shape (rows,)."""
    moment = (query.as_of or query.now).timestamp()
    visible: NDArray[np.bool_] = partition.column("is_alive") & (partition.column("expires_at") > moment)
    if query.as_of is None:
        # Any retirement counts, even one whose clock is ahead of ours.
        visible &= np.isinf(partition.column("retired_at"))
    else:
        visible &= (partition.column("retired_at") > moment) & (partition.column("at") <= moment)
    if query.exclude_conversation is not None:
        own = partition.code(query.exclude_conversation)
        if own != NONE:
            visible &= partition.column("conversation") != own
    if query.exclude_machine is not None:
        visible &= partition.column("machine") != partition.code(query.exclude_machine)
    if query.kinds is not None:
        codes = [partition.code(kind) for kind in query.kinds]
        visible &= np.isin(partition.column("kind"), [code for code in codes if code != NONE])
    for kind in query.exclude_kinds:
        visible &= partition.column("kind") != partition.code(kind)
    return visible
