"""What the recall index takes in: one memory, without the database around it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

Partition: TypeAlias = str
"""Whose memory it is, e.g. "client:<uuid>" or "user:<uuid>" for items that belong to no client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One recallable memory.

    position orders the pieces of a conversation; pieces of one turn may share it (then `at`, then `id` decide).
    embedding is the vector of indexed_text() as kit.search.embed.quantise stores it. author is the named speaker of a
    dialogue, person whose session or note it is: a question may name either.
    """

    id: str
    partition: Partition
    kind: str
    text: str
    at: datetime
    title: str = ""
    author: str = ""
    person: str = ""
    tags: tuple[str, ...] = ()
    project_id: str | None = None
    machine_id: str | None = None
    user_id: str | None = None
    conversation: str | None = None
    position: int = 0
    importance: float = 0.5
    trust: int = 1
    confidence: float = 1.0
    usage: int = 0
    feedback: int = 0
    is_pinned: bool = False
    expires_at: datetime | None = None
    retired_at: datetime | None = None
    embedding: bytes | None = None

    def indexed_text(self) -> str:
        """The text that is tokenised (and the tags); embed it, so that both signals speak of the same thing."""
        return indexed_text(self.text, title=self.title, author=self.author)

    def digest(self) -> int:
        """Changes when the memory has to be indexed anew, not only described anew. The same in every process."""
        what = (self.text, self.title, self.author, self.tags, self.conversation, self.position, self.at.timestamp())
        digest = hashlib.blake2b(repr(what).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "little", signed=True)


def indexed_text(text: str, *, title: str = "", author: str = "") -> str:
    """What is tokenised and embedded of a memory: who said it, its title, its text."""
    said = f"{author}: {text}" if author else text
    return f"{title}\n{said}" if title and title not in text else said
