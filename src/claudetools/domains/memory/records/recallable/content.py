"""What memory keeps of a record, and the ways in which that is put together."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from claudetools.domains.memory.distilling.record import ASSISTANT_TRUST


@dataclass(frozen=True, slots=True, kw_only=True)
class Recallable:
    """What memory keeps of a record. `importance` is between 0 and 1.

    `superseded_by` is the record of the same kind that holds instead; `replaces` the memory that the record was drawn
    from, before a person wrote it anew.
    """

    kind: str
    title: str
    text: str
    importance: float
    tags: tuple[str, ...] = ()
    trust: int = ASSISTANT_TRUST
    superseded_by: UUID | None = None
    replaces: UUID | None = None


def said(value: str) -> str:
    """Return a choice as a reader says it: `in_progress` is "in progress"."""
    return value.replace("_", " ")


def lines(*parts: str | None, **labelled: str | Iterable[str] | None) -> str:
    """Return the parts that say something, one a line; `root_cause="x"` becomes "Root cause: x", a list one line."""
    found = [part for part in parts if part]
    for name, value in labelled.items():
        content = value if isinstance(value, str) or value is None else "; ".join(value)
        if content:
            found.append(f"{said(name).capitalize()}: {content}")
    return "\n".join(found)
