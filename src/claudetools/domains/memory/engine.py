"""The memory engine of one process: encoder, redactor, and the derived index kept in step with the database."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts import User
from claudetools.domains.memory.corrections.doubt import believed
from claudetools.domains.memory.items import CLOCK_ID, MemoryClock, MemoryDeletion, MemoryItem
from claudetools.domains.memory.recall_index.entry import Entry
from claudetools.domains.memory.recall_index.file import IndexFile
from claudetools.domains.memory.recall_index.index import Query, RecallIndex, SearchResult, embedded_part
from claudetools.domains.memory.recall_index.stamp import is_state_of, stamp_of
from claudetools.kit.db.session import Database
from claudetools.kit.logging import log
from claudetools.kit.problems import Unavailable
from claudetools.kit.redact import Redactor
from claudetools.kit.search.embed import Embedder, quantise

logger = log(__name__)

PAGE = 5_000
SERVICE = "memory"
SAVE_SECONDS = 60.0
SAVE_CHANGES = 1_000
SAVE_SHARE = 0.05
"""The index is saved when so many items, and such a share of them, have changed."""

_COLUMNS = (
    MemoryItem.id,
    MemoryItem.client_id,
    MemoryItem.project_id,
    MemoryItem.machine_id,
    MemoryItem.user_id,
    MemoryItem.transcript_id,
    MemoryItem.kind,
    MemoryItem.title,
    MemoryItem.speaker,
    MemoryItem.text,
    MemoryItem.tags,
    MemoryItem.said_at,
    MemoryItem.position,
    MemoryItem.importance,
    MemoryItem.trust,
    MemoryItem.confidence,
    MemoryItem.is_pinned,
    MemoryItem.expires_at,
    MemoryItem.retired_at,
    MemoryItem.contradicted_by_id,
    MemoryItem.confirmed_at,
    MemoryItem.unused_count,
    MemoryItem.quarantined_at,
    MemoryItem.usage_count,
    MemoryItem.feedback,
    MemoryItem.embedding,
    MemoryItem.change_sequence,
    # Not as a join: it must not change the index by which the items are read.
    select(User.display_name).where(User.id == MemoryItem.user_id).scalar_subquery().label("person"),
)


def partition_of(client_id: UUID | None, user_id: UUID) -> str:
    """Return the part of the index that an item lives in: its client's, or its person's while it has no client."""
    return f"user:{user_id}" if client_id is None else f"client:{client_id}"


class MemoryEngine:
    """Searches memory. Every search first takes in what any worker has committed since the last one."""

    def __init__(
        self, database: Database, embedder: Embedder | None, redactor: Redactor, folder: Path | None = None
    ) -> None:
        """`folder` keeps the index between starts; without one every start makes it anew."""
        self.database = database
        self.redactor = redactor
        self._embedder = embedder
        self._index = RecallIndex(embedder)
        self._file = None if folder is None else IndexFile(folder, embedder)
        self._seen = 0
        self._unsaved = Unsaved()
        self._refreshing = asyncio.Lock()
        self.is_loaded = False
        self._locks: dict[UUID, asyncio.Lock] = {}
        self.in_flight: dict[UUID, frozenset[UUID]] = {}
        """What a session was given and is not recorded yet, by its transcript."""
        database.services[SERVICE] = self

    @property
    def is_semantic(self) -> bool:
        """Whether a sentence encoder is in use."""
        return self._embedder is not None

    @property
    def seen(self) -> int:
        """The number of the newest change that every search from now on knows of."""
        return self._seen

    @property
    def size(self) -> int:
        """The number of items in the index."""
        return len(self._index)

    def lock(self, transcript_id: UUID) -> asyncio.Lock:
        """Return the lock that orders this process's writes to one transcript."""
        lock = self._locks.get(transcript_id)
        if lock is None:
            if len(self._locks) > 1_000:
                self._locks = {id: held for id, held in self._locks.items() if held.locked()}
            lock = self._locks[transcript_id] = asyncio.Lock()
        return lock

    async def embed(self, texts: Sequence[str]) -> list[bytes | None]:
        """Return the stored form of each text's vector; None where no encoder is in use."""
        if self._embedder is None or not texts:
            return [None] * len(texts)
        if len(texts) == 1:
            # A prompt is embedded as a query first; the encoder remembers its recent queries.
            vector = await asyncio.to_thread(self._embedder.embed_query, texts[0])
            return list(quantise(vector[np.newaxis]))
        return list(quantise(await asyncio.to_thread(self._embedder.embed, texts)))

    async def search(self, query: Query) -> SearchResult:
        """Rank the items of the query's partitions, as of the newest commit."""
        await self.refresh()
        return await self.rank(query)

    async def prepare(self, text: str) -> None:
        """Embed the text of a query that will be ranked, while something else is waited for."""
        if self._embedder is not None:
            await asyncio.to_thread(self._embedder.embed_query, embedded_part(text))

    async def rank(self, query: Query) -> SearchResult:
        """Rank the items of the query's partitions, as of the last `refresh`."""
        return await asyncio.to_thread(self._index.search, query)

    async def load(self) -> None:
        """Fill the index for the first time, from the file if that may be; from then on `is_loaded`."""
        async with self._refreshing:
            saved = await asyncio.to_thread(self._file.read) if self._file and not self._seen else None
            if self._file and saved:
                if await self.database.read(partial(is_state_of, stamp=saved.stamp)):
                    self._index = await asyncio.to_thread(RecallIndex, self._embedder, saved.partitions)
                    self._seen = saved.stamp.sequence
                else:
                    logger.warning("recall index file is of another or a later database", items=len(saved.partitions))
                    await asyncio.to_thread(self._file.remove)
        from_file = self.size
        await self.refresh()
        self.is_loaded = True
        logger.info("recall index loaded", items=self.size, from_file=from_file)

    async def refresh(self) -> None:
        """Take in all changes committed so far."""
        if await self.database.read(_clock) == self._seen:
            return
        async with self._refreshing:
            changes = await self.database.read(partial(_changes, seen=self._seen))
            if changes.newest < self._seen:
                logger.warning("the database is an older one than before; the recall index is made anew")
                self._index, self._seen = RecallIndex(self._embedder), 0
                changes = await self.database.read(partial(_changes, seen=0))
            while True:
                if changes.rows:
                    shown = [_entry(row) for row in changes.rows if row.quarantined_at is None]
                    held = [str(row.id) for row in changes.rows if row.quarantined_at is not None]
                    await asyncio.to_thread(self._index.upsert, shown)
                    await asyncio.to_thread(self._index.remove, held)
                    self._unsaved.changed += len(shown)
                    self._unsaved.deleted += len(held)
                if len(changes.rows) < PAGE:
                    break
                after = (changes.rows[-1].change_sequence, changes.rows[-1].id)
                changes.rows = await self.database.read(partial(_changed, after=after))
            if changes.deleted:
                await asyncio.to_thread(self._index.remove, [str(id) for id in changes.deleted])
                self._unsaved.deleted += len(changes.deleted)
            self._seen = changes.newest

    async def keep_saved(self) -> None:
        """Save the index now and then, until cancelled: soon after deletions, else when enough has changed."""
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            if self._unsaved.is_due(self.size):
                with suppress(Unavailable):
                    await self.save()

    async def save(self) -> None:
        """Write what was taken in since the last time to the file. What cannot be written is logged."""
        if self._file is None or not self.is_loaded or not (self._unsaved.changed or self._unsaved.deleted):
            return
        async with self._refreshing:
            if await asyncio.to_thread(self._file.sequence) == self._seen:
                self._unsaved = Unsaved()
                return
            stamp = await self.database.read(partial(stamp_of, sequence=self._seen))
            snapshot = await asyncio.to_thread(self._index.snapshot)
            taken, self._unsaved = self._unsaved, Unsaved()
        try:
            if await asyncio.to_thread(self._file.write, stamp, snapshot):
                return
        except OSError as error:
            logger.warning("recall index not saved", reason=str(error))
        self._unsaved.changed += taken.changed
        self._unsaved.deleted += taken.deleted


