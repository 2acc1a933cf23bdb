"""What was given to which prompt: the proof that memory is alive, and the source of learning."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Double, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.clock import now
from claudetools.kit.db.base import Base
from claudetools.kit.db.types import Id, Instant, Json
from claudetools.kit.ids import new_id
from claudetools.kit.resource.scope import TenantColumn


class MemoryInjection(Base):
    """One recall on behalf of a prompt or of a person: how many were considered, what was given, what it cost."""

    __tablename__ = "memory_injections"
    __tenant__ = TenantColumn("client_id", author="user_id")
    __table_args__ = (Index("ix_memory_injections_transcript", "transcript_id", "at"), Base.__table_args__)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(Instant, default=now, index=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    machine_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("machines.id", ondelete="SET NULL"), index=True)
    client_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    transcript_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("transcripts.id", ondelete="CASCADE"))
    prompt_id: Mapped[str | None] = mapped_column(String(64))
    surface: Mapped[str] = mapped_column(String(20))
    items: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    considered: Mapped[int] = mapped_column(Integer)
    tokens: Mapped[int] = mapped_column(Integer)
    elapsed_ms: Mapped[float] = mapped_column(Double)
