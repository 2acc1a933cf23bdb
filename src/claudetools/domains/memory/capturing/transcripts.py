"""Transcripts: what was said, redacted, with how far each has been received."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Connection,
    ForeignKey,
    Index,
    Select,
    String,
    delete,
    event,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from claudetools.domains.memory.capturing.turn import TurnDraft
from claudetools.domains.memory.items import CLOCK_ID, MemoryClock, MemoryDeletion, MemoryItem
from claudetools.domains.work import WorkSession
from claudetools.kit.clock import now
from claudetools.kit.db.base import Base, Record
from claudetools.kit.db.types import Id, Instant, Json, LongText
from claudetools.kit.ids import derived_id
from claudetools.kit.resource.scope import Actor, TenantColumn, scoped

ROLES = {"prompt": "user", "answer": "assistant", "summary": "assistant", "tool": "tool"}


class Transcript(Record):
    """One conversation: a Claude Code session, a subagent's part of one, or a conversation that was ingested.

    Its id is derived from its owner and `key`, so the same conversation always lands in the same row.
    """

    __tablename__ = "transcripts"
    __tenant__ = TenantColumn("client_id", author="user_id")

    key: Mapped[str] = mapped_column(String(200), index=True)
    session_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    client_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    project_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("projects.id", ondelete="SET NULL"), index=True)
    machine_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("machines.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    working_directory: Mapped[str | None] = mapped_column(String(500))
    received_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    last_uuid: Mapped[str | None] = mapped_column(String(64))
    last_prompt_id: Mapped[str | None] = mapped_column(String(64))
    compacted_at: Mapped[datetime | None] = mapped_column(Instant)


class TranscriptTurn(Base):
    """One thing said or done. Its id is derived from its transcript and `key`: the same thing is stored once.

    `folder_client_id` is the client that the folder belonged to, where that is not the client of the session.
    """

    __tablename__ = "transcript_turns"
    __table_args__ = (Index("ix_transcript_turns_group", "transcript_id", "prompt_id"), Base.__table_args__)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    transcript_id: Mapped[UUID] = mapped_column(Id, ForeignKey("transcripts.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    role: Mapped[str] = mapped_column(String(100))
    prompt_id: Mapped[str | None] = mapped_column(String(64))
    agent_id: Mapped[str | None] = mapped_column(String(64))
    line_uuid: Mapped[str | None] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(LongText)
    tool: Mapped[dict[str, Any] | None] = mapped_column(Json)
    redactions: Mapped[list[str]] = mapped_column(Json, default=list)
    folder_client_id: Mapped[UUID | None] = mapped_column(Id)
    said_at: Mapped[datetime] = mapped_column(Instant, index=True)
    received_at: Mapped[datetime] = mapped_column(Instant)


def transcript_id(actor: Actor, key: str) -> UUID:
    """Return the id of the person's transcript called `key`."""
    return derived_id(actor.user_id, f"claude:{key}")


async def own_transcript(session: AsyncSession, actor: Actor, key: str) -> Transcript | None:
    """Return the person's transcript called `key`, unless it does not exist or they may no longer see its client."""
    transcript: Transcript | None = await session.scalar(
        scoped(actor, Transcript).where(Transcript.id == transcript_id(actor, key))
    )
    return transcript


def encodable(text: str) -> str:
    """Return the text with `?` for lone surrogates, which JSON can carry and no database can store."""
    return text.encode("utf-8", "replace").decode()


async def store_turns(session: AsyncSession, transcript: Transcript, turns: Mapping[str, TurnDraft]) -> int:
    """Insert or update the turns of a transcript by key; return how many were new or changed."""
    ids = {key: derived_id(transcript.id, key) for key in turns}
    rows = await session.scalars(select(TranscriptTurn).where(TranscriptTurn.id.in_(ids.values())))
    stored = {row.key: row for row in rows}
    changed = 0
    for key, turn in turns.items():
        values = _columns(turn)
        row = stored.get(key)
        if row is None:
            session.add(
                TranscriptTurn(
                    id=ids[key], transcript_id=transcript.id, key=key[:200], received_at=now(), redactions=[], **values
                )
            )
            changed += 1
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            changed += 1
    await session.flush()
    return changed


def _columns(turn: TurnDraft) -> dict[str, Any]:
    return {
        "kind": turn.kind,
        "role": ROLES[turn.kind],
        "prompt_id": turn.prompt_id,
        "agent_id": turn.agent_id,
        "line_uuid": turn.uuid,
        "text": turn.text,
        "tool": None if turn.tool is None else asdict(turn.tool),
        "said_at": turn.at,
        "folder_client_id": turn.folder_client_id,
    }


@event.listens_for(WorkSession, "before_delete")
def forget_session(mapper: Mapper[Any], connection: Connection, row: WorkSession) -> None:
    """Tell every index that the items of its transcripts vanish with a session: the database deletes them by itself."""
    _forget(connection, select(Transcript.id).where(Transcript.session_id == row.id))


@event.listens_for(Transcript, "before_delete")
def forget_transcript(mapper: Mapper[Any], connection: Connection, row: Transcript) -> None:
    """Tell every index that its items vanish with a transcript."""
    _forget(connection, select(literal(row.id, Transcript.__table__.c.id.type)))


def _forget(connection: Connection, transcripts: Select[Any]) -> None:
    hanging = select(MemoryItem.id).where(MemoryItem.transcript_id.in_(transcripts))
    if connection.scalar(hanging.limit(1)) is None:
        return
    clock = MemoryClock.id == CLOCK_ID
    connection.execute(update(MemoryClock).where(clock).values(value=MemoryClock.value + 1))
    change = connection.scalar(select(MemoryClock.value).where(clock))
    # A restored database may hold the note of an item that is back.
    connection.execute(delete(MemoryDeletion).where(MemoryDeletion.item_id.in_(hanging)))
    columns = MemoryDeletion.__table__.c
    noted = select(MemoryItem.id, literal(change, columns.change_sequence.type), literal(now(), columns.at.type)).where(
        MemoryItem.transcript_id.in_(transcripts)
    )
    connection.execute(insert(MemoryDeletion).from_select(["item_id", "change_sequence", "at"], noted))
