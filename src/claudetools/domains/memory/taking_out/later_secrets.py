"""The job that takes secrets that were entered in the vault out of what had been kept of them before.

It reads page after page outside of any transaction that writes, and rewrites only what holds a stored secret, each few
rows in a transaction. After so many pages it queues what is left as another job: whoever takes that goes on there, and
rows that were rewritten hold nothing any more, so that it may be repeated at any time.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import inspect, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.items import MemoryItem, next_change
from claudetools.domains.memory.recall_index.entry import indexed_text
from claudetools.domains.memory.records.context_tags import replace_tags
from claudetools.domains.memory.taking_out.kept_texts import KeptTexts, kept_texts
from claudetools.domains.memory.writing import hash_of
from claudetools.domains.vault import StoredSecrets
from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import note
from claudetools.kit.db.base import Record
from claudetools.kit.jobs.queue import enqueue
from claudetools.kit.logging import log
from claudetools.kit.redact import Redactor
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.redaction import cut_to_field

TAKE_OUT_REST = "take_out_rest"
PAGE = 200
PAGES_AT_ONCE = 50
"""Pages that one job looks through."""
REWRITTEN_AT_ONCE = 20
"""Rows that are rewritten in one transaction: their vectors are made in it."""
logger = log(__name__)


class LaterSecrets:
    """The handler of the job, for the texts of one client and those without one."""

    def __init__(self, engine: MemoryEngine, stored: StoredSecrets, others: Sequence[Resource]) -> None:
        """`others` are records with such texts whose domains know of memory."""
        self._engine = engine
        self._stored = stored
        self._kept = kept_texts(others)

    async def take_out(self, payload: Mapping[str, Any]) -> None:
        """Look through the texts from where `payload` says, and queue what is left.

        Raises:
            Unavailable: the database is away; what was rewritten stays so, and the same call does the rest.
        """
        await self._stored.refresh()
        client_id, place = UUID(payload["client_id"]), int(payload.get("place", 0))
        after = UUID(payload["after"]) if payload.get("after") else None
        rewritten, database = int(payload.get("rewritten", 0)), self._engine.database
        for _ in range(PAGES_AT_ONCE):
            kept = self._kept[place]
            page = await database.read(partial(_page, kept=kept, client_id=client_id, after=after))
            guilty = await asyncio.to_thread(_guilty, self._engine.redactor, kept, page)
            for first in range(0, len(guilty), REWRITTEN_AT_ONCE):
                ids = guilty[first : first + REWRITTEN_AT_ONCE]
                rewritten += await database.write(partial(self._rewrite, kept=kept, client_id=client_id, ids=ids))
            after = page[-1].id if len(page) == PAGE else None
            if after is None:
                place += 1
            if place == len(self._kept):
                await self._finish(client_id, rewritten)
                return
        rest = {"client_id": str(client_id), "place": place, "after": after and str(after), "rewritten": rewritten}
        await database.write(partial(enqueue, kind=TAKE_OUT_REST, payload=rest))

    async def _finish(self, client_id: UUID, rewritten: int) -> None:
        logger.info("stored secrets taken out of older texts", client=str(client_id), rewritten=rewritten)
        if rewritten:
            await self._engine.refresh()
            await self._engine.save()
            await self._engine.database.forget_former()

    async def _rewrite(self, session: AsyncSession, *, kept: KeptTexts, client_id: UUID, ids: Sequence[UUID]) -> int:
        """Rewrite rows as they are now; return how many of them still held a secret."""
        model: Any = kept.model
        columns = [getattr(model, name) for name in kept.columns]
        rows = await session.execute(select(model.id, *columns).where(model.id.in_(ids)).with_for_update())
        redactor = self._engine.redactor
        changed = {row.id: (row, values) for row in rows.all() if (values := _without(redactor, kept, row))}
        if model is MemoryItem:
            await self._make_findable(session, changed)
        for id, (_, values) in changed.items():
            if issubclass(model, Record):
                # When it was said stays: nobody has edited it.
                values |= {"version": model.version + 1, "updated_at": model.updated_at}
            await session.execute(
                update(model).where(model.id == id).values(values), execution_options={"synchronize_session": False}
            )
            if "tags" in values and model is not MemoryItem:
                await replace_tags(session, model.__tablename__, id, values["tags"])
        if changed:
            # Not as a change of each record, which would say what it was before.
            details = {"stored_secrets_taken_out_of": sorted(map(str, changed))}
            note(session, Action.CHANGE, kept.name, None, client_id=client_id, details=details)
        return len(changed)

    async def _make_findable(self, session: AsyncSession, changed: Mapping[UUID, tuple[Any, dict[str, Any]]]) -> None:
        """Add to the new texts of items what they are found by, and the number by which every index hears of it."""
        texts = []
        for row, values in changed.values():
            now = {name: values.get(name, getattr(row, name)) for name in ("text", "title", "speaker")}
            texts.append(indexed_text(now["text"], title=now["title"], author=now["speaker"]))
        vectors = await self._engine.embed(texts)
        change = await next_change(session) if changed else 0
        for (_, values), text, vector in zip(changed.values(), texts, vectors, strict=True):
            values |= {"content_hash": hash_of(text), "embedding": vector, "change_sequence": change}


async def _page(session: AsyncSession, *, kept: KeptTexts, client_id: UUID, after: UUID | None) -> Sequence[Any]:
    model: Any = kept.model
    statement = select(model.id, *(getattr(model, name) for name in kept.columns)).where(kept.owned(client_id))
    if after is not None:
        statement = statement.where(model.id > after)
    return (await session.execute(statement.order_by(model.id).limit(PAGE))).all()


def _guilty(redactor: Redactor, kept: KeptTexts, page: Sequence[Any]) -> list[UUID]:
    return [row.id for row in page if any(_holds_known(redactor, getattr(row, name)) for name in kept.columns)]


def _holds_known(redactor: Redactor, value: Any) -> bool:
    if not value:
        return False
    return redactor.holds_known(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _without(redactor: Redactor, kept: KeptTexts, row: Any) -> dict[str, Any]:
    """Return the columns that hold a stored secret, without it."""
    found = {}
    for name in kept.columns:
        value = getattr(row, name)
        if _holds_known(redactor, value):
            clean = redactor.redact_value(value)
            if kept.schema is not None and name in kept.schema.model_fields:
                clean = cut_to_field(clean, kept.schema, name)
            length = getattr(inspect(kept.model).columns[name].type, "length", None)
            clean = clean[:length] if isinstance(clean, str) else clean
            if clean != value:
                found[name] = clean
    return found
