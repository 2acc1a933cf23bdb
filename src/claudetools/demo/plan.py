"""A plan of records: what is to be stored, in which order, by whom, and as of when. It names records by keys."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Ref:
    """Stands in a value for the id of another record of the plan, or of a person."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account that nobody can sign in to: its password is thrown away."""

    key: str
    name: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A record to be created.

    Attributes:
        resource: name of the resource, as in the registry.
        key: what other parts of the plan call it.
        values: what a caller would send to create it.
        kept: columns that the service keeps itself and that are different for what lies in the past.
        by: key of the person who makes it.
        at: when it was made.
        tags: names of the tags it carries.
        then: what the owner changes of it afterwards.
    """

    resource: str
    key: str
    values: Mapping[str, Any]
    kept: Mapping[str, Any] = field(default_factory=dict)
    by: str = OWNER
    at: datetime | None = None
    tags: tuple[str, ...] = ()
    then: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder in which a project of a client is worked on."""

    path: str
    client: Ref
    project: Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that somebody has told memory to keep about a client."""

    client: Ref
    kind: str
    text: str
    tags: tuple[str, ...]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A session as Claude Code would have written it down, line by line."""

    key: str
    by: str
    machine: Ref
    folder: str
    lines: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that is to be stored. What a record refers to comes before it."""

    people: tuple[Person, ...]
    drafts: tuple[Draft, ...]
    folders: tuple[Folder, ...]
    notes: tuple[Note, ...]
    told: tuple[Told, ...]

    @property
    def size(self) -> int:
        """How many things there are to store."""
        return len(self.people) + len(self.drafts) + len(self.folders) + len(self.notes) + len(self.told)

    def counts(self) -> Counter[str]:
        """Return how many records there are of each resource, sessions told line by line included."""
        found = Counter(draft.resource for draft in self.drafts)
        found["sessions"] += len(self.told)
        return found
