"""Transcripts: what was said, redacted, with how far each has been received."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.db.base import Base, Record
from claudetools.kit.db.types import Id, Instant, Json, LongText
from claudetools.kit.resource.scope import TenantColumn


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
    """One thing said or done. Its id is derived from its transcript and `key`: the same thing is stored once."""

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
    said_at: Mapped[datetime] = mapped_column(Instant, index=True)
    received_at: Mapped[datetime] = mapped_column(Instant)