@dataclass(slots=True)
class Unsaved:
    """How many items changed and were deleted since the index was last saved."""

    changed: int = 0
    deleted: int = 0

    def is_due(self, size: int) -> bool:
        """Whether it is time to save an index of this size."""
        return self.deleted > 0 or self.changed >= max(SAVE_CHANGES, int(SAVE_SHARE * size))


@dataclass(slots=True)
class _Changes:
    """What was committed up to change `newest`: the first page of rows, and the ids of what is gone."""

    newest: int
    rows: Sequence[Any]
    deleted: Sequence[UUID]


async def _changes(session: AsyncSession, *, seen: int) -> _Changes:
    # The clock is read first: what is committed after that may be seen now, and will be seen again.
    newest = await _clock(session)
    return _Changes(newest, await _changed(session, after=(seen, None)), await _deleted(session, seen))


def engine_of(session: AsyncSession) -> MemoryEngine:
    """Return the engine that belongs to the database of `session`."""
    engine = session.info[SERVICE]
    if not isinstance(engine, MemoryEngine):
        raise TypeError("this database has no memory engine")
    return engine


async def _clock(session: AsyncSession) -> int:
    return await session.scalar(select(MemoryClock.value).where(MemoryClock.id == CLOCK_ID)) or 0


async def _changed(session: AsyncSession, *, after: tuple[int, UUID | None]) -> Sequence[Any]:
    sequence, id = after
    condition = (
        MemoryItem.change_sequence > sequence
        if id is None
        # Not as a comparison of tuples: MariaDB does not use the index for one.
        else and_(
            MemoryItem.change_sequence >= sequence, or_(MemoryItem.change_sequence > sequence, MemoryItem.id > id)
        )
    )
    statement = select(*_COLUMNS).where(condition).order_by(MemoryItem.change_sequence, MemoryItem.id).limit(PAGE)
    return (await session.execute(statement)).all()


async def _deleted(session: AsyncSession, after: int) -> Sequence[UUID]:
    return (await session.scalars(select(MemoryDeletion.item_id).where(MemoryDeletion.change_sequence > after))).all()


def _entry(row: Any) -> Entry:
    return Entry(
        id=str(row.id),
        partition=partition_of(row.client_id, row.user_id),
        kind=row.kind,
        text=row.text,
        title=row.title,
        author=row.speaker,
        person=row.person,
        tags=tuple(row.tags),
        project_id=None if row.project_id is None else str(row.project_id),
        machine_id=None if row.machine_id is None else str(row.machine_id),
        user_id=str(row.user_id),
        conversation=None if row.transcript_id is None else str(row.transcript_id),
        position=row.position,
        at=row.said_at,
        importance=row.importance,
        trust=row.trust,
        confidence=believed(row),
        usage=row.usage_count,
        feedback=row.feedback,
        is_pinned=row.is_pinned,
        expires_at=row.expires_at,
        retired_at=row.retired_at,
        embedding=row.embedding,
    )
